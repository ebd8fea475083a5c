"""Multi-leg orders of FIX sessions: staged and started, changed and canceled like those of the terminal."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

from common import clock
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from fixdesk.domain import multilegs as told
from fixdesk.models import FixMultileg, FixMultilegId
from fixdesk.services.following import follow
from orders import parent_selectors as parents
from wire import fix_multileg as wire
from wire.algos import AlgoName, AlgoParameters
from wire.client_parents import CancelParent, ChangeParent, StageParent, StartParent
from wire.multileg import MultilegParameters
from wire.parent_views import ParentChanged
from wire.units import NANOSECONDS_PER_SECOND, TimeInForce

if TYPE_CHECKING:
    from fixdesk.services.asked import Asked
    from wire.facts import OrderFilled
    from wire.fix_rfq import AnyFixNews, FixEntry

DAY_ENDS_AT = dt.time(8)
"""UTC: when a DAY order expires, as the engine's do."""
NOT_STARTED = "approval_missing"
LISTED_MAX = 1_000

_decode_told = msgspec.json.Decoder(told.Told).decode
_decode_entered = msgspec.json.Decoder(wire.EnterMultileg).decode


def enter(asked: Asked) -> list[AnyFixNews]:
    """Stage it, and start it where its desk asks for no second person. Raises Refusal: then nothing was done."""
    action: wire.EnterMultileg = asked.action
    known = _find(asked, action.client_order_id)
    if known is not None:
        return _repeat(asked, action, known)
    if not asked.session.may_send_orders:
        raise NotAllowed("not_granted", "The session has no grant of orders.", value=asked.session.name)
    parameters = _in_force(action.parameters, asked.entry)
    staged = asked.perform(_stage(asked, action, parameters))
    assert staged.entity_id is not None, "a parent order was staged"
    view = parents.get_view(asked.session.user, staged.entity_id)
    if not view.needs_approval:
        start_id = asked.command_id("ABs", action.client_order_id)
        asked.perform(StartParent(command_id=start_id, parent_order_id=staged.entity_id))
    follow(asked.session.account.firm_id)
    assert view.multileg is not None, "a multi-leg order"
    first = told.Told(
        client_order_id=action.client_order_id,
        quantity=view.quantity,
        net_price=parameters.net_price,
        time_in_force=action.parameters.time_in_force,
        expires_at_ns=parameters.expires_at_ns or 0,
        step=view.multileg.step,
        legs=(told.ToldLeg(),) * len(parameters.legs),
    )
    teller = told.Teller(staged.entity_id, action, first)
    waits = (NOT_STARTED, "another person approves and starts it") if view.needs_approval else ("", "")
    teller.on_entered(asked.entry.at_ns, *waits)
    order = FixMultileg.objects.create(
        session=asked.session,
        parent_id=staged.entity_id,
        entered=msgspec.json.encode(action).decode(),
        told=_text(teller.told),
    )
    _name(order, action.client_order_id)
    return teller.news


def replace(asked: Asked) -> list[AnyFixNews]:
    """Another quantity, net price, time or way of legging; in force at the desk when it is told. Raises Refusal."""
    action: wire.ReplaceMultileg = asked.action
    if _is_done(asked, action.client_order_id):
        return []
    order = _require(asked, action)
    entered, teller = _decode_entered(order.entered), _teller(order)
    _check_replaceable(action, entered, teller.told)
    view = parents.get_view(asked.session.user, order.parent_id)
    assert view.parameters.multileg is not None, "a multi-leg order"
    parameters = _in_force(_changed(view.parameters.multileg, action), asked.entry)
    change = ChangeParent(
        command_id=asked.command_id("AC", action.client_order_id),
        parent_order_id=order.parent_id,
        parameters=AlgoParameters(multileg=parameters),
        quantity=None if action.quantity == teller.told.quantity else action.quantity,
    )
    asked.perform(change)
    view = parents.get_view(asked.session.user, order.parent_id)
    lasts = action.changes.time_in_force or teller.told.time_in_force
    changed = msgspec.structs.replace(
        teller.told,
        client_order_id=action.client_order_id,
        quantity=view.quantity,
        net_price=parameters.net_price,
        time_in_force=lasts,
        expires_at_ns=parameters.expires_at_ns or 0,
        changed_at_ns=view.updated_at_ns,
    )
    teller.on_replaced(changed, action.original or teller.told.client_order_id, view.updated_at_ns)
    return _keep(order, teller, action.client_order_id)


def cancel(asked: Asked) -> list[AnyFixNews]:
    """It is canceled once the gateway says so. Raises Refusal."""
    action: wire.CancelMultileg = asked.action
    if _is_done(asked, action.client_order_id):
        return []
    order = _require(asked, action)
    teller = _teller(order)
    _check_changeable(teller.told)
    command_id = asked.command_id("F", action.client_order_id)
    asked.perform(CancelParent(command_id=command_id, parent_order_id=order.parent_id))
    at_ns = parents.get_view(asked.session.user, order.parent_id).updated_at_ns
    teller.on_cancel_asked(action.client_order_id, action.original or teller.told.client_order_id, at_ns)
    return _keep(order, teller, action.client_order_id)


