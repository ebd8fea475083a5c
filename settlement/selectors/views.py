"""Reads of positions, balances, fills and the ledger."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import msgspec
from django.db.models import Count, DecimalField, F, Q, QuerySet, Sum

from common import clock
from common.decimals import plain_text
from settlement.models import Fill, LedgerAccount, NettingCycle, Position, Transfer, TransferKind
from wire.facts import BalanceView, FillView, PositionView
from wire.units import Side, from_smallest_units

FILLS_IN_SNAPSHOT = 200
FLAT_POSITIONS_IN_SNAPSHOT = 500
ROWS_MAX = 500
_EXACT: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=76, decimal_places=24)


class TransferView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an account's statement. amount: positive where the account receives. kind: see the ledger."""

    transfer_id: int
    account_id: int
    kind: str
    code: str
    asset: str
    amount: str
    at_ns: int
    execution_id: int | None = None
    cycle_id: int | None = None
    pending_transfer_id: int | None = None


class NetObligationView(msgspec.Struct, frozen=True, kw_only=True):
    owner: str
    asset: str
    amount: str


class NettingCycleView(msgspec.Struct, frozen=True, kw_only=True):
    """obligations: positive receives, negative pays; over all owners of an asset the sum is zero."""

    cycle_id: int
    at_ns: int
    transfer_count: int
    obligations: list[NetObligationView]


def list_positions(account_ids: Iterable[int], *, include_flat: bool = False) -> list[PositionView]:
    """Open positions, and with ``include_flat`` also the latest of those that were closed."""
    rows = Position.objects.filter(account_id__in=list(account_ids)).select_related("instrument")
    found = list(rows.exclude(quantity=0).order_by("account_id", "instrument__name"))
    if include_flat:
        found += rows.filter(quantity=0).order_by("-updated_at", "-id")[:FLAT_POSITIONS_IN_SNAPSHOT]
    return [position_view(row) for row in found]


def list_balances(account_ids: Iterable[int]) -> list[BalanceView]:
    """Balances of the accounts, one per asset that they ever had."""
    rows = LedgerAccount.objects.filter(account_id__in=list(account_ids))
    return [balance_view(row) for row in rows.order_by("account_id", "asset")]


def list_fills(
    *,
    firm_id: int | None = None,
    order_id: int | None = None,
    rfq_id: int | None = None,
    before: int | None = None,
    limit: int = FILLS_IN_SNAPSHOT,
) -> list[FillView]:
    """Fills of a firm (None: of all firms), newest first, before execution id ``before``.

    Both sides of an execution come in one page, so a page may hold one fill more than ``limit``.
    """
    rows = Fill.objects.select_related("instrument")
    if firm_id is not None:
        rows = rows.filter(firm_id=firm_id)
    if order_id is not None:
        rows = rows.filter(order_id=order_id)
    if rfq_id is not None:
        rows = rows.filter(rfq_id=rfq_id)
    if before is not None:
        rows = rows.filter(execution_id__lt=before)
    size = min(limit, ROWS_MAX)
    page = list(rows.order_by("-execution_id", "-id")[: size + 1])
    if len(page) > size and page[size].execution_id != page[size - 1].execution_id:
        page.pop()
    return [fill_view(row) for row in page]


def list_executions(
    account_ids: Iterable[int],
    *,
    execution_id: int | None = None,
    after: dt.datetime | None = None,
    before: dt.datetime | None = None,
    limit: int = ROWS_MAX,
) -> list[FillView]:
    """Fills of the accounts, oldest first, in [after, before), at most ``limit``."""
    rows = Fill.objects.select_related("instrument").filter(account_id__in=list(account_ids))
    if execution_id is not None:
        rows = rows.filter(execution_id=execution_id)
    if after is not None:
        rows = rows.filter(at__gte=after)
    if before is not None:
        rows = rows.filter(at__lt=before)
    return [fill_view(row) for row in rows.order_by("execution_id", "id")[:limit]]


