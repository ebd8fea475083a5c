"""Identifiers as types. Every entity keeps one id from birth to settlement, on every transport."""

from typing import NewType

FirmId = NewType("FirmId", int)
DeskId = NewType("DeskId", int)
UserId = NewType("UserId", int)
AccountId = NewType("AccountId", int)
InstrumentId = NewType("InstrumentId", int)
InstrumentName = NewType("InstrumentName", str)
OrderId = NewType("OrderId", int)
ExecutionId = NewType("ExecutionId", int)
RfqId = NewType("RfqId", int)
QuoteId = NewType("QuoteId", int)
TradeId = NewType("TradeId", int)
ReservationId = NewType("ReservationId", int)
CommandId = NewType("CommandId", str)
"""Made by the client, at most ``wire.limits.COMMAND_ID_LENGTH_MAX`` characters; a repeat changes nothing."""

PAPER_VENUE_ACCOUNT_ID = AccountId(0)
"""The account of the paper venue's own quotes in the engine; clients' accounts are positive."""
