"""A desk with two takers and three makers, a listed chain, fresh marks and a gateway that says it is running."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import time
from collections.abc import Iterator
from decimal import Decimal
from types import ModuleType

import msgspec
import pytest

from accounts.models import Account, Desk, Firm, User
from common import clock, db, valkey
from common.actor import Actor
from market import services as market
from rfq import handlers, services
from rfq.models import BlockTrade, DeskLimits
from settlement import services as settlement
from streams.models import Fact, OutboxCommand
from wire import client, facts, gateway, transport
from wire import limits as wire_limits
from wire.instruments import parse_instrument_name
from wire.market import Index, Ticker
from wire.negotiation import LastLookReason
from wire.units import Side

CALL, PUT, HIGH_CALL = "BTC-27MAR26-80000-C", "BTC-27MAR26-80000-P", "BTC-27MAR26-90000-C"
LINEAR, PERPETUAL, ETH_CALL = "BTC_USDC-27MAR26-80000-C", "BTC-PERPETUAL", "ETH-27MAR26-3000-C"
EXPIRED = "BTC-2JAN26-80000-C"
MARKS = {CALL: 0.05, PUT: 0.045, HIGH_CALL: 0.02, LINEAR: 3900.0, PERPETUAL: 78000.0, ETH_CALL: 0.06, EXPIRED: 0.01}
MARKET_TIME_NS = clock.to_ns(dt.datetime(2026, 2, 10, tzinfo=dt.UTC))
WIDE_BAND_PERCENT = 900
"""Whoever tests something else may quote anything; the band has tests of its own."""
GRACE = dt.timedelta(seconds=5)
PATIENCE_MS = 3_600_000
"""How old marks may be in tests of something else: a slow machine takes longer than two seconds for a step."""

_numbers = itertools.count(1)
_executions = itertools.count(10_000)
_decode_fact = msgspec.json.Decoder(facts.AnyFact).decode


@dataclasses.dataclass
class Party:
    firm: Firm
    user: User
    account: Account
    session: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(user_id=self.user.id, firm_id=self.firm.id, via="socket", session=self.session)


@dataclasses.dataclass
class World:
    """``at`` is the server's clock: tests move it. ``plays``: marks are fresh whenever something is accepted."""

    taker: Party
    other_taker: Party
    cobalt: Party
    dune: Party
    ember: Party
    house: Party
    at: dt.datetime
    plays: bool = True

    @property
    def makers(self) -> list[Party]:
        return [self.cobalt, self.dune, self.ember]

    def wait(self, seconds: float) -> "World":
        self.at += dt.timedelta(seconds=seconds)
        return self

    def create(self, **changes) -> int:
        party = changes.pop("party", self.taker)
        fields = {
            "command_id": command_id(),
            "account_id": party.account.id,
            "legs": [leg(CALL), leg(PUT)],
            "quantity": "2",
            "maker_firm_ids": [self.cobalt.firm.id, self.dune.firm.id],
            "label": "secret label",
        }
        message = client.CreateRfq(**{**fields, **changes})
        return services.create_rfq(user=party.user, actor=party.actor, message=message, at=self.at)

    def quote(self, rfq_id: int, party: Party | None = None, **changes) -> int:
        party = party or self.cobalt
        fields = {
            "command_id": command_id(),
            "rfq_id": rfq_id,
            "account_id": party.account.id,
            "bid": side("0.0511", "0.0411"),
            "ask": side("0.0611", "0.0511"),
        }
        message = client.SubmitQuote(**{**fields, **changes})
        return services.submit_quote(user=party.user, actor=party.actor, message=message, at=self.at)

    def accept(self, rfq_id: int, quote_id: int, version: int = 1, taker_side: Side = Side.BUY, **changes) -> int:
        party = changes.pop("party", self.taker)
        at = changes.pop("at", self.at)
        if self.plays:
            publish_market()
        fields = {"command_id": command_id(), "rfq_id": rfq_id, "quote_id": quote_id, "version": version, "side": taker_side}
        message = client.AcceptQuote(**{**fields, **changes})
        return services.accept_quote(user=party.user, actor=party.actor, message=message, at=at)

    def trade(self, rfq_id: int, limit_price: str, taker_side: Side = Side.BUY, quotes=(), **changes) -> int:
        """quotes: (id, version) of what was seen."""
        party = changes.pop("party", self.taker)
        at = changes.pop("at", self.at)
        if self.plays:
            publish_market()
        seen = [client.SeenQuote(quote_id=quote_id, version=version) for quote_id, version in quotes]
        fields = {"command_id": command_id(), "rfq_id": rfq_id, "side": taker_side, "limit_price": limit_price, "quotes": seen}
        message = client.TradeRfq(**{**fields, **changes})
        return services.trade_rfq(user=party.user, actor=party.actor, message=message, at=at)

    def set_trigger(self, rfq_id: int, limit_price: str, taker_side: Side = Side.BUY, party: Party | None = None) -> int:
        party = party or self.taker
        message = client.SetTrigger(command_id=command_id(), rfq_id=rfq_id, side=taker_side, limit_price=limit_price)
        return services.set_trigger(user=party.user, actor=party.actor, message=message, at=self.at)

    def cancel_trigger(self, rfq_id: int, taker_side: Side = Side.BUY, party: Party | None = None) -> int:
        party = party or self.taker
        message = client.CancelTrigger(command_id=command_id(), rfq_id=rfq_id, side=taker_side)
        return services.cancel_trigger(user=party.user, actor=party.actor, message=message, at=self.at)

    def fire(self) -> int:
        if self.plays:
            publish_market()
        return services.fire_triggers(self.at)

    def agree_last_look(self, maker: Party | None = None, window_ms: int = 1_000, tolerance: str = "5") -> int:
        """Offered by the maker, agreed by the taker."""
        maker = maker or self.cobalt
        offer = client.ProposeLastLook(
            command_id=command_id(),
            maker_firm_id=maker.firm.id,
            taker_firm_id=self.taker.firm.id,
            window_ms=window_ms,
            tolerance_basis_points=tolerance,
        )
        agreement_id = services.propose_last_look(user=maker.user, actor=maker.actor, message=offer, at=self.at)
        agree = client.AgreeLastLook(command_id=command_id(), agreement_id=agreement_id)
        return services.agree_last_look(user=self.taker.user, actor=self.taker.actor, message=agree, at=self.at)

    def answer(self, quote_id: int, reason: LastLookReason | None = None, party: Party | None = None) -> int:
        """No reason confirms."""
        party = party or self.cobalt
        if self.plays:
            publish_market()
        message = client.AnswerLastLook(
            command_id=command_id(), quote_id=quote_id, is_confirmed=reason is None, reason=reason
        )
        return services.answer_last_look(user=party.user, actor=party.actor, message=message, at=self.at)

    def reserve(self, rfq_id: int) -> None:
        """The gateway reserves every trade of the RFQ that waits for it."""
        for trade_id in BlockTrade.objects.filter(rfq_id=rfq_id, state="pending").order_by("id").values_list("id", flat=True):
            self.event(gateway.BlockReserved(reservation_id=trade_id))

    def confirm(self, rfq_id: int) -> None:
        """The gateway gives the executions of every trade of the RFQ."""
        for trade in BlockTrade.objects.filter(rfq_id=rfq_id, state="reserved").order_by("id"):
            first = next(_executions) * 100
            self.event(gateway.BlockConfirmed(reservation_id=trade.id, first_execution_id=first))

    def cancel_rfq(self, rfq_id: int, party: Party | None = None, **changes) -> int:
        party = party or self.taker
        message = client.CancelRfq(**{"command_id": command_id(), "rfq_id": rfq_id, **changes})
        return services.cancel_rfq(user=party.user, actor=party.actor, message=message, at=self.at)

    def cancel_quote(self, quote_id: int, party: Party | None = None, **changes) -> int:
        party = party or self.cobalt
        message = client.CancelQuote(**{"command_id": command_id(), "quote_id": quote_id, **changes})
        return services.cancel_quote(user=party.user, actor=party.actor, message=message, at=self.at)

    def tick(self) -> int:
        return services.expire_due(self.at)

    def event(self, event: gateway.GatewayEvent, *modules: ModuleType) -> None:
        """What the dispatcher does with one event, in the apps whose handlers are given, or in the desk's."""
        envelope = gateway.EventEnvelope(
            event_number=next(_numbers),
            journal_sequence=1,
            index=1,
            at_ns=clock.to_ns(self.at),
            command_sequence=0,
            event=event,
        )
        with db.unit_of_work():
            for module in modules or (handlers,):
                module.GATEWAY_HANDLERS[type(event)](envelope)


