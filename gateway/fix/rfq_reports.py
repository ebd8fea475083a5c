"""What RFQ sessions are told, as messages of FIX 4.4 and 5.0 SP2: a pure function of the news and the version.

Pure, because a command that a crash overtook is carried out once more: its messages must be the same ones.
"""

from collections.abc import Callable, Iterable
from typing import Any

from gateway.fix import values
from gateway.fix.message import Field, Outgoing
from gateway.fix.multileg_reports import MultilegReports
from gateway.fix.rfq_messages import HEDGE
from wire.facts import FillView, QuoteView, RfqLegView, RfqView
from wire.fix_rfq import (
    NO_ID,
    AnyFixNews,
    MassAnswered,
    MessageRefused,
    OutcomeTold,
    QuoteGone,
    QuoteShown,
    RequestRefused,
    RequestShown,
    StatusTold,
    TradesListed,
    TradeTold,
    quote_name,
    request_name,
)
from wire.negotiation import QuoteCondition
from wire.units import Side

MULTILEG, NO_SYMBOL = "MLEG", "[N/A]"
TRADEABLE = "1"
"""QuoteType (537)."""
CANCEL_ONE_44, CANCEL_ONE_50 = "1", "5"
"""QuoteCancelType (298): 4.4 has no word for the quote that is named."""
STATUSES = {
    "accepted": "0",
    "canceled_all": "4",
    "rejected": "5",
    "removed": "6",
    "expired": "7",
    "not_found": "9",
    "pending": "10",
    "pass": "11",
}
"""QuoteStatus (297)."""
CANCELED_44, CANCELED_50 = "6", "17"
TRADED_44, TRADED_50 = "6", "21"
OUTCOMES = {"hit": "1", "lift": "1", "expired": "3", "cover": "4", "done_away": "5", "pass": "6"}
"""QuoteRespType (694)."""
OUTCOMES_44 = {"tied": "5", "tied_cover": "4"}
OUTCOMES_50 = {"tied": "9", "tied_cover": "10"}
REQUEST_REASONS = {
    "instrument_not_found": "1",
    "unknown_instrument": "1",
    "rfq_rate": "3",
    "open_rfqs": "3",
    "role": "6",
    "not_enabled": "6",
}
"""QuoteRequestRejectReason (658); 99 of every other refusal, whose name is in Text (58)."""
OTHER = "99"
EXECUTING_FIRM, CLIENT = "1", "3"
"""PartyRole (452)."""
LEG, WHOLE = "2", "1"
"""MultiLegReportingType (442): an individual leg; a single security."""
BLOCK = "1"
"""TrdType (828)."""


