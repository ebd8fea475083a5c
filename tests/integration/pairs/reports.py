"""What the gateway's hot path reports, made of facts as a log would hold them."""

import msgspec

from common import db
from gateway.hot.book import HotBook
from gateway.hot.reports import engine_report
from pairs import handlers
from tests.builders import Journal
from wire.gateway_routes import RouteReported
from wire.pairs import PairListed, SteerPairs, StrategyOwner
from wire.venue_reports import ExecutionReport

VENUE = "equities"


class Reports:
    """Puts records into a book and applies what it tells, as relay and dispatcher do."""

    def __init__(self, firm, *, strategy_id=900):
        self.owner = StrategyOwner(
            account_id=firm.account.id, user_id=firm.user.id, desk_id=firm.desk.id, firm_id=firm.firm.id,
            strategy_id=strategy_id,
        )  # fmt: skip
        self.book, self.journal, self.number, self.envelopes = HotBook(), Journal(), 0, []

    def tell(self, *contents):
        """Facts, listed pairs and commands."""
        for content in contents:
            self.number += 1
            self.apply(self.envelope(self._take(content)))

    def _take(self, content):
        if isinstance(content, PairListed):
            return self.book.list_pair(content)
        if isinstance(content, SteerPairs):
            return self.book.take_command(content, content.valid_until_ns)
        return self.book.take(self.number, content)

    def envelope(self, told):
        venue, number, route_id, _, lots, price_ticks, leaves_lots, report = engine_report(
            VENUE, self.owner, self.number, told
        )
        event = RouteReported(
            route_id=route_id, venue=venue, report_number=number, execution_id=0, lots=lots, price_ticks=price_ticks,
            leaves_lots=leaves_lots, reference_price_micros=0,
            report=msgspec.json.decode(report, type=ExecutionReport),
        )  # fmt: skip
        self.envelopes.append(self.journal.envelope(event))
        return self.envelopes[-1]

    def apply(self, envelope):
        import orders.handlers

        with db.unit_of_work():
            for app in (orders.handlers, handlers):
                app.GATEWAY_HANDLERS[type(envelope.event)](envelope)
