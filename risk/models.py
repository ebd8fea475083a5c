"""Limits with their history, controls in force, surface slices and the margin last published of each account."""

from django.db import models
from django.db.models import Q

from wire.units import ControlScope, InstrumentPhase, ReleasedControl, TradingState

SCOPES = [(scope.value, scope.value) for scope in ControlScope]


class LimitSet(models.Model):
    """Bounds of one account, for the instruments of ``coin`` or (empty) for all without bounds of their own.

    A change is a new row; the newest row of an account and coin is the one that counts. Zero allows nothing.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    coin = models.CharField(max_length=6, blank=True)
    max_order_quantity_lots = models.BigIntegerField()
    max_order_value = models.DecimalField(max_digits=20, decimal_places=6)
    """US dollars."""
    max_position_lots = models.BigIntegerField()
    max_position_value = models.DecimalField(max_digits=20, decimal_places=6)
    price_collar_basis_points = models.IntegerField()
    effective_at = models.DateTimeField()
    in_force_at = models.DateTimeField(null=True)
    """When the gateway said that they are."""
    set_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    command_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    max_order_quantity_lots__gte=0,
                    max_order_value__gte=0,
                    max_position_lots__gte=0,
                    max_position_value__gte=0,
                    price_collar_basis_points__gte=0,
                ),
                name="limits_not_negative",
            ),
            models.UniqueConstraint(
                fields=["set_by", "command_id"], name="limits_command_once", nulls_distinct=False
            ),
        ]
        indexes = [models.Index(fields=["account", "coin", "-id"])]

    def __str__(self) -> str:
        return f"limits of account {self.account_id} {self.coin or 'all coins'}"


class KillSwitchEngagement(models.Model):
    """Somebody engaged a kill switch. ``scope_id``: of the firm, desk, user, account or instrument; 0 with ``all``."""

    scope = models.CharField(max_length=10, choices=SCOPES)
    scope_id = models.BigIntegerField()
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    command_id = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "command_id"], name="kill_switch_command_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"kill switch {self.scope} {self.scope_id}"


class ControlRelease(models.Model):
    """The release of a control: asked for with a reason by one person, approved with a reason by another."""

    control = models.CharField(
        max_length=16,
        choices=[(control.value, control.value) for control in ReleasedControl],
        default=ReleasedControl.KILL_SWITCH.value,
    )

    scope = models.CharField(max_length=10, choices=SCOPES)
    scope_id = models.BigIntegerField()
    requested_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    request_reason = models.CharField(max_length=200)
    request_command_id = models.CharField(max_length=64)
    approved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approve_reason = models.CharField(max_length=200, blank=True)
    approve_command_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(request_reason=""), name="release_has_a_reason"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | (Q(approved_by__isnull=False, approved_at__isnull=False) & ~Q(approve_reason="")),
                name="release_approved_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=models.F("requested_by")),
                name="release_takes_two_people",
            ),
            models.UniqueConstraint(fields=["requested_by", "request_command_id"], name="release_command_once"),
            models.UniqueConstraint(
                fields=["control", "scope", "scope_id"], condition=Q(approved_by__isnull=True), name="release_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"release of {self.scope} {self.scope_id}"


class ControlSetting(models.Model):
    """What an administrator set beside the limits of accounts. A change is a new row; the newest of a kind, a scope and
    a subject counts. ``subject_id``: the instrument or the user that it is about within its scope; 0: the scope itself.
    """

    kind = models.CharField(max_length=32)
    """As the gateway's command is named: ``set_scope_limits`` and so on."""
    scope = models.CharField(max_length=10, choices=SCOPES)
    scope_id = models.BigIntegerField()
    subject_id = models.BigIntegerField(default=0)
    content = models.JSONField()
    """The fields of the gateway's command, in its units."""
    set_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    command_id = models.CharField(max_length=64)
    in_force_at = models.DateTimeField(null=True)
    """When the gateway said that it is."""
    refused_reason = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["set_by", "command_id"], name="control_setting_command_once"),
            models.CheckConstraint(
                condition=Q(in_force_at__isnull=True) | Q(refused_reason=""), name="control_setting_not_both"
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "scope", "scope_id", "subject_id", "-id"], name="control_setting_newest")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.scope} {self.scope_id}"


class ControlState(models.Model):
    """What the gateway last said of a scope: a projection of its events."""

    scope = models.CharField(max_length=10, choices=SCOPES)
    scope_id = models.BigIntegerField()
    is_killed = models.BooleanField(default=False)
    trading_state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in TradingState], default=TradingState.ACTIVE.value
    )
    is_disabled = models.BooleanField(default=False)
    """By the throttle of repeated executions, until a person enables it."""
    phase = models.CharField(
        max_length=10,
        choices=[(phase.value, phase.value) for phase in InstrumentPhase],
        default=InstrumentPhase.CONTINUOUS.value,
    )
    """Of an instrument."""
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "scope_id"], name="control_state_unique")]

    def __str__(self) -> str:
        return f"{self.scope} {self.scope_id} {'killed' if self.is_killed else self.trading_state}"


class SurfaceSliceRow(models.Model):
    """The newest slice of an expiry: what the next fit starts from, and falls back on after a restart."""

    coin = models.CharField(max_length=6)
    underlying_name = models.CharField(max_length=32)
    expiry_at = models.DateTimeField()
    forward_price = models.FloatField()
    years = models.FloatField()
    a = models.FloatField()
    b = models.FloatField()
    rho = models.FloatField()
    m = models.FloatField()
    sigma = models.FloatField()
    fitted_at = models.DateTimeField()
    """Wall clock of the last good fit."""
    market_time = models.DateTimeField()
    is_stale = models.BooleanField()
    stale_reason = models.CharField(max_length=120, blank=True)
    share_inside = models.FloatField()
    model_version = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["coin", "underlying_name"], name="surface_slice_unique")]

    def __str__(self) -> str:
        return f"slice {self.underlying_name}"


class AccountMargin(models.Model):
    """The margin that was last published of an account as a fact, and the holdings that it was published for."""

    account = models.OneToOneField("accounts.Account", on_delete=models.CASCADE, related_name="+")
    equity = models.DecimalField(max_digits=20, decimal_places=2)
    initial_margin = models.DecimalField(max_digits=20, decimal_places=2)
    maintenance_margin = models.DecimalField(max_digits=20, decimal_places=2)
    holdings_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    market_time = models.DateTimeField()
    is_stale = models.BooleanField()
    model_version = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"margin of account {self.account_id}"
