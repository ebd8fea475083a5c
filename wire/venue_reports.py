"""One language for what venues say of our orders, whatever they speak. Prices in quote currency, quantities in our
contracts, both exact decimals: a venue may count in finer steps than we do.
"""

import enum
import re
import zlib
from decimal import Decimal

import msgspec

from wire.pairs import StrategyReport
from wire.units import Liquidity, OrderState, Side
from wire.venue_rfqs import VenueRfqReport

OWN_BOOK = "parley"
"""What our own book is called among the venues."""
VENUE_NAME_LENGTH_MAX = 20
REPORT_BYTES_MAX = 4_096
_CLIENT_ORDER_ID = re.compile(r"route-([1-9][0-9]{0,17})-[0-9a-f]{6}")


class ReportKind(enum.StrEnum):
    NEW = "new"
    TRADE = "trade"
    CANCELED = "canceled"
    REPLACED = "replaced"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """Sent, and nobody has said yet what became of it."""
    BUST = "bust"
    """An execution is taken back: a new fact about it."""
    ADOPTED = "adopted"
    """An order at the venue that we did not send."""
    CANCEL_REJECTED = "cancel_rejected"
    AMEND_REJECTED = "amend_rejected"
    """The order stays what it was, for ``reason``."""
    POSITION = "position"
    """``held`` at the venue beside ``expected`` by our executions: a break where they differ, its end where they
    agree.
    """
    RFQ = "rfq"
    """How a block RFQ of ours stands: ``block_rfq``."""
    STRATEGY = "strategy"
    """A fact of the hot path: ``strategy``. It changes no route."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """``execution_id``: the venue's. ``fee`` negative: a rebate. ``is_busted``: the venue took it back."""

    execution_id: str
    venue_order_id: str
    client_order_id: str
    name: str
    side: Side
    price: Decimal
    quantity: Decimal
    liquidity: Liquidity
    fee: Decimal
    fee_currency: str
    at_ns: int
    is_busted: bool = False


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True):
    """``number``: gapless, of this venue's log; a reader that has taken up to n asks for n + 1.

    quantity = cumulative + leaves + canceled, after every report. ``execution``: of trade and bust. ``sent_at_ns``:
    when the order left, where we sent it.
    """

    number: int
    venue: str
    kind: ReportKind
    client_order_id: str
    venue_order_id: str
    name: str
    side: Side
    state: OrderState
    quantity: Decimal
    price: Decimal | None
    cumulative: Decimal
    leaves: Decimal
    canceled: Decimal
    received_at_ns: int
    execution: Execution | None = None
    reason: str = ""
    sent_at_ns: int = 0
    expected: Decimal | None = None
    held: Decimal | None = None
    block_rfq: VenueRfqReport | None = None
    strategy: StrategyReport | None = None


def client_order_id(route_id: int, token: str) -> str:
    """What a route is called at its venue; ``token``: six hexadecimal digits of chance, so that no id comes twice."""
    return f"route-{route_id}-{token}"


def find_route_id(name: str) -> int:
    """The route of a client order id; 0 where it is none of ours."""
    match = _CLIENT_ORDER_ID.fullmatch(name)
    return int(match[1]) if match else 0


def venue_id(name: str) -> int:
    """Number of a venue among the scopes of the controls: 1 is our own book, others follow from their names."""
    return 1 if name == OWN_BOOK else 2 + zlib.crc32(name.encode())
