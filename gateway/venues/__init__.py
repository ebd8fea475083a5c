"""Connections to outside venues, one package each. The paper venue is the engine's own order book."""
