"""An anonymous request, walked as each party through every byte of every route, page and socket that there is.

Routes come from the URL configuration and commands from the registry: whatever is added is walked without being named
here. Firms, users and accounts have ids of seven digits, so that an id in a byte is that id.
"""

import contextlib
import dataclasses
import itertools
import json
import logging
import re
import time
from collections.abc import Iterator

import msgspec
import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import services as accounts
from common import clock, valkey
from common.actor import SYSTEM
from common.errors import Refusal
from rfq.models import BlockTrade, Quote
from terminal import registry
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import Party, World, command_id, side
from tests.integration.terminal.web import web_process
from wire import client, gateway
from wire.units import Side

FIRST_IDS = {"accounts_firm": 8_100_000, "accounts_user": 8_200_000, "accounts_account": 8_300_000}
PRICES = {
    "cobalt": dict(bid=side("0.0511", "0.0411"), ask=side("0.0611", "0.0513")),
    "dune": dict(bid=side("0.0522", "0.0422"), ask=side("0.0623", "0.0524")),
    "ember": dict(bid=side("0.0533", "0.0433"), ask=side("0.0634", "0.0535")),
}
NETS = {"cobalt": ("0.0922", "0.1124"), "dune": ("0.0944", "0.1147"), "ember": ("0.0966", "0.1169")}
MAKERS_LISTED = ("terminal/", "maker-groups/", "last-looks/")
"""Pages on which a taker chooses among makers: they list all of them, whatever was asked of whom."""
NEVER_POSTED = ("admin/", "accounts/", "compliance/")


pytestmark = pytest.mark.timeout(900)


@pytest.fixture(autouse=True)
def quiet():
    """Thousands of refusals are what is walked for: nobody reads their log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@dataclasses.dataclass
class Scene:
    world: World
    makers: dict[str, Party]
    outsiders: dict[str, Party]
    rfq_id: int
    quotes: dict[str, int]

    @property
    def parties(self) -> dict[str, Party]:
        return {"taker": self.world.taker, **self.makers, **self.outsiders}

    def identity(self, name: str) -> set[str]:
        party = self.parties[name]
        return {party.firm.name, party.user.username, str(party.firm.id), str(party.user.id), str(party.account.id)}

    def prices(self, name: str, *, traded: bool) -> set[str]:
        """Texts of a maker's quote; of the one that traded only what the public tape does not print."""
        quote = PRICES.get(name)
        if quote is None:
            return set()
        bid, ask = (set(quote[each].leg_prices) | {NETS[name][each == "ask"]} for each in ("bid", "ask"))
        return bid if traded else bid | ask

    def secrets_for(self, reader: str, *, winner: str | None = None) -> set[str]:
        """What the reader may not find anywhere."""
        others = {name for name in self.parties if name != reader}
        found = set().union(*(self.identity(name) for name in others))
        if reader != "taker":
            found |= set().union(*(self.prices(name, traded=name == winner) for name in others))
            found |= {str(quote_id) for name, quote_id in self.quotes.items() if name != reader}
        return found


@pytest.fixture
def scene(transactional_db) -> Iterator[Scene]:
    valkey.client().flushall()
    with connection.cursor() as cursor:
        for table, first in FIRST_IDS.items():
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first])
    world = worlds.build()
    makers = {"cobalt": world.cobalt, "dune": world.dune, "ember": world.ember}
    makers |= {name.lower(): worlds.new_party(name, "maker", "client") for name in ("Fjord", "Granite")}
    outsiders = {"other_taker": world.other_taker, "hollow": worlds.new_party("Hollow", "maker", "client")}
    with worlds.patient_marks():
        yield Scene(world=world, makers=makers, outsiders=outsiders, rfq_id=0, quotes={})


def ask(scene: Scene) -> None:
    scene.rfq_id = scene.world.create(
        maker_firm_ids=[maker.firm.id for maker in scene.makers.values()],
        is_taker_anonymous=True,
        are_makers_anonymous=True,
        label="nothing of yours",
    )
    for name, prices in PRICES.items():
        scene.quotes[name] = scene.world.quote(scene.rfq_id, scene.makers[name], **prices)
    scene.world.quote(scene.rfq_id, scene.makers["dune"], **PRICES["dune"])


def trade(scene: Scene) -> None:
    scene.world.wait(5).tick()
    scene.world.accept(scene.rfq_id, scene.quotes["cobalt"])
    for number, one in enumerate(BlockTrade.objects.all(), start=9_000_001):
        scene.world.event(gateway.BlockReserved(reservation_id=one.id))
        scene.world.event(gateway.BlockConfirmed(reservation_id=one.id, first_execution_id=number))


