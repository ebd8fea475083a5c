"""FIX sessions: the place for them. Orders of FIX clients will enter through the same commands as all others."""
