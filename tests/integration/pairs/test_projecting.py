import json
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from audit.models import AuditRecord
from audit.verify import verify
from common.errors import NotFound
from gateway.hot.facts import EndedFact, LostFact, OpenedFact, RefusedFact, SteeredFact
from orders.models import ExternalOrder
from pairs import selectors
from pairs.models import Pair, PairFill, PairOrder, PairPosition, PairsDesk
from pairs.services.projecting import OwnerUnknown
from streams.models import Fact
from tests.builders import trading_firm
from tests.integration.pairs.reports import Reports
from tests.unit.gateway.hot.story import listed, order, report, round_trip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm():
    return trading_firm()


def everything():
    """Of every table of the app, what it holds."""
    rows = {}
    with connection.cursor() as cursor:
        for model in (PairsDesk, Pair, PairOrder, PairFill, PairPosition):
            cursor.execute(f"SELECT to_json(t)::text FROM {model._meta.db_table} t ORDER BY id")
            rows[model.__name__] = [json.loads(row) for (row,) in cursor.fetchall()]
    return rows


def test_a_round_trip_leaves_orders_fills_positions_and_its_profit(firm) -> None:
    reports = Reports(firm)
    reports.tell(listed(0), OpenedFact(5, "DAY1", 1), *round_trip(gain=300))

    pair = Pair.objects.get()
    assert (pair.state, pair.held_first, pair.held_second, pair.cash) == ("flat", 0, 0, Decimal(3))
    assert (pair.zscore, pair.reason) == (-2.5, "long_spread to exiting")
    orders = list(PairOrder.objects.order_by("order_id"))
    assert [(each.symbol, each.side, each.state, each.filled_lots, each.before, each.after) for each in orders] == [
        ("A0", "buy", "filled", 100, "flat", "entering"), ("B0", "sell", "filled", 50, "entering", "entering"),
        ("A0", "sell", "filled", 100, "long_spread", "exiting"), ("B0", "buy", "filled", 50, "exiting", "exiting"),
    ]  # fmt: skip
    assert {(each.account_id, each.user_id, each.strategy_id) for each in orders} == {
        (firm.account.id, firm.user.id, 900)
    }
    positions = PairPosition.objects.order_by("symbol").values_list("symbol", "lots", "bought_lots", "sold_lots", "cash")
    assert list(positions) == [("A0", 0, 100, 100, Decimal(3)), ("B0", 0, 50, 50, Decimal(0))]
    desk = PairsDesk.objects.get()
    assert (desk.report_number, desk.session, desk.is_session_open) == (10, "DAY1", True)
    assert not ExternalOrder.objects.exists(), "they are orders of ours"


def test_each_report_counts_once_and_has_one_audit_record(firm) -> None:
    reports = Reports(firm)
    reports.tell(listed(0), *round_trip())
    before, facts, records = everything(), Fact.objects.count(), AuditRecord.objects.count()

    for envelope in reports.envelopes:
        reports.apply(envelope)

    assert everything() == before
    assert (Fact.objects.count(), AuditRecord.objects.count()) == (facts, records)
    told = AuditRecord.objects.filter(action__startswith="pairs.").order_by("sequence")
    assert [record.after["report_number"] for record in told] == list(range(1, 10))
    filled = told.get(after__report_number=4)
    assert (filled.action, filled.entity, filled.after["order_id"], filled.after["last_lots"]) == (
        "pairs.order_filled", "pair:A0/B0", 1, 100,
    )  # fmt: skip
    decided = told.get(after__report_number=2)
    assert (decided.after["zscore"], decided.after["before"], decided.after["feed_sequence"]) == ("-2.5", "flat", 9)
    assert not verify().damages


def test_ends_refusals_and_a_lost_session_say_why(firm) -> None:
    reports = Reports(firm)
    reports.tell(
        listed(0), order(1), order(2, leg=1, side=1, lots=50), report(1, "J", 1, reason=5), EndedFact(5, 2, "withdrawn"),
        RefusedFact(6, 0, 1, "max_order_value", 10, 5), LostFact(7, "the venue closed it"),
    )  # fmt: skip

    assert list(PairOrder.objects.order_by("order_id").values_list("state", "reason", "leaves_lots")) == [
        ("rejected", "rejected 5", 0), ("rejected", "withdrawn", 0),
    ]  # fmt: skip
    assert Pair.objects.get().reason == "refused: max_order_value 10 of 5"
    desk = PairsDesk.objects.get()
    assert (desk.is_session_open, desk.session_reason) == (False, "the venue closed it")


def test_an_adopted_order_is_an_order_like_the_others(firm) -> None:
    reports = Reports(firm)
    accepted = report(1, "A", 7, quantity=50, price_e4=900_000, symbol="B0", side="S", client_order_id="P0.1")
    reports.tell(listed(0), accepted, report(2, "E", 7, last_quantity=20, last_price_e4=900_000, match_number=5))

    adopted = PairOrder.objects.get()
    assert (adopted.is_adopted, adopted.state, adopted.price, adopted.leaves_lots) == (
        True, "partially_filled", Decimal(90), 30,
    )  # fmt: skip


