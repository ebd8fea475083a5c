"""A FIX desk over a real engine, with a link that keeps what would be sent."""

import asyncio
import time

import msgspec
import parley_core

from gateway.engine import list_contract
from gateway.fix.desk import Desk
from gateway.fix.handler import Grant, Session
from gateway.fix.message import Message, Outgoing
from gateway.registry import Registry
from wire.gateway import PlaceOrder
from wire.instruments import parse_instrument_name
from wire.units import OrderType, Side, TimeInForce

NAME, OTHER_NAME = "BTC-PERPETUAL", "BTC-27MAR26-80000-C"
MID = 140_000
ACCOUNT, OTHER_ACCOUNT, MARKET_MAKER = 11, 12, 13
FIRM, OTHER_FIRM = 1, 2
YEAR_NS = 365 * 86_400 * 10**9


def session(name="desk", *, version="6", **changes):
    given = {
        "session_id": sum(name.encode()),
        "name": name,
        "begin_string": {"4": "FIX.4.2", "6": "FIX.4.4", "9": "FIXT.1.1"}[version],
        "application_version": version,
        "sender": name.upper(),
        "target": "PARLEY",
        "firm_id": FIRM,
        "user_id": 5,
        "desk_id": 4,
        "account_id": ACCOUNT,
        "account_ids": (ACCOUNT, OTHER_ACCOUNT),
        "grants": frozenset({Grant.ORDERS, Grant.MARKET_DATA}),
        "cancels_on_disconnect": False,
    }
    return Session(**(given | changes))


class KeptLink:
    """Sessions that are logged on unless said otherwise; ``sent``: (session name, type, fields, reference)."""

    def __init__(self, *sessions):
        self.known = list(sessions)
        self.gone = set()
        self.sent = []
        self.refused = []
        self.references = {}
        self.commands = {}

    def send(self, session, message, reference=0, command=0):
        assert isinstance(message, Outgoing)
        self.commands[session.session_id] = max(command, self.commands.get(session.session_id, 0))
        self.sent.append((session.name, message.type, message.body, reference))
        self.references[session.session_id] = max(reference, self.references.get(session.session_id, 0))

    def refuse(self, session, message, refusal):
        self.refused.append((session.name, message.type, refusal))

    def last_reference(self, session):
        return self.references.get(session.session_id, 0)

    def last_command(self, session):
        return self.commands.get(session.session_id, 0)

    def sessions(self):
        return self.known

    def is_logged_on(self, session):
        return session.name not in self.gone


