"""What a study found: the content of ``rfq_study.json``."""

import msgspec


class Spread(msgspec.Struct, kw_only=True):
    """What takers paid over the model's fair mid, on average over the trades."""

    trades: int
    vol_points: float
    """By the sum of the legs' vegas."""
    ticks: float
    """Of 0.0001 coin, per unit."""
    usd: float
    """Per unit."""


class StrategyRow(msgspec.Struct, kw_only=True):
    """``mids_inside``: RFQs whose fair mid lay within the recorded bid and ask of the structure; ``left_out_inside``:
    the same where the surface had not seen the quotes of the legs' strikes, of ``left_out`` that could be valued so.
    """

    strategy: str
    rfqs: int
    quoted: int
    mids_inside: int
    left_out: int
    left_out_inside: int
    taken: int
    screen: int
    declined: int
    markup: Spread


class MakerMonth(msgspec.Struct, kw_only=True):
    """US dollars; total = edge + drift - hedge_cost - fees."""

    maker: str
    month: str
    trades: int
    edge: float
    drift: float
    hedge_cost: float
    fees: float
    total: float


class MakerRow(msgspec.Struct, kw_only=True):
    """``hit_rate``: of the RFQs it quoted. closing_*: what it held at the end, in US dollars per point and coins."""

    maker: str
    quotes: int
    hits: int
    hit_rate: float
    mean_half_spread_points: float


class TakerRow(msgspec.Struct, kw_only=True):
    """markup_share: what the statistics of the named maker add to this taker's spread at the end."""

    taker: str
    rfqs: int
    taken: int
    maker: str
    hit_rate: float
    markout: float
    markup_share: float


class MarkOut(msgspec.Struct, kw_only=True):
    """Mean over trades of what the maker earned, hedged at once and then left alone; 95 % by bootstrap. US dollars."""

    horizon: str
    trades: int
    mean_usd: float
    low_usd: float
    high_usd: float
    mean_points: float


class StudyReport(msgspec.Struct, kw_only=True):
    seed: int
    since: str
    until: str
    snapshots: int
    rfqs: int
    quoted: int
    taken: int
    mids_inside_share: float
    left_out_inside_share: float
    strategies: list[StrategyRow]
    makers: list[MakerRow]
    months: list[MakerMonth]
    takers: list[TakerRow]
    markouts: list[MarkOut]
    passes: dict[str, int]
    parameters: dict[str, dict[str, float | int | bool | list[str]]]
