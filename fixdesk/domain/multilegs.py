"""What a session is told of a multi-leg order of its own, from facts of the parent order and its legs' fills. Pure.

Fills come from the engine's events, the state of the parent order from the gateway's algorithms: two roads, of which
either may be ahead. The legs' own fills decide what of the structure has traded; an end is told once every fill that
belongs to it was.
"""

from decimal import Decimal

import msgspec

from common.decimals import plain_text
from wire.account_views import FillView
from wire.algos import CANCELED_BY_A_PERSON, ENDED_PARENT_STATES, EXPIRED, ParentState
from wire.facts import OrderFilled
from wire.fix_multileg import (
    EnterMultileg,
    MultilegEvent,
    MultilegLeg,
    MultilegLegFilled,
    MultilegOrder,
    MultilegReporting,
    MultilegRequestRefused,
    MultilegStatus,
    MultilegTold,
    multileg_name,
)
from wire.fix_rfq import AnyFixNews
from wire.gateway_algos import AlgoAction
from wire.multileg import TASK_LETTERS, LegTask
from wire.parent_views import ParentView
from wire.units import TimeInForce

ENDS = {
    MultilegStatus.CANCELED: MultilegEvent.CANCELED,
    MultilegStatus.EXPIRED: MultilegEvent.EXPIRED,
    MultilegStatus.REJECTED: MultilegEvent.REJECTED,
}
WHOLE_BEFORE = "too_late_to_change"
TEXTS = {
    "legging_unwound": "legs that stood without the others were traded back",
    "immediate_or_cancel": "the books held no more at the net price",
    "market_stale": "the books are not fresh",
    "too_late_to_change": "all of it had traded before its change came",
}
LATE_FILLS = {
    LegTask.COMPLETE: "late_completion: beyond the net price, within legging_slippage",
    LegTask.UNWIND: "unwound: traded back, for it stood without the others",
}
"""What a leg's fill is for, where it is not part of the net price as it was asked for."""
STATUS_ID = "0"
_PRICE_STEP = Decimal("1e-12")


