"""A simulated venue: a process of its own around the core's matching engine, with its own fees and books."""
