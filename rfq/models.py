"""Requests for quote, quotes with every version they had, and the trades they became.

The RFQ's row is the one lock. Whoever holds the RFQ's lock owns all that belongs to it.
"""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from rfq.audience_models import MakerGroup, MakerGroupMember, RfqDraft
from rfq.domain.records import TradeState
from rfq.execution_models import Acceptance, LastLook, LastLookAgreement, Trigger
from rfq.protection_models import (
    DeskLimits,
    DeskLimitsProposal,
    DeskSession,
    MakerProtection,
    ProtectedFill,
    SessionPresence,
    SessionQuote,
)
from rfq.record_models import (
    CorrectionState,
    PrintKind,
    RfqStep,
    Sighting,
    SightingDue,
    SightingKind,
    TapePrint,
    TradeCorrection,
)
from wire.negotiation import AllocationReason, QuoteCondition
from wire.units import Audience, QuoteState, RfqState, Side

__all__ = [
    "Acceptance",
    "BlockTrade",
    "CorrectionState",
    "DeskLimits",
    "DeskLimitsProposal",
    "DeskSession",
    "LastLook",
    "LastLookAgreement",
    "MakerGroup",
    "MakerGroupMember",
    "MakerProtection",
    "PrintKind",
    "ProtectedFill",
    "Quote",
    "QuoteVersion",
    "Rfq",
    "RfqAllocation",
    "RfqCommand",
    "RfqDraft",
    "RfqInvitation",
    "RfqLeg",
    "RfqStep",
    "SessionPresence",
    "SessionQuote",
    "Sighting",
    "SightingDue",
    "SightingKind",
    "TapePrint",
    "TradeCorrection",
    "TradeLeg",
    "Trigger",
]

_SIDES = [side.value for side in Side]
_SENT = [state.value for state in RfqState if state is not RfqState.DRAFT]
_LIVE_RFQ = [RfqState.OPEN.value, RfqState.PENDING_FILL.value]


def _price() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=36, decimal_places=12)


def _optional_price() -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(max_digits=36, decimal_places=12, null=True)


