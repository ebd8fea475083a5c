"""Who asks, and through which entrance."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Actor:
    """``via``: socket, rest, page, gateway, timer, system. ``user_id`` is None where no person or key acts."""

    user_id: int | None
    firm_id: int | None
    via: str
    remote_address: str = ""


GATEWAY = Actor(user_id=None, firm_id=None, via="gateway")
TIMER = Actor(user_id=None, firm_id=None, via="timer")
SYSTEM = Actor(user_id=None, firm_id=None, via="system")
