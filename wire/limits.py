"""Named maxima of the messages and transports between processes. One place, so that both ends agree."""

COMMAND_ID_LENGTH_MAX = 64
RFQ_LEGS_MAX = 20
"""Priced legs; one hedge leg may stand beside them."""
RFQ_MAKERS_MAX = 20
RFQ_ANONYMOUS_MAKERS_MIN = 5
"""Makers that must be asked where the taker hides its name: among fewer it would be guessed."""
RFQ_ALLOCATIONS_MAX = 10
"""Accounts that a request may be shared out to."""
MAKER_GROUPS_MAX = 50
"""Named groups of makers that one firm may keep."""
RFQ_DRAFTS_MAX = 100
"""Drafts that one firm may keep."""
RFQ_RATIO_MAX = 100_000
"""An inverse perpetual counts in contracts of a few dollars: the hedge of one coin takes thousands of them."""
SUBSCRIPTION_KEYS_MAX = 4_000
SOCKET_MESSAGE_BYTES_MAX = 65_536
QUANTITY_LOTS_MAX = 10**12
PRICE_TICKS_MAX = 10**12
STREAM_ENTRIES_MAX = 200_000
"""Entries that a Valkey stream may hold before its sender stops adding and keeps them in its own durable log."""
MARKET_FRAMES_PER_SECOND_MAX = 20
STALE_AFTER_MS = 2_000
"""A price older than this is stale: shown as such, and no new risk is taken off it."""
UNKNOWN_AFTER_MS = 3_000
"""An order without an answer from the gateway for this long is shown as unknown."""
COMMAND_VALID_MS = 5_000
"""The default life of a command on its way to the gateway; an older one is refused there, with an event."""
PENDING_FILL_TIMEOUT_MS = 2_000
LAST_LOOK_WINDOW_MS_MAX = 5_000
"""The longest time that two firms may agree a maker has to take its price back."""
MASS_QUOTE_MAX = 100
"""RFQs that one command may quote."""
