"""Sends market frames: what changed at most ``MARKET_FRAMES_PER_SECOND_MAX`` times a second, every key once a second.

The same bytes go to the channel and into the hash of latest values. A Valkey that is away costs frames, nothing
else: the next ones hold newer values.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

import msgspec
import parley_core
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway import clock
from gateway.board import Board
from gateway.frames import (
    BOOK_LEVELS,
    NamedFrame,
    encode_index,
    encode_instruments,
    encode_status,
    encode_trades,
    names_of,
)
from gateway.valkey import Backoff, Unavailable
from wire.limits import MARKET_FRAMES_PER_SECOND_MAX
from wire.transport import MARKET_CHANNEL, MARKET_LATEST

log = logging.getLogger(__name__)

OWN_PREFIXES = (b"ticker.", b"book.", b"trades.", b"index.")
INSTRUMENTS_A_BATCH = 400
CHUNK = 40
"""Instruments encoded before the loop gets its turn."""


class FramePublisher:
    """Dirty rows first; beside them, in turn, a twentieth of everything, so that each key is sent every second."""

    def __init__(self, board: Board, engine: parley_core.Engine, client: Redis) -> None:
        self._board, self._engine, self._client = board, engine, client
        self._turn = 0
        self._is_first = True

    async def run(self) -> None:
        backoff = Backoff("frames")
        due = clock.monotonic()
        while True:
            due = max(due + 1 / MARKET_FRAMES_PER_SECOND_MAX, clock.monotonic())
            await asyncio.sleep(max(0.0, due - clock.monotonic()))
            try:
                await self.publish()
                backoff.succeeded()
            except (*Unavailable, ResponseError) as error:
                self._is_first = True
                self._board.dirty_everything()
                await asyncio.sleep(backoff.failed(error))

    async def publish(self) -> int:
        """One batch; returns the number of frames in it."""
        if self._is_first:
            await self._forget_old_keys()
            self._is_first = False
        board, marker = self._board, self._board.marker
        self._turn = (self._turn + 1) % MARKET_FRAMES_PER_SECOND_MAX
        ids = self._pick_instruments()
        frames = await self._encode(ids)
        coins = board.index_prices if self._turn == 0 else board.dirty_indexes
        frames += [encode_index(board, coin) for coin in sorted(coins)]
        board.dirty_indexes.clear()
        trades = board.dirty_trades | {i for i in ids if i in board.trades and self._is_turn_of(i)}
        frames += [encode_trades(board, instrument_id) for instrument_id in sorted(trades & board.shown)]
        board.dirty_trades.clear()
        if not board.dirty:
            board.marker_shown = marker
        if self._turn == 0 or (board.is_status_dirty and not board.dirty):
            frames.append(encode_status(board))
            board.is_status_dirty = bool(board.dirty)
        if frames:
            await self._send(frames)
        return len(frames)

    async def _forget_old_keys(self) -> None:
        """Values of an earlier run whose contracts are not shown now; the surfaces of others stay."""
        keys: Any = await self._client.hkeys(MARKET_LATEST)
        shown = {key for instrument_id in self._board.shown for key in _keys(self._board, instrument_id)}
        old = [key for key in keys if key.startswith(OWN_PREFIXES) and key.decode() not in shown]
        if old:
            await self._client.hdel(MARKET_LATEST, *old)

    def _pick_instruments(self) -> list[int]:
        """Changed ones, at most a batch of them, and those whose turn it is."""
        board = self._board
        changed = sorted(board.dirty)[:INSTRUMENTS_A_BATCH]
        board.dirty.difference_update(changed)
        return sorted({*changed, *(i for i in board.shown if self._is_turn_of(i))})

    def _is_turn_of(self, instrument_id: int) -> bool:
        return instrument_id % MARKET_FRAMES_PER_SECOND_MAX == self._turn

    async def _encode(self, ids: list[int]) -> list[NamedFrame]:
        frames: list[NamedFrame] = []
        for start in range(0, len(ids), CHUNK):
            chunk = [
                instrument_id for instrument_id in ids[start : start + CHUNK] if instrument_id in self._board.shown
            ]
            depths = [self._engine.depth(instrument_id, BOOK_LEVELS) for instrument_id in chunk]
            frames += encode_instruments(self._board, chunk, depths)
            await asyncio.sleep(0)
        return frames

    async def _send(self, frames: list[NamedFrame]) -> None:
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hset(MARKET_LATEST, mapping=dict(frames))
        removed = self._removed_keys()
        if removed:
            pipeline.hdel(MARKET_LATEST, *removed)
        pipeline.publish(MARKET_CHANNEL, msgspec.msgpack.encode(frames))
        await pipeline.execute()

    def _removed_keys(self) -> list[str]:
        board = self._board
        keys = [key for i in board.removed for key in _keys(board, i)]
        board.removed.clear()
        return keys


def _keys(board: Board, instrument_id: int) -> Iterable[str]:
    return names_of(board.registry.get(instrument_id))
