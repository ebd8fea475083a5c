"""Other exchanges through ccxt, which writes and reads their words and signs: here are its unified ones and ours."""
