"""Names in Valkey: streams, channels, hashes and watermarks. Nothing here is a truth; all of it can be rebuilt.

Both durable streams work the same way. The sender keeps its own durable log with a gapless number. The receiver
stores the last number that it took in the same transaction (or journal record) as the effect, and shows it in a
watermark key every 500 ms. A sender that sees the watermark stand still below what it sent rebuilds the stream from
watermark + 1, in order, in one MULTI. A receiver that sees a gap waits for that. So a flushed, killed or
paused Valkey loses nothing and doubles nothing.
"""

COMMANDS_STREAM = "gateway.commands"
COMMANDS_WATERMARK = "gateway.commands.taken"
EVENTS_STREAM = "gateway.events"
EVENTS_WATERMARK = "gateway.events.projected"
EVENTS_WATERMARK_ID = "gateway.events.projected.id"
"""Entry id of the event that the watermark counts: another journal may have as many events, but not under that id."""
ENTRY_FIELD = "m"
"""The one field of a stream entry: the JSON of the envelope."""

GATEWAY_HEARTBEAT = "gateway.heartbeat"
"""JSON {at_ns, journal_sequence, event_number, command_sequence, state, source, fix}; expires after 3 s."""

DISPATCHER_HEARTBEAT = "dispatcher.heartbeat"
"""JSON {at_ns, event_number, command_sequence}; expires after 3 s."""

MARKET_CHANNEL = "market.frames"
MARKET_LATEST = "market.latest"
"""Hash: key -> frame JSON, refreshed once a second, so that a reader that starts late sees everything."""
RISK_CHANNEL = "risk.frames"
"""Like MARKET_CHANNEL, but each key is ``risk.account.<id>`` and the web process forwards it to its owners only."""
FEED_CONTROL = "gateway.feed.control"
"""List of JSON {"step": n} or {"speed": x}: moves a recording that is played in steps (``SPEED=step``)."""

FACTS_NOTIFY = "parley_facts"
OUTBOX_NOTIFY = "parley_outbox"
"""PostgreSQL NOTIFY channels: delivered exactly when the transaction commits, whatever happens to Valkey."""
REVOKED_NOTIFY = "parley_revoked"
"""PostgreSQL NOTIFY channel, payload: user id whose sessions end now."""
