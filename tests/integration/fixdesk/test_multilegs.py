"""Multi-leg orders by FIX: from the log into the desk, through the real engine and algorithms, and back as reports."""

import itertools

import pytest

from accounts import services as accounts
from accounts.models import FixVersion
from accounts.services.fix import FixTerms
from common import clock
from common.actor import SYSTEM
from fixdesk.models import FixMultileg
from fixdesk.services import intake, outlet
from gateway.fix.rfq_reports import Reports
from orders.models import ParentOrder
from terminal import registry
from tests import builders
from tests.integration.orders.test_multileg import HIGH, LOW, LegVenue, look, net, spread
from tests.integration.rfq.world import commands_sent
from wire import fix_multileg, fix_rfq
from wire.algos import AlgoName, strategy_id_of
from wire.fix_multileg import MultilegReporting
from wire.gateway_fix import TellFixSession
from wire.units import Side

pytestmark = pytest.mark.django_db


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


@pytest.fixture
def venue(tmp_path):
    opened = LegVenue(tmp_path)
    yield opened
    opened.algos.close()
    opened.engine.stop()


@pytest.fixture
def desk(venue):
    trader = builders.trading_firm(deposits={"BTC": "50"})
    venue.limit(trader)
    venue.allow(strategy_id_of(AlgoName.MULTILEG))
    return trader


@pytest.fixture
def rows(venue):
    listed = [builders.listed(name) for name in (LOW, HIGH)]
    venue.list(listed)
    venue.rows = listed
    venue.quote(None, None)
    return listed


def session_of(trader, name, **terms):
    session, _ = accounts.create_fix_session(
        name=name, version=FixVersion.FIX44, account=trader.account, terms=FixTerms(**terms), user=trader.user,
        actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    return session


@pytest.fixture
def party(venue, desk, rows):
    return Party(venue, desk, session_of(desk, "LEGS", may_send_orders=True))


def test_a_call_spread_is_bought_and_every_fill_is_told(party):
    parent = party.enter()
    assert party.said(37, 11, 150, 39, 151, 14, 6, 44, 442) == [
        (f"M{parent.pk}", "A-1", "A", "A", "2", "0", "0", "0.0204", "3"),
        (f"M{parent.pk}", "A-1", "0", "0", "2", "0", "0", "0.0204", "3"),
    ]  # fmt: skip
    parent = party.look(parent)
    assert parent.state == "done"
    told = party.reports()
    legs = [(body[55], body[54], body[32], body[31], body[654]) for _, body in told if body[442] == "2"]
    assert sorted(legs) == sorted([(LOW, "1", "1", "0.0502", "low"), (HIGH, "2", "1", "0.0298", "high")] * 2)
    whole = [(b[150], b[39], b[32], b[31], b[151], b[14], b[6]) for _, b in told if b[442] == "3"]
    assert whole == [("F", "1", "1", "0.0204", "1", "1", "0.0204"), ("F", "2", "1", "0.0204", "0", "2", "0.0204")]
    ids = [body[17] for _, body in told]
    assert len(set(ids)) == len(ids)
    assert not FixMultileg.objects.get().is_open
    assert party.news() == []
