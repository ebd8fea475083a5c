"""Named maxima of the socket and the hub."""

WINDOW_FRAMES_MAX = 256
"""Numbered frames that may be on their way to a client without its acknowledgement."""
WINDOW_BYTES_MAX = 262_144
"""Bytes of frames and answers likewise; the frame that crosses the bound is the last one."""
STALL_SECONDS_MAX = 8.0
"""A client that has been owed an acknowledgement for so long, with the window full, is closed with 4408."""
ADMIT_SECONDS_MAX = 3.0
CLOSE_GRACE_SECONDS = 0.5
"""Time for the last answers of a socket that is being closed."""
FACTS_BEHIND_MAX = 5_000
"""Facts that may wait for a client whose window is full; one more closes its socket with 4408."""
RESUME_FACTS_MAX = 1_000
"""A client that resumes further behind than this gets a snapshot."""
FACTS_KEPT_MAX = 1_000
"""Newest facts of a firm that the web process keeps at hand; older ones are read from the database."""
KEYS_PER_FRAME_MAX = 256
"""Market values in one frame."""
ANSWERS_PER_PROBE = 64
"""After so many answers an empty market frame is sent, so that the client has something to acknowledge."""
ANSWERS_UNACKNOWLEDGED_MAX = 4_096

COMMANDS_PER_SECOND_MAX = 200
COMMANDS_BURST_MAX = 1_000
COMMANDS_PENDING_MAX = 1_000
"""Commands of one socket that wait for the one before them."""
MESSAGES_PER_SECOND_MAX = 1_000
MESSAGES_BURST_MAX = 3_000
SNAPSHOTS_PER_SECOND_MAX = 1
SNAPSHOTS_BURST_MAX = 10
MALFORMED_MESSAGES_MAX = 20
"""Malformed messages of one socket, each answered; one more closes it with 4400."""
SOCKETS_MAX = 2_000
SOCKETS_PER_USER_MAX = 64

COMMAND_THREADS_MAX = 5
QUOTE_THREADS_MAX = 3
READ_THREADS_MAX = 4
MARKET_KEYS_MAX = 50_000
"""Keys that the web process remembers; further ones are dropped until the market forgets some."""
PRESENCE_SECONDS = 1.0
"""A web process says so often whose sockets it holds; three times as long without a word is a disconnect."""
REVOCATION_CHECK_SECONDS = 0.4
HEADS_CHECK_SECONDS = 1.0
FEEDS_READ_MAX = 100
"""Firms whose new facts are read at once."""
LATEST_RELOAD_SECONDS = 60.0
RECONNECT_SECONDS_MIN = 0.1
RECONNECT_SECONDS_MAX = 2.0
