"""The compiled core of Parley: the engine (order books, risk gate, journal) and option mathematics."""

from parley_core._core import *  # noqa: F403  the compiled module is the package
