from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain import positions
from settlement.domain.positions import PositionState, apply_fill, settle_at_delivery, signed_entry_value
from wire.instruments import parse_instrument_name
from wire.units import Side, to_smallest_units

D = Decimal
INVERSE = parse_instrument_name("BTC-PERPETUAL")
LINEAR = parse_instrument_name("BTC_USDC-PERPETUAL")
CALL = parse_instrument_name("BTC-27MAR26-80000-C")
LINEAR_PUT = parse_instrument_name("ETH_USDC-27MAR26-2000-P")
FLAT = PositionState()


def trade(terms, *fills, state=FLAT):
    """Book (side, price, quantity) one after the other; returns the position and the sum of cash."""
    cash = 0
    for side, price, quantity in fills:
        booking = apply_fill(state, terms, Side(side), D(price), D(quantity))
        state, cash = booking.position, cash + booking.cash
    return state, cash


@pytest.mark.parametrize(
    ("terms", "fills", "quantity", "average", "realized", "cash"),
    [
        (INVERSE, [("buy", "50000", "100")], "100", "50000", 0, 0),
        # Q (1/entry - 1/exit): 1000 USD (1/50000 - 1/62500) = 0.004 BTC
        (INVERSE, [("buy", "50000", "100"), ("sell", "62500", "100")], "0", "0", 400_000, 400_000),
        (INVERSE, [("sell", "50000", "100"), ("buy", "62500", "100")], "0", "0", -400_000, -400_000),
        # harmonic average: 2 / (1/40000 + 1/60000) = 48000
        (INVERSE, [("buy", "40000", "60"), ("buy", "60000", "60")], "120", "48000", 0, 0),
        (LINEAR, [("buy", "50000", "2"), ("buy", "56000", "1")], "3", "52000", 0, 0),
        (LINEAR, [("buy", "50000", "2"), ("sell", "51000", "0.5")], "1.5", "50000", 500_000_000, 500_000_000),
        # through zero: the rest opens at the new price
        (LINEAR, [("buy", "50000", "1"), ("sell", "49000", "3")], "-2", "49000", -1_000_000_000, -1_000_000_000),
        # an option pays its premium at once; what it realizes is shown, not paid again
        (CALL, [("buy", "0.05", "10")], "10", "0.05", 0, -50_000_000),
        (CALL, [("buy", "0.05", "10"), ("sell", "0.08", "10")], "0", "0", 30_000_000, 30_000_000),
        (LINEAR_PUT, [("sell", "120.4", "5")], "-5", "120.4", 0, 602_000_000),
    ],
)
def test_fills_move_the_position(terms, fills, quantity, average, realized, cash):
    state, paid = trade(terms, *fills)
    assert (state.quantity, state.average_price, state.realized, paid) == (D(quantity), D(average), realized, cash)


@pytest.mark.parametrize(
    ("terms", "fill", "delivery", "cash"),
    [
        # payoff in coin: (100000 - 80000) / 100000 = 0.2 a contract
        (CALL, ("buy", "0.05", "3"), "100000", 60_000_000),
        (CALL, ("sell", "0.05", "3"), "100000", -60_000_000),
        (CALL, ("buy", "0.05", "3"), "80000", 0),
        (CALL, ("buy", "0.05", "3"), "79999.99", 0),
        (LINEAR_PUT, ("buy", "100", "2"), "1500", 1_000_000_000),
        (LINEAR_PUT, ("buy", "100", "2"), "2500", 0),
        (parse_instrument_name("BTC-27MAR26"), ("buy", "50000", "100"), "62500", 400_000),
        (parse_instrument_name("BTC_USDC-27MAR26"), ("sell", "50000", "2"), "51000", -2_000_000_000),
    ],
)
def test_delivery_pays_and_closes(terms, fill, delivery, cash):
    state, _ = trade(terms, fill)
    booking = settle_at_delivery(state, terms, D(delivery))
    assert booking.cash == cash
    assert (booking.position.quantity, booking.position.entry_value) == (0, 0)


TERMS = st.sampled_from([INVERSE, LINEAR, CALL, LINEAR_PUT, parse_instrument_name("ETH-27MAR26")])
LOTS = st.integers(1, 5_000)


@given(terms=TERMS, data=st.data())
def test_trading_between_accounts_makes_no_money(terms, data):
    """Over all accounts cash plus what open entries owe is zero to the unit, and delivery leaves only rounding."""
    book = dict.fromkeys("abc", FLAT)
    cash = 0
    for _ in range(data.draw(st.integers(1, 25))):
        buyer, seller = data.draw(st.permutations("abc"))[:2]
        price = data.draw(st.integers(1, 200_000)) * terms.tick_size
        quantity = data.draw(LOTS) * terms.lot_size
        for account, side in ((buyer, Side.BUY), (seller, Side.SELL)):
            booking = apply_fill(book[account], terms, side, price, quantity)
            book[account] = booking.position
            cash += booking.cash
    assert sum(state.quantity for state in book.values()) == 0
    entries = sum(signed_entry_value(state, terms) for state in book.values())
    assert sum(state.realized for state in book.values()) == entries
    assert cash == (0 if terms.strike is not None else entries)
    delivery = data.draw(st.integers(1, 300_000))
    left = sum(positions.delivered_value(state, terms, D(delivery)) for state in book.values() if state.quantity)
    assert abs(left) <= len(book)
    final = [settle_at_delivery(state, terms, D(delivery)) for state in book.values() if state.quantity]
    if final:
        assert cash + sum(booking.cash for booking in final) == left


@given(
    terms=st.sampled_from([INVERSE, LINEAR]), entry=st.integers(1, 400_000), exit_=st.integers(1, 400_000), lots=LOTS,
    side=st.sampled_from(list(Side)),
)
def test_round_trip_realizes_the_formula(terms, entry, exit_, lots, side):
    entry_price, exit_price, quantity = entry * terms.tick_size, exit_ * terms.tick_size, lots * terms.lot_size
    state, cash = trade(terms, (side, entry_price, quantity), (side.opposite, exit_price, quantity))
    if terms.is_inverse:
        exact = side.sign * quantity * terms.multiplier * (1 / entry_price - 1 / exit_price)
    else:
        exact = side.sign * quantity * terms.multiplier * (exit_price - entry_price)
    assert abs(cash - to_smallest_units(exact, terms.settlement_currency)) <= 1
    assert (state.quantity, state.average_price, state.entry_value) == (0, 0, 0)


@given(terms=TERMS, data=st.data())
def test_average_price_lies_between_the_fills(terms, data):
    prices = [n * terms.tick_size for n in data.draw(st.lists(st.integers(1, 100_000), min_size=1, max_size=8))]
    state, _ = trade(terms, *[(Side.BUY, price, terms.lot_size * data.draw(LOTS)) for price in prices])
    step = positions.AVERAGE_PRICE_STEP
    assert min(prices) - step <= state.average_price <= max(prices) + step
