"""Commands about FIX sessions: who may connect to the gateway, as what, and with which numbers it goes on."""

from wire.fix_rfq import AnyFixNews
from wire.gateway_controls import GatewayCommand


class SetFixSession(GatewayCommand, tag="gateway.set_fix_session"):
    """Replaces all that the gateway knows of a session. ``sender`` and ``target``: 49 and 56 of the client's messages.

    ``secret_sha256``: hexadecimal. ``opens_at_minute`` to ``closes_at_minute`` of the UTC day it may be logged on,
    always where they are equal; with hours, its numbers begin at 1 in each period. ``resets_on_logon``: at every logon.
    """

    session_id: int
    name: str
    begin_string: str
    application_version: str
    sender: str
    target: str
    secret_sha256: str
    firm_id: int
    user_id: int
    desk_id: int
    account_id: int
    account_ids: list[int]
    grants: list[str]
    cancels_on_disconnect: bool
    messages_per_second: int
    message_burst: int
    is_enabled: bool
    opens_at_minute: int = 0
    closes_at_minute: int = 0
    resets_on_logon: bool = False


class ResetFixSequence(GatewayCommand, tag="gateway.reset_fix_sequence"):
    """The session is logged out and goes on with these numbers of the next message that it gets and that it sends."""

    session_id: int
    next_sender: int
    next_target: int


class TellFixSession(GatewayCommand, tag="gateway.tell_fix_session"):
    """What an RFQ session is told next; each as the messages of its version, each once."""

    session_id: int
    news: list[AnyFixNews]


FixCommand = SetFixSession | ResetFixSequence | TellFixSession
"""What is about sessions and not about orders: the engine only takes its number."""
