import pytest

from accounts import roles
from accounts.models import Role, User

CASES = [
    (Role.TRADER, {"is_trader", "may_trade"}),
    (Role.CLIENT, {"is_maker", "may_trade"}),
    (Role.COMPLIANCE, {"is_compliance", "sees_every_firm"}),
    (Role.ADMIN, {"is_admin", "sees_every_firm"}),
]
NAMES = ("is_trader", "is_maker", "may_trade", "is_compliance", "is_admin", "sees_every_firm")


@pytest.mark.parametrize(("role", "expected"), CASES)
def test_each_role_has_its_own_rights(role, expected):
    user = User(username="a", role=role, firm_id=1)
    assert {name for name in NAMES if getattr(roles, name)(user)} == expected


@pytest.mark.parametrize("role", list(Role))
def test_an_inactive_user_may_do_nothing(role):
    user = User(username="a", role=role, firm_id=1, is_active=False)
    assert not any(getattr(roles, name)(user) for name in NAMES)


def test_a_trader_without_a_firm_may_not_trade():
    assert not roles.may_trade(User(username="a", role=Role.TRADER))


def test_raising_the_generation_changes_what_a_session_verifies():
    user = User(username="a", password="hash")
    before = user.get_session_auth_hash()
    user.session_generation += 1
    assert user.get_session_auth_hash() != before
