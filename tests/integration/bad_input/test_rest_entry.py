"""Bad input over REST: who may come in, what a body must be, and orders."""

import json

import pytest
from django.test import Client

from tests.integration.bad_input.fingerprint import differences, fingerprint
from tests.integration.bad_input.rest import ANY, HALTED, OLD, SESSION, Case, check, order
from tests.integration.bad_input.scene import DELIVERED, USED_COMMAND_ID, Id, Scene
from tests.integration.rfq.world import CALL, EXPIRED
from wire.limits import SOCKET_MESSAGE_BYTES_MAX

BODY_MAX = SOCKET_MESSAGE_BYTES_MAX
GOOD = {"command_id": "bad-1", "account_id": 1, "instrument_name": CALL, "side": "buy", "order_type": "market", "quantity": "1"}

ENTRY = [
    Case("nobody reads", 401, "not_authenticated", who="nobody", method="get"),
    Case("nobody writes", 403, "csrf", who="nobody", body=GOOD),
    Case("session without the token of its forms", 403, "csrf", who=f"{SESSION}trader", body=GOOD),
    Case("session deletes without it", 403, "csrf", who=f"{SESSION}trader", method="delete", path="/api/orders/{order}?command_id=x"),
    Case("unknown key", 401, "api_key", who="unknown", body=GOOD),
    Case("key with another secret", 401, "api_key", who="forged", body=GOOD),
    Case("revoked key", 401, "api_key", who="revoked", body=GOOD),
    Case("key of somebody who left", 401, "api_key", who="leaver", body=GOOD),
    Case("key without a dot", 401, "api_key", who="dotless", body=GOOD),
    Case("endless key", 401, "api_key", who="endless", body=GOOD),
    Case("another scheme", 401, "not_authenticated", who="nobody", method="get", headers={"Authorization": "Basic dHJhZGVyOng="}),
    Case("key that is no text", 401, "api_key", who="nobody", method="get", headers={"Authorization": "Bearer \u00e9\u0007.x"}),
    Case("session with a NUL", 401, "not_authenticated", who="nobody", method="get", headers={"Cookie": 'sessionid="\\000aaaaaaaaaaaaaaaa"'}),
    Case("session of nobody", 401, "not_authenticated", who="nobody", method="get", headers={"Cookie": f"sessionid={'a' * 5_000}"}),
    Case("unknown route", 404, "no_such_route", value="nothing", method="get", path="/api/nothing"),
    Case("order id that is no number", 404, "no_such_route", value="orders/abc", method="get", path="/api/orders/abc"),
]

BODIES = [
    Case("empty", 400, "malformed_json", body=b" "),
    Case("broken", 400, "malformed_json", body=b'{"command_id": "x"'),
    Case("not text", 400, "malformed_json", body=b"\xff\xfe\x00"),
    Case("nested too deeply", 400, "invalid_message", body=b'{"legs":' + b"[" * 60_000, says="legs"),
    Case("list", 400, "invalid_message", body=b"[]"),
    Case("null", 400, "invalid_message", body=b"null"),
    Case("nothing in it", 400, "invalid_message", body=b"{}", says="required field"),
    Case("form", 400, "content_type", value="text/plain", bound="application/json", body=GOOD, content_type="text/plain"),
    Case("too large", 413, "message_too_large", value=BODY_MAX + 14, bound=BODY_MAX, body=json.dumps({"command_id": "x" * BODY_MAX})[:BODY_MAX + 14].encode()),
    order("unknown field", 400, "invalid_message", {"leverage": 10}, says="leverage"),
    order("tag of another message", 400, "invalid_message", {"type": "order.cancel"}, says="order.cancel"),
]  # fmt: skip

