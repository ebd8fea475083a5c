"""What was compared reads in dollars, prices, contracts and seconds."""

from decimal import Decimal

import pytest

from wire.measures import Steps, measured

STEPS = Steps(tick_size=Decimal("0.0001"), lot_size=Decimal("0.1"), position_value_max=Decimal(50_000_000))


@pytest.mark.parametrize(
    ("reason", "value", "bound", "texts"),
    [
        ("max_order_value", 9_219_225_668_600_000, 10_000_000_000_000, ("9219225668.6 USD", "10000000 USD")),
        ("max_order_quantity", 1_000_001, 1_000_000, ("100000.1", "100000")),
        ("price_collar", 620, 568, ("0.062", "0.0568")),
        ("position", 60_000_000_000_000, 50_000_000_000_000, ("60000000 USD", "50000000 USD")),
        ("position", 12, 10, ("1.2", "1")),
        ("margin_headroom", -1_230_001, 0, ("margin after -1.24 USD", "0.00 USD")),
        ("customer_credit", 6_000_000, 5_000_000, ("6 USD", "5 USD")),
        ("duplicate_order", 400_000_000, 2_000_000_000, ("0.4 s", "2 s")),
        ("duplicate_order", 17, 0, ("", "")),
        ("restricted_instrument", 4, 9, ("", "")),
        ("stale_or_jumped_market", 3_400_000_000, 2_000_000_000, ("3.4 s", "2 s")),
        ("stale_or_jumped_market", -1, 0, ("", "")),
        ("no_liquidity", 0, 620, ("0", "0.062")),
        ("kill_switch", 1, 7, ("firm", "")),
        ("trading_state", 2, 7, ("", "")),
        ("command_expired", 2, 1, ("", "")),
        ("no_limits", 4, 0, ("", "")),
        ("too_many_orders", 500, 500, ("500", "500")),
    ],
)
def test_reads_as_people_do(reason, value, bound, texts):
    assert measured(reason, value, bound, STEPS) == texts
