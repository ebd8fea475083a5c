"""What every fact is made of; ``wire.facts`` offers it with the facts."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened to the firm."""
