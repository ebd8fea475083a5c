"""The desk in front of the real engine, as the tests of the risk gate have it."""

from tests.integration.risk.conftest import desk, perpetual, venue  # noqa: F401 - fixtures of this folder's tests
