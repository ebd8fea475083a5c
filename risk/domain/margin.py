"""From positions, balances and marks to the core's portfolio margin, its Greeks and one row per position.

Everything is valued in US dollars. An inverse future or perpetual of Q dollars entered at E is worth Q/E coins less
Q dollars' worth of coins at its price: exactly linear in dollars. An inverse option pays (S - K)+ dollars per coin.
A coin balance is collateral, cut by its asset's haircut; stable coins are cash.
"""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import parley_core

from wire.instruments import COINS, InstrumentTerms
from wire.margin import HAIRCUTS, YEARS_MIN
from wire.units import InstrumentKind, OptionType

FALLBACK_VOLATILITY = 1.0
"""For an option that nobody marks: high, and the account is stale while it lasts."""
DOLLAR_STEP = Decimal("0.01")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mark:
    """Prices of one instrument. price: its quote currency (coin for an inverse option); forward, index: USD."""

    price: float
    forward: float
    index: float
    volatility: float
    years: float
    is_stale: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Holding:
    """quantity: signed contracts; entry_price in the instrument's quote currency."""

    terms: InstrumentTerms
    quantity: float
    entry_price: float
    mark: Mark


@dataclasses.dataclass(frozen=True, kw_only=True)
class Greeks:
    """delta and gamma per coin, vega in USD per volatility point, theta in USD a day."""

    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0

    def plus(self, other: "Greeks") -> "Greeks":
        return Greeks(
            delta=self.delta + other.delta,
            gamma=self.gamma + other.gamma,
            vega=self.vega + other.vega,
            theta=self.theta + other.theta,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class HoldingRisk:
    """value: what the holding adds to equity, unrealized: against its entry; both USD."""

    holding: Holding
    value: float
    unrealized: float
    greeks: Greeks


@dataclasses.dataclass(frozen=True, kw_only=True)
class CoinMargin:
    """initial and maintenance: dollars that must be owned, worst case and contingencies together."""

    coin: str
    initial: float
    maintenance: float
    worst_scenario: str
    minimum_pnl: float
    scenario_pnl: list[float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class AccountRisk:
    """Money in USD. New risk needs initial <= equity; below maintenance the account is liquidated."""

    equity: float
    cash: float
    unrealized: float
    initial: float
    maintenance: float
    worst_scenario: str
    greeks: dict[str, Greeks]
    holdings: list[HoldingRisk]
    coins: list[CoinMargin]
    is_stale: bool


def account_risk(
    holdings: Sequence[Holding],
    balances: Mapping[str, float],
    indices: Mapping[str, float],
    *,
    stable_price: float = 1.0,
    is_stale: bool = False,
) -> AccountRisk:
    """balances: by asset, pending amounts included. indices: USD per coin; a coin that is held must have one."""
    rows = [_holding_risk(one) for one in holdings if one.quantity]
    cash = sum(amount * stable_price for asset, amount in balances.items() if asset not in COINS)
    collateral = sum(amount * indices[asset] for asset, amount in balances.items() if asset in COINS and amount)
    held = {one.terms.base_currency for one in holdings if one.quantity}
    owned = {asset for asset, amount in balances.items() if asset in COINS and amount}
    margins = [
        _coin_margin(coin, [one for one in holdings if one.terms.base_currency == coin and one.quantity],
                     balances.get(coin, 0.0), indices[coin], stable_price)
        for coin in sorted(held | owned)
    ]  # fmt: skip
    worst = min(margins, key=lambda each: each.minimum_pnl, default=None)
    return AccountRisk(
        equity=cash + collateral + sum(row.value for row in rows),
        cash=cash,
        unrealized=sum(row.unrealized for row in rows),
        initial=sum(each.initial for each in margins),
        maintenance=sum(each.maintenance for each in margins),
        worst_scenario=f"{worst.coin} {worst.worst_scenario}" if worst is not None and worst.minimum_pnl < 0 else "",
        greeks=_sum_greeks(rows),
        holdings=rows,
        coins=margins,
        is_stale=is_stale or any(one.mark.is_stale for one in holdings if one.quantity),
    )


def greeks_of(holding: Holding) -> Greeks:
    """What the holding does to its owner."""
    return _holding_risk(holding).greeks


def to_dollars(amount: float) -> Decimal:
    """The one rounding by which a modeled figure becomes money: half to even, to the cent. Raises for NaN."""
    if not math.isfinite(amount):
        raise ValueError(f"{amount} is no amount of money")
    return Decimal(repr(amount)).quantize(DOLLAR_STEP, rounding=ROUND_HALF_EVEN)


def margin_used(initial: float, equity: float) -> float:
    """Initial margin over equity; 0 where nothing is needed, 999 where nothing is owned and something needed."""
    if initial <= 0:
        return 0.0
    return min(initial / equity, 999.0) if equity > 0 else 999.0


def linear_coins(holding: Holding) -> float:
    """Coins whose dollar value moves like the future or perpetual."""
    contracts = holding.quantity * float(holding.terms.multiplier)
    if holding.terms.is_inverse:
        return contracts / holding.entry_price
    return contracts * holding.mark.forward / holding.mark.index


def _holding_risk(holding: Holding) -> HoldingRisk:
    if holding.terms.kind is InstrumentKind.OPTION:
        return _option_risk(holding)
    mark, contracts = holding.mark, holding.quantity * float(holding.terms.multiplier)
    if holding.terms.is_inverse:
        unrealized = mark.index * contracts * (1 / holding.entry_price - 1 / mark.price)
    else:
        unrealized = contracts * (mark.price - holding.entry_price)
    greeks = Greeks(delta=linear_coins(holding))
    return HoldingRisk(holding=holding, value=unrealized, unrealized=unrealized, greeks=greeks)


def _option_risk(holding: Holding) -> HoldingRisk:
    mark, terms = holding.mark, holding.terms
    coins = holding.quantity * float(terms.multiplier)
    per_quote = mark.index if terms.is_inverse else 1.0
    _, delta, gamma, vega, theta = (float(each[0]) for each in parley_core.black76_greeks(*_option_arrays(holding)))
    spot_money = mark.index / mark.forward if terms.is_inverse else 1.0
    per_spot = mark.forward / mark.index
    return HoldingRisk(
        holding=holding,
        value=coins * mark.price * per_quote,
        unrealized=coins * (mark.price - holding.entry_price) * per_quote,
        greeks=Greeks(
            delta=coins * delta * (per_spot * spot_money),
            gamma=coins * gamma * spot_money * per_spot**2,
            vega=coins * vega * spot_money / 100,
            theta=coins * theta * spot_money,
        ),
    )


def _option_arrays(holding: Holding) -> tuple[np.ndarray, ...]:
    mark, terms = holding.mark, holding.terms
    assert terms.strike is not None, "an option has a strike"
    columns = (mark.forward, float(terms.strike), max(mark.years, YEARS_MIN), mark.volatility)
    return (*(np.array([value]) for value in columns), np.array([terms.option_type is OptionType.CALL]))


def _sum_greeks(rows: Iterable[HoldingRisk]) -> dict[str, Greeks]:
    sums: dict[str, Greeks] = {}
    for row in rows:
        coin = row.holding.terms.base_currency
        sums[coin] = sums.get(coin, Greeks()).plus(row.greeks)
    return sums


def _coin_margin(
    coin: str, holdings: Sequence[Holding], balance: float, index: float, stable_price: float
) -> CoinMargin:
    options = _net([one for one in holdings if one.terms.kind is InstrumentKind.OPTION])
    futures = [one for one in holdings if one.terms.kind is not InstrumentKind.OPTION]
    coins, years = _net_linear(futures)
    first = [one.mark for one, _ in options]
    maintenance_haircut, initial_haircut = HAIRCUTS[coin]
    margin = parley_core.portfolio_margin(
        spot=index,
        cash=0.0,
        collateral_coins=balance,
        forward=np.array([mark.forward for mark in first]),
        strike=np.array([float(one.terms.strike or 0) for one, _ in options]),
        years=np.array([max(mark.years, YEARS_MIN) for mark in first]),
        volatility=np.array([mark.volatility for mark in first]),
        is_call=np.array([one.terms.option_type is OptionType.CALL for one, _ in options], bool),
        amount=np.array([amount for _, amount in options]),
        rate=np.array([_rate(one) for one, _ in options]),
        linear_coins=coins,
        linear_years=years,
        maintenance_haircut=maintenance_haircut,
        initial_haircut=initial_haircut,
        stable_price=stable_price,
    )
    return CoinMargin(
        coin=coin,
        initial=margin.mark_to_market - margin.initial,
        maintenance=margin.mark_to_market - margin.maintenance,
        worst_scenario=margin.worst_scenario,
        minimum_pnl=margin.minimum_pnl,
        scenario_pnl=margin.scenario_pnl.tolist(),
    )


def _net(options: Sequence[Holding]) -> list[tuple[Holding, float]]:
    """One row per option, with the net coins: a long and a short of the same option are nothing."""
    net: dict[str, tuple[Holding, float]] = {}
    for one in options:
        before = net.get(one.terms.name, (one, 0.0))[1]
        net[one.terms.name] = (one, before + one.quantity * float(one.terms.multiplier))
    return [(one, amount) for one, amount in net.values() if amount]


def _net_linear(futures: Sequence[Holding]) -> tuple[np.ndarray, np.ndarray]:
    coins: dict[str, float] = {}
    years: dict[str, float] = {}
    for one in futures:
        coins[one.terms.name] = coins.get(one.terms.name, 0.0) + linear_coins(one)
        years[one.terms.name] = max(one.mark.years, YEARS_MIN) if one.terms.expiry_at_ns else 0.0
    return np.array(list(coins.values())), np.array(list(years.values()))


def _rate(option: Holding) -> float:
    """The rate at which coin-priced options discount: the one that takes the forward to spot."""
    if not option.terms.is_inverse:
        return 0.0
    return math.log(option.mark.forward / option.mark.index) / max(option.mark.years, YEARS_MIN)