def command_id() -> str:
    return f"test-{next(_numbers)}"


def leg(name: str, leg_side: Side = Side.BUY, ratio: int = 1) -> client.RfqLeg:
    return client.RfqLeg(instrument_name=name, side=leg_side, ratio=ratio)


def hedge(name: str, leg_side: Side, ratio: int, price: str) -> client.RfqHedge:
    return client.RfqHedge(instrument_name=name, side=leg_side, ratio=ratio, price=price)


def side(*prices: str) -> client.QuoteSide:
    return client.QuoteSide(leg_prices=list(prices))


def build() -> World:
    at = clock.now()
    for number, name in enumerate(MARKS, start=1):
        market.list_instrument(instrument_id=number, terms=parse_instrument_name(name))
    publish_market()
    world = World(
        taker=new_party("Aurora", "taker", "trader"),
        other_taker=new_party("Borealis", "taker", "trader"),
        cobalt=new_party("Cobalt", "maker", "client"),
        dune=new_party("Dune", "maker", "client"),
        ember=new_party("Ember", "maker", "client"),
        house=new_party("House", "house", "compliance"),
        at=at,
    )
    for party in (world.taker, world.other_taker, *world.makers):
        fund(party.account, at)
        DeskLimits.objects.create(firm_id=party.firm.id, band_percent=WIDE_BAND_PERCENT)
    return world


