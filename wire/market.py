"""Market-data frames: the latest value of each key, conflated. They never touch the database.

Keys: ``ticker.<instrument>``, ``book.<instrument>``, ``trades.<instrument>``, ``index.<coin>``, ``surface.<coin>``,
``venue.status``; ``venue_depth.<instrument>`` and ``venue_link.<venue>`` of other venues,
``market_trades.<instrument>`` of what trades elsewhere. A batch on the Valkey channel is msgpack
``[[key, frame-json-bytes], ...]``: a frame is encoded once, by who makes it, and forwarded as it is.
"""

import msgspec

from wire.units import Side


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """``at_ns``: wall clock of the gateway. ``market_time_ns``: the market's own clock, which a recording replays."""

    at_ns: int
    market_time_ns: int


class Ticker(Frame, tag="ticker"):
    """Prices as decimal strings at the instrument's precision; None where nobody quotes.

    mark_price in the instrument's quote currency; mark_volatility, delta, gamma, vega, theta for options only, in the
    units of ``parley_core`` (delta per coin, vega per 1.00 of volatility in USD, theta per day in USD).
    forward_price: USD forward of the expiry (index for spot and perpetual).
    """

    instrument_name: str
    instrument_id: int
    bid_price: str | None = None
    ask_price: str | None = None
    bid_quantity: str | None = None
    ask_quantity: str | None = None
    last_price: str | None = None
    mark_price: float | None = None
    mark_volatility: float | None = None
    bid_volatility: float | None = None
    ask_volatility: float | None = None
    index_price: float | None = None
    forward_price: float | None = None
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    open_interest: float | None = None


class Book(Frame, tag="book"):
    """Best levels first; each level is (price, quantity) as decimal strings."""

    instrument_name: str
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    execution_id: int
    at_ns: int
    side: Side
    price: str
    quantity: str


class Trades(Frame, tag="trades"):
    """The latest public trades of an instrument, newest first, at most 50."""

    instrument_name: str
    trades: list[PublicTrade]


class MarketTrade(msgspec.Struct, frozen=True, kw_only=True):
    """``venue`` empty: the market that plays here. ``side``: the aggressor's; None where the venue does not say."""

    venue: str
    trade_id: str
    at_ns: int
    side: Side | None
    price: str
    quantity: str


class MarketTrades(Frame, tag="market_trades"):
    """The latest trades of an instrument elsewhere: at venues, and in the market that plays; newest first, at most 50.
    Quantities in Parley's contracts.
    """

    instrument_name: str
    trades: list[MarketTrade]


class Index(Frame, tag="index"):
    coin: str
    price: float


class SurfaceSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Raw SVI: w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)), k = ln(K / F), w = variance x years."""

    underlying_name: str
    expiry_at_ns: int
    forward_price: float
    years: float
    a: float
    b: float
    rho: float
    m: float
    sigma: float
    fitted_at_ns: int
    market_time_ns: int
    is_stale: bool
    share_inside: float
    """Share of the quotes used whose fitted price lies inside bid and ask."""
    stale_reason: str = ""


class Surface(Frame, tag="surface"):
    coin: str
    model_version: str
    slices: list[SurfaceSlice]


class VenueStatus(Frame, tag="venue_status"):
    """``source``: recording or simulated; ``state``: playing, finished, waiting.

    ``snapshot``: id of the recorded snapshot that the frames published so far show; the counts are rows of the
    recorded chain files since this gateway started.
    """

    source: str
    state: str
    detail: str = ""
    snapshot: str = ""
    updates_played: int = 0
    rows_recorded: int = 0
    rows_ingested: int = 0
    rows_refused: int = 0
    null_bids: int = 0
    null_asks: int = 0


class VenueLevels(msgspec.Struct, frozen=True, kw_only=True):
    """The book of one venue. ``state``: live, syncing (no snapshot yet), gap (waits for one). ``heard_at_ns``: when the
    gateway last heard anything of the venue; ``updated_at_ns``: when this book last changed; its wall clock.
    ``taker_fee``: of the value of a trade, of an option of the coins behind it; empty where the venue does not say.
    """

    venue: str
    state: str
    heard_at_ns: int
    updated_at_ns: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    taker_fee: str = ""


class VenuePrice(msgspec.Struct, frozen=True, kw_only=True):
    """The best price of a side over all venues that are live, and what they show at it together."""

    price: str
    quantity: str
    venues: list[str]


class VenueDepth(Frame, tag="venue_depth"):
    """An instrument at the venues that the gateway is connected to; ``at_ns``: when this was put together.

    Prices in quote currency, quantities in Parley's contracts, whatever the venue counts in.
    """

    instrument_name: str
    venues: list[VenueLevels]
    best_bid: VenuePrice | None = None
    best_ask: VenuePrice | None = None


class VenueLink(Frame, tag="venue_link"):
    """How the connection to a venue stands.

    ``state``: connecting, syncing, live, down, failed. ``latency_ms``: median round trip of the latest probes.
    ``books_live`` of ``books`` are whole; ``gaps`` counts losses found. Fees in basis points of perpetuals.
    """

    venue: str
    title: str
    adapter: str
    state: str
    is_test_network: bool
    detail: str = ""
    heard_at_ns: int = 0
    connected_at_ns: int = 0
    connects: int = 0
    latency_ms: float | None = None
    books: int = 0
    books_live: int = 0
    gaps: int = 0
    frames: int = 0
    frames_refused: int = 0
    trades: int = 0
    maker_fee_basis_points: float | None = None
    taker_fee_basis_points: float | None = None
    takes_orders: bool = False
    is_ready: bool = False
    """Takes orders now: agreed with the venue since the connection began."""
    open_orders: int = 0
    """Ours and adopted ones."""
    takes_block_rfqs: bool = False
    """Its makers can be asked now."""
    breaks: int = 0
    """Instruments of which the venue holds another position than our executions explain."""


class TapeLeg(msgspec.Struct, frozen=True, kw_only=True):
    """``side``: when the structure is bought. A hedge leg is not part of the price."""

    instrument_name: str
    side: Side
    ratio: int
    is_hedge: bool = False


class TapePrint(msgspec.Struct, frozen=True, kw_only=True):
    """One completed block trade, without names. kind: trade, or bust or amendment of the line ``refers_to``.

    side: the taker's. price: net of one unit, without a hedge leg, in ``quote_currency``. mark: of the same, as it
    stood at the accept; None where there was none.
    """

    sequence: int
    at_ns: int
    kind: str
    structure: str
    legs: list[TapeLeg]
    side: Side
    quantity: str
    price: str
    quote_currency: str
    mark: str | None = None
    price_against_mark: str | None = None
    refers_to: int | None = None


class BlockTape(Frame, tag="block_tape"):
    """The latest lines of the public tape, newest first; older ones are read over REST. Key: ``tape.blocks``."""

    prints: list[TapePrint]


AnyFrame = Ticker | Book | Trades | MarketTrades | Index | Surface | VenueStatus | BlockTape | VenueDepth | VenueLink

__all__ = [
    "AnyFrame",
    "BlockTape",
    "Book",
    "Frame",
    "Index",
    "MarketTrade",
    "MarketTrades",
    "PublicTrade",
    "Surface",
    "SurfaceSlice",
    "TapeLeg",
    "TapePrint",
    "Ticker",
    "Trades",
    "VenueDepth",
    "VenueLevels",
    "VenueLink",
    "VenuePrice",
    "VenueStatus",
]
