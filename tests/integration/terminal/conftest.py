from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from accounts.models import Account, Desk, Firm, Role, User
from tests.integration.terminal.web import Web, web_process


@pytest.fixture
def valkey() -> Iterator[redis.Redis]:
    """Empty before the test."""
    with redis.Redis.from_url(settings.VALKEY_URL) as client:
        client.flushall()
        yield client


@pytest.fixture(params=["daphne", "uvicorn"], scope="module")
def web(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[Web]:
    """One web process of each kind for the tests of a module."""
    with django_db_blocker.unblock(), web_process(request.param) as process:
        yield process


@pytest.fixture(params=["daphne", "uvicorn"])
def fresh_web(request: pytest.FixtureRequest, transactional_db: None, valkey: redis.Redis) -> Iterator[Web]:
    """A web process that has seen nothing yet."""
    with web_process(request.param) as process:
        yield process


def add_user(username: str, *, firm: str = "Aurora Capital", role: Role = Role.TRADER) -> User:
    """A user without a password, with a firm, a desk and an account."""
    owner, _ = Firm.objects.get_or_create(name=firm, defaults={"kind": "taker"})
    desk, _ = Desk.objects.get_or_create(firm=owner, name="Main")
    Account.objects.get_or_create(firm=owner, desk=desk, name="Main")
    user = User(username=username, firm=owner, desk=desk, role=role)
    user.set_unusable_password()
    user.save()
    return user


@pytest.fixture
def trader(transactional_db: None) -> User:
    return add_user("trader")


@pytest.fixture(scope="module")
def daphne(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Web]:
    """One web process for many small tests."""
    with django_db_blocker.unblock(), web_process("daphne") as process:
        yield process


@pytest.fixture
def daphne_trader(transactional_db: None) -> User:
    return add_user("trader")
