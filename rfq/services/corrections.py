"""Busts and amendments: one person asks, another of the house decides, the gateway reserves, and new facts are booked.

A bust is the opposite block at the same prices; an amendment is that and the trade at its new prices, in one block.
The gateway journals it like any other: its positions follow, and its controls may refuse it by name. Nothing that was
booked is edited. A gateway that is silent leaves nothing open: see ``keep_corrections``.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog

from accounts import roles
from audit import services as audit
from common import clock, db
from common.actor import GATEWAY, TIMER, Actor
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from rfq import selectors
from rfq.domain import limits
from rfq.domain.prices import read_price
from rfq.domain.records import RfqRecord
from rfq.models import BlockTrade, CorrectionState, TradeCorrection
from rfq.selectors import confirmations
from rfq.services import changes, corrections_booking, reservations
from rfq.services.batches import move_all
from streams import services as streams
from wire import gateway
from wire.client_corrections import DecideCorrection, RequestCorrection
from wire.limits import RFQ_LEGS_MAX
from wire.units import to_steps

if TYPE_CHECKING:
    from accounts.models import User

log = structlog.get_logger(__name__)

BUST, AMENDMENT = "bust", "amendment"
AMENDED_LEGS_MAX = RFQ_LEGS_MAX // 2
"""An amendment is two blocks in one, and a block has at most RFQ_LEGS_MAX legs and a hedge leg."""
BATCH_MAX = 200
"""Corrections that one run of the timers moves; the next run takes the rest."""
_OPEN = (CorrectionState.REQUESTED, CorrectionState.SENT, CorrectionState.RESERVED)


def request_correction(*, user: User, actor: Actor, message: RequestCorrection, at: dt.datetime) -> TradeCorrection:
    """A party of the trade or the house asks; books nothing yet.

    Raises NotFound, Conflict ``trade_not_completed``, ``correction_open``, ``trade_busted``, ``instrument_delivered``,
    Refusal ``amendment_legs`` and those of prices; a repeat of the command id gets the first answer.
    """
    with db.unit_of_work():
        known = TradeCorrection.objects.filter(requested_by_id=user.pk, request_command_id=message.command_id).first()
        if known is not None:
            return known
        trade, record = _readable(user, message.trade_id)
        changes.get_locked(trade.rfq_id)
        _check_can_correct(trade, record)
        row = TradeCorrection.objects.create(
            trade=trade,
            kind=BUST if message.leg_prices is None else AMENDMENT,
            leg_prices=_new_prices(record, message.leg_prices),
            requested_by_id=user.pk,
            requested_at=at,
            request_reason=message.reason.strip(),
            request_command_id=message.command_id,
        )
        _record(row, "requested", actor, at, message.command_id, row.request_reason)
    return row


def decide_correction(*, user: User, actor: Actor, message: DecideCorrection, at: dt.datetime) -> TradeCorrection:
    """A second person of the house approves or refuses. Raises NotAllowed, NotFound, Conflict ``already_decided``."""
    if not roles.sees_every_firm(user):
        raise NotAllowed("not_authorized", "A correction is decided by the house.", value=user.role)
    with db.unit_of_work():
        row = _locked(message.correction_id)
        if row.decided_by_id == user.pk and row.decide_command_id == message.command_id:
            return row
        if row.decided_by_id is not None:
            raise Conflict("already_decided", "This correction was decided.", value=row.state)
        if row.requested_by_id == user.pk:
            raise NotAllowed("same_person", "A correction takes two people.", value=user.pk, bound="another person")
        row.decided_by_id, row.decided_at = user.pk, at
        row.decide_reason, row.decide_command_id = message.reason.strip(), message.command_id
        row.state = CorrectionState.REFUSED
        if message.is_approved:
            record = changes.get_locked(row.trade.rfq_id)
            _check_instruments(row.trade)
            row.reservation_id = changes.next_id("rfq_blocktrade")
            row.state = CorrectionState.SENT
            streams.send_to_gateway(_reserve(row, record, at))
        row.save()
        action = "approved" if message.is_approved else "refused"
        _record(row, action, actor, at, message.command_id, row.decide_reason)
    return row


def owns(reservation_id: int) -> bool:
    """Whether the gateway's answer is about a correction."""
    return TradeCorrection.objects.filter(reservation_id=reservation_id).exists()


