"""Rules of booking, fees and netting: pure, no Django, no clock."""
