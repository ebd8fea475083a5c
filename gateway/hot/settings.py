"""What ``--hot FILE`` says: the venue, whose orders they are, how they leave, the limits, and the pairs. JSON."""

import enum
import ipaddress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from gateway.venues.credentials import CredentialsRefused, find_credentials
from wire.pairs import PAIRS_MAX, SYMBOL_LENGTH_MAX, StrategyOwner

FILE_BYTES_MAX = 4 << 20
NAME_LENGTH_MAX = 20
USER_LENGTH_MAX, PASSWORD_LENGTH_MAX = 6, 10
"""As SoupBinTCP has room for."""
CPU_MAX = 1_023
WINDOW_MIN, WINDOW_MAX = 2, 100_000
SAMPLE_MS_MAX = 3_600_000
TIMEOUT_SECONDS_MAX = 366 * 86_400
LEVEL_MAX = 100.0
LOTS_MAX = 1_000_000
"""Shares of one order: what OUCH lets pass is 999,999."""
HEDGE_MAX = 100.0
_PORT = Annotated[int, msgspec.Meta(ge=1, le=65_535)]
_ID = Annotated[int, msgspec.Meta(ge=1, le=2**53)]
_LIMIT = Annotated[int, msgspec.Meta(ge=0, le=10**18)]


class HotRefused(ValueError):
    """A hot file that cannot be used; the message is a sentence."""


class SendPolicy(enum.StrEnum):
    JOURNAL_FIRST = "journal_first"
    SEND_FIRST = "send_first"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Feed(_Part, frozen=True, kw_only=True):
    """ITCH 5.0 in MoldUDP64. ``group``: of multicast; empty: unicast. ``gap_port`` 0: nothing is asked again."""

    port: _PORT
    host: str = "127.0.0.1"
    group: str = ""
    gap_host: str = ""
    gap_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0


class OrderEntry(_Part, frozen=True, kw_only=True):
    """OUCH 5.0 in SoupBinTCP. The password is the secret of ``secret_file``, or of the environment's
    ``PARLEY_VENUE_<NAME>_KEY`` and ``_SECRET``, whose key is the user.
    """

    host: str
    port: _PORT
    user: str
    secret_file: str = ""


class AccountCaps(_Part, frozen=True, kw_only=True):
    max_order_quantity_lots: _LIMIT
    max_order_value_micros: _LIMIT
    max_position_lots: _LIMIT
    max_position_value_micros: _LIMIT
    price_collar_basis_points: Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class StrategyCaps(_Part, frozen=True, kw_only=True):
    """A strategy has no order without the first three. Those left out are off."""

    max_order_value_micros: _LIMIT
    max_open_risk_micros: _LIMIT
    max_working_orders: _LIMIT
    max_order_quantity_lots: _LIMIT | None = None
    period_collar_basis_points: _LIMIT | None = None
    collar_period_ns: _LIMIT = 0
    messages_per_second: _LIMIT | None = None
    message_burst: _LIMIT = 0
    duplicate_window_ns: _LIMIT | None = None
    max_executions: _LIMIT | None = None
    execution_period_ns: _LIMIT = 0
    max_orders: _LIMIT | None = None


class HotLimits(_Part, frozen=True, kw_only=True):
    account: AccountCaps
    strategy: StrategyCaps


class PairSettings(_Part, frozen=True, kw_only=True):
    """z-score of ln(first) - hedge * ln(second) - offset over ``window`` samples, one each ``sample_ms`` at most (0:
    one with each change). Either ``lots`` of both legs, or ``leg_usd`` and the ``prices`` in dollars that make lots
    of it.
    """

    first: str
    second: str
    hedge: float
    offset: float = 0.0
    lots: tuple[int, int] | None = None
    leg_usd: float | None = None
    prices: tuple[float, float] | None = None
    entry: float = 2.0
    exit: float = 0.5
    stop: float = 4.0
    timeout_seconds: float = 0.0
    window: int = 500
    sample_ms: int = 0

    def __post_init__(self) -> None:
        for symbol in (self.first, self.second):
            is_text = symbol.isascii() and symbol.isprintable() and " " not in symbol
            if not (is_text and 0 < len(symbol) <= SYMBOL_LENGTH_MAX):
                raise ValueError(f"symbol {symbol!r} does not have 1 to {SYMBOL_LENGTH_MAX} letters")
        if self.first == self.second:
            raise ValueError(f"pair {self.name} has one symbol twice")
        _within(self.name, "hedge", self.hedge, 1e-6, HEDGE_MAX)
        _within(self.name, "window", self.window, WINDOW_MIN, WINDOW_MAX)
        _within(self.name, "sample_ms", self.sample_ms, 0, SAMPLE_MS_MAX)
        _within(self.name, "timeout_seconds", self.timeout_seconds, 0, TIMEOUT_SECONDS_MAX)
        _within(self.name, "stop", self.stop, self.entry, LEVEL_MAX)
        _within(self.name, "entry", self.entry, self.exit, self.stop)
        _within(self.name, "exit", self.exit, 0, self.entry)
        if self.exit >= self.entry or self.entry >= self.stop:
            levels = f"{self.exit:g}, {self.entry:g}, {self.stop:g}"
            raise ValueError(f"pair {self.name} needs exit < entry < stop, not {levels}")
        if (self.lots is None) == (self.leg_usd is None) or (self.leg_usd is None) != (self.prices is None):
            raise ValueError(f"pair {self.name} needs either lots, or leg_usd and prices")
        for lots in self.leg_lots:
            _within(self.name, "lots", lots, 1, LOTS_MAX)

    @property
    def name(self) -> str:
        return f"{self.first}/{self.second}"

    @property
    def leg_lots(self) -> tuple[int, int]:
        if self.lots is not None:
            return self.lots
        assert self.leg_usd is not None, "checked at the beginning"
        assert self.prices is not None, "checked at the beginning"
        first, second = self.prices
        if not (first > 0 and second > 0):
            raise ValueError(f"pair {self.name} has a price of {min(first, second):g}, at least above 0")
        return max(1, round(self.leg_usd / first)), max(1, round(self.leg_usd * self.hedge / second))