def correction_reserved(*, reservation_id: int, at: dt.datetime) -> None:
    """The gateway holds the risk: turn it into executions."""
    row = _of_reservation(reservation_id)
    if row.state == CorrectionState.SENT:
        row.state = CorrectionState.RESERVED
        row.save(update_fields=["state"])
        command_id = f"block-{reservation_id}-confirm"
        streams.send_to_gateway(gateway.ConfirmBlock(command_id=command_id, reservation_id=reservation_id))


def correction_refused(*, reservation_id: int, reason: str, value: int, bound: int, at: dt.datetime) -> None:
    """A control of the gateway said no: nothing was corrected."""
    row = _of_reservation(reservation_id)
    if row.state not in (CorrectionState.SENT, CorrectionState.RESERVED):
        return
    row.state = CorrectionState.FAILED
    row.gateway_reason = f"{reason}: {value} against {bound}"
    row.save(update_fields=["state", "gateway_reason"])
    _record(row, "failed", GATEWAY, at, "", row.gateway_reason)


def correction_confirmed(*, reservation_id: int, first_execution_id: int, at: dt.datetime) -> None:
    """The executions are journaled: book them. A repeat books nothing."""
    row = _of_reservation(reservation_id)
    if row.state == CorrectionState.DONE:
        return
    record = changes.get_locked(row.trade.rfq_id)
    corrections_booking.book(row, record, first_execution_id=first_execution_id, at=at)
    row.state = CorrectionState.DONE
    row.first_execution_id, row.done_at, row.gateway_reason = first_execution_id, at, ""
    row.save(update_fields=["state", "first_execution_id", "done_at", "gateway_reason"])
    _record(row, "booked", GATEWAY, at, "", "")


def keep_corrections(at: dt.datetime) -> int:
    """The timers' part: what the gateway has not answered fails by name, what it holds and does not book is named.

    Raises like ``move_each``.
    """
    ids = TradeCorrection.objects.order_by("id").values_list("id", flat=True)
    silent = ids.filter(state=CorrectionState.SENT, decided_at__lte=at - limits.CORRECTION_TIMEOUT)
    overdue = ids.filter(
        state=CorrectionState.RESERVED, gateway_reason="", decided_at__lte=at - limits.CORRECTION_OVERDUE
    )
    return move_all(
        (silent[:BATCH_MAX], lambda row_id: _give_up(row_id, at)),
        (overdue[:BATCH_MAX], lambda row_id: _name_overdue(row_id, at)),
    )


def _give_up(row_id: int, at: dt.datetime) -> int:
    """Nothing is booked: a reservation that the gateway makes after all is void, in the order of the commands."""
    with db.unit_of_work():
        row = _unheld(row_id, CorrectionState.SENT)
        if row is None or row.reservation_id is None:
            return 0
        row.state = CorrectionState.FAILED
        row.gateway_reason = f"no_answer: none within {limits.CORRECTION_TIMEOUT.total_seconds():g} s"
        row.save(update_fields=["state", "gateway_reason"])
        streams.send_to_gateway(reservations.void_command(row.reservation_id))
        _record(row, "failed", TIMER, at, "", row.gateway_reason)
    return 1


def _name_overdue(row_id: int, at: dt.datetime) -> int:
    """The gateway may have given the executions already: only its answer tells, so that nothing is undone here."""
    with db.unit_of_work():
        row = _unheld(row_id, CorrectionState.RESERVED)
        if row is None or row.gateway_reason:
            return 0
        row.gateway_reason = f"no_confirmation: none within {limits.CORRECTION_OVERDUE.total_seconds():g} s"
        row.save(update_fields=["gateway_reason"])
        log.error("correction_overdue", correction_id=row.pk, reservation_id=row.reservation_id)
        _record(row, "overdue", TIMER, at, "", row.gateway_reason)
    return 1


def _unheld(row_id: int, state: CorrectionState) -> TradeCorrection | None:
    rows = TradeCorrection.objects.select_for_update(of=("self",), skip_locked=True).select_related("trade")
    return rows.filter(pk=row_id, state=state).first()


