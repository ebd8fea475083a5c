"""The vocabulary that every Parley process shares: identifiers, units and messages. Knows no Django."""
