"""RFQ over FIX between the gateway and the desk: what sessions ask for, and what they are told.

What sessions ask for travels in a stream like those of ``wire.transport``: the gateway's log is durable and has gapless
numbers, the desk stores the last number that it took with the effect, and shows it. What sessions are told comes back
with the commands of the outbox, ``wire.gateway_fix.TellFixSession``.

Ids of a client are as it gave them. Ours say what they name: ``R<rfq>`` a request, as its makers read it,
``Q<rfq>.<quote>.<version>`` a version of a quote, as its taker reads it.
"""

from typing import Annotated

import msgspec

from wire.client_makers import PassRfq
from wire.client_quotes import AcceptQuote, SetTrigger, TradeRfq
from wire.client_rfq import CreateRfq
from wire.client_types import DecimalText, QuantityText
from wire.facts import FillView, QuoteView, RfqView
from wire.fix_desk import NO_ID, FixAction, FixNews, find_numbers
from wire.fix_multileg import AnyMultilegAction, AnyMultilegNews
from wire.limits import MASS_QUOTE_MAX
from wire.negotiation import LastLookReason, QuoteCondition
from wire.units import Side

FIX_RFQ_STREAM = "gateway.fix.rfq"
FIX_RFQ_LOG = "gateway.fix.rfq.log"
"""Name of the gateway's log: another state folder has another one, whose numbers begin anew."""
FIX_RFQ_TAKEN = "gateway.fix.rfq.taken"
"""JSON of ``FixRfqTaken``: how far the desk has come."""


class FixRfqTaken(msgspec.Struct, frozen=True, kw_only=True):
    log: str
    number: int


class RequestQuotes(FixAction, tag="request_quotes"):
    request_id: str
    command: CreateRfq


class FixQuote(msgspec.Struct, frozen=True, kw_only=True):
    """A maker's quote: prices, or volatilities a year as fractions, by the name of the leg; "" is the only leg.

    ``valid_until_ns`` 0: no end of its own.
    """

    quote_id: str
    rfq_id: int
    bids: dict[str, DecimalText]
    asks: dict[str, DecimalText]
    quantity: QuantityText | None
    condition: QuoteCondition
    valid_until_ns: int
    account_id: int
    bid_volatilities: dict[str, QuantityText] = {}
    ask_volatilities: dict[str, QuantityText] = {}


class SendQuote(FixAction, tag="send_quote"):
    quote: FixQuote


class MassEntry(msgspec.Struct, frozen=True, kw_only=True):
    set_id: str
    quote: FixQuote


class SendQuotes(FixAction, tag="send_quotes"):
    """Each entry is done or refused by itself."""

    mass_id: str
    entries: Annotated[list[MassEntry], msgspec.Meta(max_length=MASS_QUOTE_MAX)]


class DeclineRequest(FixAction, tag="decline_request"):
    command: PassRfq


class Withdraw(FixAction, tag="withdraw"):
    """Quotes of a maker: one by its id or its request, or all. Of a taker: the request that it made, or a counter to
    it, whose response id stands in ``quote_id``.
    """

    quote_id: str
    request_id: str
    is_all: bool


class Respond(FixAction, tag="respond"):
    """A taker trades, rests a limit as its counter, or (``command`` None) withdraws the request."""

    response_id: str
    quote_id: str
    client_order_id: str
    rfq_id: int
    command: AcceptQuote | TradeRfq | SetTrigger | None


class AnswerLook(FixAction, tag="answer_look"):
    """A maker stands by its quote of that id, which was taken, or (``reason``) takes its price back."""

    response_id: str
    quote_id: str
    reason: LastLookReason | None


class AskStatus(FixAction, tag="ask_status"):
    status_request_id: str
    quote_id: str


class AskTrades(FixAction, tag="ask_trades"):
    """Executions of these accounts in [after_ns, before_ns), of one number alone where ``execution_id`` is not 0.

    A time of 0 is no bound.
    """

    request_id: str
    request_type: str
    account_ids: list[int]
    execution_id: int
    after_ns: int
    before_ns: int


class SessionCame(FixAction, tag="session_came"):
    """It logged on, and asked that its quotes go when it does."""


class SessionWent(FixAction, tag="session_went"):
    """It logged out, or its connection was lost: its quotes go."""


AnyFixAction = (
    RequestQuotes
    | SendQuote
    | SendQuotes
    | DeclineRequest
    | Withdraw
    | Respond
    | AnswerLook
    | AskStatus
    | AskTrades
    | SessionCame
    | SessionWent
    | AnyMultilegAction
)


class FixEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the log. ``session``: its name and version, for the record. ``sequence``: MsgSeqNum, 0 of none."""

    number: int
    at_ns: int
    session_id: int
    session: str
    message_type: str
    sequence: int
    is_possible_resend: bool
    action: AnyFixAction


class RequestRefused(FixNews, tag="request_refused"):
    request_id: str
    reason: str
    text: str


class RequestShown(FixNews, tag="request_shown"):
    """To a maker."""

    rfq: RfqView


class QuoteShown(FixNews, tag="quote_shown"):
    """To the taker."""

    request_id: str
    rfq: RfqView
    quote: QuoteView


class QuoteGone(FixNews, tag="quote_gone"):
    """To the taker, of a quote that stood."""

    request_id: str
    rfq: RfqView
    quote: QuoteView


class StatusTold(FixNews, tag="status_told"):
    """``status``: accepted, canceled, canceled_all, rejected, removed, expired, not_found, pending, pass or traded.

    ``instruments``: names of the structure's legs; ``party``: a maker, in words, where it is about one. ``bid``,
    ``ask``: net prices that were made of volatilities. ``until_ns``: the end of a last look, 0 of none; ``side``: the
    taker's in it.
    """

    status: str
    quote_id: str = NO_ID
    request_id: str = ""
    response_id: str = ""
    status_request_id: str = ""
    instruments: list[str] = []
    party: str = ""
    reason: str = ""
    text: str = ""
    bid: str = ""
    ask: str = ""
    until_ns: int = 0
    side: Side | None = None


class OutcomeTold(FixNews, tag="outcome_told"):
    """To a maker that quoted: ``outcome`` in the words of ``QuoteOutcome``, or expired or passed by the taker."""

    request_id: str
    quote_id: str
    outcome: str
    rfq: RfqView


class MassAnswer(msgspec.Struct, frozen=True, kw_only=True):
    set_id: str
    quote_id: str
    reason: str = ""
    text: str = ""


class MassAnswered(FixNews, tag="mass_answered"):
    mass_id: str
    answers: list[MassAnswer]


class TradeTold(FixNews, tag="trade_told"):
    """An execution of a leg. ``reversed_execution_id``: that it takes back, 0 of none. ``is_copy``: for a drop copy."""

    fill: FillView
    order_id: str
    is_multileg: bool
    reversed_execution_id: int
    client_order_id: str = ""
    quote_id: str = ""
    response_id: str = ""
    is_copy: bool = False


class TradesListed(FixNews, tag="trades_listed"):
    """A part of the answer to a request for trades, all at the end; or (``reason``) why there is none."""

    request_id: str
    request_type: str
    total: int
    fills: list[FillView]
    is_first: bool
    is_last: bool
    reason: str = ""
    text: str = ""


class MessageRefused(FixNews, tag="message_refused"):
    """A message that has no answer of its own kind."""

    sequence: int
    message_type: str
    business_id: str
    reason: str
    text: str


AnyFixNews = (
    RequestRefused
    | RequestShown
    | QuoteShown
    | QuoteGone
    | StatusTold
    | OutcomeTold
    | MassAnswered
    | TradeTold
    | TradesListed
    | MessageRefused
    | AnyMultilegNews
)


def no_trades(request_id: str, request_type: str, reason: str, text: str) -> TradesListed:
    """A request for trades that is not answered."""
    return TradesListed(
        request_id=request_id,
        request_type=request_type,
        total=0,
        fills=[],
        is_first=True,
        is_last=True,
        reason=reason,
        text=text,
    )


def request_name(rfq_id: int) -> str:
    """A request as its makers read it."""
    return f"R{rfq_id}"


def quote_name(quote: QuoteView) -> str:
    """A version of a quote as its taker reads it."""
    return f"Q{quote.rfq_id}.{quote.quote_id}.{quote.version}"


def find_rfq_id(name: str) -> int | None:
    """Of what ``request_name`` made."""
    numbers = find_numbers(name, "R", 1)
    return numbers[0] if numbers else None


def find_quote(name: str) -> tuple[int, int, int] | None:
    """(RFQ, quote, version) of what ``quote_name`` made."""
    numbers = find_numbers(name, "Q", 3)
    return (numbers[0], numbers[1], numbers[2]) if numbers is not None and len(numbers) == 3 else None
