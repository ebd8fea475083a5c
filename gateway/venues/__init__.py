"""Connections to venues: one folder each with client, messages, parse and auth; what they share lies here."""
