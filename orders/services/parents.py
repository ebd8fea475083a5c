"""Parent orders as people steer them: row, audit record, fact and gateway command in one transaction.

Every function is idempotent by (user, command_id), and raises NotAllowed for roles that do not trade, NotFound for
parent orders of other firms, Conflict where the state does not allow it, and Refusal by name otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from accounts import selectors as accounts
from common import clock, db
from common.actor import Actor
from common.errors import Conflict, NotAllowed
from market import selectors as market
from orders import parent_publishers as publishers
from orders.domain import parents as rules
from orders.domain.brackets import check_same_kind
from orders.domain.multileg import check_same_legs
from orders.models import ParentOrder
from orders.parent_selectors import not_found, takes_two
from orders.services import commands, multilegs
from orders.services.placing import check_may_trade
from orders.services.venue_links import check_offered
from streams import services as streams
from wire import client_parents as messages
from wire.algos import CANCELED_BY_A_PERSON, AlgoLimits, AlgoName, AlgoParameters, ParentState, strategy_id_of
from wire.gateway_algos import AlgoAction, AlgoTerms, SteerAlgo
from wire.limits import COMMAND_VALID_MS
from wire.units import NANOSECONDS_PER_MS, Side

if TYPE_CHECKING:
    from accounts.models import User
    from market.models import Instrument
    from orders.domain.multileg import OrderedStructure
    from wire.client_types import Command

STEER_PREFIX = "steer-algo:"
"""Gateway command ids: an answer that only names the command finds its parent order by it."""


def stage_parent(*, user: User, actor: Actor, message: messages.StageParent, at: dt.datetime) -> ParentOrder:
    """Write it down. Nothing is sent."""
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return _get(taken.entity_id)
        account = accounts.get_account_for(user, message.account_id)
        instrument = market.get_instrument(message.instrument_name)
        if message.venue:
            rules.check_venue_choice(message.algo)
            check_offered(message.venue, instrument.name, clock.to_ns(at))
        terms, structure = _check_new(message, instrument)
        desk_id = user.desk_id or account.desk_id
        parent = ParentOrder.objects.create(
            command_id=message.command_id,
            user=user,
            desk_id=desk_id,
            firm_id=account.firm_id,
            account=account,
            instrument=instrument,
            side=message.side.value,
            quantity_lots=terms.quantity_lots,
            algo=message.algo.value,
            venue=message.venue,
            parameters=msgspec.to_builtins(message.parameters),
            limits=msgspec.to_builtins(message.limits),
            structure=structure and msgspec.to_builtins(structure),
            state=ParentState.STAGED.value,
            needs_approval=takes_two(desk_id),
            created_at=at,
            updated_at=at,
        )
        commands.answer(taken, entity="parent", entity_id=parent.pk)
        publishers.record_parent(parent, "staged", actor, at, command_id=message.command_id)
        publishers.publish_parent(parent)
        return parent


def approve_parent(*, user: User, actor: Actor, message: messages.ApproveParent, at: dt.datetime) -> ParentOrder:
    """Another person of the firm lets it be started. Refuses ``same_person``."""

    def approve(parent: ParentOrder) -> None:
        if parent.state != ParentState.STAGED or not parent.needs_approval:
            raise Conflict("approval_not_due", f"parent order {parent.pk} waits for nobody", value=parent.state)
        if parent.user_id == user.pk:
            raise NotAllowed("same_person", "a parent order takes two people", value=user.pk, bound="another person")
        parent.state, parent.approved_by_id, parent.approved_at = ParentState.APPROVED.value, user.pk, at

    return _change(
        user, actor, message, message.parent_order_id, "approved", approve, at, reason=message.reason.strip()
    )


def start_parent(*, user: User, actor: Actor, message: messages.StartParent, at: dt.datetime) -> ParentOrder:
    """Let the algorithm work. It is working once the gateway says so."""

    def start(parent: ParentOrder) -> None:
        rules.check_start(parent.pk, ParentState(parent.state), needs_approval=parent.needs_approval)
        if parent.requested:
            raise Conflict("already_requested", "the gateway was asked already", value=parent.requested)
        multilegs.check_start(parent, at)
        if parent.venue:
            check_offered(parent.venue, parent.instrument.name, clock.to_ns(at))
        multilegs.send_caps(parent, terms_of(parent))
        _steer(parent, AlgoAction.WORK, at)

    return _change(user, actor, message, message.parent_order_id, "start_requested", start, at)


def pause_parent(*, user: User, actor: Actor, message: messages.PauseParent, at: dt.datetime) -> ParentOrder:
    """Its children are canceled, and none is sent until it is resumed."""
    return _steered(user, actor, message, message.parent_order_id, AlgoAction.PAUSE, at)


def resume_parent(*, user: User, actor: Actor, message: messages.ResumeParent, at: dt.datetime) -> ParentOrder:
    """Work on; a schedule has gone on meanwhile."""
    return _steered(user, actor, message, message.parent_order_id, AlgoAction.WORK, at)


def cancel_parent(*, user: User, actor: Actor, message: messages.CancelParent, at: dt.datetime) -> ParentOrder:
    """End it: at once where nothing was sent yet, otherwise once its last child is gone."""

    def cancel(parent: ParentOrder) -> None:
        if parent.state in (ParentState.STAGED, ParentState.APPROVED) and not parent.requested:
            parent.state, parent.ended_at, parent.reason = ParentState.CANCELED.value, at, CANCELED_BY_A_PERSON
            return
        if not parent.requested or parent.state not in (ParentState.STAGED, ParentState.APPROVED):
            rules.check_action(parent.pk, ParentState(parent.state), AlgoAction.CANCEL)
        _steer(parent, AlgoAction.CANCEL, at)

    return _change(user, actor, message, message.parent_order_id, "cancel_requested", cancel, at)


def change_parent(*, user: User, actor: Actor, message: messages.ChangeParent, at: dt.datetime) -> ParentOrder:
    """Other parameters or limits, in force once the gateway says so."""

    def change(parent: ParentOrder) -> None:
        if parent.ended_at is not None:
            raise Conflict("parent_not_steerable", f"parent order {parent.pk} has ended", value=parent.state)
        rules.check_change(
            parent.pk, ParentState(parent.state), requested=parent.requested, needs_approval=parent.needs_approval
        )
        terms = _take_over(parent, message)
        if parent.state in (ParentState.STAGED, ParentState.APPROVED):
            if parent.state == ParentState.APPROVED:
                parent.state, parent.approved_by, parent.approved_at = ParentState.STAGED.value, None, None
            return
        if terms.multileg is not None:
            multilegs.send_caps(parent, terms)
        standing = AlgoAction.PAUSE if parent.state == ParentState.PAUSED else AlgoAction.WORK
        _steer(parent, AlgoAction(parent.requested or standing), at, asks=False)

    return _change(user, actor, message, message.parent_order_id, "changed", change, at)


def _check_new(message: messages.StageParent, instrument: Instrument) -> tuple[AlgoTerms, OrderedStructure | None]:
    """Raises Refusal."""
    if message.algo is AlgoName.MULTILEG:
        return multilegs.check_new(message, instrument)
    quantity, parameters, limits = Decimal(message.quantity), message.parameters, message.limits
    return rules.check_terms(message.algo, message.side, quantity, parameters, limits, instrument.terms), None


def _take_over(parent: ParentOrder, message: messages.ChangeParent) -> AlgoTerms:
    """Raises Refusal for what does not change while it works, or makes no sense together."""
    if message.parameters is not None:
        before = msgspec.convert(parent.parameters, AlgoParameters)
        check_same_kind(before.bracket, message.parameters.bracket)
        check_same_legs(before.multileg, message.parameters.multileg)
        parent.parameters = msgspec.to_builtins(message.parameters)
    if message.limits is not None:
        parent.limits = msgspec.to_builtins(message.limits)
    if message.quantity is not None:
        multilegs.change_quantity(parent, message.quantity)
    return terms_of(parent)


def terms_of(parent: ParentOrder) -> AlgoTerms:
    """What the algorithm is to work by. Raises Refusal for parameters that make no sense together."""
    if parent.algo == AlgoName.MULTILEG:
        return multilegs.terms_of(parent)
    return rules.check_terms(
        AlgoName(parent.algo),
        Side(parent.side),
        parent.quantity_lots * parent.instrument.lot_size,
        msgspec.convert(parent.parameters, AlgoParameters),
        msgspec.convert(parent.limits, AlgoLimits),
        parent.instrument.terms,
    )


def lock_parent(parent_id: int, firm_id: int | None = None) -> ParentOrder:
    """Raises NotFound where the firm has none of that id."""
    parents = ParentOrder.objects.select_related("instrument").select_for_update(of=("self",), no_key=True)
    parent = parents.filter(id=parent_id).first()
    if parent is None or (firm_id is not None and parent.firm_id != firm_id):
        raise not_found(parent_id)
    return parent


def _steered(
    user: User, actor: Actor, message: Command, parent_id: int, action: AlgoAction, at: dt.datetime
) -> ParentOrder:
    def steer(parent: ParentOrder) -> None:
        rules.check_action(parent.pk, ParentState(parent.state), action)
        _steer(parent, action, at)

    return _change(user, actor, message, parent_id, f"{action.value}_requested", steer, at)


def _steer(parent: ParentOrder, action: AlgoAction, at: dt.datetime, *, asks: bool = True) -> None:
    parent.steered += 1
    if asks:
        parent.requested = action.value
    streams.send_to_gateway(
        SteerAlgo(
            command_id=f"{STEER_PREFIX}{parent.pk}:{parent.steered}",
            valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
            parent_order_id=parent.pk,
            action=action,
            account_id=parent.account_id,
            user_id=parent.user_id,
            desk_id=parent.desk_id,
            firm_id=parent.firm_id,
            instrument_id=parent.instrument_id,
            strategy_id=strategy_id_of(AlgoName(parent.algo)),
            terms=terms_of(parent),
            venue=parent.venue,
        )
    )


def _change(
    user: User,
    actor: Actor,
    message: Command,
    parent_id: int,
    action: str,
    change: Callable[[ParentOrder], None],
    at: dt.datetime,
    *,
    reason: str = "",
) -> ParentOrder:
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return _get(taken.entity_id)
        parent = lock_parent(parent_id, user.firm_id)
        before = publishers.standing(parent)
        change(parent)
        parent.updated_at = max(at, parent.updated_at)
        parent.save()
        commands.answer(taken, entity="parent", entity_id=parent.pk)
        publishers.record_parent(parent, action, actor, at, before=before, command_id=message.command_id, reason=reason)
        publishers.publish_parent(parent)
        return parent


def _get(parent_id: int) -> ParentOrder:
    return ParentOrder.objects.select_related("instrument").get(id=parent_id)
