"""How makers quote and how a request is executed; ``wire.client`` offers the messages."""

from typing import Annotated

import msgspec

from wire.client_rfq import QuoteSide
from wire.client_types import Command, DecimalText, EntityId, QuantityText
from wire.limits import LAST_LOOK_WINDOW_MS_MAX, MASS_QUOTE_MAX, RFQ_MAKERS_MAX
from wire.negotiation import LastLookReason, QuoteCondition
from wire.units import Side


class SubmitQuote(Command, tag="rfq.quote"):
    """A maker's firm quote. A second one for the same RFQ replaces the first: same id, next version.

    bid: what the maker pays when the taker sells the structure; ask: what the maker takes when the taker buys it.
    quantity: units of the structure, None for all that was asked. condition: whether a part of it may be taken.
    """

    rfq_id: EntityId
    account_id: EntityId
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None
    quantity: QuantityText | None = None
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF
    confirmed_band: DecimalText | None = None
    """The bound that a refusal ``fat_finger_band`` named, confirmed by a person."""
    life_seconds: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | None = None


class CancelQuote(Command, tag="rfq.cancel_quote"):
    quote_id: EntityId


class AcceptQuote(Command, tag="rfq.accept"):
    """Trade the full size with one quote. side: the taker's side of the structure. An old ``version`` is refused."""

    rfq_id: EntityId
    quote_id: EntityId
    version: EntityId
    side: Side
    confirmed_band: DecimalText | None = None
    """As in SubmitQuote."""


class MassQuoteEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One quote of many; the fields as in ``SubmitQuote``."""

    rfq_id: EntityId
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None
    quantity: QuantityText | None = None
    condition: QuoteCondition = QuoteCondition.ANY_PART_OF
    confirmed_band: DecimalText | None = None
    """The bound that a refusal ``fat_finger_band`` named, confirmed by a person."""
    life_seconds: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | None = None


class MassQuote(Command, tag="rfq.mass_quote"):
    """Quote many requests at once. Each is done or refused by itself: the answer's ``result`` says which."""

    account_id: EntityId
    quotes: Annotated[list[MassQuoteEntry], msgspec.Meta(min_length=1, max_length=MASS_QUOTE_MAX)]


class MassQuoteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Of one entry: the quote's id, or why it was refused."""

    rfq_id: int
    quote_id: int | None = None
    reason: str = ""
    message: str = ""
    value: str | None = None
    bound: str | None = None


class CancelAllQuotes(Command, tag="rfq.cancel_all_quotes"):
    """Withdraw every active quote of the user's firm."""


class QuotesCanceled(msgspec.Struct, frozen=True, kw_only=True):
    quotes_canceled: int


class SeenQuote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version of a quote that the taker looked at."""

    quote_id: EntityId
    version: EntityId


class TradeRfq(Command, tag="rfq.trade"):
    """Trade the full size with the pool of quotes, now or not at all, nothing of it beyond ``limit_price`` (net).

    quotes: what may be taken, each in exactly this version: one that has been replaced since is left out, and where the
    others do not fill the size nothing trades. Empty: whatever stands within the limit.
    """

    rfq_id: EntityId
    side: Side
    limit_price: DecimalText
    quotes: Annotated[list[SeenQuote], msgspec.Meta(max_length=RFQ_MAKERS_MAX)] = []
    confirmed_band: DecimalText | None = None
    """The bound that a refusal ``fat_finger_band`` named, confirmed by a person."""


class SetTrigger(Command, tag="rfq.set_trigger"):
    """Rest a limit, hidden from makers: the full size trades as soon as quotes within ``limit_price`` (net) fill it.

    One per side; a new one replaces it.
    """

    rfq_id: EntityId
    side: Side
    limit_price: DecimalText


class CancelTrigger(Command, tag="rfq.cancel_trigger"):
    rfq_id: EntityId
    side: Side


class AnswerLastLook(Command, tag="rfq.answer_last_look"):
    """Stand by an accepted quote, or (with a reason) take its price back. Silence is a rejection."""

    quote_id: EntityId
    is_confirmed: bool
    reason: LastLookReason | None = None


class ProposeLastLook(Command, tag="rfq.propose_last_look"):
    """Offer the other firm an agreement on last look. It is in force once that firm agrees.

    tolerance_basis_points: of one underlying; a smaller move of the structure's value, either way, excuses nothing, and
    a larger one rejects whichever side it favors.
    """

    maker_firm_id: EntityId
    taker_firm_id: EntityId
    window_ms: Annotated[int, msgspec.Meta(ge=1, le=LAST_LOOK_WINDOW_MS_MAX)]
    tolerance_basis_points: QuantityText


class AgreeLastLook(Command, tag="rfq.agree_last_look"):
    agreement_id: EntityId


class EndLastLook(Command, tag="rfq.end_last_look"):
    """Either firm, at once; what is pending is finished under it."""

    agreement_id: EntityId
