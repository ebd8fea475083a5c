"""What tests of the apps build from: firms with accounts, listed instruments, a playing market, gateway events."""

import itertools
import types
from decimal import Decimal

import msgspec
from django.contrib.auth.hashers import make_password

from accounts.models import Account, Desk, Firm, User
from common import clock, db, valkey
from common.actor import Actor
from market import services as market
from settlement import services as settlement
from wire import gateway, transport
from wire.client import PlaceOrder
from wire.instruments import parse_instrument_name
from wire.market import Index, Ticker
from wire.units import Liquidity, OrderType, Side

FEBRUARY = 1_769_904_000 * 10**9
"""The market clock: 2026-02-01, before the expiries that tests name."""
HEARTBEAT_KEPT_MS = 3_600_000
_numbers = itertools.count(1)


def trading_firm(name="", *, kind="taker", role="trader", deposits=None):
    """A firm with one desk, one user and one account; deposits: asset -> amount."""
    name = name or f"Firm {next(_numbers)}"
    firm = Firm.objects.create(name=name, kind=kind)
    desk = Desk.objects.create(firm=firm, name="Main")
    user = add_user(firm, desk, role=role)
    account = Account.objects.create(firm=firm, desk=desk, name="Main")
    for asset, amount in (deposits or {}).items():
        settlement.deposit(
            account_id=account.id,
            asset=asset,
            amount=Decimal(amount),
            at=clock.now(),
            command_id=f"{account.id}-{asset}",
        )
    return types.SimpleNamespace(firm=firm, desk=desk, user=user, account=account, actor=actor_of(user))


def add_user(firm, desk=None, *, role="trader"):
    return User.objects.create(
        username=f"user{next(_numbers)}", firm=firm, desk=desk, role=role, password=make_password(None)
    )


def actor_of(user):
    return Actor(user_id=user.id, firm_id=user.firm_id, via="test")


def listed(name):
    """The instrument, listed."""
    return market.list_instrument(instrument_id=next(_numbers), terms=parse_instrument_name(name))


def play_market(*instruments, state="running", at_ns=None, market_time_ns=None, bid=None, ask=None):
    """A gateway that runs and a fresh ticker of each instrument, in Valkey, for as long as the test may take."""
    at_ns = clock.now_ns() if at_ns is None else at_ns
    market_time_ns = FEBRUARY if market_time_ns is None else market_time_ns
    frames = {
        f"ticker.{row.name}": Ticker(
            at_ns=at_ns,
            market_time_ns=market_time_ns,
            instrument_name=row.name,
            instrument_id=row.id,
            mark_price=1.0,
            bid_price=bid,
            ask_price=ask,
        )
        for row in instruments
    }
    frames["index.BTC"] = Index(at_ns=at_ns, market_time_ns=market_time_ns, coin="BTC", price=70_000.0)
    client = valkey.client()
    client.delete(transport.MARKET_LATEST)
    client.hset(transport.MARKET_LATEST, mapping={key: msgspec.json.encode(frame) for key, frame in frames.items()})
    heartbeat = msgspec.json.encode({"at_ns": clock.now_ns(), "state": state})
    client.set(transport.GATEWAY_HEARTBEAT, heartbeat, px=HEARTBEAT_KEPT_MS)


def limit_order(instrument, account, *, command_id="", **changes):
    fields = {
        "command_id": command_id or f"command-{next(_numbers)}",
        "account_id": account.id,
        "instrument_name": instrument.name,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": str(instrument.terms.lot_size * 10),
        "price": str(instrument.terms.tick_size * 1_000),
        **changes,
    }
    return PlaceOrder(**fields)


class Journal:
    """Numbers events as the gateway does."""

    def __init__(self):
        self.number = 0

    def envelope(self, event, *, number=None):
        self.number += number is None
        number = self.number if number is None else number
        return gateway.EventEnvelope(
            event_number=number, journal_sequence=number, index=1, at_ns=clock.now_ns(), command_sequence=0, event=event
        )


def project(envelope, *apps):
    """Apply the event as the dispatcher does: every app's handlers, in order, in one unit of work."""
    import market.handlers
    import orders.handlers
    import settlement.handlers

    with db.unit_of_work():
        for app in apps or (market.handlers, settlement.handlers, orders.handlers):
            handler = app.GATEWAY_HANDLERS.get(type(envelope.event))
            if handler is not None:
                handler(envelope)


def execution(order, *, execution_id, lots, cumulative, price_ticks=None, counterparty=0, liquidity=Liquidity.TAKER):
    """The event of one fill of ``order``."""
    return gateway.OrderExecuted(
        order_id=order.id,
        execution_id=execution_id,
        account_id=order.account_id,
        instrument_id=order.instrument_id,
        side=Side(order.side),
        price_ticks=order.price_ticks if price_ticks is None else price_ticks,
        quantity_lots=lots,
        cumulative_lots=cumulative,
        leaves_lots=order.quantity_lots - cumulative,
        liquidity=liquidity,
        counterparty_account_id=counterparty,
        reference_price_micros=70_000_000_000,
    )
