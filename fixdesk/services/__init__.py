"""The two roads: ``intake`` takes what sessions ask, ``outlet`` tells them what became of it."""
