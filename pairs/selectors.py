"""Reads of the pairs, each for one firm; the house sees every one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db.models import QuerySet

from accounts import roles
from common import clock, valkey
from common.errors import NotFound
from pairs.models import Pair, PairFill, PairOrder, PairPosition, PairsCommand, PairsDesk
from wire.pair_views import (
    PairFillView,
    PairOrderView,
    PairPositionView,
    PairsCommandView,
    PairsDeskView,
    PairView,
)
from wire.pairs import PAIRS_SHOWN, PairsAction, PairsShown, PairState
from wire.units import OrderState, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models import User

ORDERS_SHOWN_MAX = 200
SNAPSHOT_ORDERS_MAX = 100


def has_desk(user: User) -> bool:
    return _desks_of(user).exists()


def list_desks(user: User) -> list[PairsDeskView]:
    return [desk_view(desk) for desk in _desks_of(user).order_by("venue")]


def find_desk(user: User, venue: str) -> PairsDesk | None:
    return _desks_of(user).filter(venue=venue).first()


def list_pairs(user: User, *, is_retired: bool = False) -> list[PairView]:
    """Those in the gateway's file, by name; ``is_retired``: those no longer in it as well."""
    rows = Pair.objects.filter(pairs_desk__in=_desks_of(user)).select_related("pairs_desk")
    rows = rows if is_retired else rows.filter(is_retired=False)
    return [pair_view(row) for row in rows.order_by("first", "second")]


def list_orders(user: User, pair_id: int, *, before: int | None = None) -> list[PairOrderView]:
    """Of one pair with their fills, the newest first; ``before``: an order id to page from. Raises NotFound."""
    pair = Pair.objects.filter(pairs_desk__in=_desks_of(user), id=pair_id).first()
    if pair is None:
        raise NotFound("unknown_pair", "there is no such pair", value=pair_id)
    rows = PairOrder.objects.filter(pair=pair).prefetch_related("fills")
    rows = rows if before is None else rows.filter(order_id__lt=before)
    return [order_view(row, list(row.fills.all())) for row in rows.order_by("-order_id")[:ORDERS_SHOWN_MAX]]


def list_positions(user: User) -> list[PairPositionView]:
    rows = PairPosition.objects.filter(pairs_desk__in=_desks_of(user)).select_related("pairs_desk")
    return [
        PairPositionView(
            venue=row.pairs_desk.venue,
            account_id=row.account_id,
            symbol=row.symbol,
            lots=row.lots,
            bought_lots=row.bought_lots,
            sold_lots=row.sold_lots,
            cash=f"{row.cash:f}",
        )
        for row in rows.order_by("pairs_desk__venue", "symbol")
    ]


def find_shown(user: User) -> PairsShown | None:
    """As the gateway sees the pairs now; None where it shows none, or they are another firm's.

    Raises valkey.Unreachable.
    """
    raw = valkey.client().get(PAIRS_SHOWN)
    shown = None if raw is None else msgspec.json.decode(raw, type=PairsShown)
    is_own = shown is not None and (roles.sees_every_firm(user) or shown.owner.firm_id == user.firm_id)
    return shown if is_own else None


def snapshot(firm_id: int, role: str) -> dict[str, list[Any]]:
    """What the facts of this app amount to for one firm."""
    desks = list(PairsDesk.objects.filter(firm_id=firm_id).order_by("venue"))
    if not desks:
        return {"pairs_desks": [], "pairs": [], "pair_orders": []}
    pairs = Pair.objects.filter(pairs_desk__in=desks).select_related("pairs_desk").order_by("id")
    ended = PairOrder.objects.filter(pairs_desk__in=desks, leaves_lots=0).prefetch_related("fills")
    orders = [order_view(row, list(row.fills.all())) for row in ended.order_by("-id")[:SNAPSHOT_ORDERS_MAX]]
    return {
        "pairs_desks": [desk_view(desk) for desk in desks],
        "pairs": [pair_view(row) for row in pairs],
        "pair_orders": orders,
    }


def desk_view(desk: PairsDesk) -> PairsDeskView:
    return PairsDeskView(
        venue=desk.venue,
        account_id=desk.account_id,
        user_id=desk.user_id,
        desk_id=desk.desk_id,
        firm_id=desk.firm_id,
        strategy_id=desk.strategy_id,
        session=desk.session,
        is_session_open=desk.is_session_open,
        session_reason=desk.session_reason,
        is_entering=desk.is_entering,
        report_number=desk.report_number,
        updated_at_ns=clock.to_ns(desk.updated_at),
    )


def pair_view(row: Pair) -> PairView:
    terms = row.terms
    return PairView(
        pair_id=row.pk,
        venue=row.pairs_desk.venue,
        number=row.number,
        first=row.first,
        second=row.second,
        first_lots=terms["first_lots"],
        second_lots=terms["second_lots"],
        hedge=terms["hedge"],
        entry=terms["entry"],
        exit=terms["exit"],
        stop=terms["stop"],
        is_retired=row.is_retired,
        state=PairState(row.state),
        held_first=row.held_first,
        held_second=row.held_second,
        cash=f"{row.cash:f}",
        zscore=row.zscore,
        reason=row.reason,
        decided_at_ns=clock.to_ns(row.decided_at) if row.decided_at else 0,
        updated_at_ns=clock.to_ns(row.updated_at),
    )


def order_view(row: PairOrder, fills: Sequence[PairFill]) -> PairOrderView:
    return PairOrderView(
        order_id=row.order_id,
        pair_id=row.pair_id,
        account_id=row.account_id,
        symbol=row.symbol,
        side=Side(row.side),
        lots=row.lots,
        price=f"{row.price:f}",
        zscore=row.zscore,
        feed_sequence=row.feed_sequence,
        before=PairState(row.before),
        after=PairState(row.after),
        is_adopted=row.is_adopted,
        venue_order_id=row.venue_order_id,
        filled_lots=row.filled_lots,
        leaves_lots=row.leaves_lots,
        state=OrderState(row.state),
        reason=row.reason,
        decided_at_ns=clock.to_ns(row.decided_at),
        updated_at_ns=clock.to_ns(row.updated_at),
        fills=[
            PairFillView(
                match_number=fill.match_number,
                lots=fill.lots,
                price=f"{fill.price:f}",
                liquidity=fill.liquidity,
                is_bust=fill.is_bust,
                at_ns=clock.to_ns(fill.at),
            )
            for fill in fills
        ],
    )


def command_view(row: PairsCommand) -> PairsCommandView:
    return PairsCommandView(
        command_id=row.command_id,
        venue=row.pairs_desk.venue,
        action=PairsAction(row.action),
        first=row.first,
        second=row.second,
        user_id=row.user_id,
        state=row.state,
        reason=row.reason,
    )


def _desks_of(user: User) -> QuerySet[PairsDesk]:
    desks = PairsDesk.objects.all()
    return desks if roles.sees_every_firm(user) else desks.filter(firm_id=user.firm_id or 0)
