"""A simulated equities venue: ITCH 5.0 in MoldUDP64 out, OUCH 5.0 over SoupBinTCP in and out. See docs/venues.md."""
