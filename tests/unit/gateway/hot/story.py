"""What a hot path would tell, written down by tests: OUCH messages of a venue, facts, and hot files."""

import parley_core

from gateway.hot.facts import OrderFact, ReportFact
from wire.pairs import PairListed

VALUES = {
    "timestamp_ns": 1, "time_in_force": "3", "display": "Y", "capacity": "P", "is_intermarket_sweep": False,
    "cross_type": "N", "order_state": "L", "client_order_id": "", "order_reference": 77, "liquidity": "R",
    "side": "B", "symbol": "AAA",
}  # fmt: skip


def listed(number: int = 0, **changes) -> PairListed:
    fields = {
        "at_ns": 1, "pair": number, "first": f"A{number}", "second": f"B{number}", "hedge": 1.0, "offset": 0.0,
        "first_lots": 100, "second_lots": 50, "entry": 2.0, "exit": 0.5, "stop": 4.0, "timeout_ns": 0, "window": 20,
        "sample_ms": 0, **changes,
    }  # fmt: skip
    return PairListed(**fields)


def message(kind: str, order_id: int, **values) -> bytes:
    fields = {**VALUES, "user_reference": order_id, **values}
    return parley_core.ouch_encode(True, kind, tuple(fields[name] for name in parley_core.ouch_fields(True, kind)))


def order(order_id: int, *, pair: int = 0, leg: int = 0, side: int = 0, lots: int = 100, ticks: int = 1_000_000):
    return OrderFact(order_id, order_id, pair, leg, pair * 2 + leg, side, lots, ticks, 9, -2.5)


def report(sequence: int, kind: str, order_id: int, **values) -> ReportFact:
    return ReportFact(sequence, sequence, message(kind, order_id, **values))


def filled(sequence: int, order_id: int, lots: int, ticks: int = 1_000_000) -> ReportFact:
    return report(
        sequence, "E", order_id, last_quantity=lots, last_price_e4=ticks, match_number=1_000 + sequence
    )


def round_trip(first_id: int = 1, sequence: int = 1, *, pair: int = 0, gain: int = 0):
    """Long the spread, and out again: eight facts of four orders. ``gain``: ticks a share of the first leg."""
    a, b, c, d = range(first_id, first_id + 4)
    return [
        order(a, pair=pair), order(b, pair=pair, leg=1, side=1, lots=50),
        filled(sequence, a, 100), filled(sequence + 1, b, 50),
        order(c, pair=pair, side=1), order(d, pair=pair, leg=1, lots=50),
        filled(sequence + 2, c, 100, 1_000_000 + gain), filled(sequence + 3, d, 50),
    ]  # fmt: skip


def settings(**changes):
    """A hot file, decoded as JSON."""
    return {
        "venue": "equities",
        "owner": {"account_id": 1, "user_id": 2, "desk_id": 3, "firm_id": 4, "strategy_id": 5},
        "feed": {"port": 26_400},
        "orders": {"host": "127.0.0.1", "port": 26_401, "user": "HOT"},
        "limits": {
            "account": {
                "max_order_quantity_lots": 10_000, "max_order_value_micros": 10**12, "max_position_lots": 100_000,
                "max_position_value_micros": 10**13, "price_collar_basis_points": 500,
            },
            "strategy": {
                "max_order_value_micros": 10**12, "max_open_risk_micros": 10**14, "max_working_orders": 1_000,
            },
        },
        "pairs": [pair()],
        **changes,
    }  # fmt: skip


def pair(**changes):
    return {"first": "A0", "second": "B0", "hedge": 1.0, "lots": [100, 50], **changes}
