import itertools

import pytest

from accounts import services as accounts
from accounts.models import FixSession, FixVersion
from accounts.services.fix import FixTerms
from common import clock
from common.actor import SYSTEM
from fixdesk.services import intake, outlet
from terminal import registry
from tests.integration.fixdesk.legs import Party, session_of
from tests.integration.orders.test_multileg import desk, rows, venue
from tests.integration.rfq import world as worlds
from tests.integration.rfq.conftest import ids_in_order, world
from tests.integration.risk.conftest import _patience
from wire import fix_rfq
from wire.gateway_fix import TellFixSession


class Roads:
    """Both roads of a desk: entries in, in their order, and what sessions are told of them."""

    def __init__(self, world: worlds.World) -> None:
        self.world = world
        self.cursor = fix_rfq.FixRfqTaken(log="a" * 32, number=0)
        self._sequences = itertools.count(2)
        intake.models.Intake.objects.get_or_create(id=1)

    def session(self, party: worlds.Party, name: str, **terms: bool) -> FixSession:
        session, _ = accounts.create_fix_session(
            name=name, version=FixVersion.FIX44, account=party.account, terms=FixTerms(**({"may_negotiate": True} | terms)),
            user=party.user, actor=SYSTEM, at=self.world.at,
        )  # fmt: skip
        outlet.step()
        return session

    def entry(self, session: FixSession, action: fix_rfq.AnyFixAction, *, is_resend: bool = False) -> fix_rfq.FixEntry:
        return fix_rfq.FixEntry(
            number=self.cursor.number + 1, at_ns=1, session_id=session.pk, session=str(session), message_type="?",
            sequence=next(self._sequences), is_possible_resend=is_resend, action=action,
        )  # fmt: skip

    def take(self, session: FixSession, action: fix_rfq.AnyFixAction, *, is_resend: bool = False) -> None:
        entry = self.entry(session, action, is_resend=is_resend)
        intake.take(entry, self.cursor, registry.socket_handlers())
        self.cursor = fix_rfq.FixRfqTaken(log=self.cursor.log, number=entry.number)

    def now(self) -> worlds.World:
        self.world.at = clock.now()
        return self.world

    def told(self, session: FixSession) -> list[fix_rfq.AnyFixNews]:
        """All that the session was told since it is there, once the facts were read to their end."""
        while outlet.step():
            pass
        sent = worlds.commands_sent(TellFixSession)
        return [news for command in sent if command.session_id == session.pk for news in command.news]


__all__ = ["_patience", "desk", "ids_in_order", "rows", "venue", "world"]


@pytest.fixture
def roads(world: worlds.World, settings) -> Roads:  # noqa: F811 - the fixture
    """Handlers act now: without a grace, which would have to be waited for."""
    settings.RFQ_GRACE_MS = 0
    return Roads(world)


@pytest.fixture
def party(venue, desk, rows):  # noqa: F811 - the fixtures
    return Party(venue, desk, session_of(desk, "LEGS", may_send_orders=True))