def find_reversed(fill: FillView) -> int | None:
    """The execution that ``fill`` takes back: the same of the same account, on the other side and before it."""
    rows = Fill.objects.filter(
        account_id=fill.account_id,
        instrument__name=fill.instrument_name,
        rfq_id=fill.rfq_id,
        side=fill.side.opposite.value,
        price=fill.price,
        quantity=fill.quantity,
        execution_id__lt=fill.execution_id,
    )
    return rows.order_by("-execution_id").values_list("execution_id", flat=True).first()


def list_fills_of_orders(order_ids: Iterable[int]) -> list[FillView]:
    """Fills of these orders, oldest first; the newest ``ROWS_MAX`` of them."""
    rows = Fill.objects.select_related("instrument").filter(order_id__in=list(order_ids))
    return [fill_view(row) for row in reversed(rows.order_by("-execution_id")[:ROWS_MAX])]


def list_fills_of_executions(account_id: int, execution_ids: Iterable[int]) -> list[FillView]:
    """The account's side of these executions, oldest first; the newest ``ROWS_MAX`` of them."""
    rows = Fill.objects.select_related("instrument").filter(account_id=account_id, execution_id__in=list(execution_ids))
    return [fill_view(row) for row in reversed(rows.order_by("-execution_id", "-id")[:ROWS_MAX])]


def market_traded(
    instrument_id: int, *, since: dt.datetime, until: dt.datetime | None, without_account_id: int
) -> tuple[Decimal, Decimal | None]:
    """(quantity, average price) of what others traded in our own book in [since, until]; no price where nothing was."""
    mine = Q(account_id=without_account_id) | Q(counterparty_account_id=without_account_id)
    rows = book_trades(instrument_id).exclude(mine).filter(at__gte=since)
    if until is not None:
        rows = rows.filter(at__lte=until)
    sums = rows.aggregate(traded=Sum("quantity"), value=Sum(F("price") * F("quantity"), output_field=_EXACT))
    if not sums["traded"]:
        return Decimal(0), None
    return sums["traded"], sums["value"] / sums["traded"]


def book_trades(instrument_id: int) -> QuerySet[Fill]:
    """Trades in our own book, one row each: the taker's side, or the only side where the paper venue was the other."""
    return _book_fills().filter(instrument_id=instrument_id)


def _book_fills() -> QuerySet[Fill]:
    rows = Fill.objects.filter(venue="", order_id__isnull=False, rfq_id__isnull=True)
    return rows.filter(Q(liquidity="taker") | Q(counterparty_account_id=0))


def traded_often(*, since: dt.datetime, until: dt.datetime, trades_min: int) -> list[int]:
    """Ids of the instruments that traded so often in our own book in [since, until), most traded first."""
    rows = _book_fills().filter(at__gte=since, at__lt=until).values("instrument_id").annotate(trades=Count("id"))
    often = rows.filter(trades__gte=trades_min).order_by("-trades", "instrument_id")
    return list(often.values_list("instrument_id", flat=True))


def list_transfers(
    account_ids: Iterable[int], *, before: int | None = None, limit: int = ROWS_MAX
) -> list[TransferView]:
    """Transfers that touch the accounts, newest first, before transfer id ``before``."""
    ids = list(account_ids)
    rows = Transfer.objects.filter(Q(debit__account_id__in=ids) | Q(credit__account_id__in=ids))
    if before is not None:
        rows = rows.filter(id__lt=before)
    rows = rows.select_related("debit", "credit").order_by("-id")[: min(limit, ROWS_MAX)]
    return [view for row in rows for view in _transfer_views(row, set(ids))]


def list_execution_transfers(execution_ids: Iterable[int], account_ids: Iterable[int]) -> list[TransferView]:
    """What executions moved for the accounts, oldest first. ``kind``: posted where a cycle (``cycle_id``) settled it,
    void where it was taken back before that, else as it was made.
    """
    ids = set(account_ids)
    rows = Transfer.objects.filter(execution_id__in=list(execution_ids), pending__isnull=True)
    rows = rows.filter(Q(debit__account_id__in=ids) | Q(credit__account_id__in=ids))
    found = []
    for row in rows.select_related("debit", "credit", "resolution").order_by("id")[:ROWS_MAX]:
        resolution = getattr(row, "resolution", None)
        cycle_id = resolution.cycle_id if resolution is not None else row.cycle_id
        kind = row.kind if resolution is None else resolution.kind if cycle_id is None else TransferKind.POSTED.value
        found += [msgspec.structs.replace(view, cycle_id=cycle_id, kind=kind) for view in _transfer_views(row, ids)]
    return found


