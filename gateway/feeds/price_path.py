"""How the simulated coins move: an index with jumps and mean-reverting variance, carry, and an SSVI smile.

The index is a log price pulled weakly to its anchor, with Heston-like variance and rare jumps. The smile of an
expiry is the power-law SSVI of Gatheral and Jacquier (2014), with gamma = 1/2 and eta (1 + |rho|) <= 2, which has
no butterfly arbitrage; its at-the-money total variance is the expected integrated variance, which grows with time,
so there is no calendar arbitrage either.
"""

import dataclasses
import math

import msgspec
import numpy as np

from gateway.feeds.updates import Floats

SECONDS_PER_YEAR = 365.0 * 86_400.0
STEP_SECONDS_MAX = 5.0
"""A longer pause (a stopped process) moves the market no further than this would."""
REVERSION_HALF_LIFE_YEARS = 45.0 / 365.0
LOG_DISTANCE_MAX = 0.9
"""The index stays within exp(+-this) of its anchor."""


@dataclasses.dataclass(frozen=True, slots=True)
class CoinTerms:
    """What does not change about a coin. Variances are per year."""

    anchor_price: float
    long_variance: float
    variance_reversion: float
    volatility_of_variance: float
    spot_variance_correlation: float
    jumps_per_year: float
    jump_deviation: float
    carry: float
    rho: float
    eta: float


COINS_SIMULATED = {
    "BTC": CoinTerms(91_500.0, 0.23, 6.0, 0.9, -0.45, 900.0, 0.0045, 0.055, -0.22, 1.15),
    "ETH": CoinTerms(3_020.0, 0.46, 6.0, 1.3, -0.40, 1_100.0, 0.0060, 0.045, -0.14, 1.05),
}


class CoinState(msgspec.Struct, kw_only=True):
    """What moves. ``basis``: of perpetuals over the index, as a fraction."""

    price: float
    variance: float
    carry: float
    basis: float = 0.0


def first_state(terms: CoinTerms, random: np.random.Generator) -> CoinState:
    """Somewhere plausible near the anchor."""
    return CoinState(
        price=terms.anchor_price * math.exp(random.normal(0, 0.02)),
        variance=terms.long_variance * math.exp(random.normal(0, 0.15)),
        carry=terms.carry,
    )


def advance(state: CoinState, terms: CoinTerms, seconds: float, random: np.random.Generator) -> None:
    """Move the coin by that much time. Draws the same number of variates whatever happens."""
    years = min(max(seconds, 0.0), STEP_SECONDS_MAX) / SECONDS_PER_YEAR
    normals = random.standard_normal(5).tolist()
    is_jump = random.random() < terms.jumps_per_year * years
    root = math.sqrt(state.variance * years)
    pull = math.log(2) / REVERSION_HALF_LIFE_YEARS * math.log(terms.anchor_price / state.price)
    move = (pull - state.variance / 2) * years + root * normals[0] + is_jump * terms.jump_deviation * normals[1]
    distance = math.log(state.price / terms.anchor_price) + move
    state.price = terms.anchor_price * math.exp(min(max(distance, -LOG_DISTANCE_MAX), LOG_DISTANCE_MAX))
    correlation = terms.spot_variance_correlation
    shock = correlation * normals[0] + math.sqrt(1 - correlation**2) * normals[2]
    drift = terms.variance_reversion * (terms.long_variance - state.variance) * years
    state.variance += drift + terms.volatility_of_variance * root * shock
    state.variance = min(max(state.variance, terms.long_variance / 4), terms.long_variance * 4)
    state.carry += 20.0 * (terms.carry - state.carry) * years + 0.08 * math.sqrt(years) * normals[3]
    state.basis += 2_000.0 * -state.basis * years + 0.012 * math.sqrt(years) * normals[4]


def forward_price(state: CoinState, years: Floats) -> Floats:
    """USD forward of each time to expiry."""
    return np.asarray(state.price * np.exp(state.carry * years))


def atm_total_variance(state: CoinState, terms: CoinTerms, years: Floats) -> Floats:
    """Expected integrated variance until each expiry, jumps included; increases with time."""
    reversion = terms.variance_reversion
    fading = (1 - np.exp(-reversion * years)) / reversion
    jumps = terms.jumps_per_year * terms.jump_deviation**2
    return np.asarray((terms.long_variance + jumps) * years + (state.variance - terms.long_variance) * fading)


def smile_volatility(terms: CoinTerms, theta: Floats, log_moneyness: Floats, years: Floats) -> Floats:
    """SSVI implied volatility at k = ln(K / F) with at-the-money total variance ``theta``."""
    phi = terms.eta / np.sqrt(theta * (1 + theta))
    root = np.sqrt((phi * log_moneyness + terms.rho) ** 2 + 1 - terms.rho**2)
    total = theta / 2 * (1 + terms.rho * phi * log_moneyness + root)
    return np.asarray(np.sqrt(total / years))
