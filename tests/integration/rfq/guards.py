"""What guards a maker in random negotiations: protection, session, kill switch. The model's own rules, and what works the desk's."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator

from rfq import handlers, services
from rfq.domain.records import QuoteRecord, RfqRecord
from rfq.services import kills, protection, sessions
from risk import handlers as risk_handlers
from tests.integration.rfq.looks import ENDED, Look
from tests.integration.rfq.world import Party, World, command_id
from wire import client_protection as client
from wire import gateway
from wire.units import ControlScope, QuoteState

WINDOW = dt.timedelta(seconds=60)
DEAD_MAN_SECONDS = 10
RECONNECT_SECONDS = 0.001
SCOPES = (ControlScope.FIRM, ControlScope.DESK, ControlScope.USER, ControlScope.ACCOUNT)
PERSONS = {ControlScope.DESK, ControlScope.USER}
"""The desk itself holds who was stopped so; of accounts and firms the gateway answers for."""
WEB = "web-1"
TAKEN = {
    QuoteState.PENDING_LAST_LOOK,
    QuoteState.PENDING_FILL,
    QuoteState.FILLED,
    QuoteState.REJECTED,
    QuoteState.LAST_LOOK_REJECTED,
}
"""States that only an accept leads to."""


@dataclasses.dataclass(kw_only=True)
class Guard:
    """``counted``: accepted quotes by id, with the time of their fill, None while it is pending."""

    party: Party
    trades_max: int | None = None
    frozen: dt.timedelta | None = None
    frozen_at: dt.datetime | None = None
    counted: dict[int, dt.datetime | None] = dataclasses.field(default_factory=dict)
    is_connected: bool = True
    deadline: dt.datetime | None = None
    killed: set[ControlScope] = dataclasses.field(default_factory=set)

    def copy(self) -> "Guard":
        return dataclasses.replace(self, counted=dict(self.counted), killed=set(self.killed))

    @property
    def frozen_until(self) -> dt.datetime | None:
        return None if self.frozen_at is None or not self.frozen else self.frozen_at + self.frozen

    def is_frozen(self, at: dt.datetime) -> bool:
        return self.frozen_at is not None and (self.frozen_until is None or at < self.frozen_until)

    def is_dead(self, at: dt.datetime) -> bool:
        return self.deadline is not None and self.deadline <= at

    def may_quote(self, at: dt.datetime) -> bool:
        return not (self.is_frozen(at) or self.is_dead(at) or self.killed)

    def may_confirm(self) -> bool:
        return not self.killed & PERSONS

    def may_trade(self, at: dt.datetime) -> bool:
        """What is pending counts: no fill that stands can carry the window further than to its bound."""
        return not self.is_frozen(at) and (self.trades_max is None or len(self._window(at)) < self.trades_max)

    def _window(self, at: dt.datetime) -> list[dt.datetime | None]:
        return [filled_at for filled_at in self.counted.values() if filled_at is None or filled_at > at - WINDOW]

    def accepted(self, quote_id: int) -> None:
        """What was accepted while no protection was set never counts."""
        if self.trades_max is not None:
            self.counted[quote_id] = None

    def filled(self, quote_id: int, at: dt.datetime) -> bool:
        """True where this fill reached the limit."""
        if quote_id not in self.counted:
            return False
        self.counted[quote_id] = at
        standing = [filled_at for filled_at in self._window(at) if filled_at is not None]
        is_hit = not self.is_frozen(at) and self.trades_max is not None and len(standing) >= self.trades_max
        self.frozen_at = at if is_hit else self.frozen_at
        return is_hit

    def rejected(self, quote_id: int) -> None:
        self.counted.pop(quote_id, None)

    def protect(self, world: World, trades_max: int, frozen_seconds: int) -> None:
        """Reset before where it is frozen: another frozen time would move the end of the freeze for the model alone."""
        if self.frozen_at is not None:
            self.reset(world)
        message = client.SetProtection(
            command_id=command_id(),
            coin="BTC",
            interval_ms=round(WINDOW.total_seconds() * 1_000),
            frozen_ms=frozen_seconds * 1_000,
            trade_count_max=trades_max,
        )
        protection.set_protection(user=self.party.user, actor=self.party.actor, message=message, at=world.at)
        self.trades_max, self.frozen = trades_max, dt.timedelta(seconds=frozen_seconds)

    def reset(self, world: World) -> None:
        message = client.ResetProtection(command_id=command_id(), coin="BTC")
        protection.reset_protection(user=self.party.user, actor=self.party.actor, message=message, at=world.at)
        self.frozen_at = None
        self.counted = {quote_id: None for quote_id, filled_at in self.counted.items() if filled_at is None}

    def arm(self, world: World) -> None:
        """Its quotes go with its socket, which a web process holds."""
        message = client.SetCancelOnDisconnect(command_id=command_id(), is_on=True)
        sessions.set_cancel_on_disconnect(user=self.party.user, actor=self.party.actor, message=message, at=world.at)
        self.connect(world)

    def connect(self, world: World) -> None:
        assert sessions.note_connected([self.party.session], WEB, world.at) == 1
        self.is_connected = True

    def reconnect(self, world: World) -> None:
        """Later: what is written at the very instant of a loss goes with what was there."""
        self.connect(world.wait(RECONNECT_SECONDS))

    def disconnect(self, world: World) -> None:
        assert sessions.note_disconnected(self.party.session, WEB, world.at), "no other process holds a socket"
        self.is_connected = False

    def live(self, world: World) -> None:
        """A heartbeat, with which the timer is set if it was not."""
        if self.deadline is None:
            message = client.SetDeadMan(command_id=command_id(), seconds=DEAD_MAN_SECONDS)
            sessions.set_dead_man(user=self.party.user, actor=self.party.actor, message=message, at=world.at)
        else:
            beat = client.Heartbeat(command_id=command_id())
            sessions.take_heartbeat(user=self.party.user, actor=self.party.actor, message=beat, at=world.at)
        self.deadline = world.at + dt.timedelta(seconds=DEAD_MAN_SECONDS)

    def kill(self, world: World, scope: ControlScope, *, is_engaged: bool) -> None:
        """As the dispatcher takes the gateway's word: both apps, one transaction."""
        ids = {
            ControlScope.FIRM: self.party.firm.id,
            ControlScope.DESK: self.party.account.desk_id,
            ControlScope.USER: self.party.user.id,
            ControlScope.ACCOUNT: self.party.account.id,
        }
        event = gateway.KillSwitchChanged(scope=scope, scope_id=ids[scope], is_engaged=is_engaged, orders_canceled=0)
        world.event(event, risk_handlers, handlers)
        (self.killed.add if is_engaged else self.killed.discard)(scope)

    def ended_by_timers(self, at: dt.datetime) -> set[str]:
        """Why the timers may withdraw what it has standing; it has nothing left then."""
        reasons = {"dead_man"} if self.is_dead(at) else set()
        return reasons | (set() if self.is_connected else {"disconnect"})

    def thaw(self, at: dt.datetime) -> None:
        if not self.is_frozen(at):
            self.frozen_at = None


