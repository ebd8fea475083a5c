"""The rules of the compliance pages: pure."""
