"""Records of the venue as the JSON that its documentation describes."""

from typing import Any

from venues.simulator.block_makers import MakerQuote
from venues.simulator.block_rfqs import BlockRfq
from venues.simulator.contracts import Contract
from venues.simulator.exchange import Exchange
from venues.simulator.profiles import Profile
from venues.simulator.records import Order, Print, State, Trade
from wire.units import NANOSECONDS_PER_MS, Liquidity, OrderType, Side, TimeInForce

TIMES = {
    TimeInForce.GTC: "good_til_cancelled",
    TimeInForce.DAY: "good_til_day",
    TimeInForce.IOC: "immediate_or_cancel",
    TimeInForce.FOK: "fill_or_kill",
}
STATES = {State.OPEN: "open", State.FILLED: "filled", State.CANCELED: "cancelled", State.REJECTED: "rejected"}
NEVER_MS = 32_503_708_800_000
"""What the venue calls the expiry of what does not expire."""


def order_json(order: Order) -> dict[str, Any]:
    contract = order.contract
    average = float(order.filled_ticks * contract.terms.tick_size / order.filled_lots) if order.filled_lots else 0.0
    price = contract.price(order.price_ticks) if order.price_ticks is not None else "market_price"
    shown: dict[str, Any] = {
        "order_id": order_name(order),
        "instrument_name": contract.name,
        "direction": order.terms.side.value,
        "price": price,
        "amount": contract.amount(order.quantity_lots),
        "filled_amount": contract.amount(order.filled_lots),
        "average_price": average,
        "label": order.terms.label,
        "order_state": STATES[order.state],
        "order_type": "market" if order.terms.order_type is OrderType.MARKET else "limit",
        "time_in_force": TIMES[order.terms.time_in_force],
        "post_only": order.terms.is_post_only,
        "reduce_only": order.terms.is_reduce_only,
        "creation_timestamp": order.created_at_ns // NANOSECONDS_PER_MS,
        "last_update_timestamp": order.updated_at_ns // NANOSECONDS_PER_MS,
        "replaced": order.is_replaced,
        "api": True,
        "web": False,
        "mmp": False,
        "is_liquidation": False,
    }
    if order.state is State.CANCELED:
        shown["cancel_reason"] = "user_request" if order.cancel_reason == "requested" else order.cancel_reason
    return shown


def order_name(order: Order) -> str:
    """The venue's id of an order."""
    terms = order.contract.terms
    return f"{terms.settlement_currency}-{order.order_id}"


def find_order_number(name: str) -> int:
    """0 for what no order is called."""
    digits = name.rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else 0


def trade_json(trade: Trade) -> dict[str, Any]:
    """``busted`` is this simulator's own: the documentation knows no message for a trade that is taken back."""
    order, contract = trade.order, trade.order.contract
    shown: dict[str, Any] = {
        "trade_id": trade.trade_id,
        "trade_seq": trade.trade_sequence,
        "order_id": order_name(order),
        "instrument_name": contract.name,
        "direction": order.terms.side.value,
        "price": contract.price(trade.price_ticks),
        "amount": contract.amount(trade.quantity_lots),
        "fee": float(trade.fee),
        "fee_currency": trade.fee_currency,
        "liquidity": "M" if trade.liquidity is Liquidity.MAKER else "T",
        "label": order.terms.label,
        "timestamp": trade.at_ns // NANOSECONDS_PER_MS,
        "state": STATES[order.state],
        "order_type": "market" if order.terms.order_type is OrderType.MARKET else "limit",
        "index_price": trade.index_price,
        "tick_direction": 0,
    }
    if trade.block_rfq_id:
        shown |= {"block_rfq_id": trade.block_rfq_id, "block_trade_id": f"BLOCK-{trade.block_rfq_id}"}
    if trade.is_busted:
        shown["busted"] = True
    return shown


def print_json(exchange: Exchange, printed: Print) -> dict[str, Any]:
    contract = printed.contract
    return {
        "trade_id": printed.trade_id,
        "trade_seq": printed.trade_sequence,
        "instrument_name": contract.name,
        "direction": printed.side.value,
        "price": contract.price(printed.price_ticks),
        "amount": contract.amount(printed.quantity_lots),
        "timestamp": printed.at_ns // NANOSECONDS_PER_MS,
        "index_price": exchange.indices.get(contract.terms.base_currency),
        "mark_price": exchange.marks.get(contract.name),
        "tick_direction": 0,
    }


