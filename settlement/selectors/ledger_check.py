"""Recompute the ledger from its transfers and fills, and name every difference."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.db import connection

BREAKS_MAX = 1_000
"""More breaks than this are not listed one by one."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LedgerBreak:
    """``name``: which rule is broken; ``subject``: where; both figures in smallest units or contracts, as text."""

    name: str
    subject: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.name}: {self.subject}: expected {self.expected}, found {self.found}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class LedgerTotals:
    """Sums over all ledger accounts of an asset, in its smallest unit."""

    asset: str
    debits_pending: int
    credits_pending: int
    debits_posted: int
    credits_posted: int


def ledger_totals() -> list[LedgerTotals]:
    """One line per asset."""
    return [
        LedgerTotals(
            asset=row[0],
            debits_pending=int(row[1]),
            credits_pending=int(row[2]),
            debits_posted=int(row[3]),
            credits_posted=int(row[4]),
        )
        for row in _rows(_TOTALS)
    ]


def check_ledger() -> list[LedgerBreak]:
    """Every break, none where the books are in order. Reads one consistent state of the database."""
    breaks: list[LedgerBreak] = []
    for rule in (_unbalanced_assets, *_RULES):
        for found in rule():
            breaks.append(found)
            if len(breaks) >= BREAKS_MAX:
                return breaks
    return breaks


def _unbalanced_assets() -> Iterator[LedgerBreak]:
    for total in ledger_totals():
        for name, debited, credited in (
            ("pending_debits_equal_credits", total.debits_pending, total.credits_pending),
            ("posted_debits_equal_credits", total.debits_posted, total.credits_posted),
        ):
            if debited != credited:
                yield LedgerBreak(name=name, subject=total.asset, expected=str(debited), found=str(credited))


def _query_rule(name: str, query: str) -> Any:
    def rule() -> Iterator[LedgerBreak]:
        for subject, expected, found in _rows(query):
            yield LedgerBreak(name=name, subject=subject, expected=str(expected), found=str(found))

    return rule


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_TOTALS = """
SELECT asset, SUM(debits_pending), SUM(credits_pending), SUM(debits_posted), SUM(credits_posted)
FROM settlement_ledgeraccount GROUP BY asset ORDER BY asset
"""

_BALANCES_ARE_TRANSFERS = """
WITH effects AS (
    SELECT debit_id, credit_id,
        amount * CASE kind WHEN 'pending' THEN 1 WHEN 'posted' THEN 0 ELSE -1 END AS pending,
        amount * CASE kind WHEN 'posted' THEN 1 WHEN 'post' THEN 1 ELSE 0 END AS posted
    FROM settlement_transfer
), sums AS (
    SELECT account_id, SUM(dp) AS dp, SUM(dx) AS dx, SUM(cp) AS cp, SUM(cx) AS cx FROM (
        SELECT debit_id AS account_id, pending AS dp, posted AS dx, 0 AS cp, 0 AS cx FROM effects
        UNION ALL
        SELECT credit_id, 0, 0, pending, posted FROM effects
    ) sides GROUP BY account_id
)
SELECT a.owner || ' ' || a.asset,
    concat_ws('/', COALESCE(s.dp, 0), COALESCE(s.dx, 0), COALESCE(s.cp, 0), COALESCE(s.cx, 0)),
    concat_ws('/', a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted)
FROM settlement_ledgeraccount a LEFT JOIN sums s ON s.account_id = a.id
WHERE (a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted)
    IS DISTINCT FROM (COALESCE(s.dp, 0), COALESCE(s.dx, 0), COALESCE(s.cp, 0), COALESCE(s.cx, 0))
ORDER BY a.id
"""

_TRANSFER_ASSETS = """
SELECT 'transfer ' || t.id, t.asset, d.asset || '/' || c.asset
FROM settlement_transfer t
JOIN settlement_ledgeraccount d ON d.id = t.debit_id JOIN settlement_ledgeraccount c ON c.id = t.credit_id
WHERE t.asset <> d.asset OR t.asset <> c.asset ORDER BY t.id
"""

_RESOLUTIONS_REPEAT_THEIR_PENDING = """
SELECT 'transfer ' || r.id, p.kind || ' ' || p.debit_id || '>' || p.credit_id || ' ' || p.amount || ' ' || p.asset,
    'pending ' || r.debit_id || '>' || r.credit_id || ' ' || r.amount || ' ' || r.asset
FROM settlement_transfer r JOIN settlement_transfer p ON p.id = r.pending_id
WHERE p.kind <> 'pending'
    OR (r.debit_id, r.credit_id, r.amount, r.asset) IS DISTINCT FROM (p.debit_id, p.credit_id, p.amount, p.asset)
ORDER BY r.id
"""

