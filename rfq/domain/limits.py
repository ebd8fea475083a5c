"""Named bounds of the desk and its timers (DOMAIN.md section 1)."""

import datetime as dt

from wire.limits import PENDING_FILL_TIMEOUT_MS

RFQ_LIFE_SECONDS_MIN = 10
RFQ_LIFE_SECONDS_MAX = 600
QUOTE_LIFE_SECONDS_MIN = 10

RFQ_CREATE_PER_MINUTE_MAX = 30
"""RFQs a firm may create in any 60 seconds."""
RFQ_EXECUTE_PER_MINUTE_MAX = 60
"""RFQs that a firm may trade in any 60 seconds."""
RFQ_OPEN_MAX = 50
"""RFQs of one taker firm that may be open or pending at once."""
LIVE_QUOTES_MAX = 500
"""Active quotes of one maker firm over all RFQs."""
QUOTE_VERSIONS_PER_SECOND_MAX = 100
"""Quotes and replacements of one maker firm in any second, over all RFQs. Cancels are never counted or refused."""

HEDGE_BAND_BASIS_POINTS = 50
"""How far from the mark a maker may fix the price of a hedge leg, which the net price does not show."""

RESERVE_VALID = dt.timedelta(seconds=1)
"""The gateway refuses a reservation that reaches it later than this after the accept."""
PENDING_FILL_TIMEOUT = dt.timedelta(milliseconds=PENDING_FILL_TIMEOUT_MS)
"""An accept without an answer from the gateway is rejected after this."""
CORRECTION_TIMEOUT = dt.timedelta(seconds=5)
"""An approved correction without an answer from the gateway fails after this, and is let go of there."""
CORRECTION_OVERDUE = dt.timedelta(seconds=30)
"""A correction that the gateway holds, and has not turned into executions after this, is named to the house."""
