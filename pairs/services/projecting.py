"""Apply the numbered reports of the hot path. Runs in the dispatcher's unit of work; once more changes nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import msgspec

from accounts import selectors as accounts
from common import clock
from common.errors import NotFound
from pairs import publishers
from pairs.models import Pair, PairFill, PairOrder, PairPosition, PairsDesk
from pairs.services.steering import settle_command
from wire import gateway
from wire import pairs as told
from wire.gateway_routes import RouteReported
from wire.pairs import TICKS_PER_DOLLAR, AnyPairOrderTold, AnyPairTold, PairOrderTold, PairState, StrategyOwner
from wire.units import OrderState, Side
from wire.venue_reports import ReportKind

CANCELED, REJECTED = OrderState.CANCELED.value, OrderState.REJECTED.value
_TERMS = (
    "hedge", "offset", "first_lots", "second_lots", "entry", "exit", "stop", "timeout_ns", "window", "sample_ms",
)  # fmt: skip
_ENDED = {"rejected": REJECTED, "withdrawn": REJECTED, "never_arrived": REJECTED}
"""State of an order that ended, by why; it was canceled otherwise."""


class OwnerUnknown(RuntimeError):
    """The gateway trades for an account, desk or user that the database does not have."""


class PairUnknown(RuntimeError):
    """The gateway speaks of a pair or an order that it has not told of."""


def apply_reported(envelope: gateway.EventEnvelope) -> None:
    """A report of the hot path, each number once."""
    event = envelope.event
    assert isinstance(event, RouteReported)
    if event.report.kind is not ReportKind.STRATEGY:
        return
    strategy = event.report.strategy
    assert strategy is not None, "such a report says what the path told"
    desk = _lock_desk(event.venue, strategy.owner, clock.from_ns(envelope.at_ns))
    if event.report_number <= desk.report_number:
        return
    fact, at = strategy.told, clock.from_ns(strategy.told.at_ns)
    desk.report_number = event.report_number
    publishers.record_told(desk, fact, event.report_number, clock.from_ns(envelope.at_ns))
    _apply(desk, fact, event.report_number, at)
    desk.updated_at = max(at, desk.updated_at)
    desk.save()


def _apply(desk: PairsDesk, fact: AnyPairTold, number: int, at: dt.datetime) -> None:
    if isinstance(fact, PairOrderTold):
        _apply_order(desk, fact, number, at)
    elif isinstance(fact, told.PairListed):
        _list_pair(desk, fact, at)
    elif isinstance(fact, told.PairOrderRefused):
        pair = _lock_pair(desk, fact)
        pair.reason, pair.decided_at = f"refused: {fact.reason} {fact.value} of {fact.bound}"[:200], at
        _save_pair(pair, at)
    elif isinstance(fact, told.PairsSteeringTaken | told.PairsSteered):
        _steer(desk, fact, at)
    elif isinstance(fact, told.PairsSessionOpened | told.PairsSessionLost):
        is_open = isinstance(fact, told.PairsSessionOpened)
        desk.is_session_open = is_open
        desk.session = fact.session if isinstance(fact, told.PairsSessionOpened) else desk.session
        desk.session_reason = "" if isinstance(fact, told.PairsSessionOpened) else fact.why[:200]
        publishers.publish_desk(desk)


def _list_pair(desk: PairsDesk, fact: told.PairListed, at: dt.datetime) -> None:
    row = Pair.objects.select_for_update().filter(pairs_desk=desk, first=fact.first, second=fact.second).first()
    row = row or Pair(pairs_desk=desk, first=fact.first, second=fact.second)
    row.number, row.is_retired = fact.pair, fact.is_retired
    row.terms = {name: getattr(fact, name) for name in _TERMS}
    _save_pair(row, at)


def _steer(desk: PairsDesk, fact: told.PairsSteeringTaken | told.PairsSteered, at: dt.datetime) -> None:
    is_done = isinstance(fact, told.PairsSteered)
    if fact.command_id:
        settle_command(desk, fact.command_id, "done" if is_done else "taken", at)
    if not is_done:
        return
    if fact.action in told.DESK_ACTIONS:
        desk.is_entering = fact.action is told.PairsAction.ENTERING_ON
        publishers.publish_desk(desk)
        return
    pair = _lock_pair(desk, fact)
    if fact.action in (told.PairsAction.DISABLE, told.PairsAction.GAVE_UP):
        pair.state = PairState.DISABLED.value
    elif fact.action is told.PairsAction.ENABLE:
        pair.state = PairState.FLAT.value
    pair.reason, pair.decided_at = fact.action.value, at
    _save_pair(pair, at)


def _apply_order(desk: PairsDesk, fact: AnyPairOrderTold, number: int, at: dt.datetime) -> None:
    pair = _lock_pair(desk, fact)
    if isinstance(fact, told.PairOrderDecided) or (isinstance(fact, told.PairOrderAccepted) and fact.is_adopted):
        order = _new_order(desk, pair, fact, at)
    else:
        order = _lock_order(desk, fact.order_id)
    if isinstance(fact, told.PairOrderAccepted):
        order.venue_order_id = str(fact.venue_order_id)
        order.state = OrderState.NEW.value if fact.leaves_lots else REJECTED
    elif isinstance(fact, told.PairOrderFilled | told.PairOrderBusted):
        _book(desk, pair, order, fact, number, at)
    elif isinstance(fact, told.PairOrderEnded):
        order.state = _ENDED.get(fact.reason, CANCELED)
        order.reason = f"{fact.reason} {fact.code}".strip()[:40]
    order.leaves_lots, order.updated_at = fact.leaves_lots, max(at, order.updated_at)
    order.save()
    pair.state = fact.after.value
    if isinstance(fact, told.PairOrderDecided):
        pair.zscore, pair.decided_at = fact.zscore, at
        is_first = fact.before is not fact.after
        pair.reason = f"{fact.before.value} to {fact.after.value}" if is_first else pair.reason
    _save_pair(pair, at, is_news=fact.before is not fact.after)
    publishers.publish_order(order)


def _new_order(
    desk: PairsDesk, pair: Pair, fact: told.PairOrderDecided | told.PairOrderAccepted, at: dt.datetime
) -> PairOrder:
    is_decided = isinstance(fact, told.PairOrderDecided)
    return PairOrder(
        pairs_desk=desk,
        pair=pair,
        order_id=fact.order_id,
        account_id=desk.account_id,
        user_id=desk.user_id,
        strategy_id=desk.strategy_id,
        leg=fact.leg,
        symbol=fact.symbol,
        side=fact.side.value,
        lots=fact.lots,
        price=_dollars(fact.price_ticks),
        zscore=fact.zscore if isinstance(fact, told.PairOrderDecided) else None,
        feed_sequence=fact.feed_sequence if isinstance(fact, told.PairOrderDecided) else 0,
        before=fact.before.value,
        after=fact.after.value,
        is_adopted=not is_decided,
        leaves_lots=fact.leaves_lots,
        state=OrderState.PENDING_NEW.value,
        decided_at=at,
        updated_at=at,
    )


def _book(
    desk: PairsDesk,
    pair: Pair,
    order: PairOrder,
    fact: told.PairOrderFilled | told.PairOrderBusted,
    number: int,
    at: dt.datetime,
) -> None:
    """The fill once, the pair's legs and the account's shares by it. A bust is a fill the other way round."""
    is_bust = isinstance(fact, told.PairOrderBusted)
    side = fact.side.opposite if is_bust else fact.side
    price, sign = _dollars(fact.last_price_ticks), side.sign
    PairFill.objects.create(
        pairs_desk=desk,
        order=order,
        report_number=number,
        match_number=fact.match_number,
        side=side.value,
        lots=fact.last_lots,
        price=price,
        liquidity=fact.liquidity[:1] if isinstance(fact, told.PairOrderFilled) else "",
        is_bust=is_bust,
        at=at,
    )
    order.filled_lots += -fact.last_lots if is_bust else fact.last_lots
    if not is_bust:
        order.state = (OrderState.PARTIALLY_FILLED if fact.leaves_lots else OrderState.FILLED).value
    held = "held_second" if fact.leg else "held_first"
    setattr(pair, held, getattr(pair, held) + sign * fact.last_lots)
    pair.cash -= sign * fact.last_lots * price
    position = _lock_position(desk, fact.symbol, at)
    is_buy = side is Side.BUY
    position.bought_lots += fact.last_lots if is_buy else 0
    position.sold_lots += 0 if is_buy else fact.last_lots
    position.lots, position.updated_at = position.bought_lots - position.sold_lots, at
    position.cash -= sign * fact.last_lots * price
    position.save()


def _lock_desk(venue: str, owner: StrategyOwner, at: dt.datetime) -> PairsDesk:
    """Of the venue; what it trades for may change with the gateway's file."""
    desk = PairsDesk.objects.select_for_update().filter(venue=venue).first()
    known = msgspec.structs.asdict(owner)
    if desk is None:
        _require_owner(owner)
        return PairsDesk.objects.create(venue=venue, updated_at=at, **known)
    if any(getattr(desk, name) != value for name, value in known.items()):
        _require_owner(owner)
        for name, value in known.items():
            setattr(desk, name, value)
    return desk


