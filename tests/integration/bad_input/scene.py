"""The desk in every state that bad input is aimed at: orders that work and that ended, RFQs young, live and lapsed."""

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

from accounts import services as accounts
from accounts.models import Firm, Role, User
from common import clock
from common.actor import SYSTEM
from market import services as market
from market.models import Instrument
from orders import services as orders
from tests import builders
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import CALL, HIGH_CALL, World, side
from wire.units import Side

DELIVERED = HIGH_CALL
PASSWORD = "correct-horse-9"
USED_COMMAND_ID = "used-before"


@dataclasses.dataclass(frozen=True)
class Id:
    """Stands in a case for a number that the scene knows by name."""

    name: str


@dataclasses.dataclass(frozen=True)
class Scene:
    """ids: numbers by name. tokens: API keys by who asks, good and bad. users: by who asks."""

    world: World
    ids: dict[str, int]
    tokens: dict[str, str]
    users: dict[str, User]

    def fill(self, value: Any) -> Any:
        """``value`` with every Id in it replaced, and every ``{name}`` in its texts."""
        if isinstance(value, Id):
            return self.ids[value.name]
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return value.format_map(self.ids) if isinstance(value, str) and value.startswith("/") else value


def build() -> Scene:
    world = worlds.build()
    users = {
        "trader": world.taker.user,
        "other": world.other_taker.user,
        "cobalt": world.cobalt.user,
        "dune": world.dune.user,
        "ember": world.ember.user,
        "compliance": world.house.user,
        "admin": _admin(world.house.firm),
    }
    ids = {
        "account": world.taker.account.id,
        "other_account": world.other_taker.account.id,
        "cobalt_account": world.cobalt.account.id,
        "dune_account": world.dune.account.id,
        "firm": world.taker.firm.id,
        "other_firm": world.other_taker.firm.id,
        "cobalt": world.cobalt.firm.id,
        "dune": world.dune.firm.id,
        "desk": world.taker.account.desk_id,
        **_orders(world),
        **_rfqs(world),
    }
    market.deliver_instrument(
        instrument_id=Instrument.objects.get(name=DELIVERED).id, delivery_price=Decimal(90_000), at=clock.now()
    )
    return Scene(world=world, ids=ids, tokens=_tokens(users), users=users)


def _admin(house: Firm) -> User:
    return accounts.create_user(
        username="root", password=PASSWORD, firm=house, role=Role.ADMIN, actor=SYSTEM, at=clock.now()
    )


def _orders(world: World) -> dict[str, int]:
    instrument = Instrument.objects.get(name=CALL)
    placed = {}
    for name, party in (("order", world.taker), ("ended_order", world.taker), ("others_order", world.other_taker)):
        message = builders.limit_order(
            instrument, party.account, command_id=USED_COMMAND_ID if name == "order" else "", price="0.05"
        )
        worlds.publish_market()
        placed[name] = orders.place_order(user=party.user, actor=party.actor, message=message, at=clock.now())
    journal = builders.Journal()
    ended = placed["ended_order"]
    lots = ended.quantity_lots
    builders.project(journal.envelope(builders.execution(ended, execution_id=1, lots=lots, cumulative=lots)))
    return {name: order.pk for name, order in placed.items()}


def _rfqs(world: World) -> dict[str, int]:
    """young: in its grace for an hour. live: two versions of a quote. one_sided: an ask, and a quote that lapsed."""
    now, ids = world.at, {}
    world.at = now + dt.timedelta(hours=1)
    ids["young_rfq"] = world.create(life_seconds=600)
    ids["young_quote"] = world.quote(ids["young_rfq"])
    world.at = now - dt.timedelta(hours=2)
    ids["lapsed_rfq"] = world.create(life_seconds=300)
    ids["lapsed_quote"] = world.quote(ids["lapsed_rfq"])
    world.at = now - dt.timedelta(seconds=60)
    ids["live_rfq"] = world.create(life_seconds=600)
    ids["live_quote"] = world.quote(ids["live_rfq"])
    ids["one_sided_rfq"] = world.create(life_seconds=600, side=Side.BUY)
    ids["one_sided_quote"] = world.quote(ids["one_sided_rfq"], bid=None)
    ids["short_quote"] = world.quote(ids["one_sided_rfq"], world.dune, bid=None, life_seconds=10)
    ids["canceled_rfq"] = world.create()
    world.cancel_rfq(ids["canceled_rfq"])
    world.at = now - dt.timedelta(seconds=50)
    world.quote(ids["live_rfq"], ask=side("0.0711", "0.0611"))
    world.at = now
    return ids


def _tokens(users: dict[str, User]) -> dict[str, str]:
    tokens = {who: _key(user)[1] for who, user in users.items()}
    key_id, revoked = _key(users["trader"])
    accounts.revoke_api_key(user=users["trader"], key_id=key_id, actor=SYSTEM, at=clock.now())
    leaver = User.objects.create(username="leaver", firm=users["trader"].firm, role=Role.TRADER)
    tokens["leaver"] = _key(leaver)[1]
    User.objects.filter(pk=leaver.pk).update(is_active=False)
    return {
        **tokens,
        "nobody": "",
        "revoked": revoked,
        "forged": f"{tokens['trader'].partition('.')[0]}.not-the-secret",
        "unknown": "nobody.nothing",
        "dotless": "x" * 64,
        "endless": f"{'x' * 5_000}.{'y' * 5_000}",
    }


def _key(user: User) -> tuple[str, str]:
    key_id, secret = accounts.create_api_key(user=user, actor=SYSTEM, at=clock.now())
    return key_id, f"{key_id}.{secret}"
