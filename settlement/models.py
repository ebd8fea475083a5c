"""Positions, fills and the double-entry ledger (after TigerBeetle: accounts, transfers, pending / post / void)."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Concat

from common.fields import UnitsField

ACCOUNT_OWNER_PREFIX = "account:"


def append_only(name: str) -> pgtrigger.Protect:
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


class SystemOwner(models.TextChoices):
    """Owners of ledger accounts that are no trading account."""

    CLEARING = "clearing", "the clearing account, counterparty of every trade"
    FEES = "fees", "fees earned"
    PAPER_VENUE = "paper_venue", "the venues' side: our own book's quotes, and other venues"
    EXTERNAL = "external", "the world outside: deposits come from it"
    ROUNDING = "rounding", "differences of rounding at delivery"


class BalanceLimit(models.TextChoices):
    NONE = "none", "none"
    DEBITS = "debits", "debits must not exceed credits"
    CREDITS = "credits", "credits must not exceed debits"


class LedgerAccount(models.Model):
    """Four running totals of one owner in one asset, in its smallest unit. A client's balance is credits - debits.

    Trading accounts carry no limit: what they may do is margin's to decide before the trade, and a fill that happened
    is booked whatever it costs. Locked by its writers in the order of id.
    """

    owner = models.CharField(max_length=32)
    """``account:<id>`` or a SystemOwner."""
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    asset = models.CharField(max_length=6)
    debits_pending = UnitsField(default=0)
    debits_posted = UnitsField(default=0)
    credits_pending = UnitsField(default=0)
    credits_posted = UnitsField(default=0)
    limit = models.CharField(max_length=8, choices=BalanceLimit, default=BalanceLimit.NONE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "asset"], name="ledger_account_unique"),
            models.CheckConstraint(
                condition=Q(account__isnull=True, owner__in=SystemOwner.values)
                | Q(
                    account__isnull=False,
                    owner=Concat(
                        models.Value(ACCOUNT_OWNER_PREFIX),
                        Cast(F("account"), models.CharField()),
                        output_field=models.CharField(),
                    ),
                ),
                name="ledger_account_has_one_owner",
            ),
            models.CheckConstraint(
                condition=Q(debits_pending__gte=0, debits_posted__gte=0, credits_pending__gte=0, credits_posted__gte=0),
                name="ledger_totals_not_negative",
            ),
            models.CheckConstraint(
                condition=~Q(limit="debits") | Q(credits_posted__gte=F("debits_posted") + F("debits_pending")),
                name="ledger_debits_must_not_exceed_credits",
            ),
            models.CheckConstraint(
                condition=~Q(limit="credits") | Q(debits_posted__gte=F("credits_posted") + F("credits_pending")),
                name="ledger_credits_must_not_exceed_debits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} {self.asset}"


class NettingCycle(models.Model):
    """One run of multilateral netting over the pending transfers up to ``last_transfer_id``."""

    at = models.DateTimeField()
    first_transfer_id = models.BigIntegerField()
    last_transfer_id = models.BigIntegerField()
    transfer_count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_transfer_id__lte=F("last_transfer_id"), transfer_count__gte=1),
                name="netting_cycle_covers_transfers",
            ),
            models.UniqueConstraint(fields=["last_transfer_id"], name="netting_cycle_nets_once"),
        ]
        triggers = [append_only("netting_cycle_append_only")]

    def __str__(self) -> str:
        return f"cycle {self.pk}"


class TransferKind(models.TextChoices):
    POSTED = "posted", "posted at once"
    PENDING = "pending", "reserved until posted or voided"
    POST = "post", "posts a pending transfer"
    VOID = "void", "voids a pending transfer"


class TransferCode(models.TextChoices):
    DEPOSIT = "deposit", "deposit"
    PREMIUM = "premium", "option premium"
    REALIZED = "realized", "realized profit or loss"
    FEE = "fee", "fee"
    SPOT_BASE = "spot_base", "coins of a spot trade"
    SPOT_QUOTE = "spot_quote", "money of a spot trade"
    DELIVERY = "delivery", "settlement at expiry"
    ROUNDING = "rounding", "difference of rounding"
    NET = "net", "net obligation of a cycle"


class Transfer(models.Model):
    """``amount`` moves from ``debit`` to ``credit``. Never changed, never deleted: a mistake is a new transfer.

    What becomes of a pending transfer is another transfer that refers to it, at most one.
    """

    key = models.CharField(max_length=120, unique=True)
    """What the transfer is for: writing it twice is refused."""
    kind = models.CharField(max_length=8, choices=TransferKind)
    code = models.CharField(max_length=12, choices=TransferCode)
    debit = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    credit = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=6)
    amount = UnitsField()
    pending = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="resolution")
    execution_id = models.BigIntegerField(null=True)
    cycle = models.ForeignKey(NettingCycle, on_delete=models.PROTECT, null=True, related_name="transfers")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_is_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(kind__in=["post", "void"], pending__isnull=False)
                | Q(kind__in=["posted", "pending"], pending__isnull=True),
                name="transfer_resolution_names_its_pending",
            ),
        ]
        indexes = [
            models.Index(fields=["debit", "-id"]),
            models.Index(fields=["credit", "-id"]),
            models.Index(fields=["id"], name="transfer_pending", condition=Q(kind="pending")),
        ]
        triggers = [append_only("transfer_append_only")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class NetObligation(models.Model):
    """What one ledger account receives (positive) or pays in a cycle; over all of an asset the sum is zero."""

    cycle = models.ForeignKey(NettingCycle, on_delete=models.PROTECT, related_name="obligations")
    ledger_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=6)
    amount = UnitsField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "ledger_account"], name="net_obligation_unique"),
            models.CheckConstraint(condition=~Q(amount=0), name="net_obligation_not_zero"),
        ]
        triggers = [append_only("net_obligation_append_only")]

    def __str__(self) -> str:
        return f"{self.cycle} {self.ledger_account} {self.amount}"


class Position(models.Model):
    """Open quantity of one account in one instrument; ``account`` is null for the venues' side.

    quantity: signed contracts. entry_value, realized: smallest units of the settlement currency.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    quantity = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    average_price = models.DecimalField(max_digits=38, decimal_places=12, default=0)
    entry_value = UnitsField(default=0)
    realized = UnitsField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "instrument"], name="position_unique", nulls_distinct=False),
            models.CheckConstraint(condition=Q(entry_value__gte=0), name="position_entry_value_unsigned"),
            models.CheckConstraint(
                condition=~Q(quantity=0) | Q(entry_value=0, average_price=0), name="position_flat_has_no_entry"
            ),
        ]

    def __str__(self) -> str:
        return f"account {self.account_id or 0} instrument {self.instrument_id}"


