"""The rules of the makers' desk: pure."""
