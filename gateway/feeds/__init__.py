"""Sources of the running market. Each is an async iterator of ``updates.MarketUpdate``; ``runner`` plays any of them."""
