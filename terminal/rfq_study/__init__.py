"""Generated RFQs on recorded option chains, quoted by auto-quoters through the code that quotes live."""
