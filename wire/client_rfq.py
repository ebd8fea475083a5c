"""What a taker asks for: structures, whom it asks, drafts and groups of makers; ``wire.client`` offers the messages."""

from typing import Annotated

import msgspec

from wire.client_types import Command, DecimalText, EntityId, NameText, QuantityText
from wire.limits import RFQ_ALLOCATIONS_MAX, RFQ_LEGS_MAX, RFQ_MAKERS_MAX, RFQ_RATIO_MAX
from wire.units import Audience, Side

LABEL_LENGTH_MAX = 64
LabelText = Annotated[str, msgspec.Meta(max_length=LABEL_LENGTH_MAX, pattern=r"^[^\x00-\x1f]*$(?!\n)")]
RatioNumber = Annotated[int, msgspec.Meta(ge=1, le=RFQ_RATIO_MAX)]
FirmIds = Annotated[list[EntityId], msgspec.Meta(max_length=RFQ_MAKERS_MAX)]


class RfqLeg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``ratio`` counts this leg per unit of the RFQ; ``side`` is the leg's side when the taker buys the structure."""

    instrument_name: NameText
    side: Side
    ratio: RatioNumber = 1


class RfqHedge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A perpetual or future that trades with the structure at ``price``, which no maker quotes and no net price holds.

    side and ratio as in RfqLeg.
    """

    instrument_name: NameText
    side: Side
    price: DecimalText
    ratio: RatioNumber = 1


class RfqAllocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The share of one account, in units of the structure."""

    account_id: EntityId
    quantity: QuantityText


class RfqTerms(Command):
    """quantity: units of the structure. side: None asks for a two-way quote. life_seconds: 10 to 600.

    Ratios with a common divisor are reduced by it, and the quantity grows by it. audience ``chosen`` names the makers
    in ``maker_firm_ids``, ``group`` one of the firm's groups in ``maker_group_id``, ``all`` asks every maker.
    is_taker_anonymous: makers do not learn who asks. are_makers_anonymous: the taker does not learn who quotes.
    allocations: accounts of the firm whose shares add up to the quantity; none leave all of it to ``account_id``.
    """

    account_id: EntityId
    legs: Annotated[list[RfqLeg], msgspec.Meta(min_length=1, max_length=RFQ_LEGS_MAX)]
    quantity: QuantityText
    maker_firm_ids: FirmIds = []
    audience: Audience = Audience.CHOSEN
    maker_group_id: EntityId | None = None
    is_taker_anonymous: bool = False
    are_makers_anonymous: bool = False
    hedge: RfqHedge | None = None
    allocations: Annotated[list[RfqAllocation], msgspec.Meta(max_length=RFQ_ALLOCATIONS_MAX)] = []
    side: Side | None = None
    life_seconds: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] = 300
    label: LabelText = ""


class CreateRfq(RfqTerms, tag="rfq.create"):
    """Ask makers for a firm quote, now."""


class SaveDraft(RfqTerms, tag="rfq.save_draft"):
    """Keep a request without sending it. rfq_id: the draft to change; None makes a new one."""

    rfq_id: EntityId | None = None


class SendDraft(Command, tag="rfq.send_draft"):
    """Ask makers for what the draft says; it keeps its id and is a draft no longer."""

    rfq_id: EntityId


class DeleteDraft(Command, tag="rfq.delete_draft"):
    rfq_id: EntityId


class QuoteSide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Per leg, in the order of the RFQ's legs, a price in the leg's own convention or, of an option, a volatility.

    Volatilities are fractions a year (``0.625``): the server turns them into prices with the forward and the time of
    that instant. Either list may be left out; what is null in one stands in the other. The hedge leg trades at the
    taker's price: its own entry is that price, or null.
    """

    leg_prices: Annotated[list[DecimalText | None], msgspec.Meta(max_length=RFQ_LEGS_MAX + 1)] = []
    leg_volatilities: Annotated[list[QuantityText | None], msgspec.Meta(max_length=RFQ_LEGS_MAX + 1)] = []


class SaveMakerGroup(Command, tag="rfq.save_maker_group"):
    """Name a group of makers, for the whole firm. maker_group_id: the group to change; None makes a new one."""

    name: Annotated[
        str,
        msgspec.Meta(
            min_length=1, max_length=LABEL_LENGTH_MAX, pattern=r"^[^\x00-\x1f]*[^\x00-\x20][^\x00-\x1f]*$(?!\n)"
        ),
    ]
    maker_firm_ids: Annotated[list[EntityId], msgspec.Meta(min_length=1, max_length=RFQ_MAKERS_MAX)]
    maker_group_id: EntityId | None = None


class DeleteMakerGroup(Command, tag="rfq.delete_maker_group"):
    maker_group_id: EntityId


class PreviewRfq(Command, tag="rfq.preview"):
    """What asking, accepting or quoting would come to, before it is done; see ``rfq.services.previews``. Read-only.

    Of a structure that has not been asked for: legs, quantity, hedge, allocations. Of an RFQ (``rfq_id``): for its
    taker one quote (``quote_id``) or the marks, for a maker the bid and ask that it would send. side: the taker's;
    None previews both.
    """

    account_id: EntityId
    legs: Annotated[list[RfqLeg], msgspec.Meta(max_length=RFQ_LEGS_MAX)] = []
    quantity: QuantityText = "0"
    hedge: RfqHedge | None = None
    allocations: Annotated[list[RfqAllocation], msgspec.Meta(max_length=RFQ_ALLOCATIONS_MAX)] = []
    rfq_id: EntityId | None = None
    quote_id: EntityId | None = None
    side: Side | None = None
    bid: QuoteSide | None = None
    ask: QuoteSide | None = None
