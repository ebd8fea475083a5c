"""Reads of parent orders. What belongs to another firm does not exist for the asker."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from django.db.models import Count

from accounts import roles
from common import clock
from common.decimals import plain_text
from common.errors import NotFound
from common.proposals import ProposalState
from orders.domain.price_texts import cost_text, price_text
from orders.models import Order, ParentOrder, ParentPolicy, ParentPolicyProposal
from orders.multileg_selectors import multileg_view
from orders.parent_models import ParentQuerySet
from wire.algos import AlgoLimits, AlgoName, AlgoParameters, ParentState
from wire.brackets import BracketStanding
from wire.parent_views import BracketView, ParentPolicyView, ParentView
from wire.units import Side

if TYPE_CHECKING:
    from accounts.models import User

ROWS_MAX = 200
POLICIES_MAX = 1_000
ENDED_IN_SNAPSHOT = 50
OPEN_IN_SNAPSHOT_MAX = 500


def not_found(parent_id: int) -> NotFound:
    return NotFound("unknown_parent", f"you have no parent order {parent_id}", value=parent_id)


def visible_parents(user: User) -> ParentQuerySet:
    """Parent orders of the user's firm; of all firms for compliance and admin."""
    parents = ParentOrder.objects.select_related("instrument")
    if roles.sees_every_firm(user):
        return parents
    if user.firm_id is None or not roles.may_trade(user):
        return parents.none()
    return parents.filter(firm_id=user.firm_id)


def list_parents(user: User, *, only_open: bool = False, before: int | None = None) -> list[ParentView]:
    """Newest first."""
    parents = visible_parents(user)
    if only_open:
        parents = parents.open()
    if before is not None:
        parents = parents.filter(id__lt=before)
    return [parent_view(parent) for parent in parents.order_by("-id")[:ROWS_MAX]]


def get_view(user: User, parent_id: int) -> ParentView:
    """Raises NotFound."""
    parent = visible_parents(user).filter(id=parent_id).first()
    if parent is None:
        raise not_found(parent_id)
    return parent_view(parent)


def takes_two(desk_id: int) -> bool:
    """Whether the desk demands another person's word."""
    return ParentPolicy.objects.filter(desk_id=desk_id, takes_two=True).exists()


def list_policies(firm_id: int | None = None) -> list[ParentPolicyView]:
    """Of the firm's desks (None: of all firms) for which the house ever said anything, in the order of their id."""
    policies = ParentPolicy.objects.order_by("desk_id")
    if firm_id is not None:
        policies = policies.filter(desk__firm_id=firm_id)
    waiting = {row.desk_id: row.takes_two for row in list_waiting_policies()}
    return [
        ParentPolicyView(desk_id=row.desk_id, takes_two=row.takes_two, proposed=waiting.get(row.desk_id))
        for row in policies[:POLICIES_MAX]
    ]


def policy_view(desk_id: int) -> ParentPolicyView:
    """Of a desk without a row: it demands nothing."""
    waiting = ParentPolicyProposal.objects.filter(desk_id=desk_id, state=ProposalState.WAITING).first()
    return ParentPolicyView(
        desk_id=desk_id, takes_two=takes_two(desk_id), proposed=None if waiting is None else waiting.takes_two
    )


def count_at_work() -> dict[str, tuple[int, int]]:
    """Algorithm -> (parent orders that have not ended, children that work)."""
    parents = dict(ParentOrder.objects.open().values_list("algo").annotate(Count("id")))
    children = dict(
        Order.objects.working().filter(parent__isnull=False).values_list("parent__algo").annotate(Count("id"))
    )
    return {algo: (parents.get(algo, 0), children.get(algo, 0)) for algo in parents.keys() | children.keys()}


def list_waiting_policies() -> list[ParentPolicyProposal]:
    """Changes that wait for a second person, at most one a desk, oldest first."""
    return list(ParentPolicyProposal.objects.filter(state=ProposalState.WAITING).order_by("id")[:POLICIES_MAX])


