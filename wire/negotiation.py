"""Words of a negotiation: how a quote may be taken, why a fill fell to it, and what its maker is told afterwards."""

import enum


class QuoteCondition(enum.StrEnum):
    """Whether a part of a quote may be taken, or all of its quantity at once alone."""

    ANY_PART_OF = "any_part_of"
    ALL_OR_NONE = "all_or_none"


class AllocationReason(enum.StrEnum):
    """What gave a quote its fill: its price; at one price that it covers the whole size; or that it was first."""

    PRICE = "price"
    ALL_OR_NONE = "all_or_none"
    TIME = "time"


class AcceptKind(enum.StrEnum):
    """What took the quotes: the taker one of them, or the pool up to a price; or the taker's resting limit."""

    QUOTE = "quote"
    POOL = "pool"
    TRIGGER = "trigger"


class TriggerState(enum.StrEnum):
    UNTRIGGERED = "untriggered"
    TRIGGERED = "triggered"
    CANCELED = "canceled"


class LastLookState(enum.StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class LastLookReason(enum.StrEnum):
    """Why a maker takes its price back: the market left the tolerance, or a check of its own failed."""

    PRICE_TOLERANCE = "price_tolerance"
    CREDIT_CHECK = "credit_check"
    RISK_LIMIT = "risk_limit"
    TECHNICAL = "technical"


class QuoteOutcome(enum.StrEnum):
    """What became of a maker's quote in a trade, in the words of FIX (QuoteRespType 694 and its 5.0 additions)."""

    HIT = "hit"
    LIFT = "lift"
    TIED = "tied"
    COVER = "cover"
    TIED_COVER = "tied_cover"
    DONE_AWAY = "done_away"
