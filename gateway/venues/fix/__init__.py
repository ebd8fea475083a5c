"""Venues that speak FIX 4.4: market data, orders, trade capture and positions over one session that we initiate."""