def snapshot(firm_id: int) -> list[ParentView]:
    """Open ones, and the latest that ended."""
    parents = ParentOrder.objects.select_related("instrument").filter(firm_id=firm_id).order_by("-id")
    ended = parents.filter(ended_at__isnull=False)[:ENDED_IN_SNAPSHOT]
    return [parent_view(parent) for parent in [*parents.open()[:OPEN_IN_SNAPSHOT_MAX], *ended]]


def parent_view(parent: ParentOrder) -> ParentView:
    (lot, tick), told = parent.steps, parent.progress
    multileg = multileg_view(parent)
    side, average = Side(parent.side), None if multileg else parent.average_price(tick)
    arrival, mark, mid = (
        _half_ticks(told.get(name, 0), tick)
        for name in ("arrival_mid_half_ticks", "arrival_mark_half_ticks", "mid_half_ticks")
    )
    market_lots = told.get("market_lots", 0)
    market = Decimal(told["market_tick_lots"]) / market_lots * tick if market_lots else None
    return ParentView(
        parent_order_id=parent.pk,
        account_id=parent.account_id,
        user_id=parent.user_id,
        instrument_name=parent.instrument.name,
        side=side,
        quantity=plain_text(parent.quantity_lots * lot),
        algo=AlgoName(parent.algo),
        venue=parent.venue,
        parameters=msgspec.convert(parent.parameters, AlgoParameters),
        limits=msgspec.convert(parent.limits, AlgoLimits),
        state=ParentState(parent.state),
        requested=parent.requested,
        reason=parent.reason,
        needs_approval=parent.needs_approval,
        approved_by_user_id=parent.approved_by_id,
        filled_quantity=plain_text(parent.cumulative_lots * lot),
        working_quantity=plain_text(told.get("working_lots", 0) * lot),
        scheduled_quantity=plain_text(told.get("scheduled_lots", 0) * lot),
        average_price=multileg.net_price if multileg else price_text(average),
        arrival_mid=price_text(arrival),
        arrival_mark=price_text(mark),
        mid=price_text(mid),
        market_price=price_text(market),
        market_quantity=plain_text(market_lots * lot),
        children=told.get("children", 0),
        rejected=told.get("rejected", 0),
        cost_arrival_basis_points=cost_text(side, average, arrival),
        cost_market_basis_points=cost_text(side, average, market),
        cost_mid_basis_points=cost_text(side, average, mid),
        created_at_ns=clock.to_ns(parent.created_at),
        started_at_ns=clock.to_ns(parent.started_at) if parent.started_at else 0,
        ended_at_ns=clock.to_ns(parent.ended_at) if parent.ended_at else 0,
        updated_at_ns=clock.to_ns(parent.updated_at),
        plan=[(elapsed_ns, plain_text(lots * lot)) for elapsed_ns, lots in parent.plan],
        bracket=_bracket(told.get("bracket"), lot, tick),
        multileg=multileg,
    )


def _bracket(told: dict[str, object] | None, lot: Decimal, tick: Decimal) -> BracketView | None:
    if told is None:
        return None
    at = msgspec.convert(told, BracketStanding)
    average = Decimal(at.closed_tick_lots) / at.closed_lots * tick if at.closed_lots else None
    return BracketView(
        stage=at.stage,
        opened_quantity=plain_text(at.opened_lots * lot),
        closed_quantity=plain_text(at.closed_lots * lot),
        released_quantity=plain_text(at.released_lots * lot),
        open_quantity=plain_text((at.opened_lots - at.closed_lots - at.released_lots) * lot),
        exit_working_quantity=plain_text(at.exit_working_lots * lot),
        average_exit_price=price_text(average),
        problem=at.problem,
    )


def _half_ticks(count: int, tick: Decimal) -> Decimal | None:
    return count * tick / 2 if count else None
