"""What the gateway answered to an accept. Each runs inside the dispatcher's unit of work, once per event.

The database decides once, under the RFQ's lock: whichever comes first of the gateway's answer and the timeout. An
answer that comes later changes nothing; where the RFQ was rejected the void is on its way already.
"""

import datetime as dt
import re

import structlog

from accounts import selectors as accounts_selectors
from audit import services as audit
from common.actor import GATEWAY
from rfq import publishers
from rfq.domain import execution
from rfq.domain.records import RfqRecord, TradeState
from rfq.models import BlockTrade
from rfq.services import booking, changes, corrections, protection, reservations
from risk import selectors as risk_selectors
from streams import services as streams
from wire.measures import Steps, measured
from wire.units import RfqState

log = structlog.get_logger(__name__)

_RESERVE_COMMAND = re.compile(r"block-(\d+)-reserve")
_CONFIRM_COMMAND = re.compile(r"block-(\d+)-confirm")


def block_reserved(*, reservation_id: int, at: dt.datetime) -> bool:
    """The risk of one trade is held; of the last one: the RFQ is filled and the reservations become executions.

    False where it comes too late.
    """
    before = _lock(reservation_id)
    if before is None:
        log.error("reservation_unknown", reservation_id=reservation_id)
        streams.send_to_gateway(reservations.void_command(reservation_id))
        return False
    after = execution.reserved(before, trade_id=reservation_id, at=at)
    if after is None:
        return False
    is_filled = after.state is RfqState.FILLED
    action = "rfq.filled" if is_filled else "rfq.reserved"
    changes.write(before, after, publishers.Cause(action=action, actor=GATEWAY, at=at))
    if is_filled:
        reservations.confirm_all(after)
        protection.withdraw_hit(after, at)
    return True


def block_refused(
    *, reservation_id: int, account_id: int, reason: str, value: int, bound: int, at: dt.datetime, leg_index: int = 0
) -> bool:
    """A control of the gateway refused one side of a trade: the RFQ is rejected, and what was reserved of it let go.

    ``account_id``: whose control, 0 for nobody's.
    """
    before = _lock(reservation_id)
    if before is None:
        return False
    firm_id = _firm_of(reservation_id, account_id)
    after = execution.refused(before, reason=reason[:64], reason_firm_id=firm_id, at=at)
    if after is None:
        _note_unbooked(before, reservation_id, reason, at)
        return False
    detail = _detail(before, leg_index, account_id, reason, value, bound)
    changes.write(before, after, publishers.Cause(action="rfq.rejected", actor=GATEWAY, at=at, reason=detail))
    reservations.void_all(after, but=reservation_id)
    return True


def _detail(rfq: RfqRecord, leg_index: int, account_id: int, reason: str, value: int, bound: int) -> str:
    """The reason, with what was compared in the units of the leg."""
    leg = rfq.legs[leg_index]
    coin = leg.instrument_name.partition("-")[0].partition("_")[0]
    steps = Steps(
        tick_size=leg.tick_size,
        lot_size=leg.lot_size,
        position_value_max=risk_selectors.position_value_max(account_id, coin),
    )
    found, limit = measured(reason, value, bound, steps)
    return f"{reason}: {found} against {limit}" if limit else reason


def _note_unbooked(rfq: RfqRecord, trade_id: int, reason: str, at: dt.datetime) -> None:
    """A trade that stands waits for its executions: a refusal now means that the gateway will not give them."""
    trade = rfq.find_trade(trade_id)
    if rfq.state is not RfqState.FILLED or trade is None or trade.state is not TradeState.RESERVED:
        return
    log.error("confirmation_refused", reservation_id=trade_id, reason=reason)
    audit.record(
        stream="house",
        action="trade.confirmation_refused",
        entity=f"trade:{trade_id}",
        actor=GATEWAY,
        at=at,
        reason=reason,
    )


def block_confirmed(*, reservation_id: int, first_execution_id: int, at: dt.datetime) -> bool:
    """The executions are journaled: book both sides of every leg. A repeat books nothing."""
    before = _lock(reservation_id)
    after = execution.confirmed(before, trade_id=reservation_id) if before is not None else None
    if before is None or after is None:
        log.error("confirmation_unexpected", reservation_id=reservation_id)
        return False
    trade = BlockTrade.objects.get(id=reservation_id)
    booking.complete(trade, first_execution_id=first_execution_id, at=at)
    changes.write(before, after, publishers.Cause(action="rfq.booked", actor=GATEWAY, at=at))
    return True


def block_voided(*, reservation_id: int, at: dt.datetime) -> None:
    """The gateway released what it had reserved, or will not reserve what is still on its way."""
    trade = BlockTrade.objects.select_related("rfq").filter(id=reservation_id).first()
    firm = "house" if trade is None else f"firm:{trade.rfq.taker_firm_id}"
    entity = f"trade:{reservation_id}"
    audit.record(stream=firm, action="trade.voided", entity=entity, actor=GATEWAY, at=at)


def command_refused(*, command_id: str, reason: str, value: int, bound: int, at: dt.datetime) -> bool:
    """The gateway could not read a command of ours, or knows nothing of what it names."""
    reserve, confirm = _RESERVE_COMMAND.fullmatch(command_id), _CONFIRM_COMMAND.fullmatch(command_id)
    found = reserve or confirm
    if found and corrections.owns(int(found[1])):
        corrections.correction_refused(reservation_id=int(found[1]), reason=reason, value=value, bound=bound, at=at)
        return True
    if reserve:
        return block_refused(
            reservation_id=int(reserve[1]), account_id=0, reason=reason, value=value, bound=bound, at=at
        )
    if confirm:
        log.error("confirmation_refused", reservation_id=int(confirm[1]), reason=reason, value=value, bound=bound)
        audit.record(
            stream="house",
            action="trade.confirmation_refused",
            entity=f"trade:{confirm[1]}",
            actor=GATEWAY,
            at=at,
            command_id=command_id,
            reason=reason,
        )
        return True
    return False


def _lock(reservation_id: int) -> RfqRecord | None:
    rfq_id = BlockTrade.objects.filter(id=reservation_id).values_list("rfq_id", flat=True).first()
    return None if rfq_id is None else changes.lock(rfq_id)


def _firm_of(reservation_id: int, account_id: int) -> int | None:
    trade = BlockTrade.objects.get(id=reservation_id)
    if account_id not in (trade.taker_account_id, trade.maker_account_id):
        return None
    return accounts_selectors.get_account(account_id).firm_id
