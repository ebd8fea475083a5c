"""Sources of the running market: async iterators of ``updates.MarketUpdate``, played by ``runner``."""