class HotSettings(_Part, frozen=True, kw_only=True):
    """``venue``: what Parley calls it; no other venue of the gateway may have the name. ``cpu``: that the path's thread
    runs on; -1: any. ``open_max``: pairs that may hold or work at once.
    """

    venue: str
    owner: StrategyOwner
    feed: Feed
    orders: OrderEntry
    limits: HotLimits
    pairs: list[PairSettings]
    cpu: Annotated[int, msgspec.Meta(ge=-1, le=CPU_MAX)] = -1
    send: SendPolicy = SendPolicy.JOURNAL_FIRST
    cancel_on_disconnect: bool = True
    open_max: Annotated[int, msgspec.Meta(ge=1, le=PAIRS_MAX)] = 100
    through_ticks: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 200

    def __post_init__(self) -> None:
        if not (self.venue.isascii() and self.venue.isalnum() and self.venue == self.venue.lower()):
            raise ValueError(f"venue {self.venue!r} needs a name of lower-case letters and digits")
        if len(self.venue) > NAME_LENGTH_MAX:
            raise ValueError(f"venue {self.venue} has {len(self.venue)} letters, at most {NAME_LENGTH_MAX}")
        places = (self.feed.host, self.orders.host, self.feed.group, self.feed.gap_host)
        for host, may_be_empty in zip(places, (False, False, True, True), strict=True):
            if (host or not may_be_empty) and not _is_address(host):
                raise ValueError(f"host {host!r} is no IPv4 address")
        self._check_owner()
        self._check_pairs()

    def _check_owner(self) -> None:
        if not 0 < len(self.orders.user) <= USER_LENGTH_MAX:
            raise ValueError(f"user {self.orders.user!r} does not have 1 to {USER_LENGTH_MAX} letters")
        for field, value in msgspec.structs.asdict(self.owner).items():
            if not 1 <= value <= 2**53:
                raise ValueError(f"{field} {value} is not between 1 and {2**53}")

    def _check_pairs(self) -> None:
        if not 1 <= len(self.pairs) <= PAIRS_MAX:
            raise ValueError(f"{len(self.pairs)} pairs are not between 1 and {PAIRS_MAX}")
        names = [each.name for each in self.pairs]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"pair {twice} is there twice")


def read_hot_settings(path: Path) -> HotSettings:
    """Raises HotRefused."""
    return decode_hot_settings(_read(path), str(path))


def decode_hot_settings(content: bytes, where: str) -> HotSettings:
    """Raises HotRefused."""
    try:
        return msgspec.json.decode(content, type=HotSettings, strict=True)
    except msgspec.DecodeError as error:
        raise HotRefused(f"The hot file {where} cannot be used: {error}.") from error


def read_raw_settings(path: Path) -> dict[str, Any]:
    """As it is written. Raises HotRefused."""
    try:
        return msgspec.json.decode(_read(path), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise HotRefused(f"The hot file {path} cannot be read: {error}.") from error


def find_password(settings: HotSettings) -> str:
    """Raises HotRefused where there is none, or it is another user's."""
    try:
        found = find_credentials(_Secret(name=settings.venue, secret_file=settings.orders.secret_file))
    except CredentialsRefused as error:
        raise HotRefused(str(error)) from error
    if found is None:
        raise HotRefused(f"Venue {settings.venue} needs a password: name a secret_file, or set its environment.")
    if found.key != settings.orders.user:
        wanted = settings.orders.user
        raise HotRefused(f"The secret of venue {settings.venue} is of user {found.key!r}, not {wanted!r}.")
    if len(found.secret) > PASSWORD_LENGTH_MAX:
        raise HotRefused(f"The password has {len(found.secret)} letters, at most {PASSWORD_LENGTH_MAX}.")
    return found.secret


class _Secret(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    secret_file: str


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HotRefused(f"The hot file {path} cannot be read: {error.strerror}.") from error
    if len(content) > FILE_BYTES_MAX:
        raise HotRefused(f"The hot file {path} has {len(content)} bytes, at most {FILE_BYTES_MAX}.")
    return content


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _within(pair: str, name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"pair {pair}: {name} {value:g} is not between {least:g} and {most:g}")