@contextlib.contextmanager
def patient_marks() -> Iterator[None]:
    """Marks stay fresh however slow the machine is; those that tests publish with another age are stale as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire_limits, "STALE_AFTER_MS", PATIENCE_MS)
        yield


def stale_ns(sign: int) -> int:
    """An instant too far in the past (-1) or in the future (1) for a mark."""
    return time.time_ns() + sign * (wire_limits.STALE_AFTER_MS + 1_000) * 10**6


def fund(account: Account, at: dt.datetime) -> None:
    for asset, amount in (("BTC", "500"), ("ETH", "500"), ("USDC", "5000000")):
        settlement.deposit(account_id=account.id, asset=asset, amount=Decimal(amount), at=at, command_id=command_id())


def new_party(name: str, kind: str, role: str) -> Party:
    firm = Firm.objects.create(name=f"{name} {next(_numbers)}", kind=kind)
    desk = Desk.objects.create(firm=firm, name="Desk")
    user = User.objects.create(username=f"{name.lower()}{next(_numbers)}", firm=firm, desk=desk, role=role)
    return Party(firm=firm, user=user, account=Account.objects.create(firm=firm, desk=desk, name="Main"))


def publish_market(at_ns: int | None = None, names=tuple(MARKS), moved=None) -> None:
    """Marks of this instant (or of ``at_ns``), those in ``moved`` at other prices, the index and the gateway's heartbeat."""
    at_ns = at_ns or clock.to_ns(clock.now())
    encode = msgspec.json.encode
    latest = {}
    for number, name in enumerate(MARKS, start=1):
        if name in names:
            latest[f"ticker.{name}"] = encode(
                Ticker(
                    at_ns=at_ns,
                    market_time_ns=MARKET_TIME_NS,
                    instrument_name=name,
                    instrument_id=number,
                    mark_price=(moved or {}).get(name, MARKS[name]),
                    mark_volatility=0.5,
                    index_price=78000.0,
                    forward_price=78500.0,
                )
            )
    for coin, price in (("BTC", 78000.0), ("ETH", 3000.0)):
        latest[f"index.{coin}"] = encode(Index(at_ns=at_ns, market_time_ns=MARKET_TIME_NS, coin=coin, price=price))
    server = valkey.client()
    server.delete(transport.MARKET_LATEST)
    server.hset(transport.MARKET_LATEST, mapping=latest)
    beat_heart()


def beat_heart(state: str = "running") -> None:
    beat = {"at_ns": clock.to_ns(clock.now()), "state": state, "journal_sequence": 1, "event_number": 1, "command_sequence": 1, "source": "simulated"}
    valkey.client().set(transport.GATEWAY_HEARTBEAT, msgspec.json.encode(beat), px=PATIENCE_MS)


def facts_of(party: Party) -> list[facts.Fact]:
    payloads = Fact.objects.filter(firm_id=party.firm.id).order_by("sequence").values_list("payload", flat=True)
    return [_decode_fact(payload) for payload in payloads]


def rfq_facts_of(party: Party) -> list[facts.RfqView]:
    return [fact.rfq for fact in facts_of(party) if isinstance(fact, facts.RfqChanged)]


def commands_sent(kind: type[gateway.GatewayCommand]) -> list[gateway.GatewayCommand]:
    decode = msgspec.json.Decoder(gateway.AnyGatewayCommand).decode
    found = [decode(payload) for payload in OutboxCommand.objects.order_by("id").values_list("payload", flat=True)]
    return [command for command in found if isinstance(command, kind)]