def test_a_trade_that_is_taken_back_is_a_fill_the_other_way_round(firm) -> None:
    reports = Reports(firm)
    reports.tell(listed(0), *round_trip()[:4], report(9, "B", 1, match_number=1_001, reason="E"))

    assert list(PairFill.objects.order_by("id").values_list("match_number", "side", "is_bust")) == [
        (1_001, "buy", False), (1_002, "sell", False), (1_001, "sell", True),
    ]  # fmt: skip
    assert (Pair.objects.get().held_first, PairOrder.objects.get(order_id=1).filled_lots) == (0, 0)
    assert PairPosition.objects.get(symbol="A0").lots == 0


def test_snapshot_and_facts_are_a_fresh_snapshot(firm) -> None:
    reports = Reports(firm)
    reports.tell(listed(0), listed(1), *round_trip()[:4])
    known = selectors.snapshot(firm.firm.id, "trader")
    after = Fact.objects.filter(firm_id=firm.firm.id).order_by("-sequence").first().sequence

    reports.tell(*round_trip()[4:], SteeredFact(9, 1, "disable"), LostFact(9, "silence"), *round_trip(5, 5)[:4])

    state = {
        "pairs_desks": {each.venue: each for each in known["pairs_desks"]},
        "pairs": {each.pair_id: each for each in known["pairs"]},
        "pair_orders": {each.order_id: each for each in known["pair_orders"]},
    }
    places = {"pairs_desk": ("pairs_desks", "venue"), "pair": ("pairs", "pair_id"), "pair_order": ("pair_orders", "order_id")}
    for row in Fact.objects.filter(firm_id=firm.firm.id, sequence__gt=after).order_by("sequence"):
        content = json.loads(row.payload)
        name = next(name for name in places if name in content)
        topic, key = places[name]
        state[topic][content[name][key]] = content[name]
    fresh = selectors.snapshot(firm.firm.id, "trader")
    assert {key: plain(each)["state"] for key, each in state["pairs"].items()} == {
        each.pair_id: each.state for each in fresh["pairs"]
    }
    assert {key: plain(each) for key, each in state["pair_orders"].items()} == {
        each.order_id: plain(each) for each in fresh["pair_orders"]
    }
    assert plain(state["pairs_desks"]["equities"])["is_session_open"] is False


def plain(view):
    import msgspec

    return json.loads(msgspec.json.encode(view))


def test_an_owner_that_the_database_does_not_have_stops_the_projection(firm) -> None:
    other = trading_firm()
    reports = Reports(firm)
    reports.owner = type(reports.owner)(
        account_id=other.account.id, user_id=firm.user.id, desk_id=firm.desk.id, firm_id=firm.firm.id, strategy_id=1
    )
    with pytest.raises(OwnerUnknown):
        reports.tell(listed(0))


def test_the_database_itself_refuses_what_cannot_be(firm) -> None:
    reports = Reports(firm)
    reports.tell(listed(0), *round_trip())
    changes = (
        (PairFill, {"lots": 5}, ProgrammingError),
        (PairOrder, {"filled_lots": 101}, IntegrityError),
        (PairOrder, {"leaves_lots": 1}, IntegrityError),
        (PairPosition, {"lots": 1}, IntegrityError),
    )
    for model, change, refusal in changes:
        with pytest.raises(refusal), transaction.atomic():
            model.objects.filter(id=model.objects.first().id).update(**change)
    fill = PairFill.objects.first()
    fill.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        fill.save()


def test_lists_ask_the_same_whether_there_is_one_row_or_many(firm, django_assert_max_num_queries) -> None:
    reports = Reports(firm)
    reports.tell(listed(0), *round_trip())
    pair_id = Pair.objects.get().pk
    calls = (
        lambda: selectors.list_pairs(firm.user), lambda: selectors.list_orders(firm.user, pair_id),
        lambda: selectors.list_positions(firm.user), lambda: selectors.snapshot(firm.firm.id, "trader"),
    )  # fmt: skip
    few = [_count(call) for call in calls]
    reports.tell(listed(1), listed(2), *round_trip(5, 5), *round_trip(9, 9, pair=1), *round_trip(13, 13, pair=2))

    assert [_count(call) for call in calls] == few


def _count(call):
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        call()
    return len(queries)


def test_another_firm_sees_nothing_and_the_house_everything(firm) -> None:
    Reports(firm).tell(listed(0))
    other, house = trading_firm(), trading_firm(kind="house", role="compliance")
    pair_id = Pair.objects.get().pk

    assert selectors.list_pairs(other.user) == []
    with pytest.raises(NotFound):
        selectors.list_orders(other.user, pair_id)
    assert len(selectors.list_pairs(house.user)) == 1
