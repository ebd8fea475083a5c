"""Venues that are not ours, played on this machine: see docs/venues.md."""
