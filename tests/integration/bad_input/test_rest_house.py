"""Bad input over REST: margin, limits, kill switches, keys and market data."""

from typing import Any

import pytest

from tests.integration.bad_input.rest import ANY, Case, check, leg
from tests.integration.bad_input.scene import Id, Scene
from tests.integration.rfq.world import CALL

LIMITS = {
    "command_id": "bad-1", "account_id": Id("account"), "max_order_quantity_lots": 10, "max_order_value": "1000",
    "max_position_lots": 10, "max_position_value": "1000", "price_collar_basis_points": 500,
}  # fmt: skip
COINS = "BTC, ETH, SOL"


def preview(name: str, status: int, reason: str, changes: dict[str, Any], **fields: Any) -> Case:
    good = {"command_id": "bad-1", "account_id": Id("account"), "legs": [leg(CALL)], "quantity": "1", "side": "buy"}
    return Case(name, status, reason, path="/api/risk/preview", body={**good, **changes}, **fields)


def limits(name: str, status: int, reason: str, changes: dict[str, Any], **fields: Any) -> Case:
    return Case(name, status, reason, path="/api/risk/limits", body={**LIMITS, **changes}, **{"who": "admin", **fields})


def control(name: str, status: int, reason: str, body: dict[str, Any], path: str = "kill", **fields: Any) -> Case:
    body = {"command_id": "bad-1", **body}
    return Case(name, status, reason, path=f"/api/risk/controls/{path}", body=body, **fields)


MARGIN = [
    preview("unknown leg", 404, "unknown_instrument", {"legs": [leg("BTC-27MAR26-81000-C")]}, value="BTC-27MAR26-81000-C"),
    preview("leg that is no name", 404, "unknown_instrument", {"legs": [leg("'; DROP TABLE")]}, value="'; DROP TABLE"),
    preview("no leg", 400, "invalid_message", {"legs": []}, says="$.legs"),
    preview("quantity zero", 422, "quantity_not_positive", {"quantity": "0"}, value="0", bound="> 0"),
    preview("quantity huge", 422, "quantity_too_large", {"quantity": "9" * 32}, value=ANY, bound=ANY),
    preview("account of another firm", 404, "unknown_account", {"account_id": Id("other_account")}, value=Id("other_account")),
    Case("risk of another firm", 404, "unknown_account", value=Id("other_account"), method="get", path="/api/risk/accounts/{other_account}"),
    Case("positions of another firm", 404, "unknown_account", value=Id("other_account"), method="get", path="/api/settlement/positions?account_id={other_account}"),
    Case("everybody's obligations", 403, "not_authorized", value="trader", method="get", path="/api/settlement/cycles"),
]  # fmt: skip

LIMIT_CASES = [
    limits("by a trader", 403, "not_authorized", {}, value="trader", bound="admin", who="trader"),
    limits("by compliance", 403, "not_authorized", {}, value="compliance", bound="admin", who="compliance"),
    limits("unknown account", 404, "unknown_account", {"account_id": 999_999_999}, value=999_999_999),
    limits("unknown coin", 422, "unknown_coin", {"coin": "DOGE"}, value="DOGE", bound=ANY),
    limits("negative", 400, "invalid_message", {"max_position_lots": -1}, says="$.max_position_lots"),
    limits("value beyond the engine", 422, "limit_out_of_range", {"max_order_value": "1000000000001"}, value="1000000000001", bound="0 to 1000000000000"),
    limits("value finer than money", 422, "limit_off_grid", {"max_order_value": "0.0000001"}, value="1E-7", bound="0.000001"),
    limits("collar above one", 400, "invalid_message", {"price_collar_basis_points": 10_001}, says="$.price_collar_basis_points"),
    limits("a bound left out", 400, "invalid_message", {"max_order_value": 5}, says="$.max_order_value"),
]  # fmt: skip

CONTROLS = [
    control("kill switch of everything, by a trader", 403, "not_authorized", {"scope": "all", "scope_id": 0}, value="trader", bound="admin"),
    control("kill switch of another firm", 404, "unknown_scope", {"scope": "firm", "scope_id": Id("other_firm")}, value=ANY),
    control("kill switch of nothing", 404, "unknown_scope", {"scope": "account", "scope_id": 0}, value="account:0"),
    control("kill switch of an unknown scope", 400, "invalid_message", {"scope": "planet", "scope_id": 0}, says="planet"),
    control("kill switch of an unknown instrument", 404, "unknown_scope", {"scope": "instrument", "scope_id": 999_999_999}, value="instrument:999999999", who="admin"),
    control("kill switch of everything but one", 404, "unknown_scope", {"scope": "all", "scope_id": 7}, value="all:7", who="admin"),
    control("release of what is not engaged", 409, "not_engaged", {"scope": "firm", "scope_id": Id("firm"), "reason": "all is well"}, path="releases"),
    control("release without a reason", 400, "invalid_message", {"scope": "firm", "scope_id": Id("firm"), "reason": "   "}, path="releases", says="$.reason"),
    control("approval by a trader", 403, "not_authorized", {"release_id": 1, "reason": "all is well"}, path="releases/approve", value="trader", bound="admin, compliance"),
    control("approval of nothing", 404, "unknown_release", {"release_id": 0, "reason": "all is well"}, path="releases/approve", value=0, who="compliance"),
    Case("controls, to read", 403, "not_authorized", value="trader", method="get", path="/api/risk/controls"),
]  # fmt: skip

OTHERS = [
    Case("unknown key", 404, "unknown_api_key", value="nothing", method="delete", path="/api/api-keys/nothing"),
    Case("key with a NUL", 404, "unknown_api_key", value="\x00", method="delete", path="/api/api-keys/%00"),
    Case("instrument with a NUL", 404, "unknown_instrument", value="\x00", method="get", path="/api/market/instruments/%00"),
    Case("unknown coin", 404, "unknown_coin", value="DOGE", bound=COINS, method="get", path="/api/market/tickers?coin=DOGE"),
    Case("surface of an unknown coin", 404, "unknown_coin", value="%00", bound=COINS, method="get", path="/api/risk/surfaces/%2500"),
]  # fmt: skip
CASES = [*MARGIN, *LIMIT_CASES, *CONTROLS, *OTHERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(scene: Scene, case: Case) -> None:
    check(case, scene)