ORDERS = [
    order("quantity as a number", 400, "invalid_message", {"quantity": 1}, says="$.quantity"),
    order("account as text", 400, "invalid_message", {"account_id": "1"}, says="$.account_id"),
    order("post-only as text", 400, "invalid_message", {"is_post_only": "yes"}, says="$.is_post_only"),
    order("no quantity", 400, "invalid_message", {"quantity": None}, says="quantity"),
    order("quantity zero", 422, "quantity_not_positive", {"quantity": "0.0"}, value="0.0", bound="0"),
    order("quantity negative", 400, "invalid_message", {"quantity": "-1"}, says="$.quantity"),
    order("quantity NaN", 400, "invalid_message", {"quantity": "NaN"}, says="$.quantity"),
    order("quantity infinite", 400, "invalid_message", {"quantity": "Infinity"}, says="$.quantity"),
    order("quantity with an exponent", 400, "invalid_message", {"quantity": "1e3"}, says="$.quantity"),
    order("quantity with a line feed", 400, "invalid_message", {"quantity": "1\n"}, says="$.quantity"),
    order("quantity in Arabic digits", 400, "invalid_message", {"quantity": "\u0661"}, says="$.quantity"),
    order("quantity huge", 422, "quantity_too_large", {"quantity": "9" * 32}, value="9" * 32, bound="100000000000.0"),
    order("quantity longer than text may be", 400, "invalid_message", {"quantity": "9" * 33}, says="$.quantity"),
    order("quantity off the lot", 422, "quantity_off_grid", {"quantity": "0.05"}, value="0.05", bound="0.1"),
    order("quantity off the lot by little", 422, "quantity_off_grid", {"quantity": "1." + "0" * 28 + "1"}, value="1." + "0" * 28 + "1", bound="0.1"),
    order("price missing", 422, "price_required", {"price": None}),
    order("price of a market order", 422, "price_forbidden", {"order_type": "market"}, value="0.05"),
    order("price zero", 422, "price_not_positive", {"price": "0"}, value="0", bound="0"),
    order("price negative", 422, "price_not_positive", {"price": "-0.05"}, value="-0.05", bound="0"),
    order("price off the tick", 422, "price_off_grid", {"price": "0.05005"}, value="0.05005", bound="0.0001"),
    order("price huge", 422, "price_too_large", {"price": "9" * 32}, value="9" * 32, bound="100000000.0000"),
    order("unknown side", 400, "invalid_message", {"side": "hold"}, says="hold"),
    order("unknown order type", 400, "invalid_message", {"order_type": "hope"}, says="hope"),
    order("unknown time in force", 400, "invalid_message", {"time_in_force": "ever"}, says="ever"),
    order("stop without its price", 422, "stop_price_required", {"order_type": "stop", "price": None}),
    order("stop price of a limit order", 422, "stop_price_forbidden", {"stop_price": "1"}, value="limit", bound="stop"),
    order("expiry of a GTC order", 422, "expiry_forbidden", {"expires_at_ns": 5}, value="gtc", bound="gtd"),
    order("expiry in the past", 422, "expiry_passed", {"expires_at_ns": 5, "time_in_force": "gtd"}, value=5, bound=ANY),
    order("shown beyond the order", 422, "display_quantity_too_large", {"display_quantity": "1000000"}, value="1000000", bound=ANY),
    order("minimum of an order that rests", 422, "minimum_quantity_not_combinable", {"minimum_quantity": "0.1"}, value="limit gtc", bound="an ioc order"),
    order("offset of a limit order", 422, "peg_offset_forbidden", {"peg_offset": "0.1"}, value="limit", bound="peg"),
    order("peg at once", 422, "peg_not_combinable", {"order_type": "peg", "time_in_force": "ioc"}, value="ioc", bound="gtc, gtd, day"),
    order("soft bound huge", 422, "confirmed_soft_bound_too_large", {"confirmed_soft_bound": "9" * 32}, value="9" * 32, bound=ANY),
    order("post-only at once", 422, "post_only_ioc", {"is_post_only": True, "time_in_force": "ioc"}, value="ioc", bound="gtc"),
    order("post-only at the market", 422, "post_only_market", {"is_post_only": True, "order_type": "market", "price": None}, value="market", bound="limit"),
    order("unknown instrument", 404, "unknown_instrument", {"instrument_name": "BTC-27MAR26-81000-C"}, value="BTC-27MAR26-81000-C"),
    order("instrument in other letters", 404, "unknown_instrument", {"instrument_name": "\u0412TC-PERPETUAL"}, value="\u0412TC-PERPETUAL"),
    order("instrument with a NUL", 400, "invalid_message", {"instrument_name": "BTC\x00"}, says="$.instrument_name"),
    order("delivered instrument", 409, "instrument_not_trading", {"instrument_name": DELIVERED}, value="delivered", bound="listed"),
    order("expired instrument", 409, "instrument_not_trading", {"instrument_name": EXPIRED, "price": "0.01"}, value="expired", bound="listed"),
    order("account of another firm", 404, "unknown_account", {"account_id": Id("other_account")}, value=Id("other_account")),
    order("account beyond every number", 400, "invalid_message", {"account_id": 2**63}, says="$.account_id"),
    order("command id empty", 400, "invalid_message", {"command_id": ""}, says="$.command_id"),
    order("command id too long", 400, "invalid_message", {"command_id": "x" * 65}, says="$.command_id"),
    order("command id used for something else", 409, "command_id_reused", {"command_id": USED_COMMAND_ID, "quantity": "7"}, value=USED_COMMAND_ID, bound="unique"),
    order("compliance trades", 403, "not_authorized", {}, value="compliance", bound="trader, client", who="compliance"),
    order("admin trades", 403, "not_authorized", {}, value="admin", bound="trader, client", who="admin"),
    order("old price", 503, "stale_market", {}, value=ANY, bound="2000 ms", market=OLD),
    order("gateway that stands still", 503, "gateway_unavailable", {}, value=HALTED, bound="running", market=HALTED),
]  # fmt: skip