def routes(patterns=None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """Every route of the web process, from its URL configuration."""
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern).lstrip("^")
        found += routes(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else [(route, pattern)]
    return found


def values_of(parameter: str, scene: Scene) -> list[str]:
    """What to put into a parameter of a route: every id that there is to guess, or each word that a route knows."""
    words = {"form": ["json", "html"], "coin": ["BTC"], "name": ["scope"], "route": ["nothing"], "key": ["x"]}
    if parameter in words:
        return words[parameter]
    trades = BlockTrade.objects.values_list("id", flat=True)
    ids = [scene.rfq_id, *scene.quotes.values(), *trades, scene.world.taker.account.id, scene.world.cobalt.account.id]
    return [str(each) for each in (*ids, scene.world.taker.firm.id, scene.world.dune.firm.id)]


def paths(scene: Scene) -> list[str]:
    """Every route with every value in its parameters."""
    found = []
    for route, _ in routes():
        names = re.findall(r"<(?:\w+:)?(\w+)>", route)
        if "(?P" in route:
            continue
        plain = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).rstrip("$").replace("\\Z", "")
        for values in itertools.product(*(values_of(name, scene) for name in names)):
            found.append("/" + plain.format(**dict(zip(names, values, strict=True))))
    return list(dict.fromkeys(found))


def everything_read_by(scene: Scene, party: Party) -> dict[str, str]:
    """The body of every answer, by method and path: as the session of a browser, and REST as an API key too."""
    browser = Client(raise_request_exception=False)
    browser.force_login(party.user)
    key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
    program = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {key_id}.{secret}"})
    seen = {}
    for path in paths(scene):
        seen[f"GET {path}"] = text_of(browser.get(path))
        if path.startswith("/api/"):
            seen[f"KEY {path}"] = text_of(program.get(path))
        if not path[1:].startswith(NEVER_POSTED) and party.user.role != "compliance":
            body = {} if not path.startswith("/api/") else dict(data="{}", content_type="application/json")
            seen[f"POST {path}"] = text_of(browser.post(path, **body))
    return seen


def text_of(answer) -> str:
    headers = json.dumps(dict(answer.headers.items()))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return headers + body.decode("utf-8", "replace")


def found_in(text: str, secrets: set[str]) -> set[str]:
    """Most are no part of the text at all, which is seen without an expression."""
    there = (secret for secret in secrets if secret in text)
    return {secret for secret in there if re.search(rf"(?<![\d.]){re.escape(secret)}(?!\d)", text)}


def leaks(scene: Scene, reader: str, seen: dict[str, str], *, winner: str | None = None) -> dict[str, set[str]]:
    """By method and path. An id that the reader put into the path itself tells it nothing."""
    secrets = scene.secrets_for(reader, winner=winner)
    found = {
        where: found_in(text, secrets - set(re.split(r"[ /]", where)) - listed(where, scene, reader))
        for where, text in seen.items()
    }
    return {where: secrets for where, secrets in found.items() if secrets}


def lists_makers(where: str) -> bool:
    return any(where.split()[1] == f"/{page}" for page in MAKERS_LISTED)


def names_of_makers(scene: Scene) -> set[str]:
    firms = [*scene.makers.values(), scene.outsiders["hollow"]]
    return {text for maker in firms for text in (maker.firm.name, str(maker.firm.id))}


def listed(where: str, scene: Scene, reader: str) -> set[str]:
    """Takers choose among all makers."""
    return names_of_makers(scene) if reader in ("taker", "other_taker") and lists_makers(where) else set()


