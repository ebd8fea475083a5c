"""The life of a trade that people book: asked for, decided, held and booked by the gateway, written to the ledger.

The gateway journals it like any other block: positions follow, and its controls may refuse it by name. Nothing that
was booked is edited: what takes a trade back is a trade itself.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from accounts import roles
from audit import services as audit
from common import clock, db
from common.actor import GATEWAY, TIMER, Actor
from common.errors import Conflict, NotAllowed, NotFound
from orders.desk_trade_selectors import desk_trade_view, visible_desk_trades
from orders.models import DeskLeg, DeskTrade
from orders.services import commands
from orders.services.desk_trade_booking import book
from orders.services.placing import check_may_trade
from streams import services as streams
from wire import gateway
from wire.desk_trade_views import DESK_BLOCKS_FROM, DeskTradeChanged, DeskTradeState
from wire.limits import COMMAND_VALID_MS
from wire.units import NANOSECONDS_PER_MS, Side

if TYPE_CHECKING:
    from accounts.models import User
    from wire.client_desk_trades import DecideDeskTrade

log = structlog.get_logger(__name__)

DESK_BLOCK_PREFIX = "desk-block:"
"""Gateway command ids: an answer that only names the command finds its trade by it."""
ANSWER_WITHIN = dt.timedelta(seconds=10)
BATCH_MAX = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegDraft:
    """``side``: the account's; ``other_account_id``: None where the other side is elsewhere."""

    account_id: int
    other_account_id: int | None
    instrument_id: int
    side: Side
    price_ticks: int
    quantity_lots: int
    reverses: int | None = None


def store(trade: DeskTrade, legs: Sequence[LegDraft], actor: Actor, at: dt.datetime) -> DeskTrade:
    """Write it down with its legs, in the caller's unit of work."""
    trade.requested_at, trade.state = at, DeskTradeState.REQUESTED.value
    trade.save(force_insert=True)
    DeskLeg.objects.bulk_create(
        DeskLeg(trade=trade, number=number, **dataclasses.asdict(leg)) for number, leg in enumerate(legs)
    )
    _tell(trade, "requested", actor, at, command_id=trade.command_id, reason=trade.request_reason)
    return trade


def send(trade: DeskTrade, actor: Actor, at: dt.datetime) -> None:
    """Ask the gateway to hold the risk of it, in the caller's unit of work."""
    trade.state, trade.sent_at = DeskTradeState.SENT.value, at
    trade.save(update_fields=["state", "sent_at"])
    streams.send_to_gateway(
        gateway.ReserveBlock(
            command_id=f"{DESK_BLOCK_PREFIX}{trade.pk}:reserve",
            valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
            reservation_id=trade.reservation_id,
            legs=[_block_leg(leg) for leg in trade.legs.order_by("number")],
        )
    )
    _tell(trade, "sent", actor, at)


def decide_desk_trade(*, user: User, actor: Actor, message: DecideDeskTrade, at: dt.datetime) -> DeskTrade:
    """A second person approves or refuses, of the firm or of the house. Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_desk_trade, already_decided, same_person, command_id_reused.
    """
    if not roles.sees_every_firm(user):
        check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return DeskTrade.objects.get(pk=taken.entity_id)
        trade = lock_visible(user, message.desk_trade_id)
        if trade.state != DeskTradeState.REQUESTED:
            raise Conflict("already_decided", "this was decided", value=trade.state, bound="requested")
        if trade.requested_by_id == user.pk:
            raise NotAllowed("same_person", "a booked trade takes two people", value=user.pk, bound="another person")
        trade.decided_by_id, trade.decided_at, trade.decide_reason = user.pk, at, message.reason.strip()
        if not message.is_approved:
            trade.state = DeskTradeState.REFUSED.value
        trade.save()
        commands.answer(taken, entity="desk_trade", entity_id=trade.pk)
        action = "approved" if message.is_approved else "refused"
        _tell(trade, action, actor, at, command_id=message.command_id, reason=trade.decide_reason)
        if message.is_approved:
            send(trade, actor, at)
        return trade


def apply_block_reserved(envelope: gateway.EventEnvelope) -> None:
    """The gateway holds the risk: ask for the executions."""
    event = envelope.event
    assert isinstance(event, gateway.BlockReserved)
    trade = _of_reservation(event.reservation_id)
    if trade is None or trade.state != DeskTradeState.SENT:
        return
    trade.state = DeskTradeState.RESERVED.value
    trade.save(update_fields=["state"])
    command_id = f"{DESK_BLOCK_PREFIX}{trade.pk}:confirm"
    streams.send_to_gateway(gateway.ConfirmBlock(command_id=command_id, reservation_id=trade.reservation_id))


def apply_block_refused(envelope: gateway.EventEnvelope) -> None:
    """A control of the gateway said no: nothing was booked."""
    event = envelope.event
    assert isinstance(event, gateway.BlockRefused)
    trade = _of_reservation(event.reservation_id)
    if trade is not None:
        where = f" (account {event.account_id})" if event.account_id else ""
        _fail(trade, f"{event.reason}: {event.value} against {event.bound}{where}", envelope)