def contract_json(contract: Contract, profile: Profile) -> dict[str, Any]:
    terms = contract.terms
    shown: dict[str, Any] = {
        "instrument_name": contract.name,
        "instrument_id": contract.instrument_id,
        "kind": "future" if terms.kind.value == "perpetual" else terms.kind.value,
        "instrument_type": "reversed" if terms.is_inverse else "linear",
        "base_currency": terms.base_currency,
        "quote_currency": terms.quote_currency,
        "counter_currency": terms.quote_currency,
        "settlement_currency": terms.settlement_currency,
        "settlement_period": "perpetual" if not terms.expiry_at_ns else "month",
        "tick_size": float(terms.tick_size),
        "tick_size_steps": [],
        "min_trade_amount": float(contract.amount_step),
        "contract_size": float(contract.contract_size),
        "maker_commission": float(profile.option_fee if contract.is_option else profile.maker_fee),
        "taker_commission": float(profile.option_fee if contract.is_option else profile.taker_fee),
        "expiration_timestamp": terms.expiry_at_ns // NANOSECONDS_PER_MS or NEVER_MS,
        "is_active": True,
        "price_index": f"{terms.base_currency.lower()}_usd",
    }
    if terms.strike is not None and terms.option_type is not None:
        shown |= {"strike": float(terms.strike), "option_type": terms.option_type.value}
    return shown


def ticker_json(exchange: Exchange, contract: Contract, at_ns: int) -> dict[str, Any]:
    return quote_json(exchange, contract, at_ns) | {
        "state": "open",
        "mark_price": exchange.marks.get(contract.name),
        "index_price": exchange.indices.get(contract.terms.base_currency),
        "last_price": exchange.last_prices.get(contract.name),
    }


def quote_json(exchange: Exchange, contract: Contract, at_ns: int) -> dict[str, Any]:
    """A side that nobody quotes has price and amount 0."""
    bids, asks = exchange.matching.depth(contract)
    bid, ask = (bids[0] if bids else (0, 0)), (asks[0] if asks else (0, 0))
    return {
        "instrument_name": contract.name,
        "timestamp": at_ns // NANOSECONDS_PER_MS,
        "best_bid_price": contract.price(bid[0]),
        "best_bid_amount": contract.amount(bid[1]),
        "best_ask_price": contract.price(ask[0]),
        "best_ask_amount": contract.amount(ask[1]),
    }


def position_json(exchange: Exchange, name: str, lots: int) -> dict[str, Any]:
    """A contract that the venue no longer lists shows its lots as they are."""
    contract = exchange.contracts.get(name)
    size = contract.amount(lots) if contract else float(lots)
    return {
        "instrument_name": name,
        "size": size,
        "direction": "buy" if lots > 0 else "sell" if lots < 0 else "zero",
        "mark_price": exchange.marks.get(name),
        "kind": contract.terms.kind.value if contract else "",
    }


def block_rfq_json(rfq: BlockRfq) -> dict[str, Any]:
    """As its taker sees it."""
    amount = rfq.legs[0].contract.amount(rfq.unit_lots)
    shown: dict[str, Any] = {
        "block_rfq_id": rfq.rfq_id,
        "state": rfq.state.value,
        "role": "taker",
        "label": rfq.label,
        "amount": amount,
        "min_trade_amount": rfq.legs[0].contract.amount(1),
        "legs": [
            {"instrument_name": leg.contract.name, "direction": leg.side.value, "ratio": leg.ratio} for leg in rfq.legs
        ],
        "bids": [_quote_json(quote, amount) for quote in rfq.shown(Side.BUY)],
        "asks": [_quote_json(quote, amount) for quote in rfq.shown(Side.SELL)],
        "makers": [],
        "combo_id": None,
        "disclosed": True,
        "creation_timestamp": rfq.created_at_ns // NANOSECONDS_PER_MS,
        "expiration_timestamp": rfq.expires_at_ns // NANOSECONDS_PER_MS,
    }
    if rfq.traded is not None:
        side, quote, lots = rfq.traded
        traded = rfq.legs[0].contract.amount(lots)
        trade = {"price": float(quote.price), "amount": traded, "direction": side.value, "maker": quote.maker}
        shown["trades"] = [trade]
    return shown


def _quote_json(quote: MakerQuote, amount: float) -> dict[str, Any]:
    return {
        "price": float(quote.price),
        "amount": amount,
        "makers": [quote.maker],
        "execution_instruction": "any_part_of",
        "last_update_timestamp": quote.at_ns // NANOSECONDS_PER_MS,
    }
