"""The study on a small synthetic recording: deterministic, without look-ahead, and books that add up."""

import datetime as dt
import json
import math

import polars as pl
import pytest
from django.core.management import CommandError, call_command

from terminal.management.commands.rfq_study import months
from terminal.rfq_study.book import Book, Income, option_fee
from terminal.rfq_study.generate import STRATEGIES
from terminal.rfq_study.recorded_market import read
from terminal.rfq_study.run import Study, take_probability
from terminal.trading_month.recorded import read_month
from tests.unit.strategies.builders import black76
from wire.demo_quoters import DEMO_QUOTERS
from wire.instruments import parse_instrument_name
from wire.units import NANOSECONDS_PER_SECOND

START = dt.datetime(2026, 2, 2, 12, tzinfo=dt.UTC)
EXPIRIES = ("13FEB26", "27FEB26", "27MAR26", "26JUN26")
SNAPSHOTS = 8


def chain(number: int, forward: float, volatility: float = 0.5) -> list[dict]:
    """Every expiry with 13 strikes a coin, quoted one volatility point around a flat surface."""
    at = START + dt.timedelta(hours=6 * number)
    return [
        option(at, coin, forward * scale, volatility, expiry, share, right)
        for coin, scale in (("BTC", 1.0), ("ETH", 0.03))
        for expiry in EXPIRIES
        for share in range(70, 135, 5)
        for right in "CP"
    ]


def option(at, coin, forward, volatility, expiry, share, right):
    base = 80_000 if coin == "BTC" else 2_400
    name = f"{coin}-{expiry}-{base * share // 100}-{right}"
    terms = parse_instrument_name(name)
    years = (terms.expiry_at_ns / 1e9 - at.timestamp()) / (365 * 86_400)
    strike, is_call = float(terms.strike), right == "C"
    values = [black76(forward, strike, years, volatility + shift, is_call=is_call) / forward for shift in (-0.01, 0, 0.01)]
    d1 = math.log(forward / strike) / (volatility * years**0.5) + volatility * years**0.5 / 2
    delta = 0.5 * math.erfc(-d1 / 2**0.5) - (0 if is_call else 1)
    bid = round(values[0] - 0.00005, 4)
    return {
        "timestamp": at, "instrument_name": name, "underlying": forward, "underlying_name": f"{coin}-{expiry}",
        "option_type": "call" if is_call else "put", "strike": strike, "expiry_datetime": terms.expiry_at,
        "bid_price": bid if bid > 0 else None, "ask_price": round(values[2] + 0.00005, 4), "mark_price": values[1],
        "implied_volatility": volatility, "delta": delta, "vega": 1.0, "currency": coin, "index_price": forward,
        "snapshot": at.isoformat(),
    }  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    rows = [row for number in range(SNAPSHOTS) for row in chain(number, 80_000 * (1 + 0.01 * math.sin(number)))]
    pl.DataFrame(rows).write_parquet(folder / "deribit_option_chain_202602.parquet")
    return folder


def played(recording, seed=1, rfqs=4, until=SNAPSHOTS):
    study = Study(DEMO_QUOTERS, seed)
    for snapshot in read_month(recording, "2026-02")[:until]:
        study.step(read(snapshot), "2026-02", rfqs)
    return study


def what_happened(study):
    return [(one.asked, one.result, one.trade and (one.trade.maker, one.trade.net)) for one in study.outcomes]


def test_the_report_is_the_same_for_a_seed_and_another_for_another(recording, tmp_path):
    for seed, name in ((7, "a"), (7, "b"), (8, "c")):
        call_command(
            "rfq_study", "--recording", str(recording), "--from", "2026-02", "--to", "2026-02", "--rfqs", "16",
            "--seed", str(seed), "--report", str(tmp_path / name),
        )  # fmt: skip
    first, again, other = ((tmp_path / name / "rfq_study.json").read_bytes() for name in "abc")
    assert first == again != other
    report = json.loads(first)
    assert report["rfqs"] == 16 == sum(row["rfqs"] for row in report["strategies"])
    assert report["mids_inside_share"] > 0.9, "a flat surface lies within quotes around it"
    for row in report["months"]:
        assert row["total"] == pytest.approx(row["edge"] + row["drift"] - row["hedge_cost"] - row["fees"], abs=0.03)
    assert "Hedged income by month" in (tmp_path / "a" / "rfq_study.html").read_text()


