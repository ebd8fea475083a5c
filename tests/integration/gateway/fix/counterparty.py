"""A counterparty that keeps what it sent, resends it when it is asked, and asks for what it misses."""

import simplefix

from tests.integration.gateway.fix.client import Client, Disconnected, Pairs, timestamp, value

SESSION_KINDS = frozenset("01245A")
"""Types of messages that are not sent again: a gap fill stands for them."""


class Counterparty(Client):
    """``replies``: application messages by their number, as they came first."""

    def __init__(self, port: int, **given: str) -> None:
        super().__init__(port, **given)
        self.sent: dict[int, tuple[str, Pairs]] = {}
        self.replies: dict[int, str] = {}

    def send(self, kind: str, *body: tuple[int, object], sequence: int = 0, header: Pairs = ()) -> bytes:
        if not sequence and kind not in SESSION_KINDS:
            self.sent[self.next_sent] = (kind, body)
        return super().send(kind, *body, sequence=sequence, header=header)

    def order(self, order_id: str) -> bytes:
        """An application message, remembered before it is sent; its bytes, for the caller to send as many as it likes."""
        body = ((11, order_id), (21, 1), (55, "BTC"), (54, 1), (60, timestamp()), (38, 1), (40, 1))
        self.sent[self.next_sent] = ("D", body)
        message = self.build("D", *body, sequence=self.next_sent)
        self.next_sent += 1
        return bytes(message.encode())

    def pump(self, replies: int) -> None:
        """Live the session until so many replies have come. Raises Disconnected, TimeoutError."""
        while len(self.replies) < replies:
            message = self.receive("0", "1", "2", "3", "4", "5", "B", "j")
            self.react(message)

    def react(self, message: simplefix.FixMessage) -> None:
        kind, sequence = value(message, 35), int(value(message, 34))
        if kind == "5":
            raise Disconnected(value(message, 58))
        if kind == "2":
            self.resend(int(value(message, 7)))
        elif kind == "1":
            self.send("0", (112, value(message, 112)))
        if kind == "B":
            known = self.replies.setdefault(sequence, value(message, 148)) if sequence < self.next_expected else None
            assert known in (None, value(message, 148)), "one number, one message"
        if sequence >= self.next_expected and kind != "4":
            self.send("2", (7, self.next_expected), (16, 0))

    def read_some(self, count: int) -> None:
        """Take so many bytes off the wire, and forget them."""
        assert self._socket is not None, "connected before"
        if count:
            self._socket.recv(count)

    def come_back(self) -> None:
        """Log on again with the numbers as they are."""
        answer = self.log_on()
        if value(answer, 35) != "A":
            raise Disconnected(value(answer, 58))
        self.react(answer)

    def resend(self, begin: int) -> None:
        """Application messages again, one gap fill for what lies between."""
        current, end = begin, self.next_sent
        for sequence in sorted(number for number in self.sent if begin <= number < end):
            if current < sequence:
                self._fill(current, sequence)
            kind, body = self.sent[sequence]
            duplicate = ((43, "Y"), (122, timestamp()))
            self.send_bytes(bytes(self.build(kind, *body, sequence=sequence, header=duplicate).encode()))
            current = sequence + 1
        if current < end:
            self._fill(current, end)

    def _fill(self, begin: int, new: int) -> None:
        duplicate = ((43, "Y"), (122, timestamp()))
        fill = self.build("4", (123, "Y"), (36, new), sequence=begin, header=duplicate)
        self.send_bytes(bytes(fill.encode()))
