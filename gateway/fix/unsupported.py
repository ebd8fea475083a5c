"""The handler of a gateway that takes part in sessions and in nothing else: every application message is refused."""

from gateway.fix.handler import BusinessReason, Link, Refusal, Session
from gateway.fix.message import Message


class UnsupportedMessages:
    def __init__(self) -> None:
        self._link: Link | None = None

    def attach(self, link: Link) -> None:
        self._link = link

    async def on_logon(self, session: Session) -> None:
        """Nothing waits for a logon here."""

    async def on_logout(self, session: Session) -> None:
        """Nothing can be canceled here."""

    async def on_message(self, session: Session, message: Message) -> None:
        assert self._link is not None, "attached before the first message"
        reason, text = BusinessReason.UNSUPPORTED_MESSAGE, f"Messages of type {message.type} are not supported."
        self._link.refuse(session, message, Refusal(reason=reason, name="unsupported_message", text=text))
