"""The front of a simulated venue that speaks JSON-RPC 2.0 over WebSocket, in the form of Deribit's documentation."""
