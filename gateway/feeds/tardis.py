"""Reads CSV files in the layout of Tardis into arrays of normalized updates, a part of the file at a time."""

import gzip
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import parley_core
from numpy.typing import NDArray

READ_BYTES = 1024**2
CARRIED_BYTES_MAX = 64 * 1024**2
"""Of one message, all its rows: more are refused instead of held."""


def read_updates(path: Path, kind: str, instruments: Mapping[str, tuple[str, str]]) -> Iterator[NDArray[np.void]]:
    """Arrays of ``parley_core.update_dtype()``, whole messages each, in the order of the file (plain or gzip).

    ``kind``: see ``parley_core.TardisReader``. ``instruments``: symbol to its tick and lot, decimals in quote and base
    currency; rows of other symbols are passed over. Slots count from 0 in this order. Raises FrameRefused where a row
    is malformed, with the offset of its line in the unpacked file; OSError.
    """
    reader = parley_core.TardisReader(kind)
    for symbol, (price_tick, lot) in instruments.items():
        reader.list_instrument(symbol, price_tick, lot)
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        yield from _read_parts(reader, file)


def _read_parts(reader: parley_core.TardisReader, file: io.BufferedIOBase) -> Iterator[NDArray[np.void]]:
    carried, offset = b"", 0
    is_last = False
    while not is_last or carried:
        part = b"" if is_last else file.read(READ_BYTES)
        is_last = is_last or not part
        carried += part
        if len(carried) > CARRIED_BYTES_MAX:
            raise ValueError(f"A message at byte {offset} has more than {CARRIED_BYTES_MAX:,} bytes.")
        try:
            updates, taken, _, _ = reader.read(carried, is_last)
        except parley_core.FrameRefused as error:
            error.offset += offset
            raise
        carried, offset = carried[taken:], offset + taken
        if len(updates):
            yield updates
        elif is_last and not taken:
            return
