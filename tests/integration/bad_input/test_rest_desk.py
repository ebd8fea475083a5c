"""Bad input over REST: RFQs, quotes and acceptances."""

import pytest

from tests.integration.bad_input.rest import ANY, HALTED, OLD, Case, accept, check, leg, quote, rfq
from tests.integration.bad_input.scene import DELIVERED, Id, Scene
from tests.integration.rfq.world import CALL, ETH_CALL, EXPIRED

TOO_MANY_LEGS = [leg(CALL)] * 21

REQUESTS = [
    rfq("no leg", 400, "invalid_message", {"legs": []}, says="$.legs"),
    rfq("twenty-one legs", 400, "invalid_message", {"legs": TOO_MANY_LEGS}, says="$.legs"),
    rfq("a leg twice", 422, "duplicate_leg", {"legs": [leg(CALL), leg(CALL, "sell")]}, value=CALL),
    rfq("unknown leg", 404, "unknown_instrument", {"legs": [leg("BTC-27MAR26-81000-C")]}, value="BTC-27MAR26-81000-C"),
    rfq("delivered leg", 409, "instrument_not_trading", {"legs": [leg(DELIVERED)]}, value=DELIVERED),
    rfq("expired leg", 409, "instrument_not_trading", {"legs": [leg(EXPIRED)]}, value=EXPIRED),
    rfq("legs of two coins", 422, "quote_currency_mixed", {"legs": [leg(CALL), leg(ETH_CALL)]}, value=ANY, bound=ANY),
    rfq("unknown field of a leg", 400, "invalid_message", {"legs": [{**leg(CALL), "price": "1"}]}, says="price"),
    rfq("ratio zero", 400, "invalid_message", {"legs": [leg(CALL, ratio=0)]}, says="$.legs[0].ratio"),
    rfq("ratio too high", 400, "invalid_message", {"legs": [leg(CALL, ratio=100_001)]}, says="$.legs[0].ratio"),
    rfq("quantity zero", 422, "quantity_not_positive", {"quantity": "0"}, value="0", bound="0"),
    rfq("quantity negative", 400, "invalid_message", {"quantity": "-2"}, says="$.quantity"),
    rfq("quantity off the lot", 422, "quantity_off_lot", {"quantity": "0.05"}, value="0.05", bound="0.1"),
    rfq("quantity huge", 422, "quantity_too_large", {"quantity": "1000000000000"}, value="1000000000000", bound="100000000000.0"),
    rfq("no maker", 422, "maker_count", {"maker_firm_ids": []}, value="0", bound="1 to 20"),
    rfq("a maker twice", 422, "duplicate_maker", {"maker_firm_ids": [Id("cobalt"), Id("cobalt")]}, value=Id("cobalt")),
    rfq("own firm as maker", 422, "own_firm", {"maker_firm_ids": [Id("firm")]}, value=Id("firm")),
    rfq("maker that is none", 404, "unknown_maker", {"maker_firm_ids": [Id("other_firm")]}, value=Id("other_firm")),
    rfq("unknown maker", 404, "unknown_maker", {"maker_firm_ids": [999_999_999]}, value=999_999_999),
    rfq("life too short", 422, "rfq_life", {"life_seconds": 9}, value=9, bound="10 to 600"),
    rfq("life too long", 422, "rfq_life", {"life_seconds": 601}, value=601, bound="10 to 600"),
    rfq("life beyond every number", 400, "invalid_message", {"life_seconds": 2**31}, says="$.life_seconds"),
    rfq("label of two lines", 400, "invalid_message", {"label": "a\nb"}, says="$.label"),
    rfq("label too long", 400, "invalid_message", {"label": "x" * 65}, says="$.label"),
    rfq("account of another firm", 404, "unknown_account", {"account_id": Id("other_account")}, value=Id("other_account")),
    rfq("maker asks", 403, "role", {"account_id": Id("cobalt_account")}, value="client", bound="trader", who="cobalt"),
    Case("unknown state in a list", 422, "unknown_state", value="sleeping", bound=ANY, method="get", path="/api/rfqs?state=sleeping"),
    Case("RFQ of others, to read", 404, "rfq_not_found", value=Id("live_rfq"), who="ember", method="get", path="/api/rfqs/{live_rfq}"),
]  # fmt: skip

