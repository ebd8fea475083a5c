"""Rules of orders: pure, no Django, no clock."""
