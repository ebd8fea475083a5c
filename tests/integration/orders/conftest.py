"""The desk in front of the real engine, and its patience, as the tests of the risk gate have them."""

from tests.integration.risk.conftest import _patience, desk, perpetual, venue  # noqa: F401 - fixtures of this folder's tests
