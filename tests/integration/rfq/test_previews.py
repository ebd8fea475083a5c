"""Before the click: prices against mark, model and lit books, fees, hedging, and margin of either side."""

import time
from decimal import Decimal

import msgspec
import pytest

from accounts.models import Account
from common import valkey
from common.errors import Refusal
from rfq.models import RfqCommand
from rfq.services.previews import preview_rfq
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import CALL, PERPETUAL, PUT, command_id, hedge, leg, side
from wire import client, transport
from wire.market import Book, Ticker
from wire.units import Side


def preview(world, party=None, **fields):
    party = party or world.taker
    message = client.PreviewRfq(**{"command_id": command_id(), "account_id": party.account.id, **fields})
    return preview_rfq(user=party.user, message=message)


def straddle(world, **changes):
    return preview(world, **{"legs": [leg(CALL), leg(PUT)], "quantity": "2", **changes})


def publish_book(name: str, bids, asks) -> None:
    book = Book(at_ns=time.time_ns(), market_time_ns=worlds.MARKET_TIME_NS, instrument_name=name, bids=bids, asks=asks)
    valkey.client().hset(transport.MARKET_LATEST, f"book.{name}", msgspec.json.encode(book))


def publish_perpetual() -> None:
    ticker = Ticker(
        at_ns=time.time_ns(), market_time_ns=worlds.MARKET_TIME_NS, instrument_name=PERPETUAL, instrument_id=5,
        bid_price="77995.0", ask_price="78005.0", mark_price=78_000.0, index_price=78_000.0, forward_price=78_000.0,
    )  # fmt: skip
    valkey.client().hset(transport.MARKET_LATEST, f"ticker.{PERPETUAL}", msgspec.json.encode(ticker))


def reason_of(call) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


def test_books_are_walked_for_the_whole_size_with_fees(world):
    publish_book(CALL, [("0.0490", "2.0")], [("0.0510", "1.0"), ("0.0530", "5.0")])
    publish_book(PUT, [("0.0440", "9.0")], [("0.0460", "9.0")])
    buy, sell = straddle(world).sides
    assert buy.lit_price == pytest.approx((0.0510 + 0.0530) / 2 + 0.0460)
    assert sell.lit_price == pytest.approx(0.0490 + 0.0440)
    assert buy.lit_fees == {"BTC": "0.0012"}
    assert buy.fees == {"BTC": "0.0012"}


def test_what_the_books_do_not_hold_is_said(world):
    publish_book(CALL, [("0.0490", "2.0")], [("0.0510", "1.0")])
    publish_book(PUT, [("0.0440", "9.0")], [("0.0460", "9.0")])
    found = straddle(world)
    assert (found.sides[0].lit_price, found.missing["lit_ask"]) == (None, f"{CALL}: no_depth")
    assert found.sides[1].lit_price == pytest.approx(0.0930)
    assert found.mark_price == pytest.approx(0.095)
    assert found.model_price is None
    assert "model_net" in found.missing
    assert set(found.ages_ms) == {"index", "mark", "book"}


def test_margin_of_each_account_counts_the_hedge_leg(world):
    second = Account.objects.create(firm=world.taker.firm, desk=world.taker.account.desk, name="Second")
    shares = [client.RfqAllocation(account_id=world.taker.account.id, quantity="1.5"), client.RfqAllocation(account_id=second.id, quantity="0.5")]
    bare = straddle(world, side=Side.SELL, allocations=shares).sides[0].margins
    assert {step.account_id for step in bare} == {world.taker.account.id, second.id}
    assert all(step.preview.after.initial_margin > step.preview.before.initial_margin for step in bare)
    hedged = straddle(world, side=Side.SELL, legs=[leg(CALL)], hedge=hedge(PERPETUAL, Side.SELL, 4_000, "78000")).sides[0]
    unhedged = straddle(world, side=Side.SELL, legs=[leg(CALL)]).sides[0]
    after, without = (one.margins[0].preview.after.initial_margin for one in (hedged, unhedged))
    assert after > without + 10_000, "the account holds coins: a perpetual bought beside them adds to what it can lose"


def test_cost_of_hedging_the_delta_is_half_the_spread_and_the_fee(world):
    publish_perpetual()
    (buy,) = straddle(world, legs=[leg(CALL)], quantity="10", side=Side.BUY).sides
    (found,) = buy.hedges
    assert (found.instrument_name, found.half_spread) == (PERPETUAL, 5.0)
    assert -6 < found.delta < -4
    assert Decimal(found.contracts) == pytest.approx(Decimal(abs(found.delta) * 7_800), rel=Decimal("0.001"))
    fee = abs(found.delta) * 78_000 * 0.0005
    assert found.fee == pytest.approx(fee, rel=0.001)
    assert found.cost == pytest.approx(abs(found.delta) * 5.0 + fee, rel=0.001)


def test_taker_previews_one_quote_and_only_what_it_may_see(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    assert reason_of(lambda: preview(world, rfq_id=rfq_id, quote_id=quote_id)) == "quote_not_found"
    world.wait(5).tick()
    buy, sell = preview(world, rfq_id=rfq_id, quote_id=quote_id).sides
    assert (buy.net_price, sell.net_price) == ("0.1122", "0.0922")
    assert buy.net_usd == pytest.approx(0.1122 * 78_000)
    assert buy.against.mark == pytest.approx(0.1122 - 0.095)
    assert sell.against.mark == pytest.approx(0.095 - 0.0922)
    for party in (world.ember, world.other_taker):
        assert reason_of(lambda: preview(world, party, rfq_id=rfq_id)) == "rfq_not_found"
        assert reason_of(lambda: preview(world, party, rfq_id=rfq_id + 1)) == "rfq_not_found"


def test_maker_previews_its_own_side_before_it_quotes(world):
    rfq_id = world.create()
    buy, sell = preview(world, world.cobalt, rfq_id=rfq_id, bid=side("0.0511", "0.0411"), ask=side("0.0611", "0.0511")).sides
    assert (buy.net_price, sell.net_price) == ("0.1122", "0.0922")
    assert buy.against.mark == pytest.approx(0.095 - 0.1122)
    (step,) = buy.margins
    assert step.account_id == world.cobalt.account.id
    assert step.preview.after.initial_margin > step.preview.before.initial_margin
    assert reason_of(lambda: preview(world, world.cobalt, rfq_id=rfq_id, account_id=world.dune.account.id)) == "unknown_account"


def test_a_preview_changes_nothing(world):
    before = RfqCommand.objects.count()
    straddle(world)
    assert RfqCommand.objects.count() == before
    assert reason_of(lambda: preview(world, world.house, legs=[leg(CALL)], quantity="1")) == "role"
