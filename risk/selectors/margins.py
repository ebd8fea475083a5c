"""What an account holds, what it is worth, and the margin last published of it."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from accounts import selectors as accounts
from common.decimals import plain_text
from risk.domain.margin import AccountRisk, Holding
from risk.domain.margin import account_risk as compute_risk
from risk.models import AccountMargin
from risk.selectors.marks import MarkSet, read_marks, terms_of
from settlement import selectors as settlement
from wire.facts import PositionView
from wire.instruments import COINS


class MarginView(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the newest ``margin.changed`` fact of an account."""

    account_id: int
    equity: str
    initial_margin: str
    maintenance_margin: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class AccountBook:
    """Open positions, and balances by asset with what is pending."""

    account_id: int
    firm_id: int
    positions: Sequence[PositionView]
    balances: Mapping[str, Decimal]

    @property
    def coins(self) -> set[str]:
        return {asset for asset, amount in self.balances.items() if asset in COINS and amount}

    def sha256(self) -> str:
        """Of what is held, not of what it is worth: it changes with a trade, a deposit or a settlement only."""
        lines = sorted(f"{one.instrument_name} {one.quantity} {one.average_price}" for one in self.positions)
        lines += sorted(f"{asset} {plain_text(amount)}" for asset, amount in self.balances.items() if amount)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def holdings(self, marks: MarkSet) -> list[Holding]:
        return [
            Holding(
                terms=terms_of(one.instrument_name),
                quantity=float(one.quantity),
                entry_price=float(one.average_price),
                mark=marks.marks[one.instrument_name],
            )
            for one in self.positions
        ]

    def risk(self, marks: MarkSet) -> AccountRisk:
        amounts = {asset: float(amount) for asset, amount in self.balances.items()}
        return compute_risk(
            self.holdings(marks), amounts, marks.indices, is_stale=bool(marks.stale & self.coins)
        )


def account_books(account_ids: Sequence[int] | None = None) -> list[AccountBook]:
    """Books of these accounts, or of all, in two queries beside the accounts' own."""
    found = accounts.list_accounts()
    wanted = [one for one in found if account_ids is None or one.pk in set(account_ids)]
    ids = [one.pk for one in wanted]
    positions: dict[int, list[PositionView]] = {account_id: [] for account_id in ids}
    for position in settlement.list_positions(ids):
        positions[position.account_id].append(position)
    balances: dict[int, dict[str, Decimal]] = {account_id: {} for account_id in ids}
    for balance in settlement.list_balances(ids):
        balances[balance.account_id][balance.asset] = Decimal(balance.posted) + Decimal(balance.pending)
    return [
        AccountBook(account_id=one.pk, firm_id=one.firm_id, positions=positions[one.pk], balances=balances[one.pk])
        for one in wanted
    ]


def marks_for(books: Sequence[AccountBook], names: Sequence[str] = (), coins: Sequence[str] = ()) -> MarkSet:
    """Marks of everything that the books hold, and of ``names``."""
    held = {one.instrument_name for book in books for one in book.positions}
    owned = {coin for book in books for coin in book.coins}
    return read_marks(held | set(names), owned | set(coins))


def account_risk(account_id: int) -> tuple[AccountRisk, MarkSet]:
    """The account as it stands now. Raises MarksUnavailable."""
    books = account_books([account_id])
    marks = marks_for(books)
    return books[0].risk(marks), marks


def latest_margins(firm_id: int) -> list[MarginView]:
    """What the newest margin fact of each account of the firm said."""
    rows = AccountMargin.objects.filter(account__firm_id=firm_id).order_by("account_id")
    return [
        MarginView(
            account_id=row.account_id,
            equity=str(row.equity),
            initial_margin=str(row.initial_margin),
            maintenance_margin=str(row.maintenance_margin),
        )
        for row in rows
    ]


def snapshot(firm_id: int, role: str) -> dict[str, list[object]]:
    """The firm's part of a client snapshot."""
    return {"margins": list(latest_margins(firm_id))}
