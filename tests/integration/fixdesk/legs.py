"""A session of a firm that enters multi-leg orders, beside the real engine and algorithms."""

import itertools

from accounts import services as accounts
from accounts.models import FixVersion
from accounts.services.fix import FixTerms
from common import clock, db
from common.actor import SYSTEM
from fixdesk.services import intake, outlet
from gateway.fix.rfq_reports import Reports
from orders.models import ParentOrder
from orders.services import parent_reports
from terminal import registry
from tests import builders
from tests.integration.orders.test_multileg import HIGH, look, net, spread
from tests.integration.rfq.world import commands_sent
from wire import fix_multileg, fix_rfq, gateway
from wire.fix_multileg import MultilegReporting
from wire.gateway_fix import TellFixSession
from wire.units import Side


class Party:
    """A session of a firm, and what it is told."""

    def __init__(self, venue, trader, session):
        self.venue, self.trader, self.session = venue, trader, session
        self.cursor = fix_rfq.FixRfqTaken(log="a" * 32, number=0)
        self._sequences = itertools.count(2)
        self.at_ns = clock.now_ns()
        intake.models.Intake.objects.get_or_create(id=1)
        self._read = 0

    def take(self, action, *, is_resend=False, sequence=None):
        builders.play_market(*self.venue.rows)
        entry = fix_rfq.FixEntry(
            number=self.cursor.number + 1, at_ns=self.at_ns, session_id=self.session.pk, session=str(self.session),
            message_type="AB", sequence=next(self._sequences) if sequence is None else sequence, is_possible_resend=is_resend, action=action,
        )  # fmt: skip
        intake.take(entry, self.cursor, registry.socket_handlers())
        self.cursor = fix_rfq.FixRfqTaken(log=self.cursor.log, number=entry.number)
        self.venue.now_ns = clock.now_ns()
        self.venue.relay()
        self.venue.tell()

    def enter(self, client_order_id="A-1", parameters=None, **changes):
        self.take(order(self.trader, client_order_id, parameters, **changes))
        return ParentOrder.objects.order_by("-id").first()

    def look(self, parent, seconds=3):
        return look(self.venue, parent, seconds)

    def news(self, session=None):
        """What is new, once the facts were read to their end."""
        while outlet.step():
            pass
        wanted = (session or self.session).pk
        told = [
            news for each in commands_sent(TellFixSession) if each.session_id == wanted for news in each.news
        ]
        if session is not None:
            return told
        self._read, new = len(told), told[self._read :]
        return new

    def reports(self):
        """What is new, as messages: (type, {tag: value})."""
        written = [message for news in self.news() for message in Reports(is_fix44=True).of(news)]
        return [(message.type, dict(reversed(message.body))) for message in written]

    def said(self, *tags):
        return [tuple(body.get(tag) for tag in tags) for _, body in self.reports()]


def order(trader, client_order_id="A-1", parameters=None, **changes):
    given = {
        "client_order_id": client_order_id, "account_id": trader.account.id, "side": Side.BUY, "quantity": "2",
        "parameters": parameters or spread(), "reporting": MultilegReporting.BOTH, "leg_references": ("low", "high"),
    }  # fmt: skip
    return fix_multileg.EnterMultileg(**(given | changes))


def cancel(request="C-1", original="A-1", **changes):
    return fix_multileg.CancelMultileg(client_order_id=request, original=original, **changes)


def replace(request="R-1", original="A-1", *, price=net(204), quantity="2", **changes):
    given = {
        "client_order_id": request, "original": original, "side": Side.BUY, "legs": spread().legs,
        "quantity": quantity, "net_price": price, "changes": fix_multileg.MultilegChanges(),
    }  # fmt: skip
    return fix_multileg.ReplaceMultileg(**(given | changes))


def session_of(trader, name, **terms):
    session, _ = accounts.create_fix_session(
        name=name, version=FixVersion.FIX44, account=trader.account, terms=FixTerms(**terms), user=trader.user,
        actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    return session


def alone_by_fix(party, rows, parameters):
    """The bought call has traded, and nobody bids for the other."""
    parent = party.enter(parameters=parameters)
    venue = party.venue
    venue.now_ns += 10**9
    venue.algos.desk.on_time(venue.now_ns)
    venue.engine.set_quotes(clock.now_ns(), builders.FEBRUARY, rows[1].id, 300, [(290, 20)], [(302, 20)])
    venue.mids[HIGH] = 292
    return look(venue, parent, 1)


def refuse(parent, reason):
    """The gateway answers the newest command about it."""
    parent.refresh_from_db()
    event = gateway.CommandRefused(command_id=f"steer-algo:{parent.pk}:{parent.steered}", reason=reason, value=0, bound=0)
    envelope = gateway.EventEnvelope(
        event_number=1, journal_sequence=1, index=0, at_ns=clock.now_ns(), command_sequence=1, event=event
    )
    with db.unit_of_work():
        parent_reports.refuse_steering(envelope)
