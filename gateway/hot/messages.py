"""What a venue's OUCH message says of one order of ours."""

import msgspec
import parley_core

LIVE = "L"


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: the message's letter. ``order_id`` 0: it is about no order, or cannot be read. Fields that its kind
    does not have are empty. ``is_ended``: the order works no more, whatever was left of it.
    """

    kind: str
    order_id: int = 0
    is_ended: bool = False
    lots: int = 0
    price_ticks: int = 0
    match_number: int = 0
    liquidity: str = ""
    code: str = ""
    venue_order_id: int = 0
    client_order_id: str = ""
    symbol: str = ""
    side: str = ""


_NAMES: dict[str, list[str]] = {}


def hear(message: bytes) -> Heard:
    """Never fails: what cannot be read is kept as it came, of kind ``?``."""
    try:
        kind, values, _ = parley_core.ouch_decode(True, message)
    except ValueError:
        return Heard(kind="?")
    names = _NAMES.get(kind) or _NAMES.setdefault(kind, list(parley_core.ouch_fields(True, kind)))
    said = dict(zip(names, values, strict=True))
    reader = _READERS.get(kind)
    return reader(said) if reader else Heard(kind=kind)


def _accepted(said: dict[str, object]) -> Heard:
    return _heard(
        "A", said, is_ended=said["order_state"] != LIVE, lots=said["quantity"], price_ticks=said["price_e4"],
        venue_order_id=said["order_reference"], client_order_id=str(said["client_order_id"]).strip(),
        symbol=str(said["symbol"]).strip(), side=said["side"],
    )  # fmt: skip


def _executed(said: dict[str, object]) -> Heard:
    return _heard(
        "E", said, lots=said["last_quantity"], price_ticks=said["last_price_e4"], match_number=said["match_number"],
        liquidity=said["liquidity"],
    )  # fmt: skip


def _canceled(said: dict[str, object]) -> Heard:
    return _heard("C", said, is_ended=True, lots=said["canceled_quantity"], code=str(said["reason"]))


def _self_match(said: dict[str, object]) -> Heard:
    return _heard("D", said, is_ended=True, lots=said["canceled_quantity"], code=str(said["reason"]))


def _rejected(said: dict[str, object]) -> Heard:
    return _heard("J", said, is_ended=True, code=str(said["reason"]))


def _broken(said: dict[str, object]) -> Heard:
    return _heard("B", said, match_number=said["match_number"], code=str(said["reason"]))


def _heard(kind: str, said: dict[str, object], **fields: object) -> Heard:
    return msgspec.convert({"kind": kind, "order_id": said["user_reference"], **fields}, Heard)


_READERS = {"A": _accepted, "E": _executed, "C": _canceled, "D": _self_match, "J": _rejected, "B": _broken}
