"""A venue in memory behind the real order library, between the real engine and the real database."""

import asyncio
import itertools
from decimal import Decimal

import msgspec

from common import clock, valkey
from gateway.engine import submit
from gateway.venues.api import NoAnswer, Refused
from gateway.venues.block_rfqs import BlockRfqs, RfqView
from gateway.venues.execution import Execution, NewVenueOrder, OrderView
from gateway.venues.route_reports import engine_report
from gateway.venues.routes import VenueRoutes
from gateway.venues.trading import VenueTrading
from wire.gateway_routes import AskVenueRfq, CancelVenueRfq, PlaceRoute
from wire.market import VenueLink
from wire.transport import MARKET_LATEST
from wire.units import Liquidity, OrderState, Side
from wire.venue_rfqs import VenueRfqState

PUMPED_SECONDS = 30


class MemoryVenue:
    """A ``TradingApi``. ``script``: what becomes of the next orders: a share to fill, "reject" or "silence"."""

    def __init__(self, title):
        self.title, self.script, self.orders, self.executions = title, [], {}, []
        self._ids = itertools.count(1)
        self.rfqs, self.asked, self.leg_prices = {}, {}, {}
        self.extra = Decimal(0)
        self.refuses_amendments = ""

    def order(self, instrument, client_order_id, quantity):
        """As the venue would show one that somebody else placed."""
        return self._view(
            NewVenueOrder(
                client_order_id=client_order_id,
                name=instrument.name,
                side=Side.BUY,
                quantity=quantity,
                price=Decimal(1),
            )
        )

    def show(self, instrument, client_order_id, quantity):
        view = self.order(instrument, client_order_id, quantity)
        self.orders[view.venue_order_id] = view
        return view.venue_order_id

    def _view(self, order):
        return OrderView(
            venue_order_id=f"{self.title}-{next(self._ids)}",
            client_order_id=order.client_order_id,
            name=order.name,
            side=order.side,
            quantity=order.quantity,
            price=order.price,
            filled=Decimal(0),
            state=OrderState.NEW,
            updated_at_ns=clock.now_ns(),
        )

    async def place(self, order):
        what = self.script.pop(0) if self.script else Decimal(1)
        if what == "reject":
            raise Refused("10009 not_enough_funds")
        view = self._view(order)
        self.orders[view.venue_order_id] = view
        if what == "silence":
            raise NoAnswer("the connection ended")
        trades = self.fill(view.venue_order_id, order.quantity * what) if what else []
        if order.time_in_force == "ioc":
            self._end(view.venue_order_id, "immediate_or_cancel")
        return self.orders[view.venue_order_id], trades

    def fill(self, venue_order_id, quantity):
        view = self.orders[venue_order_id]
        filled = view.filled + quantity
        state = OrderState.FILLED if filled == view.quantity else OrderState.NEW
        self.orders[venue_order_id] = msgspec.structs.replace(
            view, filled=filled, state=state, updated_at_ns=clock.now_ns()
        )
        trade = Execution(
            execution_id=f"{self.title}-T{next(self._ids)}",
            venue_order_id=venue_order_id,
            client_order_id=view.client_order_id,
            name=view.name,
            side=view.side,
            price=view.price,
            quantity=quantity,
            liquidity=Liquidity.TAKER,
            fee=Decimal("0.0005") * quantity,
            fee_currency="USDC",
            at_ns=clock.now_ns(),
        )
        self.executions.append(trade)
        return [trade]

    def bust(self, trade):
        busted = msgspec.structs.replace(trade, is_busted=True)
        self.executions.append(busted)
        return busted

    def _end(self, venue_order_id, reason):
        view = self.orders[venue_order_id]
        if view.state is OrderState.NEW:
            self.orders[venue_order_id] = msgspec.structs.replace(
                view, state=OrderState.CANCELED, updated_at_ns=clock.now_ns() + 1, reason=reason
            )

    async def cancel(self, venue_order_id):
        self._end(venue_order_id, "")
        return self.orders[venue_order_id]

    async def amend(self, venue_order_id, name, quantity, price):
        if self.refuses_amendments:
            raise Refused(self.refuses_amendments)
        view = self.orders[venue_order_id]
        self.orders[venue_order_id] = msgspec.structs.replace(
            view, quantity=quantity, price=price or view.price, updated_at_ns=clock.now_ns()
        )
        return self.orders[venue_order_id], []

    async def ask(self, asked):
        view = RfqView(
            venue_rfq_id=next(self._ids), label=asked.label, state=VenueRfqState.OPEN, venue_amount=asked.quantity,
            bids=[], asks=[], created_at_ns=clock.now_ns(), expires_at_ns=clock.now_ns() + 300 * 10**9,
        )  # fmt: skip
        self.rfqs[view.venue_rfq_id] = view
        self.asked[view.venue_rfq_id] = asked
        return view

    def make(self, rfq_id, **changes):
        """The request as it becomes."""
        self.rfqs[rfq_id] = msgspec.structs.replace(self.rfqs[rfq_id], **changes)
        return self.rfqs[rfq_id]

    async def cancel_rfq(self, venue_rfq_id):
        return self.make(venue_rfq_id, state=VenueRfqState.CANCELED, bids=[], asks=[])

    async def list_rfqs(self):
        return list(self.rfqs.values())

    async def accept(self, acceptance):
        """Every leg at its mark in ``leg_prices``."""
        what = self.script.pop(0) if self.script else "fill"
        if what == "reject":
            raise Refused("11030 no_crossing_quote")
        if what == "silence":
            raise NoAnswer("the connection ended")
        self.make(acceptance.venue_rfq_id, state=VenueRfqState.FILLED, bids=[], asks=[])
        for leg in acceptance.legs:
            is_bought = (leg.side is Side.BUY) == (acceptance.block.side is Side.BUY)
            view = OrderView(
                venue_order_id=self.name_leg(acceptance.venue_rfq_id, leg.instrument_name), client_order_id="",
                name=leg.instrument_name, side=Side.BUY if is_bought else Side.SELL,
                quantity=acceptance.block.quantity * leg.ratio, price=self.leg_prices[leg.instrument_name],
                filled=Decimal(0), state=OrderState.NEW, updated_at_ns=0,
            )  # fmt: skip
            self.orders[view.venue_order_id] = view
            self.fill(view.venue_order_id, view.quantity)
        return [] if what == "late" else self.executions[-len(acceptance.legs) :]

    def name_leg(self, venue_rfq_id, name):
        return f"leg-{venue_rfq_id}-{name}"

    async def list_open(self):
        return [view for view in self.orders.values() if view.state is OrderState.NEW]

    async def find(self, client_order_id, venue_order_id):
        return [
            view
            for view in self.orders.values()
            if view.venue_order_id == venue_order_id or (not venue_order_id and view.client_order_id == client_order_id)
        ]

    async def list_executions(self, since_ns):
        return list(self.executions)

    async def list_executions_of(self, venue_order_id):
        return [each for each in self.executions if each.venue_order_id == venue_order_id]

    async def list_positions(self):
        held = {}
        for each in self.executions:
            signed = each.side.sign * each.quantity * (-1 if each.is_busted else 1)
            held[each.name] = held.get(each.name, self.extra) + signed
        return [(name, quantity) for name, quantity in held.items() if quantity]