class FixDesk:
    """Messages in, reports out; the other side of the market is an account that asks for nothing."""

    def __init__(self, folder, *sessions, prepare=True):
        self.folder = folder
        self.engine = parley_core.Engine(str(folder / "journal"))
        self.registry = Registry((i, name) for i, name, _ in self.engine.instruments())
        self.link = KeptLink(*(sessions or (session(),)))
        self.number = 1
        self.command = self.engine.command_sequence
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.desk = Desk(self.engine, self.registry, None, folder / "fix", self.is_open)
        self.desk.attach(self.link)

    @classmethod
    def opened(cls, folder, *sessions):
        """With its market: two instruments, quotes of the venue beside the middle, accounts with wide limits."""
        made = cls(folder, *sessions)
        made.desk.catch_up()
        made.engine.start()
        made.engine.set_index(time.time_ns(), 0, 70_000_000_000)
        for contract in made.registry.list_new([NAME, OTHER_NAME]):
            terms = msgspec.json.encode(parse_instrument_name(contract.name))
            asyncio.run(list_contract(made.engine, contract, terms, 4))
        for account, firm in ((ACCOUNT, FIRM), (OTHER_ACCOUNT, FIRM), (MARKET_MAKER, OTHER_FIRM)):
            made.engine.set_limits(
                time.time_ns(), made.next_command(), account, firm, 4, 10**6, 10**16, 10**7, 10**17, 5_000
            )
        made.quote()
        made.settle()
        return made

    def again(self, *, crash=True):
        """Another gateway on the same folder: what the one before had not written is gone."""
        self.engine.stop()
        if not crash:
            self.save()
        self.desk.close()
        made = FixDesk(self.folder, *self.link.known)
        made.link = self.link
        made.desk.attach(self.link)
        made.desk.catch_up()
        made.engine.start()
        made.number = self.number
        return made

    def next_command(self):
        self.command += 1
        return self.command

    def quote(self, mid=MID, lots=20):
        contract = self.registry.find_name(NAME)
        now = time.time_ns()
        self.engine.set_quotes(now, now, contract.instrument_id, mid, [(mid - 10, lots)], [(mid + 10, lots)])

    def settle(self):
        """Everything that was put in is done, and its events are told."""
        assert self.engine.flush(20), self.engine.state
        while page := self.engine.drain():
            for raw in page:
                self.desk.on_event(raw)

    def save(self):
        self.desk.orders.save(*self.desk.orders.take_changes())

    def say(self, who, kind, fields, *, settle=True, **flags):
        """One message of a session; the answers since the last call are ``told()``."""
        self.number += 1
        head = [(35, kind), (34, str(self.number))]
        body = fields.items() if isinstance(fields, dict) else fields
        message = Message((*head, *((tag, str(value)) for tag, value in body)), time.time_ns(), **flags)
        asyncio.run(self.desk.on_message(who, message))
        if settle:
            self.settle()

    def told(self, name=None):
        """(type, {tag: value}) of what was sent since the last call, in its order."""
        sent, self.link.sent = self.link.sent, []
        return [(kind, dict(body)) for who, kind, body, _ in sent if name in (None, who)]

    def said(self, *tags, name=None):
        """The type and these tags of each message."""
        return [(kind, *(body.get(tag) for tag in tags)) for kind, body in self.told(name)]

    def trade_with(self, side, lots, ticks):
        """An order of another firm from the terminal, at that price."""
        self.command += 1
        self._place(1_000 + self.command, MARKET_MAKER, OTHER_FIRM, side, lots, ticks)
        self.settle()

    def place_from_terminal(self, order_id, lots, ticks, *, settle=True):
        """A limit order of the sessions' firm, as the database sends it."""
        self.command += 1
        contract = self.registry.find_name(NAME)
        self.desk.on_command(
            PlaceOrder(
                command_id=f"place-{order_id}", valid_until_ns=time.time_ns() + YEAR_NS, order_id=order_id,
                account_id=ACCOUNT, user_id=5, desk_id=4, firm_id=FIRM, instrument_id=contract.instrument_id,
                side=Side.BUY, order_type=OrderType.LIMIT, time_in_force=TimeInForce.GTC, quantity_lots=lots,
                price_ticks=ticks,
            )
        )  # fmt: skip
        self._place(order_id, ACCOUNT, FIRM, Side.BUY, lots, ticks)
        if settle:
            self.settle()

    def _place(self, order_id, account, firm, side, lots, ticks):
        contract = self.registry.find_name(NAME)
        self.engine.place_order(
            time.time_ns(), self.command, time.time_ns() + YEAR_NS, order_id, account, 5, 4, firm,
            contract.instrument_id, list(Side).index(side), list(OrderType).index(OrderType.LIMIT),
            list(TimeInForce).index(TimeInForce.GTC), lots, ticks,
        )  # fmt: skip


def order(client_order_id="A-1", **changes):
    """A NewOrderSingle: buy 3 at 30 ticks under the middle, good till canceled."""
    fields = {
        11: client_order_id,
        55: NAME,
        54: "1",
        38: "3",
        40: "2",
        44: price(MID - 30),
        59: "1",
        60: "20260101-00:00:00",
    }
    fields |= {int(tag.removeprefix("t")): value for tag, value in changes.items()}
    return {tag: value for tag, value in fields.items() if value is not None}


def price(ticks):
    return f"{ticks * 0.5:.1f}"
