"""Instruments as the gateway lists and delivers them: a projection that its events rebuild."""

from django.db import models
from django.db.models import Q

from common import clock
from common.decimals import plain
from wire.instruments import InstrumentTerms
from wire.units import InstrumentKind, OptionType


class Kind(models.TextChoices):
    SPOT = "spot", "spot"
    PERPETUAL = "perpetual", "perpetual"
    FUTURE = "future", "future"
    OPTION = "option", "option"


class InstrumentState(models.TextChoices):
    LISTED = "listed", "listed"
    DELIVERED = "delivered", "delivered"


class InstrumentQuerySet(models.QuerySet["Instrument"]):
    def active(self) -> "InstrumentQuerySet":
        return self.filter(state=InstrumentState.LISTED)

    def of_coin(self, coin: str) -> "InstrumentQuerySet":
        return self.filter(base_currency=coin)


class Instrument(models.Model):
    """``id`` is the engine's. tick_size and strike in quote currency and US dollars; see ``wire.instruments``."""

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    is_inverse = models.BooleanField()
    base_currency = models.CharField(max_length=6)
    quote_currency = models.CharField(max_length=6)
    settlement_currency = models.CharField(max_length=6)
    tick_size = models.DecimalField(max_digits=28, decimal_places=12)
    lot_size = models.DecimalField(max_digits=28, decimal_places=12)
    multiplier = models.DecimalField(max_digits=28, decimal_places=12)
    expiry_at = models.DateTimeField(null=True)
    strike = models.DecimalField(max_digits=28, decimal_places=12, null=True)
    option_type = models.CharField(max_length=4, blank=True, choices=[(kind.value, kind.value) for kind in OptionType])
    state = models.CharField(max_length=10, choices=InstrumentState, default=InstrumentState.LISTED)
    delivery_price = models.DecimalField(max_digits=28, decimal_places=6, null=True)
    delivered_at = models.DateTimeField(null=True)
    """Market clock."""

    objects = InstrumentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="option", strike__isnull=False, strike__gt=0, option_type__in=["call", "put"])
                | (~Q(kind="option") & Q(strike__isnull=True, option_type="")),
                name="instrument_option_has_strike_and_type",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["option", "future"], expiry_at__isnull=False)
                | Q(kind__in=["spot", "perpetual"], expiry_at__isnull=True),
                name="instrument_expires_if_dated",
            ),
            models.CheckConstraint(
                condition=Q(tick_size__gt=0, lot_size__gt=0, multiplier__gt=0), name="instrument_steps_are_positive"
            ),
            models.CheckConstraint(
                condition=Q(is_inverse=True, settlement_currency=models.F("base_currency"))
                | (Q(is_inverse=False) & ~Q(settlement_currency=models.F("base_currency"))),
                name="instrument_inverse_settles_in_coin",
            ),
            models.CheckConstraint(
                condition=~Q(kind="spot") | Q(is_inverse=False), name="instrument_spot_is_not_inverse"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="delivered", delivery_price__isnull=False, delivery_price__gt=0, delivered_at__isnull=False
                )
                | Q(state="listed", delivery_price__isnull=True, delivered_at__isnull=True),
                name="instrument_delivered_at_a_price",
            ),
        ]
        indexes = [models.Index(fields=["base_currency", "state", "expiry_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def instrument_id(self) -> int:
        return self.id

    @property
    def is_active(self) -> bool:
        return self.state == InstrumentState.LISTED

    @property
    def expiry_at_ns(self) -> int:
        return 0 if self.expiry_at is None else clock.to_ns(self.expiry_at)

    @property
    def terms(self) -> InstrumentTerms:
        return InstrumentTerms(
            name=self.name,
            kind=InstrumentKind(self.kind),
            is_inverse=self.is_inverse,
            base_currency=self.base_currency,
            quote_currency=self.quote_currency,
            settlement_currency=self.settlement_currency,
            tick_size=plain(self.tick_size),
            lot_size=plain(self.lot_size),
            multiplier=plain(self.multiplier),
            expiry_at_ns=self.expiry_at_ns,
            strike=None if self.strike is None else plain(self.strike),
            option_type=OptionType(self.option_type) if self.option_type else None,
        )


def instrument_of(instrument_id: int, terms: InstrumentTerms) -> Instrument:
    """The unsaved row of ``terms``."""
    return Instrument(
        id=instrument_id,
        name=terms.name,
        kind=terms.kind.value,
        is_inverse=terms.is_inverse,
        base_currency=terms.base_currency,
        quote_currency=terms.quote_currency,
        settlement_currency=terms.settlement_currency,
        tick_size=terms.tick_size,
        lot_size=terms.lot_size,
        multiplier=terms.multiplier,
        expiry_at=clock.from_ns(terms.expiry_at_ns) if terms.expiry_at_ns else None,
        strike=terms.strike,
        option_type=terms.option_type.value if terms.option_type else "",
    )
