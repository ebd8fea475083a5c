"""Orders that the engine admitted go to their venues, and what the venues report goes to the engine, each report once.

The venue's order log is the sender's durable log of ``docs/adr/0001``: its numbers are gapless, and the engine journals
the last one it took with what it counted. What was admitted and never sent, because the process ended between the two,
is rejected at the next start: an old order leaves for no market.
"""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Mapping
from typing import Any

import parley_core

from gateway import clock
from gateway.commands import CannotTake
from gateway.ending import run_together
from gateway.engine import EngineStopped, RawEvent, submit
from gateway.events import EVENT_TYPES
from gateway.registry import Registry
from gateway.venues.api import NoAnswer, NotReady, Refused
from gateway.venues.block_legs import BlockLegs
from gateway.venues.block_rfqs import BlockRfqs
from gateway.venues.execution import ExecutionReport, NewVenueOrder, ReportKind
from gateway.venues.order_log import OrderLogThere
from gateway.venues.own_orders import OwnOrder
from gateway.venues.route_reports import engine_report
from gateway.venues.trading import VenueTrading
from gateway.waiting import wait_at_most
from wire.gateway_routes import (
    AskVenueRfq,
    CancelVenueRfq,
    PlaceRoute,
    RouteAdmitted,
    RouteAmendAdmitted,
    RouteCancelRequested,
    RouteRefused,
    RouteReported,
)
from wire.units import OrderType, Side
from wire.venue_reports import client_order_id, find_route_id

log = logging.getLogger(__name__)

REPORTS_AT_ONCE = 256
WORK_MAX = 4_096
"""Requests to venues that may be under way at once."""
PUMP_SECONDS = 1.0
VERIFY_SECONDS = 5.0
"""How often a venue's mass status is compared with ours."""
NEVER_SENT, LOG_LOST = "never_sent", "order_log_lost"
ADMITTED, REFUSED = EVENT_TYPES.index(RouteAdmitted), EVENT_TYPES.index(RouteRefused)
CANCEL, AMEND = EVENT_TYPES.index(RouteCancelRequested), EVENT_TYPES.index(RouteAmendAdmitted)
REPORTED = EVENT_TYPES.index(RouteReported)


class OrderLogBehind(RuntimeError):
    """The engine took reports of a venue that its order log does not hold: they do not belong together."""


class JournalBehind(RuntimeError):
    """The engine lacks reports of a venue that its order log has forgotten: they do not belong together."""


