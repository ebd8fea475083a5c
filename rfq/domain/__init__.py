"""The rules of the RFQ desk: pure. No Django, no clock, no I/O."""
