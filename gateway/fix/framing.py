"""Bytes of a connection into messages. No length is trusted: what claims more than may come is not waited for."""

MESSAGE_BYTES_MAX = 64 << 10
"""Of one message; a longer one ends the connection."""


class TooLong(ValueError):
    """More bytes than a message may have, and none has ended."""


class Splitter:
    """Keeps what has come of a message that is not whole; what lies before a BeginString is dropped."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Whole messages, garbled ones among them. Raises TooLong."""
        self._buffer += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        if len(self._buffer) > MESSAGE_BYTES_MAX:
            raise TooLong(f"{len(self._buffer)} bytes without the end of a message; {MESSAGE_BYTES_MAX} are allowed")
        return messages

    def _next(self) -> bytes | None:
        start = self._buffer.find(b"8=")
        if start < 0:
            del self._buffer[:-1]
            return None
        del self._buffer[:start]
        at = self._buffer.find(b"\x019=")
        end_of_length = self._buffer.find(b"\x01", at + 3) if at >= 0 else -1
        if end_of_length < 0:
            return None
        text = bytes(self._buffer[at + 3 : end_of_length])
        if not text.isdigit() or int(text) > MESSAGE_BYTES_MAX:
            return self._take(end_of_length + 1)
        return self._ending(end_of_length + 1 + int(text))

    def _ending(self, body_end: int) -> bytes | None:
        """Up to the checksum that follows the body, wherever a wrong length lets it be."""
        if len(self._buffer) < body_end:
            return None
        at = self._buffer.find(b"\x0110=", max(body_end - 1, 0))
        end = self._buffer.find(b"\x01", at + 4) if at >= 0 else -1
        return self._take(end + 1) if end >= 0 else None

    def _take(self, length: int) -> bytes:
        message = bytes(self._buffer[:length])
        del self._buffer[:length]
        return message
