"""What a simulated venue is like: its fees, how deep and how tight it quotes, what it lists."""

import dataclasses
from decimal import Decimal

from wire.units import InstrumentKind

LINEAR_KINDS = frozenset({InstrumentKind.PERPETUAL, InstrumentKind.SPOT, InstrumentKind.FUTURE})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Fees are fractions of the value of a trade, of options of the coins behind it; a negative one is a rebate.

    ``half_spread_basis_points``: of everything but options, at least a tick. ``offset_basis_points``: how far the
    venue's own price strays from the reference, slowly. ``level_usd``: value of the best level; the next are larger.
    ``option_expiries``, ``option_strikes``: how many expiries and strikes a side it lists, 0 for no options.
    ``takes_per_minute``: trades of people nobody knows, each instrument.
    """

    name: str
    title: str
    maker_fee: Decimal
    taker_fee: Decimal
    option_fee: Decimal
    half_spread_basis_points: float
    offset_basis_points: float
    levels: int
    level_usd: float
    kinds: frozenset[InstrumentKind] = LINEAR_KINDS
    option_expiries: int = 0
    option_strikes: int = 0
    takes_per_minute: float = 6.0


ASTER = Profile(
    name="aster",
    title="Aster (simulated)",
    maker_fee=Decimal(0),
    taker_fee=Decimal("0.0005"),
    option_fee=Decimal("0.0003"),
    half_spread_basis_points=0.15,
    offset_basis_points=0.1,
    levels=10,
    level_usd=120_000.0,
    option_expiries=2,
    option_strikes=4,
)
BOREA = Profile(
    name="borea",
    title="Borea (simulated)",
    maker_fee=Decimal("-0.0001"),
    taker_fee=Decimal("0.0002"),
    option_fee=Decimal("0.0003"),
    half_spread_basis_points=0.35,
    offset_basis_points=0.25,
    levels=8,
    level_usd=45_000.0,
    kinds=frozenset({InstrumentKind.PERPETUAL, InstrumentKind.SPOT}),
)
PROFILES = {profile.name: profile for profile in (ASTER, BOREA)}
