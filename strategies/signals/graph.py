"""A graph of signals, written as expressions: ``graph.mid("A").log().zscore(500).named("z")``."""

import dataclasses
import math
from typing import Self, TypedDict, Unpack

from strategies.signals.compiled import CompiledGraph, NodeFields
from strategies.signals.windows import SAMPLES_MAX_DEFAULT, Duration, Window


class UnknownSignalName(LookupError):
    """A signal refers to a name that no signal of the graph has."""


class DuplicateSignalName(ValueError):
    """Two signals of one graph want the same name."""


class WindowOptions(TypedDict, total=False):
    """clock: a signal that makes the window look again when it ticks. samples_min: fewer give no value; by default the
    whole window by count, one by time. samples_max: room of a window by time.
    """

    clock: "Signal"
    samples_min: int
    samples_max: int


@dataclasses.dataclass
class _Node:
    op: str
    inputs: tuple[int | str, ...]
    instrument: int = 0
    a: float = 0.0
    b: float = 0.0
    window: int = 0
    is_timed: bool = False
    has_clock: bool = False
    samples_max: int = 0
    samples_min: int = 1


@dataclasses.dataclass(frozen=True)
class Signal:
    """A node of a graph: what it computes from is fixed, what is computed from it is written with its methods.

    Values are floats, NaN where there is none; conditions are 1 and 0. A signal ticks when an input ticked.
    """

    graph: "Graph"
    key: int | str

    def named(self, name: str) -> Self:
        """Gives the signal a name to read it by. Raises DuplicateSignalName."""
        self.graph._name(name, self.key)
        return self

    def watched(self) -> Self:
        """Reported by ``fired`` whenever it ticks."""
        self.graph._watch(self.key)
        return self

    def log(self) -> "Signal":
        return self._then("log")

    def exp(self) -> "Signal":
        return self._then("exp")

    def abs(self) -> "Signal":
        return self._then("abs")

    def square(self) -> "Signal":
        return self._then("square")

    def sqrt(self) -> "Signal":
        return self._then("sqrt")

    def __neg__(self) -> "Signal":
        return self._then("negate")

    def __add__(self, other: "Signal | float") -> "Signal":
        return self._then("add", other) if isinstance(other, Signal) else self._then("affine", a=1.0, b=other)

    def __sub__(self, other: "Signal | float") -> "Signal":
        return self._then("subtract", other) if isinstance(other, Signal) else self._then("affine", a=1.0, b=-other)

    def __mul__(self, other: "Signal | float") -> "Signal":
        return self._then("multiply", other) if isinstance(other, Signal) else self._then("affine", a=other)

    def __truediv__(self, other: "Signal | float") -> "Signal":
        return self._then("ratio", other) if isinstance(other, Signal) else self._then("affine", a=1.0 / other)

    def spread(self, other: "Signal", *, hedge: float, offset: float = 0.0) -> "Signal":
        """``self - hedge * other - offset``."""
        return self._then("spread", other, a=hedge, b=offset)

    def sum(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        return self._window("sum", window, **options)

    def mean(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        return self._window("mean", window, **options)

    def variance(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        """Of a sample: divided by the count less one."""
        return self._window("variance", window, **options)

    def deviation(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        return self._window("deviation", window, **options)

    def zscore(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        """Distance from the mean in deviations, the newest sample included; no value where nothing varies."""
        return self._window("zscore", window, **options)

    def minimum(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        return self._window("minimum", window, **options)

    def maximum(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        return self._window("maximum", window, **options)

    def lag(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        """The value that many samples ago, or in force that long ago."""
        return self._window("lag", window, **options)

    def change(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        """``self - self.lag(window)``."""
        return self - self.lag(window, **options)

    def log_return(self, window: Window = 1, **options: Unpack[WindowOptions]) -> "Signal":
        return self.log().change(window, **options)

    def simple_return(self, window: Window = 1, **options: Unpack[WindowOptions]) -> "Signal":
        return self / self.lag(window, **options) - 1.0

    def realized_volatility(self, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        """Square root of the summed squared log returns of the window: not annualized."""
        return self.log_return().square().sum(window, **options).sqrt()

    def ewma(self, *, span: float | None = None, time_constant: Duration | None = None) -> "Signal":
        """Weight 2 / (span + 1) by samples, or 1 - exp(-elapsed / time constant)."""
        if (span is None) == (time_constant is None):
            raise ValueError("an ewma has either a span or a time constant")
        if time_constant is not None:
            return self._then("ewma", a=float(time_constant.ns), is_timed=True)
        return self._then("ewma", a=2.0 / ((span or math.nan) + 1.0))

    def changes(self) -> "Signal":
        """Ticks only when the value is another."""
        return self._then("changes")

    def sample(self, period: Duration) -> "Signal":
        """Ticks at most once in each period, with the first tick in it."""
        return self._then("sample", window=period.ns)

    def when(self, clock: "Signal") -> "Signal":
        """Ticks only when ``clock`` ticks, with the value of then."""
        return self._then("when", clock)

    def above(self, on: float, *, off: float | None = None) -> "Signal":
        """1 from ``on`` upwards, until the value falls below ``off``."""
        return self._then("above", a=on, b=on if off is None else off)

    def below(self, on: float, *, off: float | None = None) -> "Signal":
        return (-self).above(-on, off=None if off is None else -off)

    def __gt__(self, other: "Signal | float") -> "Signal":
        return self._then("greater", self.graph.as_signal(other))

    def __lt__(self, other: "Signal | float") -> "Signal":
        return self.graph.as_signal(other) > self

    def crosses_above(self, other: "Signal | float") -> "Signal":
        """1 on the tick that finds the value above the other's for the first time after it was not."""
        return self._then("crosses_above", self.graph.as_signal(other))

    def crosses_below(self, other: "Signal | float") -> "Signal":
        return (-self).crosses_above(-self.graph.as_signal(other))

    def __and__(self, other: "Signal") -> "Signal":
        return self._then("all_of", other)

    def __or__(self, other: "Signal") -> "Signal":
        return self._then("any_of", other)

    def __invert__(self) -> "Signal":
        return self._then("invert")

    def latched(self, *, reset: "Signal") -> "Signal":
        """1 once this was 1, until ``reset`` is 1; reset wins."""
        return self._then("latch", reset)

    def cooldown(self, period: Duration) -> "Signal":
        """1 on a tick that is 1, then 0 until the period has passed."""
        return self._then("cooldown", window=period.ns)

    def _then(
        self, op: str, *others: "Signal", a: float = 0.0, b: float = 0.0, window: int = 0, is_timed: bool = False
    ) -> "Signal":
        inputs = (self.key, *(self.graph._own(other) for other in others))
        return self.graph._add(_Node(op, inputs, a=a, b=b, window=window, is_timed=is_timed))

    def _window(self, op: str, window: Window, **options: Unpack[WindowOptions]) -> "Signal":
        clock = options.get("clock")
        samples_min = options.get("samples_min")
        is_timed = isinstance(window, Duration)
        length = window.ns if isinstance(window, Duration) else window
        least = samples_min if samples_min is not None else (1 if is_timed or op == "lag" else length)
        inputs = (self.key,) if clock is None else (self.key, self.graph._own(clock))
        node = _Node(op, inputs, window=length, is_timed=is_timed, has_clock=clock is not None, samples_min=least)
        node.samples_max = options.get("samples_max", SAMPLES_MAX_DEFAULT) if is_timed else 0
        return self.graph._add(node)


class Graph:
    """Signals under construction. Instruments are known by name, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self._names: dict[str, int | str] = {}
        self._watched: set[int | str] = set()
        self._instruments: dict[str, int] = {}

    def instrument(self, name: str) -> int:
        """The number under which the compiled graph knows the instrument."""
        return self._instruments.setdefault(name, len(self._instruments))

    def bid(self, instrument: str) -> Signal:
        return self._source("bid", instrument)

    def ask(self, instrument: str) -> Signal:
        return self._source("ask", instrument)

    def bid_size(self, instrument: str) -> Signal:
        return self._source("bid_size", instrument)

    def ask_size(self, instrument: str) -> Signal:
        return self._source("ask_size", instrument)

    def mid(self, instrument: str) -> Signal:
        return self._source("mid", instrument)

    def micro_price(self, instrument: str) -> Signal:
        """Mid weighted by the opposite sizes."""
        return self._source("micro_price", instrument)

    def book_imbalance(self, instrument: str) -> Signal:
        """(bid size - ask size) / (bid size + ask size) at the touch."""
        return self._source("book_imbalance", instrument)

    def order_flow(self, instrument: str) -> Signal:
        """Change of supply and demand at the touch of one quote (Cont, Kukanov, Stoikov 2014); sum it for imbalance."""
        return self._source("order_flow", instrument)

    def last_price(self, instrument: str) -> Signal:
        return self._source("last_price", instrument)

    def last_size(self, instrument: str) -> Signal:
        return self._source("last_size", instrument)

    def signed_size(self, instrument: str) -> Signal:
        """Size of the last trade, above zero where a buyer was the aggressor."""
        return self._source("signed_size", instrument)

    def trade_imbalance(self, instrument: str, window: Window, **options: Unpack[WindowOptions]) -> Signal:
        """(bought - sold) / (bought + sold) of the window, by aggressor."""
        signed = self.signed_size(instrument)
        return signed.sum(window, **options) / signed.abs().sum(window, **options)

    def timer(self, period: Duration) -> Signal:
        """Ticks with the first event of each period; its value is the number of the period."""
        return self._add(_Node("timer", (), window=period.ns))

    def bar(self) -> Signal:
        """Ticks when all prices of a bar are in: at the end of each row of ``run_bars``."""
        return self._add(_Node("bar", ()))

    def constant(self, value: float) -> Signal:
        return self._add(_Node("constant", (), a=value))

    def lead_lag(self, leader: Signal, follower: Signal, *, moved: float, still: float, within: Duration) -> Signal:
        """1 where the leader moved by at least ``moved`` within the time while the follower moved by less than
        ``still``; looked at whenever the leader ticks.
        """
        led = leader.change(within).abs().above(moved)
        return led & (follower.change(within, clock=leader).abs() < still)

    def ref(self, name: str) -> Signal:
        """The signal of that name, which may be added later. compile() raises UnknownSignalName where none was."""
        return Signal(self, name)

    def as_signal(self, value: Signal | float) -> Signal:
        return value if isinstance(value, Signal) else self.constant(value)

    def compile(self) -> CompiledGraph:
        """Raises UnknownSignalName; SignalGraphRefused for a cycle, a window beyond its maximum and the like."""
        watched = {self._resolve(key) for key in self._watched}
        fields = [self._fields(at, is_watched=at in watched) for at in range(len(self._nodes))]
        names = {name: self._resolve(name) for name in self._names}
        return CompiledGraph(fields, names=names, instruments=dict(self._instruments))

    def _fields(self, at: int, *, is_watched: bool) -> NodeFields:
        node = self._nodes[at]
        inputs = [self._resolve(key) for key in node.inputs]
        return (
            node.op,
            inputs,
            node.instrument,
            node.a,
            node.b,
            node.window,
            node.is_timed,
            node.has_clock,
            is_watched,
            node.samples_max,
            node.samples_min,
        )

    def _resolve(self, key: int | str) -> int:
        for _ in range(len(self._names) + 1):
            if isinstance(key, int):
                return key
            if key not in self._names:
                raise UnknownSignalName(key)
            key = self._names[key]
        raise UnknownSignalName(key)

    def _source(self, op: str, instrument: str) -> Signal:
        return self._add(_Node(op, (), instrument=self.instrument(instrument)))

    def _add(self, node: _Node) -> Signal:
        self._nodes.append(node)
        return Signal(self, len(self._nodes) - 1)

    def _own(self, signal: Signal) -> int | str:
        if signal.graph is not self:
            raise ValueError("signals of two graphs do not mix")
        return signal.key

    def _name(self, name: str, key: int | str) -> None:
        if name in self._names:
            raise DuplicateSignalName(name)
        self._names[name] = key

    def _watch(self, key: int | str) -> None:
        self._watched.add(key)