def list_cycles(*, before: int | None = None, limit: int = 50) -> list[NettingCycleView]:
    """Netting cycles, newest first. For compliance: it names every owner."""
    rows: QuerySet[NettingCycle] = NettingCycle.objects.all()
    if before is not None:
        rows = rows.filter(id__lt=before)
    rows = rows.prefetch_related("obligations__ledger_account").order_by("-id")[: min(limit, ROWS_MAX)]
    return [cycle_view(row) for row in rows]


def snapshot(firm_id: int, role: str) -> dict[str, list[object]]:
    """The firm's part of a client snapshot."""
    positions = Position.objects.filter(account__firm_id=firm_id).select_related("instrument")
    flat = positions.filter(quantity=0).order_by("-updated_at", "-id")[:FLAT_POSITIONS_IN_SNAPSHOT]
    opened = positions.exclude(quantity=0).order_by("account_id", "instrument__name")
    balances = LedgerAccount.objects.filter(account__firm_id=firm_id).order_by("account_id", "asset")
    return {
        "positions": [position_view(row) for row in [*opened, *flat]],
        "balances": [balance_view(row) for row in balances],
    }


def position_view(row: Position) -> PositionView:
    asset = row.instrument.settlement_currency
    return PositionView(
        account_id=row.account_id or 0,
        instrument_name=row.instrument.name,
        quantity=plain_text(row.quantity),
        average_price=plain_text(row.average_price),
        realized=_text(row.realized, asset),
        settlement_currency=asset,
    )


def balance_view(row: LedgerAccount) -> BalanceView:
    return BalanceView(
        account_id=row.account_id or 0,
        asset=row.asset,
        posted=_text(row.credits_posted - row.debits_posted, row.asset),
        pending=_text(row.credits_pending - row.debits_pending, row.asset),
    )


def fill_view(row: Fill) -> FillView:
    return FillView(
        execution_id=row.execution_id,
        account_id=row.account_id,
        instrument_name=row.instrument.name,
        side=Side(row.side),
        price=plain_text(row.price),
        quantity=plain_text(row.quantity),
        liquidity=row.liquidity,
        fee=_text(row.fee, row.fee_asset),
        fee_asset=row.fee_asset,
        at_ns=clock.to_ns(row.at),
        order_id=row.order_id,
        rfq_id=row.rfq_id,
        route_id=row.route_id,
        venue=row.venue,
        desk_trade_id=row.desk_trade_id,
    )


def cycle_view(row: NettingCycle) -> NettingCycleView:
    obligations = [
        NetObligationView(owner=item.ledger_account.owner, asset=item.asset, amount=_text(item.amount, item.asset))
        for item in sorted(row.obligations.all(), key=lambda item: (item.asset, item.ledger_account.owner))
    ]
    return NettingCycleView(
        cycle_id=row.pk, at_ns=clock.to_ns(row.at), transfer_count=row.transfer_count, obligations=obligations
    )


def _transfer_views(row: Transfer, account_ids: set[int]) -> list[TransferView]:
    sides = ((row.debit.account_id, -row.amount), (row.credit.account_id, row.amount))
    return [
        TransferView(
            transfer_id=row.pk,
            account_id=account_id,
            kind=row.kind,
            code=row.code,
            asset=row.asset,
            amount=_text(amount, row.asset),
            at_ns=clock.to_ns(row.at),
            execution_id=row.execution_id,
            cycle_id=row.cycle_id,
            pending_transfer_id=row.pending_id,
        )
        for account_id, amount in sides
        if account_id in account_ids
    ]


def _text(units: int, asset: str) -> str:
    return plain_text(from_smallest_units(units, asset))