class Ear:
    """A socket from before the first word to the last, and every byte that came."""

    def __init__(self, stack: contextlib.ExitStack, web, party: Party) -> None:
        key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
        self.socket = stack.enter_context(web.connect(token=f"{key_id}.{secret}"))
        self.heard: list[str] = []
        self.socket.send('{"type":"resume","sequence":0}')
        keys = ["ticker.BTC-PERPETUAL", "venue.status", "index.BTC", "tape.BTC", "chain.BTC"]
        self.socket.send(json.dumps({"type": "subscribe", "keys": keys}))

    def listen(self, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                message = self.socket.recv(timeout=left)
            except TimeoutError:
                break
            self.heard.append(message if isinstance(message, str) else message.decode())
            frame = json.loads(self.heard[-1]).get("frame")
            if frame is not None:
                self.socket.send(json.dumps({"type": "acknowledge", "frame": frame}))
        return "\n".join(self.heard)

    def listen_for(self, pattern: str) -> None:
        deadline = time.monotonic() + 30
        while not re.search(pattern, self.listen(0.1)):
            assert time.monotonic() < deadline, f"{pattern} was not told"


TOLD = {"taker": r'"Maker [1-5]"', "dune": "traded_away"}
"""What the socket tells of a trade."""


def test_no_route_tells_a_party_what_is_not_its_to_know(scene):
    ask(scene)
    in_grace = everything_read_by(scene, scene.world.taker)
    quoted = set().union(*(scene.prices(name, traded=False) for name in PRICES))
    assert {where: found for where, text in in_grace.items() if (found := found_in(text, quoted))} == {}
    assert leaks(scene, "taker", in_grace) == {}
    trade(scene)
    for reader, party in scene.parties.items():
        seen = everything_read_by(scene, party)
        assert len(seen) > 100
        assert leaks(scene, reader, seen, winner="cobalt") == {}, reader


def test_the_walk_finds_what_the_house_may_read(scene):
    """The oracle's own proof: compliance reads names and prices on the routes that are walked."""
    ask(scene)
    trade(scene)
    seen = everything_read_by(scene, scene.world.house)
    told = {where for where, text in seen.items() if found_in(text, scene.identity("taker") | scene.prices("dune", traded=False))}
    for where in (f"GET /api/rfqs/{scene.rfq_id}", "GET /compliance/", f"GET /compliance/rfqs/{scene.rfq_id}/", "GET /history/"):
        assert where in told


def test_no_socket_tells_a_party_what_is_not_its_to_know(scene):
    worlds.publish_market()
    with web_process("uvicorn") as web, contextlib.ExitStack() as stack:
        ears = {name: Ear(stack, web, party) for name, party in scene.parties.items()}
        for ear in ears.values():
            ear.listen_for('"type":"snapshot"')
        ask(scene)
        quoted = set().union(*(scene.prices(name, traded=False) for name in PRICES))
        ears["taker"].listen_for('"rfq.changed"')
        assert found_in(ears["taker"].listen(1.5), quoted) == set()
        trade(scene)
        for name, told in TOLD.items():
            ears[name].listen_for(told)
        heard = {name: ear.listen(1.5) for name, ear in ears.items()}
    assert '"rfq.changed"' not in heard["hollow"]
    for name, text in heard.items():
        assert found_in(text, scene.secrets_for(name, winner="cobalt")) == set(), name


VALUES = {
    "version": 1, "side": Side.BUY, "is_confirmed": True, "limit_price": "0.1", "quantity": "1", "price": "0.1", "reason": "because",
    "bid": side("0.05", "0.04"), "ask": None, "legs": [], "name": "x", "maker_firm_ids": [1],
}  # fmt: skip


def commands_about_an_rfq() -> list[type[client.Command]]:
    """Every command of the registry that names an RFQ, a quote or a trade."""
    named = {"rfq_id", "quote_id", "trade_id"}
    return [
        kind
        for kind in registry.socket_handlers()
        if issubclass(kind, client.Command) and named & {field.name for field in msgspec.structs.fields(kind)}
    ]


def message_of(kind: type[client.Command], ids: dict[str, int], party: Party) -> client.Command:
    """With every required field and a bid; a field that is new here needs a value above."""
    known = {**VALUES, **ids, "command_id": command_id(), "account_id": party.account.id}
    fields = msgspec.structs.fields(kind)
    wanted = {field.name for field in fields if field.required or field.name in {*ids, "bid", "account_id"}}
    return kind(**{name: known[name] for name in wanted})


def answer_to(message: client.Command, party: Party) -> tuple[str, ...]:
    handler = registry.socket_handlers()[type(message)]
    try:
        handler(party.user, party.actor, message)
    except Refusal as refusal:
        return type(refusal).__name__, refusal.reason, refusal.message, str(refusal.value), str(refusal.bound)
    return ("done",)


@pytest.mark.parametrize("kind", commands_about_an_rfq(), ids=lambda kind: kind.__struct_config__.tag)
def test_an_outsider_is_answered_as_if_there_were_no_such_rfq(scene, kind):
    ask(scene)
    scene.world.wait(5).tick()
    real = {"rfq_id": scene.rfq_id, "quote_id": scene.quotes["cobalt"], "trade_id": 71_000_001}
    absent = {"rfq_id": 77_777_777, "quote_id": 88_888_888, "trade_id": 99_999_999}
    for party in scene.outsiders.values():
        told = answer_to(message_of(kind, real, party), party)
        made_up = answer_to(message_of(kind, absent, party), party)
        swap = dict(zip(map(str, absent.values()), map(str, real.values()), strict=True))
        assert told == tuple(swap.get(text, text) for text in made_up)
        assert told != ("done",)


def test_quote_ids_tell_no_maker_how_many_have_quoted(scene):
    ids = []
    for _ in range(8):
        ask(scene)
        ids += list(Quote.objects.filter(rfq_id=scene.rfq_id).values_list("id", flat=True))
        scene.world.cancel_rfq(scene.rfq_id)
    assert len(set(ids)) == len(ids) == 24
    assert max(ids) > 2**45, "drawn from all the room that there is"
    gaps = [abs(a - b) for a, b in itertools.pairwise(sorted(ids))]
    assert min(gaps) > 1_000