class Away:
    """Drives routes as the gateway does, one step at a time: ``settle`` lets everything that is due happen."""

    def __init__(self, venue, registry, folder, names):
        self.venue, self.registry, self.folder = venue, registry, folder
        self.venues = {name: MemoryVenue(name) for name in names}
        self.loop = asyncio.new_event_loop()
        self.stopped = set()
        self.open()

    def open(self):
        """As a gateway starts: the logs are read, what was never sent is rejected, every venue agreed with."""
        self.tradings = {
            name: VenueTrading(name, api, self.folder / f"{name}.orders") for name, api in self.venues.items()
        }
        self.routes = VenueRoutes(self.venue.engine, self.registry, self.tradings)
        for name, trading in self.tradings.items():
            trading.block_rfqs = BlockRfqs(trading, self.venues[name])
            trading.block_rfqs.is_offered = True
            self.loop.run_until_complete(trading.reconcile())
        self.show()
        self.feed()

    def close(self):
        for trading in self.tradings.values():
            trading.close()

    def end(self):
        self.close()
        self.loop.close()

    def show(self):
        for name, trading in self.tradings.items():
            link = VenueLink(
                at_ns=clock.now_ns(),
                market_time_ns=clock.now_ns(),
                venue=name,
                title=name,
                adapter="memory",
                state="live",
                is_test_network=True,
                takes_orders=True,
                is_ready=trading.is_ready,
                takes_block_rfqs=name == "aster",
                taker_fee_basis_points=5.0,
                latency_ms=1.0,
            )
            valkey.client().hset(MARKET_LATEST, f"venue_link.{name}", msgspec.json.encode(link))

    def hear(self, command):
        if isinstance(command, PlaceRoute | AskVenueRfq | CancelVenueRfq):
            self.loop.run_until_complete(self._hear(command))

    async def _hear(self, command):
        self.routes.on_command(command)
        for trading in self.tradings.values():
            await asyncio.gather(*trading.block_rfqs._tasks)  # noqa: SLF001 - the loop of the test lets it end

    def feed(self):
        """Reports of the logs to the engine, as the pump does."""
        for name, trading in self.tradings.items():
            if name in self.stopped:
                continue
            for report in trading.reports_from(self.venue.engine.venue_report(name) + 1):
                self.loop.run_until_complete(submit(self.venue.engine.report_route, *engine_report(report)))

    def pump(self):
        """The gateway's own, until one ends by itself: that has stopped its venue."""

        async def run():
            pumps = {name: asyncio.create_task(self.routes._pump(name, each)) for name, each in self.tradings.items()}  # noqa: SLF001 - one part of run
            await asyncio.wait(pumps.values(), timeout=PUMPED_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for name, each in pumps.items():
                if not each.cancel():
                    each.result()
                    self.stopped.add(name)
            await asyncio.gather(*pumps.values(), return_exceptions=True)

        self.loop.run_until_complete(run())

    def agree(self):
        """Once more with every venue, while orders go on."""
        for trading in self.tradings.values():
            self.loop.run_until_complete(trading.verify())
        self.feed()
        self.settle()

    def settle(self):
        for _ in range(3):
            self.venue.relay(self.hear)
            assert self.venue.engine.flush(20), self.venue.engine.state
            self.venue.project(on_event=self.on_event)
            self.loop.run_until_complete(self._work())
            self.feed()
        assert self.venue.engine.flush(20)
        self.venue.project(on_event=self.on_event)

    def on_event(self, raw):
        self.loop.run_until_complete(self._take(raw))

    async def _take(self, raw):
        self.routes.on_event(raw)

    async def _work(self):
        while self.routes._work:
            await asyncio.gather(*self.routes._work)  # noqa: SLF001 - the loop of the test lets it end