class Rfq(models.Model):
    """``is_tradable``: the grace has ended and the taker has been shown the quotes. Times: wall clock.

    ``pending_until``: of a pending fill, when it is rejected unless those it waits for have answered.
    ``trigger_due_at``: when resting limits have to be held against the quotes, null while nothing has changed.
    """

    taker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=64, blank=True)
    structure = models.CharField(max_length=32)
    quote_currency = models.CharField(max_length=6)
    quantity = models.DecimalField(max_digits=36, decimal_places=12)
    side = models.CharField(max_length=4, blank=True)
    state = models.CharField(max_length=12, default=RfqState.OPEN.value)
    reason = models.CharField(max_length=64, blank=True)
    reason_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+", null=True)
    is_tradable = models.BooleanField(default=False)
    audience = models.CharField(max_length=8, default=Audience.CHOSEN.value)
    is_taker_anonymous = models.BooleanField(default=False)
    are_makers_anonymous = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    tradable_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    pending_until = models.DateTimeField(null=True)
    trigger_due_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=_SENT), name="rfq_state_known"),
            models.CheckConstraint(condition=Q(side__in=["", *_SIDES]), name="rfq_side_known"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="rfq_quantity_positive"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at"), tradable_at__gte=F("created_at")), name="rfq_times_in_order"
            ),
            models.CheckConstraint(
                condition=Q(state="pending_fill", pending_until__isnull=False)
                | (~Q(state="pending_fill") & Q(pending_until__isnull=True)),
                name="rfq_pending_until_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["taker_firm", "-id"]),
            models.Index(fields=["taker_firm", "created_at"]),
            models.Index(fields=["expires_at"], name="rfq_live", condition=Q(state__in=_LIVE_RFQ)),
            models.Index(fields=["pending_until"], name="rfq_pending", condition=Q(state="pending_fill")),
            models.Index(fields=["trigger_due_at"], name="rfq_trigger_due", condition=Q(trigger_due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"rfq {self.pk} {self.structure} {self.state}"


class RfqLeg(models.Model):
    """``side``: of this leg when the taker buys the structure. A hedge leg is not part of the net price.

    ``fixed_price``: of a hedge leg, given by the taker.
    """

    rfq = models.ForeignKey(Rfq, on_delete=models.PROTECT, related_name="legs")
    leg_index = models.PositiveSmallIntegerField()
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4)
    ratio = models.PositiveIntegerField()
    is_hedge = models.BooleanField(default=False)
    fixed_price = models.DecimalField(max_digits=36, decimal_places=12, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rfq", "leg_index"], name="rfq_leg_index_unique"),
            models.UniqueConstraint(fields=["rfq", "instrument"], name="rfq_leg_instrument_unique"),
            models.UniqueConstraint(fields=["rfq"], condition=Q(is_hedge=True), name="rfq_one_hedge_leg"),
            models.CheckConstraint(condition=Q(side__in=_SIDES), name="rfq_leg_side_known"),
            models.CheckConstraint(condition=Q(ratio__gte=1), name="rfq_leg_ratio_positive"),
            models.CheckConstraint(
                condition=Q(is_hedge=True) | Q(fixed_price__isnull=True), name="rfq_leg_price_of_hedge_only"
            ),
            models.CheckConstraint(
                condition=Q(fixed_price__isnull=True) | Q(fixed_price__gt=0), name="rfq_leg_price_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"rfq {self.rfq_id} leg {self.leg_index}"


class RfqAllocation(models.Model):
    """The share of one account of the taker, in units of the structure."""

    rfq = models.ForeignKey(Rfq, on_delete=models.PROTECT, related_name="allocations")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=36, decimal_places=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rfq", "account"], name="rfq_allocation_unique"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="rfq_allocation_positive"),
        ]

    def __str__(self) -> str:
        return f"rfq {self.rfq_id} gives {self.quantity} to account {self.account_id}"


class RfqInvitation(models.Model):
    """A maker firm that was asked. ``alias_number``: drawn by lot, what an anonymous maker is called in this RFQ."""

    rfq = models.ForeignKey(Rfq, on_delete=models.PROTECT, related_name="invitations")
    maker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    alias_number = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rfq", "maker_firm"], name="rfq_invitation_unique"),
            models.UniqueConstraint(fields=["rfq", "alias_number"], name="rfq_invitation_alias_unique"),
        ]
        indexes = [models.Index(fields=["maker_firm", "-rfq"])]

    def __str__(self) -> str:
        return f"rfq {self.rfq_id} asks firm {self.maker_firm_id}"


class Quote(models.Model):
    """One maker's quote for one RFQ, from its first version to its last; what it says is in its newest version."""

    rfq = models.ForeignKey(Rfq, on_delete=models.PROTECT, related_name="quotes")
    maker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=24)
    reason = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rfq", "maker_firm"], name="quote_one_per_maker"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in QuoteState]), name="quote_state_known"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="quote_version_positive"),
        ]

    def __str__(self) -> str:
        return f"quote {self.pk} version {self.version} {self.state}"


class QuoteVersion(models.Model):
    """What a quote said, kept for ever. ``end_reason``: replaced, or the state in which this version ended.

    ``quantity``: units of the structure. ``condition``: whether a part of it may be taken.
    """

    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    bid_leg_prices = ArrayField(_price(), null=True)
    ask_leg_prices = ArrayField(_price(), null=True)
    bid_leg_volatilities = ArrayField(_optional_price(), null=True)
    ask_leg_volatilities = ArrayField(_optional_price(), null=True)
    volatility_forwards = ArrayField(_optional_price(), null=True)
    volatility_years = ArrayField(_optional_price(), null=True)
    """What made prices of the volatilities, by leg: forward in USD, years to expiry."""
    bid_net = models.DecimalField(max_digits=36, decimal_places=12, null=True)
    ask_net = models.DecimalField(max_digits=36, decimal_places=12, null=True)
    quantity = models.DecimalField(max_digits=36, decimal_places=12)
    condition = models.CharField(max_length=12, default=QuoteCondition.ANY_PART_OF.value)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=24, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quote", "version"], name="quote_version_unique"),
            models.UniqueConstraint(
                fields=["quote"], condition=Q(ended_at__isnull=True), name="quote_one_live_version"
            ),
            models.CheckConstraint(
                condition=Q(bid_leg_prices__isnull=False) | Q(ask_leg_prices__isnull=False),
                name="quote_version_has_a_side",
            ),
            models.CheckConstraint(
                condition=Q(bid_net__isnull=True) | Q(ask_net__isnull=True) | Q(bid_net__lt=F("ask_net")),
                name="quote_version_not_crossed",
            ),
            models.CheckConstraint(
                condition=Q(bid_net__isnull=True, bid_leg_prices__isnull=True)
                | Q(bid_net__isnull=False, bid_leg_prices__isnull=False),
                name="quote_version_bid_whole",
            ),
            models.CheckConstraint(
                condition=Q(ask_net__isnull=True, ask_leg_prices__isnull=True)
                | Q(ask_net__isnull=False, ask_leg_prices__isnull=False),
                name="quote_version_ask_whole",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="quote_version_ends_with_a_reason",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="quote_version_times_in_order"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="quote_version_quantity_positive"),
            models.CheckConstraint(
                condition=Q(condition__in=[condition.value for condition in QuoteCondition]),
                name="quote_version_condition_known",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="quote_version_live", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["created_at"]),
        ]

    def __str__(self) -> str:
        return f"quote {self.quote_id} version {self.version}"


