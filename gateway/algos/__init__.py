"""Execution algorithms at work: their inputs on disk before their orders are in the engine."""