class Reports:
    """Of one version of the standard."""

    def __init__(self, *, is_fix44: bool) -> None:
        self._is_fix44 = is_fix44
        self._by_type: dict[type, Callable[[Any], Iterable[Outgoing]]] = {
            RequestRefused: self._request_refused,
            RequestShown: self._request_shown,
            QuoteShown: self._quote_shown,
            QuoteGone: self._quote_gone,
            StatusTold: self._status,
            OutcomeTold: self._outcome,
            MassAnswered: self._mass_answer,
            TradeTold: self._trade,
            TradesListed: self._trades,
            MessageRefused: self._message_refused,
            **MultilegReports(is_fix44=is_fix44).by_type,
        }

    def of(self, news: AnyFixNews) -> list[Outgoing]:
        """In the order in which they are sent."""
        return list(self._by_type[type(news)](news))

    def _request_refused(self, news: RequestRefused) -> Iterable[Outgoing]:
        reason = REQUEST_REASONS.get(news.reason, OTHER)
        group = ((146, "1"), (55, NO_SYMBOL))
        yield Outgoing("AG", ((131, news.request_id), (658, reason), *group, (58, _text(news.reason, news.text))))

    def _request_shown(self, news: RequestShown) -> Iterable[Outgoing]:
        rfq = news.rfq
        group: list[Field] = [(146, "1"), *_instrument(rfq.legs), (537, TRADEABLE)]
        if rfq.side is not None:
            group.append((54, values.SIDE_WORDS[rfq.side]))
        group += [(38, rfq.quantity), (15, rfq.quote_currency)]
        if len(rfq.legs) > 1:
            group.append((555, str(len(rfq.legs))))
            group += [field for leg in rfq.legs for field in _leg(leg)]
        group += [(126, values.time_text(rfq.expires_at_ns)), (60, values.time_text(rfq.created_at_ns))]
        group += _party(rfq.taker_name, CLIENT)
        yield Outgoing("R", ((131, request_name(rfq.rfq_id)), *group))

    def _quote_shown(self, news: QuoteShown) -> Iterable[Outgoing]:
        rfq, quote = news.rfq, news.quote
        head: list[Field] = [(131, news.request_id), (117, quote_name(quote)), (537, TRADEABLE)]
        if quote.condition is QuoteCondition.ALL_OR_NONE:
            head += [(735, "1"), (695, "A")]
        head += [*_party(quote.maker_name, EXECUTING_FIRM), *_instrument(rfq.legs), (15, rfq.quote_currency)]
        if len(rfq.legs) > 1:
            head.append((555, str(len(rfq.legs))))
            head += _quoted_legs(rfq, quote)
        head += [(132, quote.bid)] if quote.bid is not None else []
        head += [(133, quote.ask)] if quote.ask is not None else []
        head += [(134, quote.quantity)] if quote.bid is not None else []
        head += [(135, quote.quantity)] if quote.ask is not None else []
        head += [(62, values.time_text(quote.expires_at_ns)), (60, values.time_text(quote.updated_at_ns))]
        yield Outgoing("S", tuple(head))

    def _quote_gone(self, news: QuoteGone) -> Iterable[Outgoing]:
        kind = CANCEL_ONE_44 if self._is_fix44 else CANCEL_ONE_50
        entry = ((295, "1"), *_instrument(news.rfq.legs))
        yield Outgoing("Z", ((131, news.request_id), (117, quote_name(news.quote)), (298, kind), *entry))

    def _status(self, news: StatusTold) -> Iterable[Outgoing]:
        body: list[Field] = [(649, news.status_request_id)] if news.status_request_id else []
        body += [(131, news.request_id)] if news.request_id else []
        body.append((117, news.quote_id or NO_ID))
        body += [(693, news.response_id)] if news.response_id else []
        body += [*_party(news.party, EXECUTING_FIRM), *_named(news.instruments), (297, self._status_word(news.status))]
        body += [(54, values.SIDE_WORDS[news.side])] if news.side is not None else []
        body += [(tag, price) for tag, price in ((132, news.bid), (133, news.ask)) if price]
        body += [(62, values.time_text(news.until_ns))] if news.until_ns else []
        text = _text(news.reason, news.text)
        yield Outgoing("AI", (*body, *(((58, text),) if text else ())))

    def _status_word(self, status: str) -> str:
        if status == "canceled":
            return CANCELED_44 if self._is_fix44 else CANCELED_50
        if status == "traded":
            return TRADED_44 if self._is_fix44 else TRADED_50
        return STATUSES[status]

    def _outcome(self, news: OutcomeTold) -> Iterable[Outgoing]:
        words = OUTCOMES | (OUTCOMES_44 if self._is_fix44 else OUTCOMES_50)
        response = f"{news.request_id}.{news.outcome}"
        body: list[Field] = [(693, response), (117, news.quote_id), (694, words[news.outcome])]
        body += [] if self._is_fix44 else [(131, news.request_id)]
        body += _instrument(news.rfq.legs)
        if news.rfq.accepted_side is not None:
            body.append((54, values.SIDE_WORDS[news.rfq.accepted_side]))
        body.append((60, values.time_text(news.rfq.updated_at_ns)))
        yield Outgoing("AJ", (*body, (58, news.outcome)))

    def _mass_answer(self, news: MassAnswered) -> Iterable[Outgoing]:
        refused = [answer for answer in news.answers if answer.reason]
        status = STATUSES["rejected"] if len(refused) == len(news.answers) else STATUSES["accepted"]
        body: list[Field] = [(117, news.mass_id), (297, status)]
        body += [(300, OTHER)] if refused else []
        body += [(58, "; ".join(_text(answer.reason, answer.text) for answer in refused)[:2_000])] if refused else []
        body.append((296, str(len(news.answers))))
        for answer in news.answers:
            body += [(302, answer.set_id), (304, "1"), (295, "1"), (299, answer.quote_id)]
            body += [(368, OTHER)] if answer.reason else []
        yield Outgoing("b", tuple(body))

    def _trade(self, news: TradeTold) -> Iterable[Outgoing]:
        fill, is_reversal = news.fill, bool(news.reversed_execution_id)
        kind = LEG if news.is_multileg else WHOLE
        body: list[Field] = [(37, news.order_id)]
        body += [(693, news.response_id)] if news.response_id else []
        body += [(11, news.client_order_id)] if news.client_order_id else []
        body += [(526, news.quote_id)] if news.quote_id else []
        body.append((17, _execution_id(fill.execution_id, fill.side)))
        body += [(19, _execution_id(news.reversed_execution_id, fill.side.opposite))] if is_reversal else []
        body += [(150, "H" if is_reversal else "F"), (39, "2"), (1, str(fill.account_id)), (55, fill.instrument_name)]
        body += [(54, values.SIDE_WORDS[fill.side]), (38, fill.quantity), (32, fill.quantity), (31, fill.price)]
        body += [(151, "0"), (14, fill.quantity), (6, fill.price), (60, values.time_text(fill.at_ns)), (442, kind)]
        body += [(797, "Y")] if news.is_copy else []
        yield Outgoing("8", tuple(body))
        yield self._capture(fill, kind=kind, order_id=news.order_id, client_order_id=news.client_order_id,
                            reversed_execution_id=news.reversed_execution_id)  # fmt: skip

    def _capture(
        self,
        fill: FillView,
        *,
        kind: str,
        order_id: str,
        client_order_id: str = "",
        reversed_execution_id: int = 0,
        asked: tuple[Field, ...] = (),
    ) -> Outgoing:
        """A trade capture report: unsolicited, or (``asked``: 568, 748, 912) as the answer to a request."""
        name = _execution_id(fill.execution_id, fill.side)
        body: list[Field] = [(571, name), (487, "1" if reversed_execution_id else "0"), (856, "0"), *asked]
        body += [(828, BLOCK)] if fill.rfq_id is not None else []
        body += [(572, _execution_id(reversed_execution_id, fill.side.opposite))] if reversed_execution_id else []
        body += [(820, request_name(fill.rfq_id))] if fill.rfq_id is not None else []
        body += [(17, name), (570, "N"), (55, fill.instrument_name), (32, fill.quantity), (31, fill.price)]
        at = values.time_text(fill.at_ns)
        body += [(75, values.date_text(fill.at_ns)), (442, kind), (60, at), (552, "1")]
        body += [(54, values.SIDE_WORDS[fill.side]), (37, order_id)]
        body += [(11, client_order_id)] if client_order_id else []
        body += [(1, str(fill.account_id))]
        if float(fill.fee):
            body += [(136, "1"), (137, fill.fee), (138, fill.fee_asset), (139, "4")]
        return Outgoing("AE", tuple(body))

    def _trades(self, news: TradesListed) -> Iterable[Outgoing]:
        if news.reason or not news.total:
            status, result = ("2", OTHER) if news.reason else ("1", "0")
            yield self._trades_answer(news, status, result)
            return
        if news.is_first:
            yield self._trades_answer(news, "0", "0")
        for at, fill in enumerate(news.fills, 1):
            is_last = news.is_last and at == len(news.fills)
            asked = ((568, news.request_id), (748, str(news.total)), (912, "Y" if is_last else "N"))
            order_id = str(fill.order_id) if fill.order_id is not None else _order_id(fill)
            yield self._capture(fill, kind=WHOLE if fill.rfq_id is None else LEG, order_id=order_id, asked=asked)

    def _trades_answer(self, news: TradesListed, status: str, result: str) -> Outgoing:
        text = _text(news.reason, news.text)
        head = ((568, news.request_id), (569, news.request_type), (748, str(news.total)), (749, result), (750, status))
        return Outgoing("AQ", (*head, (55, NO_SYMBOL), *(((58, text),) if text else ())))

    def _message_refused(self, news: MessageRefused) -> Iterable[Outgoing]:
        body: list[Field] = [(45, str(news.sequence)), (58, _text(news.reason, news.text)), (372, news.message_type)]
        body += [(379, news.business_id)] if news.business_id else []
        yield Outgoing("j", (*body, (380, "0")))