QUOTES = [
    quote("maker that was not asked", 404, "rfq_not_found", {}, value=Id("live_rfq"), who="ember"),
    quote("another taker", 404, "rfq_not_found", {}, value=Id("live_rfq"), who="other"),
    quote("account of another maker", 404, "unknown_account", {"account_id": Id("dune_account")}, value=Id("dune_account")),
    quote("bid above ask", 422, "crossed_quote", {"bid": {"leg_prices": ["0.0711", "0.0611"]}}, value="0.1322", bound="0.1122"),
    quote("leg price off the tick", 422, "price_off_tick", {"bid": {"leg_prices": ["0.05115", "0.0411"]}}, value="0.05115", bound="0.0001"),
    quote("a leg price too few", 422, "leg_count", {"bid": {"leg_prices": ["0.0511"]}}, value=1, bound=2),
    quote("a leg price too many", 422, "leg_count", {"ask": {"leg_prices": ["0.06", "0.05", "0.04"]}}, value=3, bound=2),
    quote("leg price zero", 422, "price_not_positive", {"bid": {"leg_prices": ["0", "0.0411"]}}, value="0", bound="0"),
    quote("leg price NaN", 400, "invalid_message", {"bid": {"leg_prices": ["NaN", "0.0411"]}}, says="$.bid.leg_prices[0]"),
    quote("leg price huge", 422, "price_too_large", {"ask": {"leg_prices": ["100000001", "0.0511"]}}, value="100000001", bound="100000000.0000"),
    quote("no side", 422, "no_price", {"bid": None, "ask": None}),
    quote("side that was not asked", 422, "side_not_asked", {}, on="one_sided_rfq", value="bid", bound="ask"),
    quote("life too short", 422, "quote_life", {"life_seconds": 9}, value=9, bound="10 to 600"),
    quote("RFQ that lapsed", 409, "rfq_expired", {}, on="lapsed_rfq", value=ANY, bound=ANY),
    quote("RFQ that was canceled", 409, "rfq_not_open", {}, on="canceled_rfq", value="canceled", bound="open"),
    quote("RFQ of the body is another", 422, "id_mismatch", {"rfq_id": Id("young_rfq")}, value=Id("young_rfq"), bound=Id("live_rfq")),
    Case("quote of another maker", 404, "quote_not_found", value=Id("live_quote"), who="dune", method="delete", path="/api/quotes/{live_quote}?command_id=bad-1"),
    Case("quote that was replaced by nothing", 404, "quote_not_found", value=0, who="cobalt", method="delete", path="/api/quotes/0?command_id=bad-1"),
]  # fmt: skip

ACCEPTS = [
    accept("in the grace", 409, "grace_period", {}, on="young", value=ANY, bound="0 ms left"),
    accept("lapsed RFQ", 409, "rfq_expired", {}, on="lapsed", value=ANY, bound=ANY),
    accept("lapsed quote", 409, "quote_expired", {"quote_id": Id("short_quote")}, on="one_sided", value=ANY, bound=ANY),
    accept("old version", 409, "quote_version", {"version": 1}, value=1, bound=2),
    accept("version to come", 409, "quote_version", {"version": 3}, value=3, bound=2),
    accept("quote of another RFQ", 404, "quote_not_found", {"quote_id": Id("young_quote"), "version": 2}, value=Id("young_quote")),
    accept("side without a price", 409, "side_not_quoted", {"side": "sell"}, on="one_sided", value="sell"),
    accept("by another taker", 404, "rfq_not_found", {"version": 2}, value=Id("live_rfq"), who="other"),
    accept("by its maker", 403, "not_the_taker", {"version": 2}, value="client", who="cobalt"),
    accept("by compliance", 404, "rfq_not_found", {"version": 2}, value=Id("live_rfq"), who="compliance"),
    accept("RFQ of the body is another", 422, "id_mismatch", {"rfq_id": Id("young_rfq")}, value=Id("young_rfq"), bound=Id("live_rfq")),
    accept("old mark", 409, "stale_mark", {"version": 2}, value=ANY, bound="2000 ms", market=OLD),
    accept("gateway that stands still", 503, "gateway_unavailable", {"version": 2}, value=HALTED, bound="running", market=HALTED),
    Case("cancel by a maker", 403, "not_the_taker", value="client", who="cobalt", method="delete", path="/api/rfqs/{live_rfq}?command_id=bad-1"),
    Case("cancel of what was canceled", 409, "rfq_not_open", value="canceled", bound="open", method="delete", path="/api/rfqs/{canceled_rfq}?command_id=bad-1"),
    Case("cancel of nothing", 404, "rfq_not_found", value=0, method="delete", path="/api/rfqs/0?command_id=bad-1"),
    Case("cancel beyond every number", 400, "invalid_message", says="rfq_id", method="delete", path="/api/rfqs/99999999999999999999?command_id=bad-1"),
]  # fmt: skip
CASES = [*REQUESTS, *QUOTES, *ACCEPTS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(scene: Scene, case: Case) -> None:
    check(case, scene)
