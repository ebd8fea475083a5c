"""What protects the desk's firms: bounds, market-maker protection and sessions, all of it durable."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from common.proposals import ProposedByOne, two_people
from rfq.domain import limits
from rfq.domain.bands import BAND_PERCENT, BAND_TICKS


def _amount() -> "models.DecimalField[Decimal | None, Decimal | None]":
    return models.DecimalField(max_digits=36, decimal_places=12, null=True)


def _exposure() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=36, decimal_places=12)


class _DeskBounds(models.Model):
    """See ``wire.client_protection.ProposeDeskLimits``; the defaults are those of ``rfq.domain.limits``."""

    create_per_minute_max = models.PositiveIntegerField(default=limits.RFQ_CREATE_PER_MINUTE_MAX)
    execute_per_minute_max = models.PositiveIntegerField(default=limits.RFQ_EXECUTE_PER_MINUTE_MAX)
    open_rfqs_max = models.PositiveIntegerField(default=limits.RFQ_OPEN_MAX)
    live_quotes_max = models.PositiveIntegerField(default=limits.LIVE_QUOTES_MAX)
    band_ticks = models.PositiveIntegerField(default=BAND_TICKS)
    band_percent = models.DecimalField(max_digits=9, decimal_places=4, default=BAND_PERCENT)
    is_band_confirmable = models.BooleanField(default=True)

    class Meta:
        abstract = True


class DeskLimits(_DeskBounds):
    """Bounds that are in force of a firm for which the house ever proposed any; the others have the defaults."""

    firm = models.OneToOneField("accounts.Firm", on_delete=models.PROTECT, related_name="+", primary_key=True)

    def __str__(self) -> str:
        return f"desk limits of firm {self.firm_id}"


class DeskLimitsProposal(ProposedByOne, _DeskBounds):
    """Bounds that one person of the house proposed for a firm; another one puts them in force."""

    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["firm"], condition=Q(state="waiting"), name="desk_limits_one_proposal_waits"
            ),
            *two_people("desk_limits"),
        ]

    def __str__(self) -> str:
        return f"desk limits proposed for firm {self.firm_id} {self.state}"


class MakerProtection(models.Model):
    """Limits of a maker firm in one coin, and whether they hold it frozen. Locked after the RFQ and its quotes."""

    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    coin = models.CharField(max_length=6)
    interval_ms = models.PositiveIntegerField()
    frozen_ms = models.PositiveIntegerField()
    quantity_max = _amount()
    delta_max = _amount()
    vega_max = _amount()
    trade_count_max = models.PositiveIntegerField()
    frozen_at = models.DateTimeField(null=True)
    frozen_until = models.DateTimeField(null=True)
    """Null with ``frozen_at``: until somebody resets it."""
    hit = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["firm", "coin"], name="protection_one_per_firm_and_coin"),
            models.CheckConstraint(
                condition=Q(frozen_at__isnull=True, frozen_until__isnull=True, hit="")
                | (Q(frozen_at__isnull=False) & ~Q(hit="")),
                name="protection_frozen_by_a_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"protection of firm {self.firm_id} in {self.coin}"


class ProtectedFill(models.Model):
    """One accepted quote in the window of a protection: its exposure to the maker, and whether it stands."""

    protection = models.ForeignKey(MakerProtection, on_delete=models.PROTECT, related_name="fills")
    quote = models.ForeignKey("rfq.Quote", on_delete=models.PROTECT, related_name="+")
    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="+")
    is_pending = models.BooleanField(default=True)
    quantity = _exposure()
    delta = _exposure()
    vega = _exposure()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["protection", "quote"], name="protected_fill_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="protected_fill_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"fill of quote {self.quote_id} in protection {self.protection_id}"


class DeskSession(models.Model):
    """An API key or a signed-in browser, with what is to become of its quotes when it falls silent.

    ``deadline``: of its dead-man timer, moved by each heartbeat. ``gone_at``: when its last socket went.
    ``withdraw_until``: every quote it made until then is to be withdrawn with ``withdraw_reason``: written before the
    first of them is, so that a crash in the middle leaves the rest to the timers.
    """

    name = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    dead_man_seconds = models.PositiveIntegerField(default=0)
    cancels_orders = models.BooleanField(default=False)
    is_cancel_on_disconnect = models.BooleanField(default=False)
    reconnect_grace_ms = models.PositiveIntegerField(default=0)
    deadline = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)
    armed_at = models.DateTimeField(null=True)
    """When cancel on disconnect was switched on."""
    gone_at = models.DateTimeField(null=True)
    disconnected_at = models.DateTimeField(null=True)
    withdraw_until = models.DateTimeField(null=True)
    withdraw_reason = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdraw_until__isnull=True, withdraw_reason="")
                | (Q(withdraw_until__isnull=False) & ~Q(withdraw_reason="")),
                name="session_withdraws_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(deadline__isnull=True) | Q(dead_man_seconds__gt=0), name="session_deadline_of_a_timer"
            ),
        ]
        indexes = [
            models.Index(fields=["deadline"], name="session_deadline", condition=Q(deadline__isnull=False)),
            models.Index(fields=["id"], name="session_withdraws", condition=Q(withdraw_until__isnull=False)),
            models.Index(fields=["id"], name="session_watched", condition=Q(is_cancel_on_disconnect=True)),
        ]

    def __str__(self) -> str:
        return self.name


class SessionPresence(models.Model):
    """A web process holds a socket of the session; it says so again and again, and a dead one does not."""

    session = models.ForeignKey(DeskSession, on_delete=models.CASCADE, related_name="presences")
    process = models.CharField(max_length=36)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "process"], name="presence_once_per_process")]

    def __str__(self) -> str:
        return f"{self.session_id} in {self.process}"


class SessionQuote(models.Model):
    """Through which session the newest version of a quote came."""

    quote = models.OneToOneField("rfq.Quote", on_delete=models.PROTECT, related_name="session", primary_key=True)
    session = models.ForeignKey(DeskSession, on_delete=models.PROTECT, related_name="quotes")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"quote {self.quote_id} of session {self.session_id}"