def apply_block_command_refused(envelope: gateway.EventEnvelope) -> None:
    """The gateway could not read a command about it."""
    event = envelope.event
    assert isinstance(event, gateway.CommandRefused)
    if not event.command_id.startswith(DESK_BLOCK_PREFIX):
        return
    trade_id = int(event.command_id.removeprefix(DESK_BLOCK_PREFIX).split(":")[0])
    trade = _of_reservation(DESK_BLOCKS_FROM + trade_id)
    if trade is not None:
        _fail(trade, event.reason, envelope)


def apply_block_confirmed(envelope: gateway.EventEnvelope) -> None:
    """The executions are journaled: book them. A repeat books nothing."""
    event = envelope.event
    assert isinstance(event, gateway.BlockConfirmed)
    trade = _of_reservation(event.reservation_id)
    if trade is None or trade.state == DeskTradeState.DONE:
        return
    at = clock.from_ns(envelope.at_ns)
    book(trade, first_execution_id=event.first_execution_id, at=at)
    trade.state, trade.first_execution_id, trade.done_at = DeskTradeState.DONE.value, event.first_execution_id, at
    trade.gateway_reason = ""
    trade.save(update_fields=["state", "first_execution_id", "done_at", "gateway_reason"])
    _tell(trade, "booked", GATEWAY, at)
    if trade.original is not None:
        streams.publish_fact(firm_id=trade.firm_id, fact=DeskTradeChanged(desk_trade=desk_trade_view(trade.original)))


def keep_desk_trades(at: dt.datetime) -> int:
    """What the gateway has not held in time fails by name; what it holds and has not booked is named."""
    late = DeskTrade.objects.filter(sent_at__lte=at - ANSWER_WITHIN, gateway_reason="")
    ids = (
        late.filter(state__in=[DeskTradeState.SENT, DeskTradeState.RESERVED])
        .order_by("id")
        .values_list("id", flat=True)
    )
    return sum(_keep(trade_id, at) for trade_id in ids[:BATCH_MAX])


def lock_visible(user: User, trade_id: int) -> DeskTrade:
    """Raises NotFound."""
    trade = visible_desk_trades(user).select_for_update(of=("self",)).filter(pk=trade_id).first()
    if trade is None:
        raise NotFound("unknown_desk_trade", f"you have no booked trade {trade_id}", value=trade_id)
    return trade


def _keep(trade_id: int, at: dt.datetime) -> int:
    """A reservation that the gateway makes after all is void; one that it holds it may have booked already."""
    with db.unit_of_work():
        found = DeskTrade.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=trade_id).first()
        if found is None or found.state not in (DeskTradeState.SENT, DeskTradeState.RESERVED) or found.gateway_reason:
            return 0
        found.gateway_reason = f"no_answer: none within {ANSWER_WITHIN.total_seconds():g} s"
        if found.state == DeskTradeState.SENT:
            found.state = DeskTradeState.FAILED.value
            command_id = f"{DESK_BLOCK_PREFIX}{found.pk}:void"
            streams.send_to_gateway(gateway.VoidBlock(command_id=command_id, reservation_id=found.reservation_id))
        else:
            log.error("desk_trade_overdue", desk_trade_id=found.pk)
        found.save(update_fields=["state", "gateway_reason"])
        _tell(found, "failed" if found.state == DeskTradeState.FAILED else "overdue", TIMER, at)
    return 1


def _fail(trade: DeskTrade, reason: str, envelope: gateway.EventEnvelope) -> None:
    if trade.state not in (DeskTradeState.SENT, DeskTradeState.RESERVED):
        return
    trade.state, trade.gateway_reason = DeskTradeState.FAILED.value, reason
    trade.save(update_fields=["state", "gateway_reason"])
    _tell(trade, "failed", GATEWAY, clock.from_ns(envelope.at_ns))


def _of_reservation(reservation_id: int) -> DeskTrade | None:
    """None for a block of somebody else."""
    if reservation_id < DESK_BLOCKS_FROM:
        return None
    trades = DeskTrade.objects.select_for_update(of=("self",))
    return trades.filter(pk=reservation_id - DESK_BLOCKS_FROM).first()


def _block_leg(leg: DeskLeg) -> gateway.BlockLeg:
    return gateway.BlockLeg(
        instrument_id=leg.instrument_id,
        side=Side(leg.side),
        price_ticks=leg.price_ticks,
        quantity_lots=leg.quantity_lots,
        taker_account_id=leg.account_id,
        maker_account_id=leg.other_account_id or 0,
    )


def _tell(
    trade: DeskTrade, action: str, actor: Actor, at: dt.datetime, *, command_id: str = "", reason: str = ""
) -> None:
    """Its audit record and its fact."""
    view = desk_trade_view(trade)
    streams.publish_fact(firm_id=trade.firm_id, fact=DeskTradeChanged(desk_trade=view))
    audit.record(
        stream=f"firm:{trade.firm_id}",
        action=f"desk_trade.{action}",
        entity=f"desk_trade:{trade.pk}",
        actor=actor,
        at=at,
        after={
            "kind": trade.kind,
            "state": trade.state,
            "source": trade.source,
            "fee": f"{view.fee} {view.fee_asset}",
            "original_id": trade.original_id,
            "order_id": trade.order_id,
            "parent_order_id": trade.parent_id,
            "gateway_reason": trade.gateway_reason,
            "legs": [
                [leg.account_id, leg.other_account_id, leg.instrument_name, leg.side.value, leg.quantity, leg.price]
                for leg in view.legs
            ],
        },
        command_id=command_id,
        reason=reason,
    )
