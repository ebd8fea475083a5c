import pytest

from tests.integration.rfq import world as worlds


@pytest.fixture
def world(db) -> worlds.World:
    return worlds.build()


@pytest.fixture(autouse=True)
def _margin_until_risk_lands(monkeypatch):
    import importlib.util

    if importlib.util.find_spec("risk.services") is None:
        from decimal import Decimal

        from rfq.services import margin

        monkeypatch.setattr(margin, "_needed_and_owned", lambda account_id, legs: (Decimal(0), Decimal(1)))
