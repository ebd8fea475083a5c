"""What bounds a firm that is about to quote, read in one statement under the RFQ's lock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from rfq.domain import limits
from rfq.domain.bands import BAND_PERCENT, BAND_TICKS, BandRule


class DeskBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Of ``rfq.models.DeskLimits``, or the defaults."""

    live_quotes_max: int = limits.LIVE_QUOTES_MAX
    band_ticks: int = BAND_TICKS
    band_percent: Decimal = BAND_PERCENT
    is_band_confirmable: bool = True

    @property
    def band_rule(self) -> BandRule:
        return BandRule(ticks=self.band_ticks, percent=self.band_percent, is_confirmable=self.is_band_confirmable)


class Protected(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a protection of the firm holds it frozen; see ``rfq.models.MakerProtection``."""

    coin: str
    hit: str
    frozen_at: dt.datetime | None
    frozen_until: dt.datetime | None


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session that quotes; see ``rfq.models.DeskSession``."""

    id: int
    dead_man_seconds: int
    deadline: dt.datetime | None
    expired_at: dt.datetime | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """recent_versions: quotes and replacements of the firm since the time given. session: None where it never asked for
    protection. is_noted: whether the firm's quote is noted as some session's.
    """

    bounds: DeskBounds
    recent_versions: int
    protections: list[Protected]
    session: OwnSession | None
    is_noted: bool


def read_standing(*, rfq_id: int, firm_id: int, coins: Sequence[str], session: str, since: dt.datetime) -> Standing:
    """Protections and the session stay as they are until the transaction ends: nobody freezes or ends them."""
    parameters: dict[str, Any] = {
        "rfq_id": rfq_id,
        "firm_id": firm_id,
        "coins": list(coins),
        "session": session,
        "since": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ, parameters)
        (content,) = cursor.fetchone()
    return _decode(content)


_decode = msgspec.json.Decoder(Standing).decode
_READ = """
WITH protections AS (
    SELECT coin, hit, frozen_at, frozen_until FROM rfq_makerprotection
    WHERE firm_id = %(firm_id)s AND coin = ANY(%(coins)s) ORDER BY id FOR SHARE
), session AS (
    SELECT id, dead_man_seconds, deadline, expired_at FROM rfq_desksession
    WHERE name = %(session)s AND name <> '' FOR SHARE
)
SELECT json_build_object(
    'bounds', COALESCE((SELECT to_json(bounds) FROM rfq_desklimits AS bounds WHERE firm_id = %(firm_id)s), '{}'),
    'recent_versions', (SELECT count(*) FROM rfq_quoteversion AS version JOIN rfq_quote AS quote
        ON quote.id = version.quote_id WHERE quote.maker_firm_id = %(firm_id)s AND version.created_at > %(since)s),
    'protections', COALESCE((SELECT json_agg(to_json(protections)) FROM protections), '[]'),
    'session', (SELECT to_json(session) FROM session),
    'is_noted', EXISTS (SELECT FROM rfq_sessionquote AS noted JOIN rfq_quote AS quote ON quote.id = noted.quote_id
        WHERE quote.rfq_id = %(rfq_id)s AND quote.maker_firm_id = %(firm_id)s))::text
"""
