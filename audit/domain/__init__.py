"""Rules of the hash chain: no Django, no clock, no database."""
