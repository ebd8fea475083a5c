"""Bytes from outside into messages of ours, or a refusal that names what is wrong."""

from typing import TypeVar

import msgspec

from common.errors import Refusal
from wire.limits import SOCKET_MESSAGE_BYTES_MAX

T = TypeVar("T")


class Malformed(Refusal):
    """The bytes are not a message of ours. Nothing was looked up, let alone changed."""

    status = 400


class TooLarge(Refusal):
    """More bytes than a message may have."""

    status = 413


def decode(decoder: msgspec.json.Decoder[T], raw: bytes | str) -> T:
    """The message in ``raw``. Raises TooLarge or Malformed."""
    if len(raw) > SOCKET_MESSAGE_BYTES_MAX:
        raise TooLarge("message_too_large", "the message is too large", value=len(raw), bound=SOCKET_MESSAGE_BYTES_MAX)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Malformed("invalid_message", str(error)) from error
    except msgspec.DecodeError as error:
        raise Malformed("malformed_json", str(error)) from error
    except RecursionError as error:
        raise Malformed("malformed_json", "the message is nested too deeply") from error
    except UnicodeError as error:
        raise Malformed("malformed_json", "the message is not valid UTF-8") from error
