"""Market-data frames: from the board and the engine's books to the JSON that clients get, encoded once."""

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import parley_core

from gateway.board import Board
from gateway.engine import Depth, Level
from gateway.feeds.price_path import SECONDS_PER_YEAR
from gateway.feeds.updates import Floats
from gateway.registry import Contract, Integers
from wire.market import Book, Index, Ticker, Trades, VenueStatus
from wire.units import NANOSECONDS_PER_SECOND

BOOK_LEVELS = 10
NamedFrame = tuple[str, bytes]
_encoder = msgspec.json.Encoder()


def encode_instruments(board: Board, ids: Sequence[int], depths: Sequence[Depth]) -> list[NamedFrame]:
    """Ticker and book of each instrument. Greeks and volatilities are computed for all of them at once."""
    if not ids:
        return []
    rows = np.array(ids, dtype=np.int64)
    analytics = _analytics(board, rows, depths)
    frames: list[NamedFrame] = []
    for position, (instrument_id, depth) in enumerate(zip(ids, depths, strict=True)):
        contract = board.registry.get(instrument_id)
        ticker = _ticker(board, contract, depth, [column[position] for column in analytics])
        frames.append((f"ticker.{contract.name}", _encoder.encode(ticker)))
        frames.append((f"book.{contract.name}", _encoder.encode(_book(board, contract, depth))))
    return frames


def encode_index(board: Board, coin: str) -> NamedFrame:
    frame = Index(
        at_ns=board.alive_at_ns,
        market_time_ns=board.market_time_ns,
        coin=coin,
        price=round(board.index_prices[coin], 4),
    )
    return f"index.{coin}", _encoder.encode(frame)


def encode_trades(board: Board, instrument_id: int) -> NamedFrame:
    name = board.registry.get(instrument_id).name
    frame = Trades(
        at_ns=board.alive_at_ns,
        market_time_ns=board.market_time_ns,
        instrument_name=name,
        trades=list(board.trades[instrument_id]),
    )
    return f"trades.{name}", _encoder.encode(frame)


def encode_status(board: Board) -> NamedFrame:
    """``detail`` starts with the snapshot id of a recording: who plays in steps waits for it."""
    status = board.status
    parts = [board.marker_shown, status.detail]
    if status.rows_recorded:
        parts.insert(1, f"{status.rows_ingested} of {status.rows_recorded} rows")
    frame = VenueStatus(
        at_ns=board.alive_at_ns,
        market_time_ns=board.market_time_ns,
        source=board.source,
        state=status.state,
        detail=" | ".join(part for part in parts if part),
        snapshot=board.marker_shown,
        updates_played=status.updates_played,
        rows_recorded=status.rows_recorded,
        rows_ingested=status.rows_ingested,
        rows_refused=status.rows_refused,
        null_bids=status.null_bids,
        null_asks=status.null_asks,
    )
    return "venue.status", _encoder.encode(frame)


def names_of(contract: Contract) -> Iterable[str]:
    """Every key under which frames of the instrument are kept."""
    return (f"ticker.{contract.name}", f"book.{contract.name}", f"trades.{contract.name}")


def _book(board: Board, contract: Contract, depth: Depth) -> Book:
    return Book(
        at_ns=board.alive_at_ns,
        market_time_ns=board.market_time_ns,
        instrument_name=contract.name,
        bids=_texts(contract, depth[0]),
        asks=_texts(contract, depth[1]),
    )


def _texts(contract: Contract, levels: Sequence[Level]) -> list[tuple[str, str]]:
    return [(contract.price_text(ticks), contract.quantity_text(lots)) for ticks, lots in levels]


def _ticker(board: Board, contract: Contract, depth: Depth, analytics: list[float | None]) -> Ticker:
    bid = _texts(contract, depth[0][:1])
    ask = _texts(contract, depth[1][:1])
    mark, volatility, forward, open_interest, delta, gamma, vega, theta, bid_volatility, ask_volatility = analytics
    return Ticker(
        at_ns=board.alive_at_ns,
        market_time_ns=int(board.quoted_at_ns[contract.instrument_id]),
        instrument_name=contract.name,
        instrument_id=contract.instrument_id,
        bid_price=bid[0][0] if bid else None,
        bid_quantity=bid[0][1] if bid else None,
        ask_price=ask[0][0] if ask else None,
        ask_quantity=ask[0][1] if ask else None,
        last_price=board.last_price.get(contract.instrument_id),
        mark_price=mark,
        mark_volatility=volatility,
        bid_volatility=bid_volatility,
        ask_volatility=ask_volatility,
        index_price=board.index_prices.get(contract.terms.base_currency),
        forward_price=forward,
        delta=delta,
        gamma=gamma,
        vega=vega,
        theta=theta,
        open_interest=open_interest,
    )


def _analytics(board: Board, rows: Integers, depths: Sequence[Depth]) -> list[list[float | None]]:
    """Columns of mark, volatility, forward, open interest, Greeks, bid and ask volatility; None for what is not."""
    columns = [
        board.mark_price[rows],
        board.mark_volatility[rows],
        board.forward_price[rows],
        board.open_interest[rows],
        *_option_columns(board, rows, depths),
    ]
    return [_with_none(column) for column in columns]


def _option_columns(board: Board, rows: Integers, depths: Sequence[Depth]) -> list[Floats]:
    """delta, gamma, vega, theta, bid volatility, ask volatility; NaN for everything but options."""
    columns = [np.full(len(rows), math.nan) for _ in range(6)]
    options = np.flatnonzero(board.registry.is_option[rows])
    if not len(options):
        return columns
    picked = rows[options]
    registry = board.registry
    forward, volatility, strike = board.forward_price[picked], board.mark_volatility[picked], registry.strike[picked]
    left_ns = registry.expiry_at_ns[picked] - board.quoted_at_ns[picked]
    years = np.maximum(left_ns / NANOSECONDS_PER_SECOND, 1.0) / SECONDS_PER_YEAR
    is_call = registry.is_call[picked]
    greeks = parley_core.black76_greeks(forward, strike, years, volatility, is_call)
    usd_per_tick = registry.tick[picked] * np.where(registry.is_inverse[picked], forward, 1.0)
    quoted = [
        parley_core.black76_implied_volatility(
            _top_ticks(depths, options, side) * usd_per_tick, forward, strike, years, is_call
        )
        for side in (0, 1)
    ]
    for column, values in zip(columns, (*greeks[1:], *quoted), strict=True):
        column[options] = values
    return columns


def _top_ticks(depths: Sequence[Depth], positions: "np.ndarray[tuple[int], np.dtype[np.intp]]", side: int) -> Floats:
    tops = (depths[position][side] for position in positions.tolist())
    return np.array([levels[0][0] if levels else math.nan for levels in tops])


def _with_none(column: Floats) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in column.tolist()]
