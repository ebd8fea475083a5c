"""Binance spot and USD-M futures: public streams and REST snapshots (developers.binance.com)."""