def cancel_all(asked: Asked) -> list[AnyFixNews]:
    """Whatever of it can be canceled; each tells of itself."""
    action: wire.CancelMultilegs = asked.action
    for order in _working(asked, action.side):
        teller = _teller(order)
        numbered = f"{asked.entry.at_ns}:{order.parent_id}"
        try:
            asked.perform(CancelParent(command_id=asked.command_id("x", numbered), parent_order_id=order.parent_id))
        except Conflict:
            continue
        at_ns = parents.get_view(asked.session.user, order.parent_id).updated_at_ns
        teller.on_canceling("disconnected" if action.is_disconnect else "mass_cancel", at_ns)
        _keep(order, teller)
    return []


def ask(asked: Asked) -> list[AnyFixNews]:
    """Raises NotFound."""
    action: wire.AskMultileg = asked.action
    order = _require(asked, action)
    status = _teller(order).status(asked.entry.at_ns, asked_id=action.status_request_id)
    return [msgspec.structs.replace(status, request_id=action.original)]


def list_all(asked: Asked) -> list[AnyFixNews]:
    """The state of those that work, at most the 1,000 newest."""
    action: wire.ListMultilegs = asked.action
    at_ns = asked.entry.at_ns
    states = [_teller(order).status(at_ns) for order in _working(asked, action.side)[-LISTED_MAX:]]
    if not states:
        return [wire.NoMultilegs(mass_id=action.mass_id, at_ns=at_ns)]
    total = len(states)
    return [
        msgspec.structs.replace(state, mass_id=action.mass_id, total=total, is_last=number == total)
        for number, state in enumerate(states, start=1)
    ]


def refused(entry: FixEntry, refusal: Refusal, text: str) -> list[AnyFixNews] | None:
    """In the words that FIX has for it; None of an action that is about no multi-leg order."""
    action: Any = entry.action
    if isinstance(action, wire.EnterMultileg):
        return [
            wire.MultilegRefused(
                client_order_id=action.client_order_id, execution_id=f"R{entry.at_ns}-{entry.number}",
                at_ns=entry.at_ns, reason=refusal.reason, text=text, action=action,
            )
        ]  # fmt: skip
    if isinstance(action, wire.AskMultileg):
        return [
            wire.MultilegRefused(
                client_order_id=action.original, execution_id=told.STATUS_ID, at_ns=entry.at_ns,
                reason=refusal.reason, text=text, status_request_id=action.status_request_id,
            )
        ]  # fmt: skip
    if not isinstance(action, wire.CancelMultileg | wire.ReplaceMultileg):
        return None
    order = _named(entry.session_id, action)
    return [
        wire.MultilegRequestRefused(
            request_id=action.client_order_id, original=action.original,
            is_replacement=isinstance(action, wire.ReplaceMultileg),
            order=None if order is None else _teller(order).order(),
            at_ns=entry.at_ns, reason=refusal.reason, text=text,
        )
    ]  # fmt: skip


def news_of(fact: OrderFilled | ParentChanged) -> tuple[int, list[AnyFixNews]] | None:
    """(session, news) of a child's fill or of a parent order's new state; None where no session entered the parent
    order. In a unit of work.
    """
    parent_order_id = _parent_of(fact)
    order = None if parent_order_id is None else _open(parent_order_id)
    if order is None:
        return None
    teller = _teller(order)
    if isinstance(fact, ParentChanged):
        teller.on_view(fact.parent)
    else:
        teller.on_fill(fact)
    return order.session_id, _keep(order, teller)


def _parent_of(fact: OrderFilled | ParentChanged) -> int | None:
    """The multi-leg order that it may be about."""
    if isinstance(fact, ParentChanged):
        return None if fact.parent.multileg is None else fact.parent.parent_order_id
    return fact.order.parent_order_id


def _stage(asked: Asked, action: wire.EnterMultileg, parameters: MultilegParameters) -> StageParent:
    return StageParent(
        command_id=asked.command_id("AB", action.client_order_id),
        account_id=action.account_id,
        instrument_name=parameters.legs[0].instrument_name,
        side=action.side,
        quantity=action.quantity,
        algo=AlgoName.MULTILEG,
        parameters=AlgoParameters(multileg=parameters),
    )


def _in_force(parameters: MultilegParameters, entry: FixEntry) -> MultilegParameters:
    """A DAY order is one that expires when the day ends."""
    if parameters.time_in_force is not TimeInForce.DAY:
        return parameters
    return msgspec.structs.replace(
        parameters, time_in_force=TimeInForce.GTD, expires_at_ns=day_end_ns(entry.at_ns)
    )


