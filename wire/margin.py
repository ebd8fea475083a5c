"""Shares of collateral that do not count: one source for the engine's margin and for the one that people see."""

HAIRCUTS = {"BTC": (0.05, 0.025), "ETH": (0.075, 0.025), "SOL": (0.15, 0.05)}
"""Of a coin's value: for maintenance margin, and on top of it for initial margin."""
YEARS_MIN = 1e-6
"""Least time to expiry that options are valued with."""
