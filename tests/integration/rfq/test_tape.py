"""The public tape: a line for each completed block trade, numbered without a gap, naming nobody."""

import json

import msgspec
import pytest
from django.db import ProgrammingError, transaction
from django.test import Client

from accounts import services as accounts
from common import clock, valkey
from common.actor import SYSTEM
from rfq import services
from rfq.models import TapePrint
from rfq.selectors import tape
from risk import selectors as risk
from tests.integration.rfq.lives import confirm, rejected, traded
from tests.integration.rfq.world import CALL, PUT
from wire import transport
from wire.market import BlockTape, TapeLeg
from wire.market import TapePrint as Line
from wire.units import Side


def test_completed_trade_is_printed_once_with_its_mark(world):
    rfq_id = traded(world, confirmed=False)
    assert tape.list_newest() == [], "what is not completed is not printed"
    confirm(world, rfq_id)
    confirm(world, rfq_id)
    (line,) = tape.list_newest()
    assert line == Line(
        sequence=1,
        at_ns=clock.to_ns(world.at),
        kind="trade",
        structure="straddle",
        legs=[TapeLeg(instrument_name=CALL, side=Side.BUY, ratio=1), TapeLeg(instrument_name=PUT, side=Side.BUY, ratio=1)],
        side=Side.BUY,
        quantity="2",
        price="0.1102",
        quote_currency="BTC",
        mark="0.095",
        price_against_mark="0.0152",
    )


def test_rejected_rfq_is_not_printed(world):
    rejected(world)
    assert tape.newest_sequence() == 0


def test_lines_are_read_without_a_gap(world):
    for _ in range(3):
        traded(world)
    first = tape.list_after(0, limit=2)
    rest = tape.list_after(first[-1].sequence)
    assert [line.sequence for line in (*first, *rest)] == [1, 2, 3]
    assert [line.sequence for line in tape.list_newest(before=3, limit=1)] == [2]


def test_every_firm_reads_the_same_lines_and_none_of_them_names_a_party(world):
    traded(world)
    answers = {read(party) for party in (world.taker, world.cobalt, world.ember, world.other_taker, world.house)}
    assert len(answers) == 1
    (text,) = answers
    parties = (world.taker, world.cobalt, world.dune)
    names = [party.firm.name for party in parties] + [party.user.username for party in parties] + ["secret label"]
    assert not [name for name in names if name in text]
    (line,) = json.loads(text)
    assert line.keys() == {
        "sequence", "at_ns", "kind", "structure", "legs", "side", "quantity", "price", "quote_currency", "mark",
        "price_against_mark", "refers_to",
    }


def test_without_a_mark_the_line_says_so(world, monkeypatch):
    gone = risk.Look(at_ns=clock.now_ns(), raw={}, problem="gone")
    monkeypatch.setattr(risk, "look", lambda names: gone)
    traded(world)
    (line,) = tape.list_newest()
    assert (line.mark, line.price_against_mark) == (None, None)


def test_tape_is_append_only(world):
    traded(world)
    for change in (lambda: TapePrint.objects.update(side="sell"), lambda: TapePrint.objects.all().delete()):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_frame_is_published_when_the_tape_grows(world):
    traded(world)
    services.publish_tape(world.at)
    raw = valkey.client().hget(transport.MARKET_LATEST, "tape.blocks")
    assert msgspec.json.decode(raw, type=BlockTape).prints == tape.list_newest()
    assert services.publish_tape(world.at) == 0
    traded(world)
    assert services.publish_tape(world.at) == 1


def read(party) -> str:
    key_id, secret = accounts.create_api_key(user=party.user, actor=SYSTEM, at=clock.now())
    answer = Client(headers={"Authorization": f"Bearer {key_id}.{secret}"}).get("/api/tape?after=0")
    assert answer.status_code == 200
    return answer.content.decode()
