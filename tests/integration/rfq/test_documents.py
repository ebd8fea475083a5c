"""Packs and confirmations: the same facts give the same bytes, whose hash is proven by the audit chain."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from common.errors import Conflict, NotAllowed, NotFound
from rfq import services
from rfq.models import BlockTrade, Sighting, SightingDue
from tests.integration.rfq.lives import expired, reservation_of, traded
from tests.integration.rfq.world import publish_market


def pack_of(world, party, rfq_id):
    return services.produce_pack(user=party.user, actor=party.actor, rfq_id=rfq_id, at=world.at)


def test_pack_holds_quotes_cover_market_and_what_was_paid(world):
    rfq_id = traded(world)
    told = json.loads(pack_of(world, world.house, rfq_id).json)
    assert [quote["maker_name"] for quote in told["quotes"]] == [world.cobalt.firm.name, world.dune.firm.name]
    assert [len(quote["versions"]) for quote in told["quotes"]] == [2, 1]
    assert told["trade"] == {
        "side": "buy",
        "price": "0.1102",
        "quantity": "2",
        "cover": {"price": "0.1132", "quote_id": told["quotes"][1]["quote_id"], "version": 1, "maker": world.dune.firm.name},
        "paid_over_mark_bp": "152",
        "paid_over_model_bp": None,
        "paid_over_lit_ask_bp": None,
    }
    first = told["quotes"][0]["versions"][0]
    assert (first["end_reason"], first["spread"]["half_spread_bp"]) == ("replaced", "100")
    assert first["market"]["missing"] == {
        "lit_ask": "BTC-27MAR26-80000-C: no_book", "lit_bid": "BTC-27MAR26-80000-C: no_book",
        "model_net": "BTC-27MAR26-80000-C: no_surface",
    }
    assert told["timeline"][0]["what"] == ["asked for straddle, quantity 2, two-way"]
    assert len(told["fills"]) == 4


def test_same_facts_give_the_same_bytes_and_one_record(world):
    rfq_id = traded(world)
    first, again = pack_of(world, world.house, rfq_id), pack_of(world.wait(60), world.house, rfq_id)
    assert (first.json, first.html) == (again.json, again.html)
    with connection.cursor() as cursor:
        cursor.execute("SELECT after FROM audit_auditrecord WHERE action = 'rfq.document_produced'")
        rows = cursor.fetchall()
    assert len(rows) == 1
    assert json.loads(rows[0][0])["json_sha256"] == first.json_sha256


def test_mark_outs_enter_the_pack_when_they_were_taken(world):
    rfq_id = traded(world)
    before = pack_of(world, world.house, rfq_id)
    publish_market()
    due = SightingDue.objects.filter(rfq_id=rfq_id, kind="after_trade").order_by("due_at")
    assert [row.offset_ms for row in due] == [1_000, 10_000, 60_000, 300_000]
    services.take_due_sightings(due.last().due_at)
    told = json.loads(pack_of(world, world.house, rfq_id).json)
    assert [(each["after_ms"], each["taker_gained_bp"]) for each in told["mark_outs"]] == [
        (offset, "-152") for offset in (1_000, 10_000, 60_000, 300_000)
    ]
    assert json.loads(before.json)["mark_outs"] == []


def test_sighting_taken_too_late_is_missing_with_its_reason(world):
    rfq_id = traded(world)
    SightingDue.objects.filter(rfq_id=rfq_id).update(due_at=world.at - dt.timedelta(days=1))
    assert services.take_due_sightings(world.at) == 12
    row = Sighting.objects.get(rfq_id=rfq_id, kind="after_trade", offset_ms=1_000)
    assert (row.mark_net, row.index_price) == (None, None)
    assert row.content["missing"]["index_price"].startswith("late, ")


def test_taker_gets_its_own_pack_and_makers_none(world):
    rfq_id = traded(world)
    told = json.loads(pack_of(world, world.taker, rfq_id).json)
    assert told["reader"] == "taker"
    assert {fill["account_id"] for fill in told["fills"]} == {world.taker.account.id}
    assert [version["version"] for version in told["quotes"][0]["versions"]] == [2], "the first one ended in the grace"
    with pytest.raises(NotAllowed, match=r"."):
        pack_of(world, world.cobalt, rfq_id)
    with pytest.raises(NotFound):
        pack_of(world, world.other_taker, rfq_id)


def test_open_rfq_has_no_pack(world):
    with pytest.raises(Conflict) as refused:
        pack_of(world, world.taker, world.create())
    assert refused.value.reason == "rfq_not_ended"


def test_expired_rfq_has_a_pack_without_a_trade(world):
    told = json.loads(pack_of(world, world.taker, expired(world)).json)
    assert (told["trade"], told["fills"], told["rfq"]["state"]) == (None, [], "expired")


def verify(path):
    said, complained = StringIO(), StringIO()
    try:
        call_command("verify_pack", str(path), stdout=said, stderr=complained)
    except SystemExit:
        return complained.getvalue()
    return said.getvalue()


def test_file_is_proven_and_a_changed_one_is_not(world, tmp_path):
    rfq_id = traded(world)
    document = pack_of(world, world.house, rfq_id)
    for form, content in (("json", document.json), ("html", document.html)):
        path = tmp_path / f"pack.{form}"
        path.write_bytes(content)
        assert f"rfq:{rfq_id}" in verify(path)
        path.write_bytes(content.replace(b"0.1102", b"0.1002"))
        assert verify(path).startswith("UNKNOWN")
    path = tmp_path / "pack.json"
    path.write_bytes(document.json)
    assert "the facts of today give the same bytes" in verify(path)
    publish_market()
    services.take_due_sightings(SightingDue.objects.filter(kind="after_trade").latest("due_at").due_at)
    assert "facts were added since: mark_outs" in verify(path)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE audit_auditrecord SET reason = 'x' WHERE stream = 'house' AND sequence = 1")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert verify(path).startswith("DAMAGED house")


def confirmation_of(world, party, rfq_id):
    trade_id = reservation_of(rfq_id)
    return services.produce_confirmation(user=party.user, actor=party.actor, trade_id=trade_id, at=world.at)


def test_both_parties_get_a_confirmation_of_their_own_side(world):
    rfq_id = traded(world)
    taker, maker = (json.loads(confirmation_of(world, party, rfq_id).json) for party in (world.taker, world.cobalt))
    assert [leg["side"] for leg in taker["legs"]] == ["buy", "buy"]
    assert [leg["side"] for leg in maker["legs"]] == ["sell", "sell"]
    assert [leg["execution_id"] for leg in taker["legs"]] == [leg["execution_id"] for leg in maker["legs"]]
    assert taker["fees"] == {"BTC": "0.0012"}
    assert {row["state"] for row in taker["settlement"]} == {"pending"}
    assert {row["account_id"] for row in maker["settlement"]} == {str(world.cobalt.account.id)}
    assert taker["parties"]["maker"] == world.cobalt.firm.name


def test_others_get_no_confirmation(world):
    rfq_id = traded(world)
    for party in (world.dune, world.ember, world.other_taker):
        with pytest.raises(NotFound):
            confirmation_of(world, party, rfq_id)


def test_trade_that_is_not_completed_is_not_confirmed(world):
    rfq_id = traded(world, confirmed=False)
    assert BlockTrade.objects.get(rfq_id=rfq_id).state == "reserved"
    with pytest.raises(Conflict) as refused:
        confirmation_of(world, world.taker, rfq_id)
    assert refused.value.reason == "trade_not_completed"