_LIMITED_ACCOUNTS = """
SELECT owner || ' ' || asset, 'limit ' || "limit",
    (debits_posted + debits_pending) || ' debits, ' || (credits_posted + credits_pending) || ' credits'
FROM settlement_ledgeraccount
WHERE ("limit" = 'debits' AND debits_posted + debits_pending > credits_posted)
    OR ("limit" = 'credits' AND credits_posted + credits_pending > debits_posted)
ORDER BY id
"""

_POSITIONS_ARE_FILLS = """
WITH fills AS (
    SELECT f.account_id, f.instrument_id, SUM(CASE f.side WHEN 'buy' THEN f.quantity ELSE -f.quantity END) AS quantity
    FROM settlement_fill f JOIN market_instrument i ON i.id = f.instrument_id
    WHERE i.kind <> 'spot' GROUP BY f.account_id, f.instrument_id
)
SELECT 'account ' || COALESCE(p.account_id, f.account_id) || ' ' || i.name,
    trim_scale(CASE WHEN d.id IS NULL THEN COALESCE(f.quantity, 0) ELSE 0 END), trim_scale(COALESCE(p.quantity, 0))
FROM fills f
FULL JOIN (SELECT * FROM settlement_position WHERE account_id IS NOT NULL) p
    ON p.account_id = f.account_id AND p.instrument_id = f.instrument_id
JOIN market_instrument i ON i.id = COALESCE(p.instrument_id, f.instrument_id)
LEFT JOIN settlement_delivery d ON d.instrument_id = i.id
WHERE COALESCE(p.quantity, 0) <> CASE WHEN d.id IS NULL THEN COALESCE(f.quantity, 0) ELSE 0 END
ORDER BY 1
"""

_CYCLES_SUM_TO_ZERO = """
SELECT 'cycle ' || cycle_id || ' ' || asset, 0, SUM(amount)
FROM settlement_netobligation GROUP BY cycle_id, asset HAVING SUM(amount) <> 0 ORDER BY cycle_id, asset
"""

_CLEARING_CARRIES_OPEN_ENTRIES = """
WITH one_sided AS (
    SELECT 1 FROM settlement_fill f WHERE f.counterparty_account_id <> 0 AND NOT EXISTS (
        SELECT 1 FROM settlement_fill o WHERE o.execution_id = f.execution_id AND o.side <> f.side
    ) LIMIT 1
), entries AS (
    SELECT i.settlement_currency AS asset, SUM(
        p.entry_value * sign(p.quantity) * CASE WHEN i.is_inverse THEN 1 ELSE -1 END
    ) AS units
    FROM settlement_position p JOIN market_instrument i ON i.id = p.instrument_id
    WHERE i.kind IN ('future', 'perpetual') AND p.quantity <> 0 GROUP BY i.settlement_currency
), clearing AS (
    SELECT asset, credits_pending + credits_posted - debits_pending - debits_posted AS units
    FROM settlement_ledgeraccount WHERE owner = 'clearing'
)
SELECT 'clearing ' || COALESCE(c.asset, e.asset), COALESCE(e.units, 0), COALESCE(c.units, 0)
FROM clearing c FULL JOIN entries e ON e.asset = c.asset
WHERE COALESCE(e.units, 0) <> COALESCE(c.units, 0) AND NOT EXISTS (SELECT 1 FROM one_sided)
ORDER BY 1
"""

_RULES = (
    _query_rule("balances_are_the_sum_of_transfers", _BALANCES_ARE_TRANSFERS),
    _query_rule("transfer_keeps_to_its_asset", _TRANSFER_ASSETS),
    _query_rule("resolution_repeats_its_pending", _RESOLUTIONS_REPEAT_THEIR_PENDING),
    _query_rule("limited_account_not_negative", _LIMITED_ACCOUNTS),
    _query_rule("positions_are_the_sum_of_fills", _POSITIONS_ARE_FILLS),
    _query_rule("cycle_sums_to_zero", _CYCLES_SUM_TO_ZERO),
    _query_rule("clearing_carries_the_open_entries", _CLEARING_CARRIES_OPEN_ENTRIES),
)
