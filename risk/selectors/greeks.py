"""Greeks of a structure that nobody holds yet, and what it costs to hedge its delta."""

import dataclasses
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from common import clock
from market import oracle
from risk.domain.margin import Greeks, Holding, account_risk
from risk.selectors.marks import read_marks, terms_of
from settlement import selectors as settlement
from wire.instruments import InstrumentTerms
from wire.units import NANOSECONDS_PER_MS, Liquidity

PERPETUALS = ("{coin}-PERPETUAL", "{coin}_USDC-PERPETUAL")
"""What delta is hedged with: the first that is quoted on both sides."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class HedgeCost:
    """Of trading ``delta`` coins of a perpetual at once: half its spread and the taker's fee, in US dollars."""

    instrument_name: str
    delta: float
    contracts: Decimal
    half_spread: float
    spread_cost: float
    fee: float
    age_ms: int

    @property
    def cost(self) -> float:
        return self.spread_cost + self.fee


def greeks_of(legs: Sequence[tuple[str, Decimal]]) -> dict[str, Greeks]:
    """By coin, of (instrument, signed contracts) at their marks. Raises MarksUnavailable."""
    marks = read_marks([name for name, _ in legs])
    holdings = [
        Holding(
            terms=terms_of(name), quantity=float(quantity), entry_price=marks.marks[name].price, mark=marks.marks[name]
        )
        for name, quantity in legs
    ]
    return account_risk(holdings, {}, marks.indices).greeks


def hedge_cost(coin: str, delta: float) -> HedgeCost | None:
    """None where no perpetual of the coin is quoted on both sides."""
    names = [name.format(coin=coin) for name in PERPETUALS]
    tickers = oracle.get_tickers(names)
    for name in names:
        ticker = tickers.get(name)
        if ticker is None or ticker.bid_price is None or ticker.ask_price is None:
            continue
        bid, ask = float(ticker.bid_price), float(ticker.ask_price)
        terms, middle, half = terms_of(name), (bid + ask) / 2, (ask - bid) / 2
        contracts = _contracts(terms, abs(delta), middle)
        fee, asset = settlement.estimate_fee(
            terms, price=Decimal(repr(middle)), quantity=contracts, liquidity=Liquidity.TAKER
        )
        return HedgeCost(
            instrument_name=name,
            delta=delta,
            contracts=contracts,
            half_spread=half,
            spread_cost=abs(delta) * half,
            fee=float(fee) * (middle if asset == coin else 1.0),
            age_ms=(clock.now_ns() - ticker.at_ns) // NANOSECONDS_PER_MS,
        )
    return None


def _contracts(terms: InstrumentTerms, coins: float, price: float) -> Decimal:
    """Whole lots that come nearest to so many coins."""
    amount = Decimal(repr(coins * price if terms.is_inverse else coins)) / terms.multiplier
    lots = (amount / terms.lot_size).to_integral_value(rounding=ROUND_HALF_EVEN)
    return lots * terms.lot_size