class VenueRoutes:
    """``tradings``: by venue. One per gateway, used from its loop."""

    def __init__(
        self,
        engine: parley_core.Engine,
        registry: Registry,
        tradings: Mapping[str, VenueTrading],
        lost_logs: Collection[str] = (),
    ) -> None:
        """Rejects what was admitted and never sent. ``lost_logs``: venues whose log is to begin where the engine's
        knowledge ends. Raises OrderLogBehind, JournalBehind, OrderLogThere.
        """
        self._engine, self._registry, self.tradings = engine, registry, dict(tradings)
        self._waiting: dict[int, PlaceRoute] = {}
        """Commands whose routes the engine has not admitted yet."""
        self._names: dict[int, str] = {}
        """Client order ids of routes that work."""
        self._cancels: set[int] = set()
        """Routes that are to be canceled as soon as their venue can be asked."""
        self._work: set[asyncio.Task[None]] = set()
        self._blocks = BlockLegs()
        self._wake = {venue: asyncio.Event() for venue in self.tradings}
        for venue in lost_logs:
            self._begin_log(venue)
        for venue, trading in self.tradings.items():
            _require_agreement(engine.venue_report(venue), trading)
            trading.on_report = self._on_report
        self._recover(lost_logs)

    def on_command(self, command: PlaceRoute | AskVenueRfq | CancelVenueRfq) -> None:
        """A route on its way to the engine, or a request to a venue's makers. Raises CannotTake for a venue that takes
        no orders here, or has no makers.
        """
        if not isinstance(command, PlaceRoute):
            self._on_rfq(command)
            return
        self.require(command.venue)
        self.on_entered(command)

    def require(self, venue: str) -> None:
        """Raises CannotTake for one that takes no orders here."""
        if venue not in self.tradings:
            raise CannotTake("unknown_venue", f"{venue} takes no orders")

    def on_entered(self, command: PlaceRoute) -> None:
        """It is sent as soon as the engine admits it; one that an earlier process entered never is."""
        self._waiting[command.route_id] = command

    def _on_rfq(self, command: AskVenueRfq | CancelVenueRfq) -> None:
        """In the venue's log when this returns."""
        rfqs = self._rfqs(command.venue)
        try:
            if isinstance(command, AskVenueRfq):
                rfqs.ask(command)
            else:
                rfqs.cancel(command.label)
        except NotReady as error:
            raise CannotTake("venue_not_ready", str(error)) from error
        except KeyError as error:
            raise CannotTake("unknown_venue_rfq", f"{command.venue} was not asked {command.label}") from error

    def _rfqs(self, venue: str) -> BlockRfqs:
        trading = self.tradings.get(venue)
        if trading is None or trading.block_rfqs is None:
            raise CannotTake("no_block_rfqs", f"{venue} has no makers to ask")
        return trading.block_rfqs

    def on_event(self, raw: RawEvent) -> None:
        """An event that is on disk."""
        kind, payload = raw[5], raw[6]
        if kind not in (ADMITTED, REFUSED, CANCEL, AMEND, REPORTED):
            return
        if kind == REPORTED:
            self._on_journaled(*payload[1:3])
            return
        route_id = payload[0]
        assert isinstance(route_id, int), "the first field of these events is the route"
        if kind == REFUSED:
            command = self._waiting.pop(route_id, None)
            if command is not None and command.block is not None:
                self._leave_out(self._blocks.refuse(command, clock.now_ns()), "leg_refused")
        elif kind == ADMITTED:
            self._on_admitted(route_id)
        elif kind == CANCEL:
            self._cancels.add(route_id)
            self._begin(self._cancel(route_id))
        elif kind == AMEND:
            _, quantity_lots, price_ticks = payload
            assert isinstance(quantity_lots, int), "an amendment names the whole quantity"
            self._begin(self._amend(route_id, quantity_lots, price_ticks if isinstance(price_ticks, int) else None))

    async def run(self) -> None:
        """Until canceled: reports to the engine, and the comparison with every venue."""
        pumps = (self._pump(venue, trading) for venue, trading in self.tradings.items())
        await run_together(*pumps, *(self._verify(trading) for trading in self.tradings.values()))

    def _on_journaled(self, venue: object, number: object) -> None:
        assert isinstance(venue, str), "the second field of a report is its venue"
        assert isinstance(number, int), "the third field of a report is its number"
        if venue in self.tradings:
            self.tradings[venue].on_journaled(number)

    def _begin_log(self, venue: str) -> None:
        if venue not in self.tradings:
            raise OrderLogThere(f"{venue} takes no orders here: there is no log of its orders to begin")
        number = self._engine.venue_report(venue)
        log.warning("venue %s: its log of orders begins anew after report %d", venue, number)
        self.tradings[venue].begin_after(number)

    def _recover(self, lost_logs: Collection[str]) -> None:
        known = {venue: _own_by_route(trading) for venue, trading in self.tradings.items()}
        for route_id, venue, _, instrument_id, side, lots, *_, is_asked in self._engine.open_routes():
            trading = self.tradings.get(venue)
            if trading is None:
                log.critical("venue %s is not connected: nobody knows what became of route %d", venue, route_id)
                continue
            own = known[venue].get(route_id)
            if own is None:
                reason = LOG_LOST if venue in lost_logs else NEVER_SENT
                trading.refuse(self._lost_order(route_id, instrument_id, side, lots), reason)
                continue
            self._names[route_id] = own.client_order_id
            if is_asked:
                self._cancels.add(route_id)

    def _lost_order(self, route_id: int, instrument_id: int, side: int, lots: int) -> NewVenueOrder:
        """As much as the engine knows of it."""
        terms = self._registry.get(instrument_id).terms
        return NewVenueOrder(
            client_order_id=client_order_id(route_id, "000000"),
            name=terms.name,
            side=list(Side)[side],
            quantity=lots * terms.lot_size,
        )

    def _on_admitted(self, route_id: int) -> None:
        command = self._waiting.pop(route_id, None)
        if command is None:
            return
        self._names[route_id] = command.client_order_id
        if command.block is not None:
            self._on_leg_admitted(command)
        elif len(self._work) >= WORK_MAX:
            self._leave_out([command], "too_many_requests")
        else:
            self._begin(self._place(command))

    def _on_leg_admitted(self, command: PlaceRoute) -> None:
        legs, left_out = self._blocks.admit(command, clock.now_ns())
        self._leave_out(left_out, "leg_refused")
        if legs and len(self._work) >= WORK_MAX:
            self._leave_out(legs, "too_many_requests")
        elif legs:
            self._begin(self._place_block(legs))

    def _leave_out(self, commands: list[PlaceRoute], reason: str) -> None:
        """They will not be sent."""
        for command in commands:
            self.tradings[command.venue].refuse(self._order_of(command), reason)

    async def _place_block(self, commands: list[PlaceRoute]) -> None:
        """Every leg, or none."""
        block = commands[0].block
        assert block is not None, "a leg says what it is a leg of"
        if any(command.route_id in self._cancels for command in commands):
            self._leave_out(commands, "canceled_before_sent")
            return
        try:
            rfqs = self._rfqs(commands[0].venue)
            await rfqs.accept(block, [self._order_of(command) for command in commands])
        except (NotReady, CannotTake) as error:
            log.warning("venue %s: %s is not accepted: %s", commands[0].venue, block.label, error)
            self._leave_out(commands, "venue_not_ready")

    async def _place(self, command: PlaceRoute) -> None:
        trading, order = self.tradings[command.venue], self._order_of(command)
        if command.route_id in self._cancels:
            trading.refuse(order, "canceled_before_sent")
            return
        try:
            await trading.place(order)
        except NotReady as error:
            log.warning("venue %s: route %d is not sent: %s", command.venue, command.route_id, error)
            trading.refuse(order, "venue_not_ready")

    def _order_of(self, command: PlaceRoute) -> NewVenueOrder:
        terms = self._registry.get(command.instrument_id).terms
        is_market = command.order_type is OrderType.MARKET or command.price_ticks is None
        return NewVenueOrder(
            client_order_id=command.client_order_id,
            name=terms.name,
            side=command.side,
            quantity=command.quantity_lots * terms.lot_size,
            price=None if is_market else (command.price_ticks or 0) * terms.tick_size,
            order_type=command.order_type,
            time_in_force=command.time_in_force,
            is_post_only=command.is_post_only,
            is_reduce_only=command.is_reduce_only,
        )

    async def _cancel(self, route_id: int) -> None:
        """Stays asked for while the venue cannot be asked, or does not answer."""
        trading, own = self._own(route_id)
        if trading is None or own is None or not own.venue_order_id or own.is_done:
            return
        try:
            await trading.cancel(own.client_order_id)
        except Refused as refused:
            self._cancels.discard(route_id)
            trading.refuse_request(own.client_order_id, ReportKind.CANCEL_REJECTED, str(refused))
        except NoAnswer as error:
            log.warning("venue %s: no answer to the cancel of route %d: %s", trading.venue, route_id, error)
        else:
            self._cancels.discard(route_id)

    async def _amend(self, route_id: int, quantity_lots: int, price_ticks: int | None) -> None:
        trading, own = self._own(route_id)
        if trading is None or own is None or own.is_done:
            return
        contract = self._registry.find_name(own.name)
        assert contract is not None, "a route's instrument is listed while it works"
        price = None if price_ticks is None else price_ticks * contract.terms.tick_size
        try:
            await trading.amend(own.client_order_id, quantity_lots * contract.terms.lot_size, price)
        except (Refused, NotReady) as error:
            trading.refuse_request(own.client_order_id, ReportKind.AMEND_REJECTED, str(error))
        except NoAnswer as error:
            log.warning("venue %s: no answer to the amendment of route %d: %s", trading.venue, route_id, error)

    def _own(self, route_id: int) -> tuple[VenueTrading | None, OwnOrder | None]:
        name = self._names.get(route_id, "")
        for trading in self.tradings.values():
            if (own := trading.own.orders.get(name)) is not None:
                return trading, own
        return None, None

    def _on_report(self, report: ExecutionReport) -> None:
        self._wake[report.venue].set()
        route_id = find_route_id(report.client_order_id)
        if route_id in self._cancels and report.kind is ReportKind.NEW:
            self._begin(self._cancel(route_id))
        if not report.leaves and route_id in self._names:
            self._names.pop(route_id)
            self._cancels.discard(route_id)

    async def _pump(self, venue: str, trading: VenueTrading) -> None:
        """The next report follows the last that the engine was given; the engine passes over what it took before."""
        given = self._engine.venue_report(venue)
        wake = self._wake[venue]
        while True:
            wake.clear()
            reports = trading.reports_from(given + 1)[:REPORTS_AT_ONCE]
            try:
                for report in reports:
                    await submit(self._engine.report_route, *engine_report(report))
                    given = report.number
            except EngineStopped as error:
                log.critical("venue %s: no more reports are taken: %s", venue, error)
                return
            except (ValueError, ArithmeticError) as error:
                trading.stop(f"report {given + 1} cannot be counted: {error}")
                return
            if not reports:
                await wait_at_most(wake, PUMP_SECONDS)

    async def _verify(self, trading: VenueTrading) -> None:
        while True:
            await asyncio.sleep(VERIFY_SECONDS)
            self._leave_out(self._blocks.give_up(clock.now_ns()), "legs_incomplete")
            try:
                await trading.verify()
                if trading.block_rfqs is not None and trading.block_rfqs.is_offered:
                    await trading.block_rfqs.reconcile()
            except (NoAnswer, Refused, ValueError) as error:  # ValueError: what it lists cannot be read
                log.warning("venue %s: not compared: %s", trading.venue, error)
            if trading.is_ready:
                for route_id in sorted(self._cancels):
                    if self._own(route_id)[0] is trading:
                        await self._cancel(route_id)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside the loop that reads events, which must not wait for a venue. A cancel that finds no place is asked for
        again at the next comparison.
        """
        if len(self._work) >= WORK_MAX:
            log.warning("%d requests to venues are under way: one more is put off", WORK_MAX)
            work.close()
            return
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request to a venue failed", exc_info=error)


def _require_agreement(taken: int, trading: VenueTrading) -> None:
    """``taken``: the last report that the engine knows. Raises OrderLogBehind, JournalBehind."""
    if taken > trading.own.last_number:
        why = f"the engine took report {taken}, its log of orders ends at {trading.own.last_number}"
        raise OrderLogBehind(f"{trading.venue}: {why}")
    if taken < trading.folded_number:
        why = f"the engine took report {taken}, its log of orders begins after {trading.folded_number}"
        raise JournalBehind(f"{trading.venue}: {why}")


def _own_by_route(trading: VenueTrading) -> dict[int, OwnOrder]:
    return {route_id: own for name, own in trading.own.orders.items() if (route_id := find_route_id(name))}
