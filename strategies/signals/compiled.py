"""A compiled graph under the names that its builder gave."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import parley_core

NodeFields = tuple[str, list[int], int, float, float, int, bool, bool, bool, int, int]
Floats = npt.NDArray[np.float64]


class CompiledGraph:
    """Runs in the core; the same events give the same values bit for bit. Times are UTC nanoseconds.

    Raises SignalGraphRefused (``reason``, ``node``, ``value``, ``bound``).
    """

    def __init__(
        self, nodes: Sequence[NodeFields], *, names: Mapping[str, int], instruments: Mapping[str, int]
    ) -> None:
        self.core = parley_core.SignalGraph(list(nodes), max(len(instruments), 1))
        self.nodes = list(nodes)
        self.names = dict(names)
        self.instruments = dict(instruments)

    def __len__(self) -> int:
        return len(self.nodes)

    def value(self, name: str) -> float:
        """NaN: no value."""
        return float(self.core.value(self.names[name]))

    def values(self) -> dict[str, float]:
        return {name: self.value(name) for name in self.names}

    def quote(self, at_ns: int, instrument: str, *, bid: float, ask: float, sizes: tuple[float, float]) -> None:
        """The best bid and ask and their sizes; NaN and 0 for a side that is empty."""
        self.core.on_quote(at_ns, self.instruments[instrument], bid, ask, *sizes)

    def trade(self, at_ns: int, instrument: str, *, price: float, size: float, is_buyer: bool) -> None:
        """``is_buyer``: whether the aggressor bought."""
        self.core.on_trade(at_ns, self.instruments[instrument], price, size, is_buyer)

    def time(self, at_ns: int) -> None:
        """Lets the timers run that are due."""
        self.core.on_time(at_ns)

    def bar(self, at_ns: int) -> None:
        """Every price of a bar is in."""
        self.core.on_bar(at_ns)

    def run_bars(self, at_ns: npt.NDArray[np.int64], prices: Floats, outputs: Sequence[str]) -> Floats:
        """Prices: one row per time, one column per instrument in the order of ``instruments``; NaN is a gap. Returns
        one row per time with one column per output.
        """
        chosen = [self.names[name] for name in outputs]
        rows = self.core.run_bars(
            np.ascontiguousarray(at_ns, dtype=np.int64), np.ascontiguousarray(prices, dtype=np.float64), chosen
        )
        return np.asarray(rows)

    def run(
        self,
        at_ns: npt.NDArray[np.int64],
        instrument: npt.NDArray[np.uint32],
        kind: npt.NDArray[np.uint8],
        columns: tuple[Floats, Floats, Floats, Floats],
        outputs: Sequence[str],
    ) -> Floats:
        """Kinds: 0 quote (bid, ask, bid size, ask size), 1 trade (price, unused, size, above 0 for a buyer), 2 time,
        3 end of a bar. Returns one row per event with one column per output.
        """
        chosen = [self.names[name] for name in outputs]
        return np.asarray(self.core.run(at_ns, instrument, kind, *columns, chosen))

    def state_hash(self) -> str:
        return str(self.core.state_hash())