def test_nothing_that_comes_later_changes_what_was_quoted(recording):
    whole, part = played(recording), played(recording, until=4)
    assert what_happened(part) == what_happened(whole)[: len(part.outcomes)]
    assert len(part.outcomes) == 16
    assert part.trades


def test_the_mix_and_the_rule_of_taking():
    assert sum(STRATEGIES.values()) == 100
    assert take_probability(0.8, 1) == 0.5
    assert take_probability(-50, 1) > 0.99 > 0.01 > take_probability(50, 1)
    assert take_probability(0.5, 2) < take_probability(0.5, 1) < take_probability(0.5, 0)


def test_a_book_at_fair_price_earns_nothing_while_nothing_moves(recording):
    snapshots = read_month(recording, "2026-02")
    seen = read(snapshots[0])
    name = "BTC-27FEB26-80000-C"
    row, income, book = seen.rows[name], Income(), Book()
    book.advance(seen, income)
    book.trade(name, 10.0, row.mark, seen, income)
    book.rehedge(income)
    assert (income.edge, income.drift) == (0, 0)
    assert income.fees == pytest.approx(10 * option_fee(row.mark, row.forward))
    assert income.hedge_cost == pytest.approx(10 * row.delta * row.forward * 5.5e-4)
    assert book.hedges["BTC-27FEB26"] == pytest.approx(-10 * row.delta)


def test_a_hedged_option_earns_its_gamma_less_its_theta(recording):
    first, second = (read(one) for one in read_month(recording, "2026-02")[:2])
    name, income, book = "BTC-27MAR26-80000-C", Income(), Book()
    book.advance(first, income)
    book.trade(name, 1.0, first.rows[name].mark, first, income)
    book.rehedge(income)
    book.advance(second, income)
    a, b = first.rows[name], second.rows[name]
    assert income.drift == pytest.approx(b.mark * b.forward - a.mark * a.forward - a.delta * (b.forward - a.forward))


def test_an_expired_option_is_delivered_between_the_snapshots():
    terms = parse_instrument_name("BTC-13FEB26-80000-C")
    before = dt.datetime(2026, 2, 13, 6, tzinfo=dt.UTC)
    rows = [option(before, "BTC", 82_000.0, 0.5, "13FEB26", 100, "C")]
    later = [option(before + dt.timedelta(hours=4), "BTC", 84_000.0, 0.5, "27MAR26", 100, "C")]
    from terminal.trading_month.recorded import RecordedSnapshot

    def seen(at, found):
        ns = int(at.timestamp()) * NANOSECONDS_PER_SECOND
        return read(RecordedSnapshot(snapshot_id="x", market_time_ns=ns, chain=pl.DataFrame(found)))

    first, second = seen(before, rows), seen(before + dt.timedelta(hours=4), later)
    income, book, row = Income(), Book(), first.rows[terms.name]
    book.advance(first, income)
    book.trade(terms.name, 2.0, row.mark, first, income)
    book.rehedge(income)
    book.advance(second, income)
    settled = 83_000.0
    option_move = 2 * ((settled - 80_000) - row.mark * row.forward)
    assert income.drift == pytest.approx(option_move - 2 * row.delta * (settled - 82_000))
    assert (dict(book.contracts), dict(book.hedges)) == ({}, {})


def test_months_are_read_by_name():
    assert months("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    for since, until in (("2026-02", "2026-01"), ("x", "2026-01"), ("1900-01", "2026-01")):
        with pytest.raises(CommandError):
            months(since, until)