class Fill(models.Model):
    """One side of an execution as it was booked, once. ``side`` tells the two sides of an account apart."""

    execution_id = models.BigIntegerField()
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    counterparty_account_id = models.BigIntegerField()
    """0 is a venue: the paper venue, or the one of ``venue``."""
    side = models.CharField(max_length=4, choices=[("buy", "buy"), ("sell", "sell")])
    price = models.DecimalField(max_digits=38, decimal_places=12)
    quantity = models.DecimalField(max_digits=38, decimal_places=12)
    liquidity = models.CharField(max_length=5, choices=[("maker", "maker"), ("taker", "taker")])
    fee = UnitsField()
    """Below zero a venue paid."""
    fee_asset = models.CharField(max_length=6)
    venue = models.CharField(max_length=20, blank=True)
    """Where it happened, if not in our own book."""
    order_id = models.BigIntegerField(null=True)
    rfq_id = models.BigIntegerField(null=True)
    route_id = models.BigIntegerField(null=True)
    desk_trade_id = models.BigIntegerField(null=True)
    """The trade that people booked, where they did."""
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["execution_id", "account", "side"], name="fill_booked_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="fill_quantity_is_positive"),
            models.CheckConstraint(condition=Q(fee__gte=0) | ~Q(venue=""), name="fill_fee_not_negative_here"),
        ]
        indexes = [
            models.Index(fields=["firm", "-id"]),
            models.Index(fields=["account", "instrument"]),
            models.Index(fields=["order_id"]),
        ]
        triggers = [append_only("fill_append_only")]

    def __str__(self) -> str:
        return f"execution {self.execution_id} account {self.account_id}"


class Delivery(models.Model):
    """An expired instrument whose positions were settled."""

    instrument = models.OneToOneField("market.Instrument", on_delete=models.PROTECT, related_name="+")
    price = models.DecimalField(max_digits=28, decimal_places=6)
    positions_settled = models.PositiveIntegerField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"delivery of instrument {self.instrument_id} at {self.price}"


class Collateral(models.Model):
    """Money of one account as the gateway was last told, which margin before the trade rests on.

    The row is made when limits of the account are first in force; from then on whatever moves its ledger is told.
    ``cash_micros``: stable coins and dollars in 1e-6 USD. ``coins``: 1e-9 coin by asset. Both with what is pending.
    """

    account = models.OneToOneField("accounts.Account", on_delete=models.PROTECT, related_name="+")
    cash_micros = models.BigIntegerField(default=0)
    coins = models.JSONField(default=dict)
    last_execution_id = models.BigIntegerField(default=0)
    """The newest execution whose money the figures hold."""
    version = models.BigIntegerField(default=0)
    """How often it was told."""
    sent_at = models.DateTimeField(null=True)
    """None: to be told again, whether it moved or not."""

    def __str__(self) -> str:
        return f"collateral of account {self.account_id}, version {self.version}"
