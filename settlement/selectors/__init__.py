"""Reads of positions, balances, fills and the ledger."""

from settlement.selectors.fees import estimate_fee
from settlement.selectors.ledger_check import LedgerBreak, LedgerTotals, check_ledger, ledger_totals
from settlement.selectors.views import (
    NetObligationView,
    NettingCycleView,
    TransferView,
    balance_view,
    cycle_view,
    fill_view,
    find_reversed,
    list_balances,
    list_cycles,
    list_execution_transfers,
    list_executions,
    list_fills,
    list_fills_of_orders,
    list_positions,
    list_transfers,
    position_view,
    snapshot,
)

__all__ = [
    "LedgerBreak",
    "LedgerTotals",
    "NetObligationView",
    "NettingCycleView",
    "TransferView",
    "balance_view",
    "check_ledger",
    "cycle_view",
    "estimate_fee",
    "fill_view",
    "find_reversed",
    "ledger_totals",
    "list_balances",
    "list_cycles",
    "list_execution_transfers",
    "list_executions",
    "list_fills",
    "list_fills_of_orders",
    "list_positions",
    "list_transfers",
    "position_view",
    "snapshot",
]
