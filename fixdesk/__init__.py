"""RFQ over FIX: what sessions of the gateway ask of the desk, and what the desk's facts tell them."""
