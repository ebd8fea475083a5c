"""Which venues the gateway connects to: a JSON file that ``manage.py up`` writes, or a person."""

from pathlib import Path

import msgspec

VENUES_MAX = 32
INSTRUMENTS_MAX = 500
FILE_BYTES_MAX = 256 << 10
NAME_LENGTH_MAX = 20
ADAPTERS = ("deribit", "binance_spot", "binance_usdm", "fix", "ccxt")
WITH_LISTS = ("deribit", "fix")
"""They list what they offer; of others the instruments must be named."""


class VenuesRefused(ValueError):
    """A file of venues that cannot be used; the message is a sentence."""


class VenueEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One venue.

    ``name``: what Parley calls it, lower case. ``is_test_network``: its test network instead of the real one.
    ``url``, ``rest_url``: another place, such as a simulated venue; empty: where the adapter knows it to be.
    ``instruments``: our names; empty: everything it offers that Parley can name, up to a named maximum. Binance, which
    offers thousands, needs them named.
    ``exchange``: of ``ccxt`` alone, what ccxt calls it.
    ``secret_file``: JSON {"key", "secret"}, readable by its owner alone; empty: the environment's
    ``PARLEY_VENUE_<NAME>_KEY`` and ``_SECRET``; neither: without signing in.
    Of ``fix`` alone: ``url`` is fix://host:port, or fixs:// over TLS; ``target_comp_id`` the venue's name,
    ``sender_comp_id`` ours (empty: the key); ``session_file`` keeps the session's numbers; ``resets_on_logon`` for a
    venue whose numbers begin anew with every logon.
    """

    name: str
    adapter: str
    title: str = ""
    is_test_network: bool = False
    url: str = ""
    rest_url: str = ""
    instruments: list[str] = []
    exchange: str = ""
    secret_file: str = ""
    sender_comp_id: str = ""
    target_comp_id: str = ""
    session_file: str = ""
    resets_on_logon: bool = False

    def __post_init__(self) -> None:
        if not (self.name.isascii() and self.name.isalnum() and self.name == self.name.lower()):
            raise ValueError(f"venue {self.name!r} needs a name of lower-case letters and digits")
        if len(self.name) > NAME_LENGTH_MAX or len(self.instruments) > INSTRUMENTS_MAX:
            raise ValueError(f"venue {self.name} has a name or a list of instruments that is too long")
        if self.adapter not in ADAPTERS:
            raise ValueError(f"venue {self.name}: {self.adapter!r} is none of {', '.join(ADAPTERS)}")
        if self.adapter not in WITH_LISTS and not self.instruments:
            raise ValueError(f"venue {self.name} needs its instruments named")
        if (self.adapter == "ccxt") != bool(self.exchange):
            raise ValueError(f"venue {self.name}: adapter ccxt, and it alone, needs an exchange")
        is_address = self.url.startswith(("fix://", "fixs://")) and self.url.count(":") == 2
        if self.adapter == "fix" and not (is_address and self.target_comp_id and self.session_file):
            raise ValueError(f"venue {self.name} needs url fix://host:port, target_comp_id and session_file")


def read_venues(path: Path) -> list[VenueEntry]:
    """Raises VenuesRefused."""
    try:
        content = path.read_bytes()
        if len(content) > FILE_BYTES_MAX:
            raise VenuesRefused(f"The file of venues {path} has more than {FILE_BYTES_MAX} bytes.")
        entries = msgspec.json.decode(content, type=list[VenueEntry])
    except (OSError, msgspec.DecodeError) as error:
        raise VenuesRefused(f"The file of venues {path} cannot be read: {error}") from error
    if len(entries) > VENUES_MAX or len({entry.name for entry in entries}) < len(entries):
        raise VenuesRefused(f"The file of venues {path} names a venue twice, or more than {VENUES_MAX}.")
    return entries
