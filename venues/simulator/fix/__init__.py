"""The front of a simulated venue that speaks FIX 4.4, on quickfix's acceptor: nothing of it is Parley's own."""