class BlockTrade(models.Model):
    """What one maker and one account of the taker trade; its id is the gateway's reservation id. ``side``: the taker's.

    ``quantity``: units of the structure. ``allocation_reason``: what gave this quote its fill.
    """

    rfq = models.ForeignKey(Rfq, on_delete=models.PROTECT, related_name="trades")
    quote = models.ForeignKey(Quote, on_delete=models.PROTECT, related_name="trades")
    version = models.PositiveIntegerField()
    side = models.CharField(max_length=4)
    net_price = models.DecimalField(max_digits=36, decimal_places=12)
    quantity = models.DecimalField(max_digits=36, decimal_places=12)
    allocation_reason = models.CharField(max_length=12, default=AllocationReason.PRICE.value)
    state = models.CharField(max_length=12, default=TradeState.PENDING.value)
    taker_account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    maker_account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    first_execution_id = models.BigIntegerField(null=True, unique=True)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["quote", "taker_account"], name="trade_one_per_quote_and_account"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="trade_quantity_positive"),
            models.CheckConstraint(
                condition=Q(allocation_reason__in=[reason.value for reason in AllocationReason]),
                name="trade_reason_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in TradeState]), name="trade_state_known"
            ),
            models.CheckConstraint(condition=Q(side__in=_SIDES), name="trade_side_known"),
            models.CheckConstraint(condition=~Q(taker_account=F("maker_account")), name="trade_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(state="completed", first_execution_id__isnull=False, completed_at__isnull=False)
                | (~Q(state="completed") & Q(first_execution_id__isnull=True, completed_at__isnull=True)),
                name="trade_completed_with_executions",
            ),
        ]
        indexes = [models.Index(fields=["accepted_at"], name="trade_pending", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"trade {self.pk} of rfq {self.rfq_id} {self.state}"


class TradeLeg(models.Model):
    """One leg of a trade. ``side``: the taker's, the maker has the other. ``execution_id`` once the gateway gave it."""

    trade = models.ForeignKey(BlockTrade, on_delete=models.PROTECT, related_name="legs")
    leg_index = models.PositiveSmallIntegerField()
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4)
    price = _price()
    quantity = models.DecimalField(max_digits=36, decimal_places=12)
    reference_price = models.DecimalField(max_digits=36, decimal_places=12, null=True)
    """Index in US dollars when it was accepted, which the fee of a linear option is counted from."""
    execution_id = models.BigIntegerField(null=True, unique=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trade", "leg_index"], name="trade_leg_index_unique"),
            models.CheckConstraint(condition=Q(side__in=_SIDES), name="trade_leg_side_known"),
            models.CheckConstraint(condition=Q(price__gt=0, quantity__gt=0), name="trade_leg_positive"),
        ]

    def __str__(self) -> str:
        return f"trade {self.trade_id} leg {self.leg_index}"


class RfqCommand(models.Model):
    """A client's command that was done: the same id again gets the same answer and changes nothing."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    command_id = models.CharField(max_length=64)
    content_sha256 = models.BinaryField(max_length=32)
    entity = models.CharField(max_length=8)
    entity_id = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "command_id"], name="rfq_command_once")]

    def __str__(self) -> str:
        return f"command {self.command_id} of user {self.user_id}"
