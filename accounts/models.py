"""Firms, desks, users, trading accounts and API keys."""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.crypto import salted_hmac


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
