"""Signals as graphs: built here by name, compiled and run by the core. Nodes and formulas: docs/signals.md."""

from parley_core import SignalGraphRefused

from strategies.signals.compiled import CompiledGraph
from strategies.signals.graph import DuplicateSignalName, Graph, Signal, UnknownSignalName
from strategies.signals.windows import Duration, microseconds, milliseconds, seconds

__all__ = [
    "CompiledGraph",
    "DuplicateSignalName",
    "Duration",
    "Graph",
    "Signal",
    "SignalGraphRefused",
    "UnknownSignalName",
    "microseconds",
    "milliseconds",
    "seconds",
]
