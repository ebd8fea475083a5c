"""A simulated venue as a process, asked by a client that shares no code with it or with our adapter."""

import asyncio
import contextlib
import hashlib
import hmac
import time
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.venues.rig import SECRET, VenueProcess, open_client
from venues.simulator.json_rpc.session import Session

BOOK = "book.BTC-PERPETUAL.100ms"
OWN_ORDERS, OWN_TRADES = "user.orders.any.any.raw", "user.trades.BTC-PERPETUAL.raw"


@pytest.fixture(scope="module")
def venue(tmp_path_factory):
    with VenueProcess(tmp_path_factory.mktemp("venue")) as process:
        yield process


async def far_bid(client) -> float:
    """A price that rests."""
    book = await client.get("public/get_order_book", instrument_name="BTC-PERPETUAL")
    return book["bids"][0][0] - 1_000


async def answers_again(venue) -> bool:
    """Whether the venue, which refuses connections for a while, takes one again."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(InvalidStatus):
            async with open_client(venue.url) as client:
                return bool(await client.get("public/test"))
        await asyncio.sleep(0.1)
    return False


def apply(sides: dict[str, dict], change: dict) -> None:
    for side in ("bids", "asks"):
        for action, price, amount in change[side]:
            if action == "delete":
                del sides[side][price]
            else:
                assert (action == "change") == (price in sides[side])
                sides[side][price] = amount


async def test_a_book_is_its_snapshot_and_its_changes(venue):
    async with open_client(venue.url) as client, open_client(venue.url) as late:
        await client.get("public/subscribe", channels=[BOOK])
        snapshot = await client.next_notice(BOOK)
        assert snapshot["type"] == "snapshot"
        sides = {side: {price: amount for _, price, amount in snapshot[side]} for side in ("bids", "asks")}
        change_id = snapshot["change_id"]
        for _ in range(20):
            change = await client.next_notice(BOOK)
            assert (change["type"], change["prev_change_id"]) == ("change", change_id)
            apply(sides, change)
            change_id = change["change_id"]
        await late.get("public/subscribe", channels=[BOOK])
        fresh = await late.next_notice(BOOK)
        while change_id < fresh["change_id"]:
            change = await client.next_notice(BOOK)
            apply(sides, change)
            change_id = change["change_id"]
        assert {side: {price: amount for _, price, amount in fresh[side]} for side in sides} == sides


async def test_an_order_lives_and_its_owner_hears_of_it(venue):
    async with open_client(venue.url) as client:
        await client.sign_in()
        await client.get("private/subscribe", channels=[OWN_ORDERS, OWN_TRADES])
        price = await far_bid(client)
        placed = await client.get("private/buy", instrument_name="BTC-PERPETUAL", amount=100, price=price, label="one")
        order = placed["order"]
        assert (order["order_state"], order["label"], placed["trades"]) == ("open", "one", [])
        assert await client.next_notice(OWN_ORDERS) == order
        edited = await client.get("private/edit", order_id=order["order_id"], amount=50, price=price + 1)
        assert (edited["order"]["amount"], edited["order"]["price"], edited["order"]["replaced"]) == (
            50,
            price + 1,
            True,
        )
        assert edited["order"] in await client.get("private/get_open_orders")
        canceled = await client.get("private/cancel", order_id=order["order_id"])
        assert (canceled["order_state"], canceled["cancel_reason"]) == ("cancelled", "user_request")
        again = await client.ask("private/cancel", order_id=order["order_id"])
        assert again["error"]["code"] == 11044
        assert await client.get("private/get_order_state_by_label", label="one") == [canceled]


async def test_trades_make_the_position(venue):
    async with open_client(venue.url) as client:
        await client.sign_in("other", "another secret")
        await client.get("private/subscribe", channels=[OWN_TRADES])
        for method, amount in (("private/buy", 500), ("private/sell", 120), ("private/buy", 30)):
            await client.get(method, instrument_name="BTC-PERPETUAL", amount=amount, type="market")
        heard = [trade for _ in range(3) for trade in await client.next_notice(OWN_TRADES)]
        asked = await client.get("private/get_user_trades_by_currency", currency="any", sorting="asc")
        assert asked["trades"] == heard
        signed = sum(trade["amount"] * (1 if trade["direction"] == "buy" else -1) for trade in heard)
        positions = await client.get("private/get_positions")
        assert [(held["instrument_name"], held["size"]) for held in positions] == [("BTC-PERPETUAL", signed)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"instrument_name": "DOGE-PERPETUAL"}, 10020),
        ({"amount": 15}, 10021),
        ({"amount": -10}, 10021),
        ({"price": 90_000.3}, 10043),
        ({"price": 1_000_000.0}, 10007),
        ({"type": "stop_limit"}, -32602),
        ({"label": "x" * 65}, -32602),
        ({"amount": "many"}, -32602),
        ({"price": 95_000.0, "post_only": True}, 11054),
    ],
)
async def test_what_makes_no_order_has_a_code(venue, changed, code):
    async with open_client(venue.url) as client:
        await client.sign_in()
        params = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "price": 90_000.0} | changed
        answer = await client.ask("private/buy", **params)
        assert answer.get("error", {}).get("code") == code, answer


async def test_who_comes_in(venue):
    async with open_client(venue.url) as client:
        assert (await client.ask("private/get_positions"))["error"]["code"] == 10000
        wrong = await client.ask("public/auth", grant_type="client_credentials", client_id="desk", client_secret="no")
        assert wrong["error"]["code"] == 13004
        now_ms = time.time_ns() // 1_000_000
        signature = hmac.new(SECRET.encode(), f"{now_ms}\nn\n".encode(), hashlib.sha256).hexdigest()
        signed = {"grant_type": "client_signature", "client_id": "desk", "timestamp": now_ms, "nonce": "n", "data": ""}
        token = await client.get("public/auth", **signed, signature=signature)
        await client.get("private/get_positions")
        await client.get("public/auth", grant_type="refresh_token", refresh_token=token["refresh_token"])
        await client.connection.send("{no json")
        assert (await client.ask("public/nothing"))["error"]["code"] == -32601


async def test_reports_come_twice_late_or_never(venue):
    async with open_client(venue.url) as client:
        await client.sign_in()
        await client.get("private/subscribe", channels=[OWN_TRADES])
        buy = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "market"}
        venue.misbehave(action="duplicate_reports", times=3)
        await client.get("private/buy", **buy)
        first, second, third = [await client.next_notice(OWN_TRADES) for _ in range(3)]
        assert first == second == third
        venue.misbehave(action="drop_reports")
        await client.get("private/buy", **buy)
        venue.misbehave(action="reorder_reports")
        swapped = [(await client.get("private/buy", **buy))["trades"] for _ in range(2)]
        assert [await client.next_notice(OWN_TRADES) for _ in range(2)] == swapped[::-1]
        venue.misbehave(action="bust", trade_id=first[0]["trade_id"])
        assert (await client.next_notice(OWN_TRADES))[0]["busted"] is True


async def test_orders_are_rejected_and_filled_in_part_as_scripted(venue):
    async with open_client(venue.url) as client:
        await client.sign_in()
        buy = {"instrument_name": "ETH-PERPETUAL", "amount": 1_000}
        venue.misbehave(action="reject_orders", code=10009, message="not_enough_funds")
        assert (await client.ask("private/buy", **buy, type="market"))["error"]["code"] == 10009
        book = await client.get("public/get_order_book", instrument_name="ETH-PERPETUAL")
        venue.misbehave(action="fill_partly", share=0.3)
        order = (await client.get("private/buy", **buy, price=book["asks"][0][0] + 5))["order"]
        assert (order["order_state"], order["filled_amount"]) == ("open", 300)
        await client.get("private/cancel_all")


async def test_a_lost_answer_leaves_an_order_that_nobody_was_told_of(venue):
    async with open_client(venue.url) as client:
        await client.sign_in()
        price = await far_bid(client)
        venue.misbehave(action="lose_answers")
        with pytest.raises(ConnectionClosed):
            await client.ask("private/buy", instrument_name="BTC-PERPETUAL", amount=10, price=price, label="lost")
    async with open_client(venue.url) as client:
        await client.sign_in()
        found = await client.get("private/get_order_state_by_label", label="lost")
        assert [order["order_state"] for order in found] == ["open"]
        await client.get("private/cancel_all")


async def test_a_gap_breaks_the_chain_of_changes(venue):
    async with open_client(venue.url) as client:
        await client.get("public/subscribe", channels=[BOOK])
        known = (await client.next_notice(BOOK))["change_id"]
        venue.misbehave(action="gap", instrument_name="BTC-PERPETUAL")
        breaks = 0
        for _ in range(20):
            change = await client.next_notice(BOOK)
            breaks += change["prev_change_id"] != known
            known = change["change_id"]
        assert breaks == 1


async def test_connections_are_cut_refused_and_fall_silent(venue):
    async with open_client(venue.url) as client:
        await client.get("public/subscribe", channels=[BOOK])
        began = time.monotonic()
        venue.misbehave(action="silence", seconds=0.6)
        await client.get("public/test")
        assert time.monotonic() - began > 0.5
        venue.misbehave(action="refuse_connections", seconds=2)
        with pytest.raises(ConnectionClosed):
            while True:
                await client.connection.recv()
        with pytest.raises(InvalidStatus, match="503"):
            async with open_client(venue.url):
                pass
        assert await answers_again(venue)


def test_a_venue_stops_in_order(tmp_path):
    with VenueProcess(tmp_path / "borea", "borea") as borea:
        assert borea.stop() == 0


async def test_a_client_that_says_nothing_for_two_intervals_is_cut():
    aborted = asyncio.Event()
    link = SimpleNamespace(transport=SimpleNamespace(abort=aborted.set))
    session = Session(link)
    session.heartbeat_seconds = 1
    beating = asyncio.create_task(session.beat())
    for _ in range(30):
        await asyncio.sleep(0.1)
        session.heard_at = asyncio.get_running_loop().time()
    assert not aborted.is_set()
    async with asyncio.timeout(30):
        await beating
    assert aborted.is_set()


async def test_a_heartbeat_has_its_bounds(venue):
    async with open_client(venue.url) as client:
        answer = await client.ask("public/set_heartbeat", interval=5)
        assert answer["error"]["code"] == -32602
        assert await client.get("public/set_heartbeat", interval=10) == "ok"
