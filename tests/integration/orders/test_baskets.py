"""Files of orders: every cell is checked by name, and what is placed is placed as one act, once."""

import json

import pytest

from audit.models import AuditRecord
from common import clock
from common.errors import Conflict, NotAllowed, NotFound, Refusal
from market import selectors as market
from orders import basket_selectors, services
from orders.models import Basket, Order
from streams.models import OutboxCommand
from tests import builders
from tests.integration.risk import world as risk_world
from wire.client_baskets import BASKET_ROWS_MAX, PlaceBasket, PreviewBasket

pytestmark = pytest.mark.django_db
NAME, OTHER = "BTC-PERPETUAL", "BTC-27MAR26-80000-C"
HEAD = "instrument,side,quantity,type,price,account,client_order_id\n"
GOOD = f"{HEAD}{NAME},buy,10,limit,70000.5,,a1\n{OTHER},sell,0.5,limit,0.05,,a2\n{NAME},sell,20,market,,,\n"


@pytest.fixture
def desk():
    return builders.trading_firm(deposits={"BTC": "50"})


@pytest.fixture(autouse=True)
def listed(desk):
    return [builders.listed(name) for name in (NAME, OTHER)]


def play():
    """A market that is fresh now."""
    builders.play_market(*(market.get_instrument(name) for name in (NAME, OTHER)))
    risk_world.play()


def preview(desk, csv):
    play()
    message = PreviewBasket(command_id="p", csv=csv, account_id=desk.account.id)
    return services.preview_basket(user=desk.user, message=message, at=clock.now())


def place(desk, csv=GOOD, number=1, **changes):
    play()
    message = PlaceBasket(command_id=f"basket-{number}", csv=csv, account_id=desk.account.id, **changes)
    return services.place_basket(user=desk.user, actor=desk.actor, message=message, at=clock.now())


def test_a_preview_says_what_every_row_would_be_and_sends_nothing(desk):
    found = preview(desk, GOOD)
    assert [(row.number, row.client_order_id, row.reason) for row in found.rows] == [
        (2, "a1", ""), (3, "a2", ""), (4, "p:4", ""),
    ]  # fmt: skip
    assert [row.currency for row in found.rows] == ["BTC", "BTC", "BTC"]
    (margin,) = found.margins
    assert (margin.account_id, margin.reason) == (desk.account.id, "")
    assert margin.initial_after != margin.initial_before
    ((currency, bought, sold),) = found.notionals
    assert (currency, float(bought) > 0, float(sold) > 0) == ("BTC", True, True)
    assert not Order.objects.exists()
    assert not Basket.objects.exists()


def test_a_basket_is_one_act_and_its_repeat_sends_nothing(desk):
    basket = place(desk)
    assert place(desk).pk == basket.pk
    orders = list(Order.objects.order_by("id"))
    assert [order.command_id for order in orders] == ["a1", "a2", "basket-1:4"]
    assert OutboxCommand.objects.count() == 3
    result = basket_selectors.get_basket(desk.user, basket.pk)
    assert [(row.number, row.order.order_id, row.order.state) for row in result.rows] == [
        (number, order.pk, "pending_new") for number, order in enumerate(orders, 2)
    ]
    record = AuditRecord.objects.get(action="basket.placed")
    assert record.entity == f"basket:{basket.pk}"
    assert [view.basket_id for view in basket_selectors.list_baskets(desk.user)] == [basket.pk]


def test_the_same_file_again_places_only_what_is_new(desk):
    place(desk)
    more = f"{HEAD}{NAME},buy,10,limit,70000.5,,a1\n{NAME},buy,30,limit,70000,,a3\n"
    assert [row.order_id is None for row in preview(desk, more).rows] == [False, True]
    basket = place(desk, more, 2)
    assert [row.is_repeat for row in basket_selectors.get_basket(desk.user, basket.pk).rows] == [True, False]
    assert Order.objects.count() == 4


def test_the_same_id_for_something_else_is_refused_with_its_row(desk):
    place(desk)
    with pytest.raises(Conflict) as refused:
        place(desk, f"{HEAD}{NAME},buy,20,limit,70000.5,,a1\n", 2)
    assert (refused.value.reason, refused.value.message[:6]) == ("command_id_reused", "row 2:")
    assert Basket.objects.count() == 1


def test_only_the_chosen_rows_are_placed_and_one_bad_row_keeps_back_all(desk):
    bad = GOOD + f"{NAME},buy,5,limit,70000,,a4\n"
    with pytest.raises(Refusal) as refused:
        place(desk, bad.replace(",5,limit", ",0.3,limit"))
    assert (refused.value.reason, refused.value.value) == ("quantity_off_grid", "0.3")
    assert refused.value.message.startswith("row 5:")
    assert not Order.objects.exists()
    assert not Basket.objects.exists()
    basket = place(desk, bad.replace(",5,limit", ",0.3,limit"), rows=(2, 4))
    assert [row.number for row in basket_selectors.get_basket(desk.user, basket.pk).rows] == [2, 4]


