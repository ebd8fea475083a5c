"""Firms, desks, users, trading accounts and API keys."""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.crypto import salted_hmac

from common.proposals import ProposalState


class FirmKind(models.TextChoices):
    TAKER = "taker", "taker"
    MAKER = "maker", "maker"
    HOUSE = "house", "house"


class LegalEntity(models.Model):
    """One or several firms in law. ``lei``: its legal entity identifier (ISO 17442)."""

    name = models.CharField(max_length=128, unique=True)
    lei = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name_plural = "legal entities"

    def __str__(self) -> str:
        return self.name


class Firm(models.Model):
    """A member of the venue. Two of one legal entity do not trade with each other; without one it is its own.

    The house is the venue's operator: compliance and admin belong to it.
    """

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=8, choices=FirmKind)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="firms", null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class LegalEntityMove(models.Model):
    """A firm into another legal entity, or out of any: proposed by one administrator, put in force by another.

    It decides who may trade with whom, so that nobody does it alone.
    """

    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="legal_entity_moves")
    legal_entity = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, related_name="+", null=True, blank=True, help_text="Empty: none."
    )
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=ProposalState, default=ProposalState.WAITING)
    proposed_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("User", on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["firm"], condition=models.Q(state="waiting"), name="one_legal_entity_move_waits"
            )
        ]

    def __str__(self) -> str:
        return f"{self.firm} into {self.legal_entity or 'no legal entity'}"


class Desk(models.Model):
    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="desks")
    name = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["firm", "name"], name="desk_name_unique_in_firm")]

    def __str__(self) -> str:
        return f"{self.firm} {self.name}"


def check_desk(firm_id: int | None, desk: Desk | None) -> None:
    """Raises ValidationError for a desk of another firm: its people could stop what is not theirs."""
    if desk is not None and desk.firm_id != firm_id:
        raise ValidationError("This desk belongs to another firm.")


class Role(models.TextChoices):
    TRADER = "trader", "trader"
    CLIENT = "client", "client (maker)"
    COMPLIANCE = "compliance", "compliance"
    ADMIN = "admin", "admin"


class User(AbstractUser):
    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="users", null=True)
    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="users", null=True, blank=True)
    role = models.CharField(max_length=12, choices=Role, default=Role.TRADER)
    session_generation = models.IntegerField(default=0)
    """Part of what a session verifies: raising it ends every session of the user."""

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        super().clean()
        check_desk(self.firm_id, self.desk)

    def get_session_auth_hash(self) -> str:
        return salted_hmac(
            "accounts.User.session", f"{self.password}:{self.session_generation}", algorithm="sha256"
        ).hexdigest()


class Account(models.Model):
    """A trading account: what positions, balances and margin belong to."""

    firm = models.ForeignKey(Firm, on_delete=models.PROTECT, related_name="accounts")
    desk = models.ForeignKey(Desk, on_delete=models.PROTECT, related_name="accounts")
    name = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["firm", "name"], name="account_name_unique_in_firm")]

    def __str__(self) -> str:
        return f"{self.firm} {self.name}"

    def clean(self) -> None:
        super().clean()
        check_desk(self.firm_id, getattr(self, "desk", None))


class ApiKey(models.Model):
    """A key acts for its user. The secret is shown once and stored as its SHA-256: it is 256 random bits."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    key_id = models.CharField(max_length=32, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key_id


class FixVersion(models.TextChoices):
    """What a session speaks: BeginString, and ApplVerID where that leaves it open."""

    FIX42 = "FIX.4.2", "FIX 4.2"
    FIX44 = "FIX.4.4", "FIX 4.4"
    FIX50SP2 = "FIXT.1.1", "FIX 5.0 SP2 (FIXT 1.1)"


class FixSession(models.Model):
    """A FIX session acts for its user. ``name`` is its SenderCompID and Username; the secret is shown once.

    ``opens_at`` to ``closes_at``: hours of the UTC day in which it may be logged on; without them, always.
    """

    name = models.CharField(max_length=32, validators=[RegexValidator(r"^[A-Z][A-Z0-9_-]*$")])
    version = models.CharField(max_length=8, choices=FixVersion, default=FixVersion.FIX44)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="fix_sessions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    other_accounts = models.ManyToManyField(Account, related_name="+", blank=True)
    secret_sha256 = models.BinaryField(max_length=32)
    may_send_orders = models.BooleanField(default=False)
    may_see_market_data = models.BooleanField(default=False)
    may_negotiate = models.BooleanField("may ask for and answer quotes", default=False)
    gets_drop_copy = models.BooleanField(default=False)
    cancels_on_disconnect = models.BooleanField(default=True)
    resets_on_logon = models.BooleanField(default=False)
    opens_at = models.TimeField(null=True, blank=True)
    closes_at = models.TimeField(null=True, blank=True)
    messages_per_second = models.PositiveIntegerField(default=100)
    message_burst = models.PositiveIntegerField(default=200)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "FIX session"
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="fix_session_unique"),
            models.CheckConstraint(
                condition=models.Q(opens_at__isnull=True, closes_at__isnull=True)
                | models.Q(opens_at__isnull=False, closes_at__isnull=False),
                name="fix_session_hours_both_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def clean(self) -> None:
        """Raises ValidationError for an account that is not its user's firm's."""
        super().clean()
        if self.user_id and self.account_id and self.account.firm_id != self.user.firm_id:
            raise ValidationError({"account": "This account belongs to another firm."})


class FixSessionEvent(models.Model):
    """What the gateway told of a session, each once: ``chronicle`` and ``number`` are the gateway's."""

    session = models.ForeignKey(FixSession, on_delete=models.PROTECT, related_name="events")
    chronicle = models.CharField(max_length=32)
    number = models.BigIntegerField()
    at = models.DateTimeField()
    event = models.CharField(max_length=32)
    detail = models.CharField(max_length=256)
    address = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "FIX session event"
        constraints = [models.UniqueConstraint(fields=["chronicle", "number"], name="fix_session_event_once")]

    def __str__(self) -> str:
        return f"{self.session_id} {self.event}"