def _readable(user: User, trade_id: int) -> tuple[BlockTrade, RfqRecord]:
    trade = BlockTrade.objects.filter(id=trade_id).first()
    record = selectors.get_record(trade.rfq_id) if trade is not None else None
    view = selectors.view_for(user, record) if record is not None else None
    if trade is None or record is None or view is None or not confirmations.is_party(view, trade):
        raise NotFound("trade_not_found", "There is no such trade.", value=trade_id)
    if not (roles.sees_every_firm(user) or roles.may_trade(user)):
        raise NotAllowed("role", "Traders, makers and the house ask for corrections.", value=user.role)
    return trade, record


def _check_can_correct(trade: BlockTrade, record: RfqRecord) -> None:
    trade.refresh_from_db()
    if trade.state != "completed":
        raise Conflict("trade_not_completed", "The trade is not completed.", value=trade.state, bound="completed")
    earlier = TradeCorrection.objects.filter(trade_id=trade.pk)
    if earlier.filter(state__in=_OPEN).exists():
        raise Conflict("correction_open", "A correction of this trade is not decided yet.", value=trade.pk)
    if earlier.filter(kind=BUST, state=CorrectionState.DONE).exists():
        raise Conflict("trade_busted", "The trade was taken back.", value=trade.pk)
    _check_instruments(trade)


def _check_instruments(trade: BlockTrade) -> None:
    for leg in trade.legs.select_related("instrument"):
        if not leg.instrument.is_active:
            name = leg.instrument.name
            raise Conflict("instrument_delivered", f"{name} was delivered: its positions are settled.", value=name)


def _new_prices(record: RfqRecord, texts: list[str] | None) -> list[Decimal] | None:
    if texts is None:
        return None
    if len(record.legs) > AMENDED_LEGS_MAX:
        raise Refusal(
            "amendment_legs",
            "A trade of so many legs cannot be amended; take it back instead.",
            value=len(record.legs),
            bound=AMENDED_LEGS_MAX,
        )
    if len(texts) != len(record.legs):
        raise Refusal("leg_count", "An amendment prices every leg once.", value=len(texts), bound=len(record.legs))
    return [read_price(text, leg) for text, leg in zip(texts, record.legs, strict=True)]


def _reserve(row: TradeCorrection, record: RfqRecord, at: dt.datetime) -> gateway.ReserveBlock:
    assert row.reservation_id is not None, "an approved correction has its number"
    return gateway.ReserveBlock(
        command_id=reservations.reserve_command_id(row.reservation_id),
        valid_until_ns=clock.to_ns(at + limits.RESERVE_VALID),
        reservation_id=row.reservation_id,
        legs=[
            gateway.BlockLeg(
                instrument_id=leg.instrument_id,
                side=leg.side,
                price_ticks=to_steps("price", leg.price, leg.tick_size),
                quantity_lots=to_steps("quantity", leg.quantity, leg.lot_size),
                taker_account_id=row.trade.taker_account_id,
                maker_account_id=row.trade.maker_account_id,
            )
            for leg in corrections_booking.legs_of(row, record)
        ],
    )


def _locked(correction_id: int) -> TradeCorrection:
    row = (
        TradeCorrection.objects.select_for_update(of=("self",)).select_related("trade").filter(pk=correction_id).first()
    )
    if row is None:
        raise NotFound("unknown_correction", "There is no such correction.", value=correction_id)
    return row


def _of_reservation(reservation_id: int) -> TradeCorrection:
    rows = TradeCorrection.objects.select_for_update(of=("self",)).select_related("trade")
    return rows.get(reservation_id=reservation_id)


def _record(row: TradeCorrection, action: str, actor: Actor, at: dt.datetime, command_id: str, reason: str) -> None:
    content: dict[str, Any] = {
        "correction_id": row.pk,
        "kind": row.kind,
        "state": str(row.state),
        "leg_prices": None if row.leg_prices is None else [str(price) for price in row.leg_prices],
        "reservation_id": row.reservation_id,
        "first_execution_id": row.first_execution_id,
    }
    audit.record(
        stream="house",
        action=f"trade.correction_{action}",
        entity=f"trade:{row.trade_id}",
        actor=actor,
        at=at,
        after=content,
        command_id=command_id,
        reason=reason,
    )