def run_timers(world: World, guards: Iterable[Guard]) -> int:
    """Those that move negotiations by themselves, after the web process has said whose sockets it holds."""
    sessions.note_connected([guard.party.session for guard in guards if guard.is_connected], WEB, world.at)
    timers = (services.expire_due, protection.keep_protections, sessions.keep_sessions, kills.keep_kills)
    return sum(timer(world.at) for timer in timers)


def check_step(
    every: Iterable[Guard], before: Look, seen: Look, *, causes: set[str], gone: set[int], at: dt.datetime
) -> None:
    """Accepts and fills move windows as the model says; who was hit, killed or cut off has nothing standing.

    causes: why quotes may be withdrawn in this step. gone: makers that must have nothing standing after it.
    """
    guards = {guard.party.firm.id: guard for guard in every}
    steps = list(_list_steps(before, seen))
    hit = {quote.maker_firm_id for was, quote, _ in steps if _count(guards[quote.maker_firm_id], was, quote, at)}
    for was, quote, record in steps:
        is_withdrawn = quote.state is QuoteState.CANCELED and was is QuoteState.ACTIVE
        if is_withdrawn and record.state not in ENDED:
            assert quote.reason in ({"mmp"} if quote.maker_firm_id in hit else causes)
    frozen = {firm_id: guard.frozen_at for firm_id, guard in guards.items() if guard.frozen_at}
    assert seen.frozen == frozen
    stopped = {firm_id for firm_id, guard in guards.items() if guard.killed} | frozen.keys() | gone
    assert not stopped & {quote.maker_firm_id for _, quote in seen.active()}


def _list_steps(before: Look, seen: Look) -> Iterator[tuple[QuoteState | None, QuoteRecord, RfqRecord]]:
    """The quotes of every request that changed, each with its state before."""
    for record in seen.records.values():
        earlier = before.records.get(record.rfq_id)
        if earlier is not None and earlier != record:
            for quote in record.quotes:
                was = earlier.find_quote(quote.quote_id)
                yield (was.state if was else None), quote, record


def _count(guard: Guard, was: QuoteState | None, quote: QuoteRecord, at: dt.datetime) -> bool:
    """What this step made of one quote; True where its fill reached the limit."""
    if was is quote.state:
        return False
    if was is QuoteState.ACTIVE and quote.state in TAKEN:
        guard.accepted(quote.quote_id)
    if quote.state in {QuoteState.REJECTED, QuoteState.LAST_LOOK_REJECTED}:
        guard.rejected(quote.quote_id)
    return quote.state is QuoteState.FILLED and guard.filled(quote.quote_id, at)
