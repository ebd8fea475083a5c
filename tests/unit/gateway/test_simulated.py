import numpy as np
import pytest

from gateway.feeds.listing import list_expiries, list_strikes, strike_step
from gateway.feeds.price_path import COINS_SIMULATED
from gateway.feeds.simulated import OPTIONS_A_STEP, SimulatedFeed
from gateway.feeds.updates import MarketUpdate, QuoteBatch
from wire.instruments import parse_instrument_name

START = 1_790_000_000_000_000_000  # Monday 2026-09-21
STEP = 100_000_000


def steps(seed: int, count: int) -> list[MarketUpdate]:
    feed = SimulatedFeed(seed, at_ns=START)
    return [feed.step(START + number * STEP) for number in range(count)]


def quotes_of(update: MarketUpdate) -> QuoteBatch:
    assert update.quotes is not None
    return update.quotes


def test_same_seed_same_market() -> None:
    one, two, other = steps(7, 40), steps(7, 40), steps(8, 40)

    for a, b in zip(one, two, strict=True):
        assert a.index_prices == b.index_prices
        assert quotes_of(a).names == quotes_of(b).names
        np.testing.assert_array_equal(quotes_of(a).bid_prices, quotes_of(b).bid_prices)
    assert one[-1].index_prices != other[-1].index_prices


def test_quotes_are_never_crossed_and_sized() -> None:
    for update in steps(3, 200):
        quotes = quotes_of(update)
        bid, ask = quotes.bid_prices, quotes.ask_prices
        assert not (bid[:, 0] >= ask[:, 0]).any()
        assert (np.diff(bid, axis=1)[~np.isnan(bid[:, 1:])] < 0).all()
        assert (quotes.bid_quantities[~np.isnan(bid)] > 0).all()
        assert (quotes.mark_price > 0).all() and np.isfinite(quotes.mark_price).all()


def test_update_rate_is_bounded() -> None:
    later = steps(3, 50)[1:]

    sizes = [len(quotes_of(update).names) for update in later]
    assert max(sizes) <= OPTIONS_A_STEP + 2 * 6
    assert 200 <= np.mean(sizes) / (STEP / 1e9) <= 400


def test_every_option_is_fresh_within_two_seconds() -> None:
    first, *later = steps(3, 21)

    assert {name for update in later for name in quotes_of(update).names} == set(quotes_of(first).names)


@pytest.mark.parametrize("coin", list(COINS_SIMULATED))
def test_marks_hold_no_arbitrage(coin: str) -> None:
    quotes = quotes_of(steps(5, 1)[0])
    chain: dict[int, dict[float, dict[str, float]]] = {}
    forwards: dict[int, float] = {}
    for name, mark, forward in zip(quotes.names, quotes.mark_price, quotes.forward_price, strict=True):
        terms = parse_instrument_name(name)
        if terms.base_currency == coin and terms.strike is not None:
            strikes = chain.setdefault(terms.expiry_at_ns, {})
            strikes.setdefault(float(terms.strike), {})[str(terms.option_type)] = mark * forward
            forwards[terms.expiry_at_ns] = forward
    assert len(chain) == 6
    for expiry, strikes in chain.items():
        grid = np.array(sorted(strikes))
        call = np.array([strikes[strike]["call"] for strike in grid])
        put = np.array([strikes[strike]["put"] for strike in grid])
        np.testing.assert_allclose(call - put, forwards[expiry] - grid, atol=1e-6)
        assert (np.diff(call) < 0).all() and (np.diff(put) > 0).all()
        assert (np.diff(np.diff(call) / np.diff(grid)) > -1e-12).all()
        assert 14 <= len(grid) <= 41


def test_total_variance_grows_with_time() -> None:
    quotes = quotes_of(steps(5, 1)[0])
    at_money: dict[int, float] = {}
    for name, volatility, forward in zip(quotes.names, quotes.mark_volatility, quotes.forward_price, strict=True):
        terms = parse_instrument_name(name)
        if name.startswith("BTC") and terms.strike is not None and abs(float(terms.strike) / forward - 1) < 0.02:
            at_money.setdefault(terms.expiry_at_ns, volatility**2 * (terms.expiry_at_ns - START))
    ordered = [at_money[expiry] for expiry in sorted(at_money)]
    assert ordered == sorted(ordered)


def test_expired_contracts_leave_and_new_ones_come() -> None:
    feed = SimulatedFeed(1, at_ns=START)
    before = set(quotes_of(feed.step(START)).names)
    feed.coins["BTC"].state.price *= 1.10
    feed._steps = 0
    expiry = min(list_expiries(START))

    after = set(quotes_of(feed.step(expiry + STEP)).names)

    gone = {parse_instrument_name(name).expiry_at_ns for name in before - after}
    assert gone == {expiry}
    assert after - before


def test_restart_continues_where_it_stopped() -> None:
    feed = SimulatedFeed(1, at_ns=START)
    for number in range(600):
        last = feed.step(START + number * STEP)
    names = set(feed.coins["ETH"].options)

    again = SimulatedFeed(1, at_ns=START + 3_600 * 10**9, listed=names, position=feed.position())
    update = again.step(START + 3_600 * 10**9 + STEP)

    for coin, price in update.index_prices.items():
        assert price == pytest.approx(last.index_prices[coin], rel=1e-3)
    assert names <= set(again.coins["ETH"].options)
    assert again.find_delivery_price("BTC", START + 30 * 10**9) == pytest.approx(last.index_prices["BTC"], rel=1e-2)


def test_strikes_follow_the_forward_and_are_bounded() -> None:
    listed = list_strikes(90_000.0, 0.05, [])
    assert strike_step(90_000.0, 0.05) == 2_000.0
    assert (len(listed), min(listed), max(listed)) == (17, 74_000.0, 106_000.0)
    assert list_strikes(90_500.0, 0.05, listed) == []
    assert list_strikes(104_000.0, 0.05, listed) == [
        108_000.0,
        110_000.0,
        112_000.0,
        114_000.0,
        116_000.0,
        118_000.0,
        120_000.0,
    ]
    assert list_strikes(500_000.0, 0.05, [float(strike) for strike in range(1_000, 42_000, 1_000)]) == []