@pytest.mark.parametrize(
    ("row", "reason", "value"),
    [
        (f"{NAME},hold,10,limit,70000,,", "side_unknown", "hold"),
        (f"{NAME},buy,ten,limit,70000,,", "quantity_not_a_number", "ten"),
        (f"{NAME},buy,,limit,70000,,", "quantity_missing", None),
        (f"{NAME},buy,1e3,limit,70000,,", "quantity_not_a_number", "1e3"),
        (f"{NAME},buy,10,limit,70000.3,,", "price_off_grid", "70000.3"),
        (f"{NAME},buy,10,market,70000,,", "price_forbidden", "70000"),
        (f"{NAME},buy,10,limit,,,", "price_required", None),
        (f"{NAME},buy,10,iceberg,70000,,", "type_unknown", "iceberg"),
        (f"{NAME},buy,10,limit,70000,Nobody's,", "account_unknown", "Nobody's"),
        (f"{NAME},buy,10,limit,70000,,a b", "client_order_id_invalid", "a b"),
        ("BTC-NOTHING,buy,10,limit,70000,,", "unknown_instrument", "BTC-NOTHING"),
    ],
)
def test_a_cell_that_does_not_fit_is_named(desk, row, reason, value):
    (found,) = preview(desk, HEAD + row + "\n").rows
    assert (found.number, found.reason, found.value) == (2, reason, value or "")
    with pytest.raises(Refusal) as refused:
        place(desk, HEAD + row + "\n")
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD, "basket_empty"),
        ("side,quantity\nbuy,1\n", "column_missing"),
        ("instrument,side,quantity,color\n", "column_unknown"),
        ("instrument,side,side,quantity\n", "column_twice"),
        (f"instrument,side,quantity\n{NAME},buy,1,2\n", "row_length"),
        (f"instrument,side,quantity\n{NAME},buy,{'1' * 81}\n", "cell_too_long"),
        ('instrument,side,quantity\n"BTC,buy,1\n', "csv_unreadable"),
        ("instrument,side,quantity\n" + f"{NAME},buy,1\n" * (BASKET_ROWS_MAX + 1), "too_many_rows"),
        (f"{HEAD}{NAME},buy,10,,1,,x\n{NAME},buy,10,,1,,x\n", "client_order_id_twice"),
    ],
)
def test_a_file_that_is_no_basket_is_refused_as_a_whole(desk, text, reason):
    with pytest.raises(Refusal) as refused:
        preview(desk, text)
    assert refused.value.reason == reason


def test_semicolons_spaces_and_capitals_are_read(desk):
    text = f"\ufeffInstrument; Side; Quantity; Time in force; Post only\n{NAME.lower()}; BUY; 10; GTC; no\n"
    (found,) = preview(desk, text).rows
    assert found.reason == ""


def test_a_basket_belongs_to_its_firm_and_to_who_trades(desk):
    basket = place(desk)
    other = builders.trading_firm()
    with pytest.raises(NotFound):
        basket_selectors.get_basket(other.user, basket.pk)
    message = PreviewBasket(command_id="p", csv=GOOD, account_id=desk.account.id)
    with pytest.raises(NotFound):
        services.preview_basket(user=other.user, message=message, at=clock.now())
    with pytest.raises(NotAllowed):
        services.preview_basket(user=builders.add_user(desk.firm, role="compliance"), message=message, at=clock.now())


def test_list_asks_the_database_once_whatever_is_there(desk, django_assert_num_queries):
    for number in range(1, 4):
        place(desk, f"{HEAD}{NAME},buy,10,limit,70000,,r{number}\n", number)
        with django_assert_num_queries(1):
            assert len(basket_selectors.list_baskets(desk.user)) == number


def test_rest_previews_places_and_shows(client, desk):
    client.force_login(desk.user)
    play()
    body = {"type": "basket.preview", "command_id": "r1", "csv": GOOD, "account_id": desk.account.id}
    seen = client.post("/api/baskets/preview", json.dumps(body), content_type="application/json")
    assert [row["reason"] for row in seen.json()["result"]["rows"]] == ["", "", ""]
    play()
    body |= {"type": "basket.place", "rows": [2, 4], "name": "day.csv"}
    placed = client.post("/api/baskets", json.dumps(body), content_type="application/json")
    assert (placed.status_code, placed.json()["entity"]) == (201, "basket")
    found = client.get(f"/api/baskets/{placed.json()['entity_id']}").json()
    assert [row["number"] for row in found["rows"]] == [2, 4]
    assert [basket["name"] for basket in client.get("/api/baskets").json()] == ["day.csv"]