class ToldLeg(msgspec.Struct, frozen=True):
    """Contracts, and price times contracts, of its own side; contracts that were traded back."""

    filled: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    unwound: Decimal = Decimal(0)


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How the parent order ended, before the session is told. ``legs``: (filled, unwound) that belong to it."""

    reason: str
    at_ns: int
    is_started: bool
    legs: tuple[tuple[Decimal, Decimal], ...]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """``client_order_id``: of the order or its last replacement. ``filled``: units that were told as traded, which cost
    ``value`` net. ``cancel_id``: of the request for its cancel that waits, which named it by ``cancel_of``.

    ``changed_at_ns``: what the session itself changed stands in views from then on. ``end``: the last it is told.
    """

    client_order_id: str
    quantity: str
    net_price: str
    time_in_force: TimeInForce
    expires_at_ns: int
    step: str
    legs: tuple[ToldLeg, ...]
    filled: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    reports: int = 0
    changed_at_ns: int = 0
    is_new: bool = False
    is_suspended: bool = False
    is_late: bool = False
    problem: str = ""
    cancel_id: str = ""
    cancel_of: str = ""
    cancel_reason: str = ""
    canceled_at_ns: int = 0
    ending: Ending | None = None
    end: MultilegStatus | None = None


class Teller:
    """One order: ``told`` changes with each of the calls, ``news`` is what they have to say, in its order."""

    def __init__(self, parent_order_id: int, entered: EnterMultileg, told: Told) -> None:
        self._parent_order_id, self._entered, self.told = parent_order_id, entered, told
        self.news: list[AnyFixNews] = []

    # What the session asked for

    def on_entered(self, at_ns: int, reason: str = "", text: str = "") -> None:
        self._report(MultilegEvent.PENDING_NEW, at_ns, reason=reason, text=text)

    def on_cancel_asked(self, request_id: str, original: str, at_ns: int) -> None:
        self._change(cancel_id=request_id, cancel_of=original, canceled_at_ns=at_ns)
        self._report(MultilegEvent.PENDING_CANCEL, at_ns, request_id=request_id, original=original)

    def on_canceling(self, reason: str, at_ns: int) -> None:
        """Without a request of its own: with others, or as the session is gone."""
        self._change(cancel_reason=reason, canceled_at_ns=at_ns)

    def on_replaced(self, changed: Told, original: str, at_ns: int) -> None:
        self.told = changed
        self._report(MultilegEvent.REPLACED, at_ns, request_id=changed.client_order_id, original=original)

    def status(self, at_ns: int, *, asked_id: str = "") -> MultilegTold:
        return MultilegTold(
            order=self.order(), event=MultilegEvent.STATUS, execution_id=STATUS_ID, at_ns=at_ns,
            status_request_id=asked_id,
        )  # fmt: skip

    # What became of it

    def on_fill(self, fact: OrderFilled) -> None:
        """Of a child: first the leg, then what of the structure it made whole."""
        names = [leg.instrument_name for leg in self._entered.parameters.legs]
        if fact.fill.instrument_name not in names:
            return
        at_ns = fact.fill.at_ns
        self._ensure_new(at_ns)
        leg, task = names.index(fact.fill.instrument_name), _task(fact.order.client_order_id)
        self._add(leg, fact.fill, is_unwind=task is LegTask.UNWIND)
        if self._entered.reporting is not MultilegReporting.STRUCTURE:
            self.news.append(self._leg_filled(leg, fact.fill, task))
        self._trade_whole(at_ns)
        self._end_if_told()

    def on_view(self, view: ParentView) -> None:
        """Another state of the parent order."""
        at_ns, is_ended = view.updated_at_ns, view.state in ENDED_PARENT_STATES
        if self.told.ending is not None:
            return
        if view.started_at_ns and view.state is not ParentState.CANCELED:
            self._ensure_new(at_ns)
        if view.updated_at_ns >= self.told.changed_at_ns:
            self._restate(view)
        if is_ended:
            self._note_end(view)
            self._end_if_told()
            return
        self._suspend(view)
        self._tell_problem(view)
        self._refuse_cancel(view)

    def order(self) -> MultilegOrder:
        """As the session is told that it stands."""
        told, entered = self.told, self._entered
        references = entered.leg_references or ("",) * len(entered.parameters.legs)
        leaves = Decimal(0) if told.end is not None else max(Decimal(0), Decimal(told.quantity) - told.filled)
        return MultilegOrder(
            parent_order_id=self._parent_order_id,
            client_order_id=told.client_order_id,
            account_id=entered.account_id,
            side=entered.side,
            quantity=told.quantity,
            net_price=told.net_price,
            time_in_force=told.time_in_force,
            expires_at_ns=told.expires_at_ns,
            status=self._status(),
            leaves_quantity=plain_text(leaves),
            filled_quantity=plain_text(told.filled),
            average_price=_price(told.value / told.filled) if told.filled else "0",
            legs=tuple(
                MultilegLeg(instrument_name=leg.instrument_name, side=leg.side, ratio=leg.ratio, reference=reference)
                for leg, reference in zip(entered.parameters.legs, references, strict=True)
            ),
        )

    def _status(self) -> MultilegStatus:
        told = self.told
        if told.end is not None:
            return told.end
        if told.cancel_id:
            return MultilegStatus.PENDING_CANCEL
        if not told.is_new:
            return MultilegStatus.PENDING_NEW
        if told.is_suspended:
            return MultilegStatus.SUSPENDED
        return MultilegStatus.PARTIALLY_FILLED if told.filled else MultilegStatus.NEW

    def _ensure_new(self, at_ns: int) -> None:
        if not self.told.is_new:
            self._change(is_new=True)
            self._report(MultilegEvent.NEW, at_ns)

    def _add(self, leg: int, fill: FillView, *, is_unwind: bool) -> None:
        legs, quantity = list(self.told.legs), Decimal(fill.quantity)
        was = legs[leg]
        legs[leg] = (
            ToldLeg(was.filled, was.value, was.unwound + quantity)
            if is_unwind
            else ToldLeg(was.filled + quantity, was.value + quantity * Decimal(fill.price), was.unwound)
        )
        self._change(legs=tuple(legs))

    def _leg_filled(self, leg: int, fill: FillView, task: LegTask | None) -> MultilegLegFilled:
        done, ratio = self.told.legs[leg], self._entered.parameters.legs[leg].ratio
        return MultilegLegFilled(
            order=self.order(),
            leg=leg,
            fill=fill,
            quantity=plain_text(Decimal(self.told.quantity) * ratio),
            filled_quantity=plain_text(done.filled),
            average_price=_price(done.value / done.filled) if done.filled else "0",
            text=LATE_FILLS.get(task, "") if task is not None else "",
        )

    def _trade_whole(self, at_ns: int) -> None:
        """Units of which every leg has traded by now and had not before. They cost what the average of all legs makes
        of them, so that quantities times prices of all fills add up to it.
        """
        told, whole = self.told, self._whole_units()
        if whole <= told.filled:
            return
        legs = zip(self._entered.parameters.legs, told.legs, strict=True)
        net = sum((leg.side.sign * leg.ratio * done.value / done.filled for leg, done in legs), start=Decimal(0))
        value, quantity = net * whole, whole - told.filled
        price = (value - told.value) / quantity
        is_full = whole >= Decimal(told.quantity)
        self._change(filled=whole, value=value, quantity=plain_text(max(whole, Decimal(told.quantity))))
        if is_full:
            self._change(end=MultilegStatus.FILLED, cancel_id="", is_suspended=False)
        if self._entered.reporting is not MultilegReporting.LEGS:
            self._report(MultilegEvent.TRADE, at_ns, last_quantity=plain_text(quantity), last_price=_price(price))
        if is_full:
            self._refuse_waiting_cancel(told, at_ns)

    def _whole_units(self) -> Decimal:
        step = Decimal(self.told.step)
        legs = zip(self._entered.parameters.legs, self.told.legs, strict=True)
        units = min((done.filled - done.unwound) / leg.ratio for leg, done in legs)
        return max(Decimal(0), units // step * step)

    def _restate(self, view: ParentView) -> None:
        """A person at the desk changed it, or more had begun than a lowered quantity."""
        parameters = view.parameters.multileg
        assert parameters is not None, "a multi-leg order"
        terms = (view.quantity, parameters.net_price, parameters.expires_at_ns or 0)
        if terms == (self.told.quantity, self.told.net_price, self.told.expires_at_ns):
            return
        same_time = terms[2] == self.told.expires_at_ns
        lasts = self.told.time_in_force if same_time else parameters.time_in_force
        self._change(quantity=terms[0], net_price=terms[1], expires_at_ns=terms[2], time_in_force=lasts)
        if self.told.end is None:
            self._report(MultilegEvent.RESTATED, view.updated_at_ns, reason="amended")

    def _suspend(self, view: ParentView) -> None:
        is_paused = view.state is ParentState.PAUSED
        if is_paused == self.told.is_suspended or self.told.end is not None:
            return
        self._change(is_suspended=is_paused)
        if is_paused:
            self._report(MultilegEvent.SUSPENDED, view.updated_at_ns, reason=view.reason or "paused")
        else:
            self._report(MultilegEvent.RESTATED, view.updated_at_ns, reason="resumed")

    def _tell_problem(self, view: ParentView) -> None:
        """Legs that stand without the others for longer than they may, and why."""
        assert view.multileg is not None, "a multi-leg order"
        shown, told = view.multileg, self.told
        if (shown.is_late, shown.problem) == (told.is_late, told.problem):
            return
        self._change(is_late=shown.is_late, problem=shown.problem)
        if shown.is_late or shown.problem:
            text = f"{shown.unmatched_quantity} of {view.quantity} units stand without their other legs"
            self._report(MultilegEvent.RESTATED, view.updated_at_ns, reason=shown.problem or "legs_late", text=text)

    def _refuse_cancel(self, view: ParentView) -> None:
        """The gateway did not take the request."""
        is_waited_for = self.told.cancel_id and view.updated_at_ns > self.told.canceled_at_ns
        if is_waited_for and view.requested != AlgoAction.CANCEL:
            before = self.told
            self._change(cancel_id="")
            self._refuse_waiting_cancel(before, view.updated_at_ns, view.reason or "not_taken")

    def _refuse_waiting_cancel(self, before: Told, at_ns: int, reason: str = "too_late_to_cancel") -> None:
        if before.cancel_id:
            refused = MultilegRequestRefused(
                request_id=before.cancel_id, original=before.cancel_of, is_replacement=False, order=self.order(),
                at_ns=at_ns, reason=reason, text="",
            )  # fmt: skip
            self.news.append(refused)

    def _note_end(self, view: ParentView) -> None:
        assert view.multileg is not None, "a multi-leg order"
        legs = tuple((Decimal(leg.filled_quantity), Decimal(leg.unwound_quantity)) for leg in view.multileg.legs)
        ending = Ending(
            reason=view.reason, at_ns=view.updated_at_ns, is_started=view.started_at_ns > 0, legs=legs
        )
        self._change(ending=ending)

    def _end_if_told(self) -> None:
        """Once every fill that belongs to the end was told."""
        ending, told = self.told.ending, self.told
        if ending is None or told.end is not None:
            return
        pairs = zip(told.legs, ending.legs, strict=True)
        if any(done.filled < filled or done.unwound < unwound for done, (filled, unwound) in pairs):
            return
        if ending.is_started:
            self._ensure_new(ending.at_ns)
        self._end(ending)

    def _end(self, ending: Ending) -> None:
        told, is_asked = self.told, ending.reason == CANCELED_BY_A_PERSON
        why = ending.reason or WHOLE_BEFORE
        if ending.reason == EXPIRED:
            end = MultilegStatus.EXPIRED
        elif ending.is_started or is_asked:
            end = MultilegStatus.CANCELED
        else:
            end = MultilegStatus.REJECTED
        self._change(end=end, cancel_id="", is_suspended=False)
        reason = told.cancel_reason or why if is_asked else why
        ids = {"request_id": told.cancel_id, "original": told.cancel_of} if is_asked and told.cancel_id else {}
        self._report(ENDS[end], ending.at_ns, reason="" if ids else reason, text=TEXTS.get(reason, ""), **ids)
        if not ids:
            self._refuse_waiting_cancel(told, ending.at_ns)

    @property
    def is_over(self) -> bool:
        """Nothing more will be told."""
        told = self.told
        if told.end is None or told.ending is None:
            return False
        pairs = zip(told.legs, told.ending.legs, strict=True)
        return all(done.filled >= filled and done.unwound >= unwound for done, (filled, unwound) in pairs)

    def _report(
        self, event: MultilegEvent, at_ns: int, *, request_id: str = "", original: str = "", reason: str = "",
        text: str = "", last_quantity: str = "", last_price: str = "",
    ) -> None:  # fmt: skip
        self._change(reports=self.told.reports + 1)
        told = MultilegTold(
            order=self.order(),
            event=event,
            execution_id=f"{multileg_name(self._parent_order_id)}-{self.told.reports}",
            at_ns=at_ns,
            request_id=request_id,
            original=original,
            last_quantity=last_quantity,
            last_price=last_price,
            reason=reason,
            text=text,
        )
        self.news.append(told)

    def _change(self, **changes: object) -> None:
        self.told = msgspec.structs.replace(self.told, **changes)


def _task(client_order_id: str) -> LegTask | None:
    """What a leg's order is for."""
    return next((task for task, letter in TASK_LETTERS.items() if client_order_id.endswith(letter)), None)


def _price(value: Decimal) -> str:
    return plain_text(value.quantize(_PRICE_STEP))
