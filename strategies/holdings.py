"""What a maker holds, valued once for each look at the market."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from strategies.quoting import Inventory, Market, Pass, value_leg
from wire.instruments import parse_instrument_name
from wire.quoting import QuotingParameters

_UNVALUED = ("expired", "no_surface", "no_mark", "no_volatility")


class Holdings:
    """``positions``: signed contracts by instrument."""

    def __init__(self, positions: Mapping[str, Decimal], market: Market, parameters: QuotingParameters) -> None:
        self._positions, self._market, self._parameters = positions, market, parameters
        self._found: dict[str, Inventory] = {}

    def of(self, coin: str) -> Inventory:
        """What has no value (expired, or nobody quotes it) counts as nothing. Raises Pass where a value is stale."""
        if coin not in self._found:
            self._found[coin] = self._value(coin)
        return self._found[coin]

    def _value(self, coin: str) -> Inventory:
        vega_usd = delta = notional_usd = 0.0
        by_expiry: dict[str, float] = defaultdict(float)
        contracts: dict[str, float] = {}
        for name, quantity in self._positions.items():
            terms = parse_instrument_name(name)
            if terms.base_currency != coin or not quantity:
                continue
            try:
                value = value_leg(terms, self._market, self._parameters)
            except Pass as passed:
                if passed.reason in _UNVALUED:
                    continue
                raise
            held = contracts[name] = float(quantity)
            vega_usd += held * value.vega_usd
            delta += held * value.delta
            notional_usd += abs(held) * value.notional_usd
            if value.vega_usd:
                by_expiry[terms.underlying_name] += held * value.vega_usd
        return Inventory(
            vega_usd=vega_usd,
            delta=delta,
            notional_usd=notional_usd,
            expiry_vega_usd=dict(by_expiry),
            contracts=contracts,
        )
