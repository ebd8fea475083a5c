"""Deribit: JSON-RPC 2.0 over WebSocket (docs.deribit.com). Also what our simulated venues speak."""