def _require_owner(owner: StrategyOwner) -> None:
    try:
        account = accounts.get_account(owner.account_id)
        user = accounts.get_user(owner.user_id)
    except NotFound as error:
        raise OwnerUnknown(f"the hot path trades for {owner}: {error.message}") from error
    is_right = account.firm_id == owner.firm_id and account.desk_id == owner.desk_id and user.firm_id == owner.firm_id
    if not is_right:
        raise OwnerUnknown(f"account {owner.account_id} and user {owner.user_id} are not of {owner}")


def _lock_pair(desk: PairsDesk, fact: AnyPairTold) -> Pair:
    row = Pair.objects.select_for_update(of=("self",)).filter(
        pairs_desk=desk, first=fact.first, second=fact.second
    ).first()  # fmt: skip
    if row is None:
        raise PairUnknown(f"there is no pair {fact.first}/{fact.second} at {desk.venue}")
    row.pairs_desk = desk
    return row


def _lock_order(desk: PairsDesk, order_id: int) -> PairOrder:
    row = PairOrder.objects.select_for_update().filter(pairs_desk=desk, order_id=order_id).first()
    if row is None:
        raise PairUnknown(f"there is no order {order_id} at {desk.venue}")
    row.pairs_desk = desk
    return row


def _lock_position(desk: PairsDesk, symbol: str, at: dt.datetime) -> PairPosition:
    rows = PairPosition.objects.select_for_update()
    row = rows.filter(pairs_desk=desk, account_id=desk.account_id, symbol=symbol).first()
    return row or PairPosition(
        pairs_desk=desk,
        account_id=desk.account_id,
        user_id=desk.user_id,
        strategy_id=desk.strategy_id,
        symbol=symbol,
        updated_at=at,
    )


def _save_pair(pair: Pair, at: dt.datetime, *, is_news: bool = True) -> None:
    pair.updated_at = at if pair.updated_at is None else max(at, pair.updated_at)
    pair.save()
    if is_news:
        publishers.publish_pair(pair)


def _dollars(ticks: int) -> Decimal:
    return Decimal(ticks) / TICKS_PER_DOLLAR
