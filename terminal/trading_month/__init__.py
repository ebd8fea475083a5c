"""The main job on recorded input: a month of recorded chains, traded through the running processes."""