def day_end_ns(at_ns: int) -> int:
    """The first end of a trading day after that."""
    at = clock.from_ns(at_ns)
    end = dt.datetime.combine(at.date(), DAY_ENDS_AT, dt.UTC)
    if end <= at:
        end += dt.timedelta(days=1)
    return int(end.timestamp()) * NANOSECONDS_PER_SECOND


def _changed(standing: MultilegParameters, action: wire.ReplaceMultileg) -> MultilegParameters:
    given = msgspec.to_builtins(action.changes)
    if "time_in_force" in given:
        given["expires_at_ns"] = action.changes.expires_at_ns
    changed = {**msgspec.to_builtins(standing), **given, "net_price": action.net_price}
    return msgspec.convert({name: value for name, value in changed.items() if value is not None}, MultilegParameters)


def _check_replaceable(action: wire.ReplaceMultileg, entered: wire.EnterMultileg, at: told.Told) -> None:
    """Raises Refusal."""
    _check_changeable(at)
    if action.side is not entered.side:
        raise Refusal("side_fixed", "An order keeps its side.", value=action.side.value, bound=entered.side.value)
    if action.legs != entered.parameters.legs:
        names = ", ".join(leg.instrument_name for leg in action.legs)
        raise Refusal("legs_fixed", "An order keeps its legs, in their order.", value=names)


def _check_changeable(at: told.Told) -> None:
    """Raises Conflict."""
    if at.end is not None:
        raise Conflict("too_late_to_cancel", "The order has ended.", value=at.end.value)
    if at.cancel_id:
        raise Conflict("cancel_pending", "A cancel is on its way.", value=at.cancel_id)


def _repeat(asked: Asked, action: wire.EnterMultileg, known: FixMultileg) -> list[AnyFixNews]:
    """The same order again gets its status; another one under its ClOrdID is refused. Raises Conflict."""
    if _decode_entered(known.entered) != action:
        raise Conflict("duplicate_order", "The ClOrdID was used before.", value=action.client_order_id)
    status = _teller(known).status(asked.entry.at_ns)
    return [msgspec.structs.replace(status, request_id=action.client_order_id)]


def _is_done(asked: Asked, client_order_id: str) -> bool:
    """A request that was perhaps sent before, and was. Raises Conflict for another one under its ClOrdID."""
    if _find(asked, client_order_id) is None:
        return False
    if asked.entry.is_possible_resend:
        return True
    raise Conflict("duplicate_order", "The ClOrdID was used before.", value=client_order_id)


def _find(asked: Asked, client_order_id: str) -> FixMultileg | None:
    row = FixMultilegId.objects.filter(session=asked.session, client_order_id=client_order_id).first()
    return None if row is None else FixMultileg.objects.select_for_update().get(id=row.order_id)


def _require(asked: Asked, action: wire.OfMultileg) -> FixMultileg:
    """Locked. Raises NotFound."""
    order = _named(asked.session.pk, action)
    if order is None:
        named = action.original or wire.multileg_name(action.parent_order_id)
        raise NotFound("unknown_order", "The session has no such order.", value=named)
    return order


def _named(session_id: int, action: wire.OfMultileg) -> FixMultileg | None:
    found = FixMultileg.objects.select_for_update(of=("self",)).filter(session_id=session_id)
    if action.original:
        found = found.filter(ids__session_id=session_id, ids__client_order_id=action.original)
    if action.parent_order_id:
        found = found.filter(parent_id=action.parent_order_id)
    return found.first()


def _working(asked: Asked, side: Any) -> list[FixMultileg]:
    """Of the session, oldest first, locked."""
    found = FixMultileg.objects.select_for_update(of=("self",)).filter(session=asked.session, is_open=True)
    if side is not None:
        found = found.filter(parent__side=side.value)
    return [order for order in found.order_by("id") if _decode_told(order.told).end is None]


def _open(parent_order_id: int) -> FixMultileg | None:
    return FixMultileg.objects.select_for_update().filter(parent_id=parent_order_id, is_open=True).first()


def _teller(order: FixMultileg) -> told.Teller:
    return told.Teller(order.parent_id, _decode_entered(order.entered), _decode_told(order.told))


def _keep(order: FixMultileg, teller: told.Teller, client_order_id: str = "") -> list[AnyFixNews]:
    order.told, order.is_open = _text(teller.told), not teller.is_over
    order.save(update_fields=["told", "is_open"])
    if client_order_id:
        _name(order, client_order_id)
    return teller.news


def _name(order: FixMultileg, client_order_id: str) -> None:
    FixMultilegId.objects.create(session_id=order.session_id, client_order_id=client_order_id, order=order)


def _text(state: told.Told) -> str:
    return msgspec.json.encode(state).decode()
