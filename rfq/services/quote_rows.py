"""The rows of quotes and of their versions: each version ends before the next one of its quote stands."""

import datetime as dt
import json
from typing import Any

from rfq.domain.prices import net_of
from rfq.domain.records import LegVolatility, QuotePrices, QuoteRecord, RfqRecord
from rfq.domain.transitions import PENDING_QUOTE_STATES
from rfq.services.rows import Rows
from wire.units import QuoteState

_LIVE_QUOTE_STATES = (QuoteState.ACTIVE, *PENDING_QUOTE_STATES)
_PARTS = {
    "quotes": """
SELECT * FROM jsonb_to_recordset(%(quotes)s::jsonb) AS item (id bigint, maker_firm_id bigint, version integer,
    state text, reason text, created_at timestamptz, updated_at timestamptz, is_new boolean, ended text)
""",
    "new_quotes": """
INSERT INTO rfq_quote (id, rfq_id, maker_firm_id, version, state, reason, created_at, updated_at)
SELECT id, %(rfq_id)s, maker_firm_id, version, state, reason, created_at, updated_at FROM quotes WHERE is_new
""",
    "moved_quotes": """
UPDATE rfq_quote AS quote
SET version = quotes.version, state = quotes.state, reason = quotes.reason, updated_at = quotes.updated_at
FROM quotes WHERE quote.id = quotes.id AND NOT quotes.is_new
""",
    "ended_versions": """
UPDATE rfq_quoteversion AS version SET ended_at = %(at)s, end_reason = quotes.ended
FROM quotes WHERE version.quote_id = quotes.id AND version.ended_at IS NULL AND quotes.ended <> ''
RETURNING version.id
""",
}
_NEW_VERSIONS = {
    "new_versions": """
INSERT INTO rfq_quoteversion (quote_id, version, account_id, user_id, bid_leg_prices, ask_leg_prices,
    bid_leg_volatilities, ask_leg_volatilities, volatility_forwards, volatility_years, bid_net, ask_net, quantity,
    condition, created_at, expires_at, end_reason)
SELECT item.*, '' FROM (SELECT count(*) FROM ended_versions) AS those_before,
    jsonb_to_recordset(%(versions)s::jsonb) AS item (quote_id bigint, version integer, account_id bigint,
    user_id bigint, bid_leg_prices numeric[], ask_leg_prices numeric[], bid_leg_volatilities numeric[],
    ask_leg_volatilities numeric[], volatility_forwards numeric[], volatility_years numeric[], bid_net numeric,
    ask_net numeric, quantity numeric, condition text, created_at timestamptz, expires_at timestamptz)
"""
}


def add_quotes(rows: Rows, before: RfqRecord, after: RfqRecord, at: dt.datetime) -> None:
    """Of every quote that changed; ``rows`` has the parameter ``rfq_id``."""
    known = {quote.quote_id: quote for quote in before.quotes}
    changed = [(known.get(quote.quote_id), quote) for quote in after.quotes if quote != known.get(quote.quote_id)]
    if not changed:
        return
    quotes = [_quote_row(earlier, quote) for earlier, quote in changed]
    rows.add(_PARTS, quotes=_json(quotes), at=at)
    versions = [_version_row(quote, after) for earlier, quote in changed if _is_new_version(earlier, quote)]
    if versions:
        rows.add(_NEW_VERSIONS, versions=_json(versions))


def _is_new_version(earlier: QuoteRecord | None, quote: QuoteRecord) -> bool:
    return earlier is None or quote.version != earlier.version


def _quote_row(earlier: QuoteRecord | None, quote: QuoteRecord) -> dict[str, Any]:
    """``ended``: what became of the version that stood, empty while that still stands."""
    ended = "" if quote.state in _LIVE_QUOTE_STATES else quote.state.value
    return {
        "id": quote.quote_id,
        "maker_firm_id": quote.maker_firm_id,
        "version": quote.version,
        "state": quote.state.value,
        "reason": quote.reason,
        "created_at": quote.created_at.isoformat(),
        "updated_at": quote.updated_at.isoformat(),
        "is_new": earlier is None,
        "ended": "replaced" if _is_new_version(earlier, quote) else ended,
    }


def _version_row(quote: QuoteRecord, rfq: RfqRecord) -> dict[str, Any]:
    prices = quote.prices
    return {
        "quote_id": quote.quote_id,
        "version": quote.version,
        "account_id": prices.account_id,
        "user_id": prices.user_id,
        "bid_leg_prices": prices.bid_leg_prices,
        "ask_leg_prices": prices.ask_leg_prices,
        **_volatility_columns(prices),
        "bid_net": net_of(rfq.legs, prices.bid_leg_prices),
        "ask_net": net_of(rfq.legs, prices.ask_leg_prices),
        "quantity": prices.quantity,
        "condition": prices.condition.value,
        "created_at": quote.updated_at.isoformat(),
        "expires_at": prices.expires_at.isoformat(),
    }


def _volatility_columns(prices: QuotePrices) -> dict[str, Any]:
    """Both sides share forwards and years: they were converted at one instant."""
    sides = [prices.bid_volatilities, prices.ask_volatilities]
    given = [side for side in sides if side is not None]
    legs = [next((one for one in leg if one is not None), None) for leg in zip(*given, strict=True)]
    return {
        "bid_leg_volatilities": _volatilities(prices.bid_volatilities),
        "ask_leg_volatilities": _volatilities(prices.ask_volatilities),
        "volatility_forwards": [None if one is None else one.forward for one in legs] if given else None,
        "volatility_years": [None if one is None else one.years for one in legs] if given else None,
    }


def _volatilities(side: tuple[LegVolatility | None, ...] | None) -> list[Any] | None:
    return None if side is None else [None if one is None else one.volatility for one in side]


def _json(rows: list[dict[str, Any]]) -> str:
    """Decimals as text, which PostgreSQL reads exactly."""
    return json.dumps(rows, default=str)
