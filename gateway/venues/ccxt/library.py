"""ccxt itself, imported where a venue is configured that needs it: it takes seconds and a hundred megabytes."""

import importlib
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gateway.venues.api import NoAnswer, Refused
from gateway.venues.credentials import Credentials
from gateway.venues.settings import VenueEntry, VenuesRefused

ANSWER_MS_MAX = 5_000
PING_MS, PINGS_MISSED_MAX = 4_000, 2.0
REASONS = (
    ("InsufficientFunds", "insufficient_balance"),
    ("OrderImmediatelyFillable", "would_take"),
    ("OrderNotFillable", "fill_or_kill_not_filled"),
    ("DuplicateOrderId", "duplicate_order"),
    ("OrderNotFound", "unknown_order"),
    ("ContractUnavailable", "unknown_instrument"),
    ("InvalidOrder", "order_refused"),
    ("MarketClosed", "market_closed"),
    ("BadSymbol", "unknown_instrument"),
    ("PermissionDenied", "key_refused"),
    ("AuthenticationError", "key_refused"),
    ("RateLimitExceeded", "rate_limited"),
    ("InvalidNonce", "clock_skew"),
    ("NotSupported", "not_offered"),
    ("OperationRejected", "refused"),
    ("BadRequest", "refused"),
)
"""Classes of ccxt's errors that are a definite no, a derived one before those that it derives from."""


def load() -> ModuleType:
    """Raises ImportError."""
    return importlib.import_module("ccxt.pro")


def counts_in_steps(exchange: Any) -> bool:
    """Its precisions are steps such as 0.01, not numbers of digits."""
    return bool(exchange.precisionMode == importlib.import_module("ccxt.base.decimal_to_precision").TICK_SIZE)


def build(entry: VenueEntry, credentials: Credentials | None) -> Any:
    """An exchange of ccxt, not connected yet. Raises VenuesRefused where it, its test network or ccxt is missing."""
    try:
        pro = load()
    except ImportError as error:
        raise VenuesRefused(
            f"Venue {entry.name} needs ccxt: python -m pip install --no-deps -r requirements-ccxt.txt"
        ) from error
    if entry.exchange not in pro.exchanges:
        raise VenuesRefused(f"Venue {entry.name}: ccxt knows no exchange {entry.exchange!r} with streams.")
    exchange = getattr(pro, entry.exchange)(
        {
            "apiKey": credentials.key if credentials else "",
            "secret": credentials.secret if credentials else "",
            "enableRateLimit": True,
            "timeout": ANSWER_MS_MAX,
            "newUpdates": True,
            "options": {"createMarketBuyOrderRequiresPrice": False, "maxRetriesOnFailure": 0},
            "streaming": {"keepAlive": PING_MS, "maxPingPongMisses": PINGS_MISSED_MAX},
        }
    )
    exchange.has["fetchCurrencies"] = False  # it would ask for deposits and withdrawals, which concern nobody here
    if entry.is_test_network:
        try:
            exchange.set_sandbox_mode(True)
        except pro.NotSupported as error:
            raise VenuesRefused(f"Venue {entry.name}: {entry.exchange} has no test network that ccxt knows.") from error
    exchange.urls["api"] = _moved(exchange.urls["api"], entry)
    return exchange


def read_error(error: Exception) -> Refused | NoAnswer | None:
    """What an error of ccxt says of a request; None: it is none of ccxt's."""
    classes = {each.__name__ for each in type(error).__mro__}
    if "BaseError" not in classes:
        return None
    for name, reason in REASONS:
        if name in classes:
            return Refused(f"{reason}: {error}")
    return NoAnswer(f"{type(error).__name__}: {error}")


def _moved(urls: Any, entry: VenueEntry) -> Any:
    """The same paths at the place that the settings name."""
    if isinstance(urls, dict):
        return {key: _moved(value, entry) for key, value in urls.items()}
    if not isinstance(urls, str):
        return urls
    place = entry.url if urls.startswith("ws") else entry.rest_url
    if not place:
        return urls
    return urlunsplit(urlsplit(place)[:2] + urlsplit(urls)[2:])