def _execution_id(execution_id: int, side: Side) -> str:
    """Unique for ever; both sides of an execution may be one firm's."""
    return f"T{execution_id}-{values.SIDE_WORDS[side]}"


def _order_id(fill: FillView) -> str:
    return NO_ID if fill.rfq_id is None else request_name(fill.rfq_id)


def _text(reason: str, text: str) -> str:
    return f"{reason}: {text}" if reason and text else reason or text


def _instrument(legs: list[RfqLegView]) -> tuple[Field, ...]:
    return _named([leg.instrument_name for leg in legs])


def _named(instruments: list[str]) -> tuple[Field, ...]:
    if len(instruments) == 1:
        return ((55, instruments[0]),)
    return ((55, NO_SYMBOL), (167, MULTILEG)) if instruments else ((55, NO_SYMBOL),)


def _leg(leg: RfqLegView) -> tuple[Field, ...]:
    hedge = ((620, f"{HEDGE}{leg.price}"),) if leg.is_hedge else ()
    return ((600, leg.instrument_name), *hedge, (623, str(leg.ratio)), (624, values.SIDE_WORDS[leg.side]))


def _quoted_legs(rfq: RfqView, quote: QuoteView) -> Iterable[Field]:
    nothing = [None] * len(rfq.legs)
    bids, asks = quote.bid_leg_prices or nothing, quote.ask_leg_prices or nothing
    for leg, bid, ask in zip(rfq.legs, bids, asks, strict=True):
        yield from _leg(leg)
        if bid is not None:
            yield (681, bid)
        if ask is not None:
            yield (684, ask)


def _party(name: str, role: str) -> tuple[Field, ...]:
    return ((453, "1"), (448, name), (447, "D"), (452, role)) if name else ()
