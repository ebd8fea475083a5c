"""The execution process: an asyncio loop around the C++ engine. Knows Valkey and market data, never Django."""
