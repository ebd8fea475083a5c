"""Keys and cookies that cannot be ours."""

import pytest

from accounts import services
from common import clock
from common.actor import SYSTEM
from common.errors import NotFound
from tests.integration.accounts.builders import build_firm, build_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "session_key", ['"\\000aaaaaaaaaaaaaaaa"', "a" * 5_000, "'; DROP TABLE x; --", '"\\351aaaaaaaaaaaa"']
)
def test_a_cookie_that_is_no_session_key_signs_nobody_in(client, session_key):
    response = client.get("/api/me", headers={"Cookie": f"sessionid={session_key}"})
    assert (response.status_code, response.json()["reason"]) == (401, "not_authenticated")
    assert client.get("/", headers={"Cookie": f"sessionid={session_key}"}).status_code == 302


@pytest.mark.parametrize("key_id", ["\x00", "nothing", ""])
def test_an_api_key_that_does_not_exist_is_named(key_id):
    user = build_user(build_firm())
    with pytest.raises(NotFound) as refused:
        services.revoke_api_key(user=user, key_id=key_id, actor=SYSTEM, at=clock.now())
    assert (refused.value.reason, refused.value.value) == ("unknown_api_key", key_id)
