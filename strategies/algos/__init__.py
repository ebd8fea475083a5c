"""Execution algorithms as pure functions: a state and an input make a new state and what is to be sent.

Nothing here knows a clock, a file or a market: time and quotes are inputs, prices ticks, quantities lots. So gateway,
backtest and tests run the same code, and the same inputs make the same orders.
"""

from strategies.algos.bracket_state import BracketState
from strategies.algos.inputs import (
    Action,
    Cancel,
    CancelRefused,
    ChildBusted,
    ChildEnded,
    ChildEntered,
    ChildFilled,
    ChildRestated,
    ChildShown,
    Enter,
    Input,
    Levels,
    MarketTraded,
    Steer,
    Tick,
)
from strategies.algos.machine import State, step
from strategies.algos.multileg_state import MultilegState
from strategies.algos.schedule import almgren_chriss_urgency, make_plan, scheduled_lots
from strategies.algos.state import AlgoState, Child, Phase

__all__ = [
    "Action",
    "AlgoState",
    "BracketState",
    "Cancel",
    "CancelRefused",
    "Child",
    "ChildBusted",
    "ChildEnded",
    "ChildEntered",
    "ChildFilled",
    "ChildRestated",
    "ChildShown",
    "Enter",
    "Input",
    "Levels",
    "MarketTraded",
    "MultilegState",
    "Phase",
    "State",
    "Steer",
    "Tick",
    "almgren_chriss_urgency",
    "make_plan",
    "scheduled_lots",
    "step",
]
