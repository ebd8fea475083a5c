"""What the venue lists: symbols by sector, each with the price that it begins at and how it follows its sector."""

import dataclasses
import random

SECTORS = ("AIR", "BNK", "CHP", "DRG", "ENG", "FUD", "GLD", "HSE")
SYMBOLS_MAX = 800
CENTS_LEAST, CENTS_MOST = 2_000, 12_000
BETA_LEAST, BETA_MOST = 0.8, 1.25
HALF_SPREADS = (1, 1, 1, 2)
"""Half of the distance between the best prices, in cents."""
CENT_E4 = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Symbol:
    """``locate``: its number through the session, from 1. ``beta``: how far its sector moves it."""

    locate: int
    name: str
    sector: int
    beta: float
    anchor_cents: int
    half_spread_cents: int

    @property
    def stock(self) -> bytes:
        """As ITCH writes it."""
        return self.name.encode().ljust(8)


def list_symbols(count: int, seed: int) -> list[Symbol]:
    """The sectors in turn: AIR01, BNK01, …, AIR02. The first two of a sector follow it one to one."""
    assert 0 < count <= SYMBOLS_MAX
    chance = random.Random(f"symbols {seed}")  # noqa: S311 - a market, no secret
    listed = []
    for index in range(count):
        number, sector = divmod(index, len(SECTORS))
        beta = 1.0 if number < 2 else round(chance.uniform(BETA_LEAST, BETA_MOST), 2)
        cents = chance.randint(CENTS_LEAST, CENTS_MOST)
        name = f"{SECTORS[sector]}{number + 1:02d}"
        listed.append(Symbol(index + 1, name, sector, beta, cents, chance.choice(HALF_SPREADS)))
    return listed
