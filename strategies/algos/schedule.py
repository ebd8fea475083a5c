"""How many lots should be traded by when: straight, by a curve of volumes, or by the trade-off of cost and risk.

The last is the optimal trajectory of R. Almgren and N. Chriss, "Optimal execution of portfolio transactions", Journal
of Risk 3 (2001), 5-39, equations (18) to (20): holdings x_j = sinh(kappa (T - t_j)) / sinh(kappa T) X.
"""

import bisect
import math
from decimal import Decimal, localcontext
from itertools import accumulate

from wire.algos import AlgoName
from wire.gateway_algos import AlgoTerms

Plan = tuple[tuple[int, int], ...]
_DIGITS = 40
_SCALE = 10**12
_MILLI = 1_000


def make_plan(terms: AlgoTerms) -> Plan:
    """(nanoseconds since the start, lots by then), one entry a slice; the last is all of it. Empty: no schedule.

    The last slice is shorter where the duration is not a whole number of them, and has the less to do.
    """
    if terms.algo not in _SHARES:
        return ()
    count = -(-terms.duration_ns // terms.slice_ns)
    times = [min(number * terms.slice_ns, terms.duration_ns) for number in range(1, count + 1)]
    shares, quantity = _SHARES[terms.algo](terms, times), terms.quantity_lots
    lots = [(quantity * share + _SCALE // 2) // _SCALE for share in shares[:-1]] + [quantity]
    return tuple(zip(times, lots, strict=True))


def scheduled_lots(plan: Plan, elapsed_ns: int) -> int:
    """Between two entries in proportion to the time."""
    at = bisect.bisect_right(plan, elapsed_ns, key=lambda entry: entry[0])
    if at == len(plan):
        return plan[-1][1] if plan else 0
    before_ns, before_lots = plan[at - 1] if at else (0, 0)
    after_ns, after_lots = plan[at]
    share = max(elapsed_ns - before_ns, 0)
    return before_lots + (after_lots - before_lots) * share // (after_ns - before_ns)


def almgren_chriss_urgency(
    *, risk_aversion: float, volatility: float, temporary_impact: float, permanent_impact: float, seconds: float,
    slices: int,
) -> float:  # fmt: skip
    """Kappa T of the paper, for ``AlgoParameters.urgency_milli`` (times 1,000).

    risk_aversion: lambda, per dollar; volatility: sigma, dollars per unit and square root of a second;
    temporary_impact: eta, dollars per unit and (units a second); permanent_impact: gamma, dollars per unit squared.
    Raises ValueError where slices are so long that the impact they make is not positive.
    """
    tau = seconds / slices
    impact = temporary_impact * (1 - permanent_impact * tau / (2 * temporary_impact))
    if impact <= 0:
        raise ValueError(f"slices of {tau:g} s leave no temporary impact: take shorter ones")
    squared = risk_aversion * volatility**2 / impact
    return math.acosh(1 + squared * tau**2 / 2) / tau * seconds


def _straight(terms: AlgoTerms, times: list[int]) -> list[int]:
    return [_SCALE * elapsed_ns // terms.duration_ns for elapsed_ns in times]


def _by_volume(terms: AlgoTerms, times: list[int]) -> list[int]:
    """The curve's parts are equal parts of the duration; within one, volume comes evenly."""
    curve = terms.volume_curve
    if not sum(curve):
        return _straight(terms, times)
    totals, whole_ns = [0, *accumulate(curve)], terms.duration_ns
    shares = []
    for elapsed_ns in times:
        part, rest = divmod(elapsed_ns * len(curve), whole_ns)
        reached = totals[part] * whole_ns + (curve[part] * rest if part < len(curve) else 0)
        shares.append(_SCALE * reached // (totals[-1] * whole_ns))
    return shares


def _by_risk(terms: AlgoTerms, times: list[int]) -> list[int]:
    """Exact decimals, so that every machine makes the same schedule."""
    if not terms.urgency_milli:
        return _straight(terms, times)
    with localcontext() as context:
        context.prec = _DIGITS
        urgency = Decimal(terms.urgency_milli) / _MILLI
        whole = _sinh(urgency)
        left = [urgency * (terms.duration_ns - elapsed_ns) / terms.duration_ns for elapsed_ns in times]
        return [int(_SCALE * (1 - _sinh(value) / whole)) for value in left]


def _sinh(value: Decimal) -> Decimal:
    return (value.exp() - (-value).exp()) / 2


_SHARES = {AlgoName.TWAP: _straight, AlgoName.VWAP: _by_volume, AlgoName.SHORTFALL: _by_risk}
"""Of each algorithm with a schedule: the part of the quantity, in ``_SCALE``, to be traded by the end of a slice."""
