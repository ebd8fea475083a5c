"""Views of an RFQ, its quotes and its fills, as the desk tells them."""

from typing import Any

from wire.facts import FillView, QuoteView, RfqLegView, RfqView
from wire.units import QuoteState, RfqState, Side

CALL, PUT = "BTC-27MAR26-80000-C", "BTC-27MAR26-80000-P"
AT_NS = 1_770_000_000_000_000_000


def leg(name: str, side: Side = Side.BUY, ratio: int = 1, **changes: Any) -> RfqLegView:
    return RfqLegView(**({"instrument_name": name, "side": side, "ratio": ratio} | changes))


def view(**changes: Any) -> RfqView:
    given = {
        "rfq_id": 7, "role": "maker", "state": RfqState.OPEN, "label": "", "structure": "call", "legs": [leg(CALL)],
        "quantity": "2", "side": None, "quote_currency": "BTC", "taker_firm_id": 1, "taker_name": "Aurora",
        "account_id": None, "maker_firm_ids": [2], "created_at_ns": AT_NS, "tradable_at_ns": AT_NS,
        "expires_at_ns": AT_NS + 10**11, "updated_at_ns": AT_NS, "quotes": [],
    }  # fmt: skip
    return RfqView(**(given | changes))


def quote(**changes: Any) -> QuoteView:
    given = {
        "quote_id": 9, "rfq_id": 7, "version": 1, "state": QuoteState.ACTIVE, "maker_firm_id": 2, "maker_name": "Dune",
        "bid": "0.05", "ask": "0.06", "bid_leg_prices": ["0.05"], "ask_leg_prices": ["0.06"], "created_at_ns": AT_NS,
        "updated_at_ns": AT_NS, "expires_at_ns": AT_NS + 10**11, "quantity": "2",
    }  # fmt: skip
    return QuoteView(**(given | changes))


def fill(**changes: Any) -> FillView:
    given = {
        "execution_id": 100, "account_id": 11, "instrument_name": CALL, "side": Side.BUY, "price": "0.06", "quantity": "2",
        "liquidity": "taker", "fee": "0.0003", "fee_asset": "BTC", "at_ns": AT_NS, "rfq_id": 7,
    }  # fmt: skip
    return FillView(**(given | changes))
