"""What the arguments of simulated venues share."""

import argparse
import stat
from pathlib import Path

import msgspec

CLIENTS_FILE_BYTES_MAX = 64 << 10
PORT_MAX = 65_535


def port(text: str) -> int:
    """For ``add_argument(type=)``."""
    number = int(text)
    if not 0 <= number <= PORT_MAX:
        raise argparse.ArgumentTypeError(f"{number} is no port")
    return number


def read_clients(path: Path) -> dict[str, str]:
    """Client to secret. Raises OSError, ValueError."""
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ValueError(f"{path} may be read by others: make it 0600.")
    if status.st_size > CLIENTS_FILE_BYTES_MAX:
        raise ValueError(f"{path} has more than {CLIENTS_FILE_BYTES_MAX} bytes.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} holds no clients: {error}") from error