CANCELS = [
    Case("order that ended", 409, "order_not_working", value="filled", bound="working", method="delete", path="/api/orders/{ended_order}?command_id=bad-1"),
    Case("order of another firm", 404, "unknown_order", value=Id("others_order"), method="delete", path="/api/orders/{others_order}?command_id=bad-1"),
    Case("order of another firm, to read", 404, "unknown_order", value=Id("others_order"), method="get", path="/api/orders/{others_order}"),
    Case("no order", 404, "unknown_order", value=0, method="delete", path="/api/orders/0?command_id=bad-1"),
    Case("order beyond every number", 400, "invalid_message", says="order_id", method="delete", path="/api/orders/99999999999999999999?command_id=bad-1"),
    Case("no command id", 400, "invalid_parameter", value=ANY, says="command_id", method="delete", path="/api/orders/{order}"),
    Case("command id with a NUL", 400, "invalid_message", says="command_id", method="delete", path="/api/orders/{order}?command_id=%00"),
    Case("command id of the order itself", 409, "command_id_reused", value=USED_COMMAND_ID, bound="unique", method="delete", path=f"/api/orders/{{order}}?command_id={USED_COMMAND_ID}"),
    Case("everything of another firm", 404, "unknown_account", value=Id("other_account"), path="/api/orders/cancel_all", body={"command_id": "bad-1", "account_id": Id("other_account")}),
    Case("everything, by compliance", 403, "not_authorized", value="compliance", bound="trader, client", who="compliance", path="/api/orders/cancel_all", body={"command_id": "bad-1"}),
    Case("list with a limit in words", 400, "invalid_parameter", says="limit", method="get", path="/api/orders?limit=many"),
]  # fmt: skip
CASES = [*ENTRY, *BODIES, *ORDERS, *CANCELS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(scene: Scene, case: Case) -> None:
    check(case, scene)


def test_method_that_a_route_lacks(scene: Scene) -> None:
    before = fingerprint()
    response = Client().put("/api/orders", GOOD, content_type="application/json")
    assert (response.status_code, response.content) == (405, b"Method not allowed")
    assert {method.strip() for method in response["Allow"].split(",")} == {"GET", "POST"}
    assert differences(before, fingerprint()) == {}
