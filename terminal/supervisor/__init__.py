"""Start, watch and stop the processes of Parley on one machine."""
