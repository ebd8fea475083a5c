"""What a run found out, step by step: the content of ``report.json``."""

import msgspec


class Repricing(msgspec.Struct, kw_only=True):
    """Black-76 from the recorded mark volatility against the recorded mark, in coin, over ``options`` options."""

    options: int
    median_error: float
    p99_error: float


class SurfaceCheck(msgspec.Struct, kw_only=True):
    """``left_out``: two-sided quotes that the fit did not see; ``inside``: those whose fitted price is within them."""

    slices: int
    stale: int
    left_out: int
    inside: int
    butterfly_violations: int
    calendar_violations: int


class Step(msgspec.Struct, kw_only=True):
    """One snapshot, after the processes had taken it in and everything that followed was settled."""

    snapshot_id: str
    at: str
    rows_recorded: int
    rows_ingested: int
    missing_bids_recorded: int
    missing_bids_ingested: int
    missing_asks_recorded: int
    missing_asks_ingested: int
    repricing: Repricing
    """On the forward that the marks imply by put-call parity."""
    repricing_on_recorded_underlying: Repricing
    surfaces: SurfaceCheck
    index: dict[str, float]
    ledger_breaks: list[str]
    risk: dict[str, float]
    """equity, initial_margin, maintenance_margin in USD; delta, gamma, vega, theta per coin as ``BTC delta``."""
    seconds: float


class RfqOutcome(msgspec.Struct, kw_only=True):
    """traded_price and mark_value: net price of one unit of the structure, in coin."""

    rfq_id: int
    at: str
    structure: str
    coin: str
    side: str
    state: str
    reason: str
    quotes: int
    traded_price: float | None
    mark_value: float | None
    initial_margin_before: float | None
    initial_margin_after: float | None


class Hedge(msgspec.Struct, kw_only=True):
    at: str
    coin: str
    delta_before: float
    delta_after: float
    orders: int


class Total(msgspec.Struct, kw_only=True):
    snapshots: int
    rows_recorded: int
    rows_ingested: int
    nulls_kept: bool
    repricing_median_error: float
    repricing_p99_error: float
    recorded_underlying_median_error: float
    recorded_underlying_p99_error: float
    share_inside: float
    left_out_quotes: int
    butterfly_violations: int
    calendar_violations: int
    ledger_breaks: int
    rfqs_filled: int
    rfqs_rejected: int
    rfqs_pending: int
    hedge_orders: int
    instruments_delivered: int
    audit_records: int
    audit_verifies: bool
    wall_seconds: float


class MonthReport(msgspec.Struct, kw_only=True):
    month: str
    grace_ms: int
    steps: list[Step]
    rfqs: list[RfqOutcome]
    hedges: list[Hedge]
    total: Total | None = None
