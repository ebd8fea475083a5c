"""Every message of a feed session, numbered from 1, so that any can be sent again. On disk, forgotten at the end."""

import errno
import os
import tempfile
from array import array
from collections.abc import Sequence

INDEX_STRIDE = 64
"""Of every so many messages the place in the file is kept."""
_LENGTH_BYTES = 2
_READ_BYTES = 16 << 10


class SessionStore:
    """Messages lie in an unnamed file, each behind its length in two bytes. OSError where the disk fails."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="venue-feed-", buffering=0)  # noqa: SIM115 - closed by close()
        self._places = array("Q")
        self._bytes = 0
        self.count = 0

    def append(self, messages: Sequence[bytes]) -> int:
        """The number of the first of them."""
        first = self.count + 1
        pieces: list[bytes] = []
        for message in messages:
            if self.count % INDEX_STRIDE == 0:
                self._places.append(self._bytes)
            pieces += (len(message).to_bytes(_LENGTH_BYTES, "big"), message)
            self._bytes += _LENGTH_BYTES + len(message)
            self.count += 1
        data = b"".join(pieces)
        if os.write(self._file.fileno(), data) != len(data):
            raise OSError(errno.ENOSPC, "the disk takes no more messages of the feed")
        return first

    def read(self, first: int, count: int, bytes_max: int) -> list[bytes]:
        """At most ``count`` messages from that number on, and no more than ``bytes_max`` with their lengths."""
        if not 1 <= first <= self.count:
            return []
        skipped = (first - 1) % INDEX_STRIDE
        place = self._places[(first - 1) // INDEX_STRIDE]
        data = os.pread(self._file.fileno(), _READ_BYTES + bytes_max, place)
        at, found, room = 0, [], bytes_max
        for _ in range(skipped + min(count, self.count - first + 1)):
            size = int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
            message = data[at + _LENGTH_BYTES : at + _LENGTH_BYTES + size]
            at += _LENGTH_BYTES + size
            if skipped:
                skipped -= 1
                continue
            room -= _LENGTH_BYTES + size
            if room < 0 or len(message) < size:
                break
            found.append(message)
        return found

    def close(self) -> None:
        self._file.close()
