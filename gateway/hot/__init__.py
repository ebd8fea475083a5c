"""The hot path in the gateway: its settings, log, reports and steering. The path itself is ``parley_core.HotDesk``."""
