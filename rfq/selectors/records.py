"""Whole records of RFQs: everything that belongs to them in one statement, whatever their number.

PostgreSQL writes each record as JSON in the shape of ``rfq.domain.records``, so that one statement sees one state, and
nothing is read, grouped and put together row by row. Decimals travel as text, without the zeros that a column adds.
"""

from collections.abc import Sequence

import msgspec
from django.db import connection

from rfq.domain.records import RfqRecord

_decode = msgspec.json.Decoder(RfqRecord).decode


def load_records(rfq_ids: Sequence[int]) -> list[RfqRecord]:
    """In the order of the ids; an id without an RFQ is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_LOAD, [list(rfq_ids)])
        found = {rfq_id: _decode(content) for rfq_id, content in cursor.fetchall()}
    return [found[rfq_id] for rfq_id in rfq_ids if rfq_id in found]


_LOAD = """
SELECT rfq.id, json_build_object(
    'rfq_id', rfq.id, 'taker_firm_id', rfq.taker_firm_id, 'taker_name', taker.name, 'account_id', rfq.account_id,
    'label', rfq.label, 'structure', rfq.structure, 'quote_currency', rfq.quote_currency,
    'quantity', trim_scale(rfq.quantity)::text, 'side', NULLIF(rfq.side, ''), 'state', rfq.state,
    'created_at', rfq.created_at, 'tradable_at', rfq.tradable_at, 'expires_at', rfq.expires_at,
    'updated_at', rfq.updated_at, 'is_tradable', rfq.is_tradable, 'reason', rfq.reason,
    'reason_firm_id', rfq.reason_firm_id, 'is_taker_anonymous', rfq.is_taker_anonymous,
    'are_makers_anonymous', rfq.are_makers_anonymous, 'audience', rfq.audience, 'pending_until', rfq.pending_until,
    'legs', COALESCE(structure.legs, '[]'), 'allocations', COALESCE(shared.allocations, '[]'),
    'maker_firm_ids', COALESCE(asked.firm_ids, '[]'), 'maker_aliases', COALESCE(asked.aliases, '[]'),
    'quotes', COALESCE(given.quotes, '[]'), 'trades', COALESCE(done.trades, '[]'),
    'triggers', COALESCE(resting.triggers, '[]'))::text
FROM rfq_rfq AS rfq JOIN accounts_firm AS taker ON taker.id = rfq.taker_firm_id
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'instrument_id', leg.instrument_id, 'instrument_name', instrument.name, 'side', leg.side, 'ratio', leg.ratio,
        'tick_size', trim_scale(instrument.tick_size)::text, 'lot_size', trim_scale(instrument.lot_size)::text,
        'is_hedge', leg.is_hedge, 'fixed_price', trim_scale(leg.fixed_price)::text) ORDER BY leg.leg_index) AS legs
    FROM rfq_rfqleg AS leg JOIN market_instrument AS instrument ON instrument.id = leg.instrument_id
    WHERE leg.rfq_id = rfq.id
) AS structure
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('account_id', account_id, 'quantity', trim_scale(quantity)::text)
        ORDER BY account_id) AS allocations
    FROM rfq_rfqallocation WHERE rfq_id = rfq.id
) AS shared
CROSS JOIN LATERAL (
    SELECT json_agg(maker_firm_id ORDER BY maker_firm_id) AS firm_ids,
        json_agg(alias_number ORDER BY maker_firm_id) AS aliases
    FROM rfq_rfqinvitation WHERE rfq_id = rfq.id
) AS asked
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'quote_id', quote.id, 'maker_firm_id', quote.maker_firm_id, 'maker_name', maker.name,
        'version', quote.version, 'state', quote.state, 'reason', quote.reason,
        'created_at', quote.created_at, 'updated_at', quote.updated_at,
        'prices', json_build_object(
            'account_id', version.account_id, 'user_id', version.user_id, 'expires_at', version.expires_at,
            'quantity', trim_scale(version.quantity)::text, 'condition', version.condition,
            'bid_leg_prices', (
                SELECT json_agg(trim_scale(leg.price)::text ORDER BY leg.number)
                FROM unnest(version.bid_leg_prices) WITH ORDINALITY AS leg (price, number)),
            'ask_leg_prices', (
                SELECT json_agg(trim_scale(leg.price)::text ORDER BY leg.number)
                FROM unnest(version.ask_leg_prices) WITH ORDINALITY AS leg (price, number)),
            'bid_volatilities', CASE WHEN version.bid_leg_volatilities IS NOT NULL THEN (
                SELECT json_agg(CASE WHEN leg.volatility + leg.forward + leg.years IS NOT NULL THEN json_build_object(
                    'volatility', trim_scale(leg.volatility)::text, 'forward', trim_scale(leg.forward)::text,
                    'years', trim_scale(leg.years)::text) END ORDER BY leg.number)
                FROM unnest(version.bid_leg_volatilities, version.volatility_forwards, version.volatility_years)
                    WITH ORDINALITY AS leg (volatility, forward, years, number)) END,
            'ask_volatilities', CASE WHEN version.ask_leg_volatilities IS NOT NULL THEN (
                SELECT json_agg(CASE WHEN leg.volatility + leg.forward + leg.years IS NOT NULL THEN json_build_object(
                    'volatility', trim_scale(leg.volatility)::text, 'forward', trim_scale(leg.forward)::text,
                    'years', trim_scale(leg.years)::text) END ORDER BY leg.number)
                FROM unnest(version.ask_leg_volatilities, version.volatility_forwards, version.volatility_years)
                    WITH ORDINALITY AS leg (volatility, forward, years, number)) END),
        'last_look', CASE WHEN look.id IS NOT NULL THEN json_build_object(
            'due_at', look.due_at, 'tolerance_basis_points', trim_scale(look.tolerance_basis_points)::text,
            'reference_value', trim_scale(look.reference_value)::text,
            'unit_value', trim_scale(look.unit_value)::text) END) ORDER BY quote.id) AS quotes
    FROM rfq_quote AS quote JOIN accounts_firm AS maker ON maker.id = quote.maker_firm_id
        JOIN rfq_quoteversion AS version ON version.quote_id = quote.id AND version.version = quote.version
        LEFT JOIN rfq_lastlook AS look ON look.quote_id = quote.id
    WHERE quote.rfq_id = rfq.id
) AS given
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'trade_id', id, 'quote_id', quote_id, 'version', version, 'side', side,
        'net_price', trim_scale(net_price)::text, 'quantity', trim_scale(quantity)::text,
        'taker_account_id', taker_account_id, 'maker_account_id', maker_account_id, 'accepted_at', accepted_at,
        'accepted_by', accepted_by_id, 'allocation_reason', allocation_reason, 'state', state) ORDER BY id) AS trades
    FROM rfq_blocktrade WHERE rfq_id = rfq.id
) AS done
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object(
        'trigger_id', newest.id, 'user_id', newest.user_id, 'side', newest.side,
        'limit_price', trim_scale(newest.limit_price)::text, 'created_at', newest.created_at,
        'state', newest.state, 'reason', newest.reason) ORDER BY newest.id) AS triggers
    FROM (SELECT DISTINCT ON (side) * FROM rfq_trigger WHERE rfq_id = rfq.id ORDER BY side, id DESC) AS newest
) AS resting
WHERE rfq.id = ANY(%s)
"""
"""Of triggers the newest of each side: what was replaced before is history."""
