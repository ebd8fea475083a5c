import datetime as dt
import enum
import hashlib
from decimal import Decimal

import pytest

from audit.domain import chain

AT = dt.datetime(2026, 2, 1, 8, tzinfo=dt.UTC)


def fields(**changes: object) -> dict[str, object]:
    return {
        "stream": "firm:1", "at": AT, "action": "order.placed", "entity": "order:1", "user_id": 1, "firm_id": 1,
        "via": "socket", "remote_address": "", "command_id": "c1", "reason": "", "before": None,
        "after": {"price": "1.50", "tags": ["a", "ü"]},
    } | changes  # fmt: skip


class Color(enum.StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ({"price": 1.5}, "after.price", "float"),
        ({"price": Decimal(1)}, "after.price", "Decimal"),
        ({"legs": [{"ratio": 1}, {"ratio": 1.0}]}, "after.legs[1].ratio", "float"),
        ({"at": AT}, "after.at", "datetime"),
        ({1: "x"}, "after", "not text"),
        ({"x": "a\x00b"}, "after.x", "NUL"),
        ({"x": "\ud800"}, "after.x", "Unicode"),
        ({"x": {1, 2}}, "after.x", "set"),
        ({"x": "y" * chain.CONTENT_BYTES_MAX}, "after", "bytes"),
    ],
)
def test_value_that_would_not_come_back_is_refused(value: dict[object, object], path: str, why: str) -> None:
    with pytest.raises(chain.NotCanonical) as refused:
        chain.to_content("after", value)
    assert refused.value.path == path
    assert why in refused.value.why


def test_content_is_plain_json() -> None:
    content = chain.to_content("after", {"side": Color.RED, "legs": ({"n": 2**70},), "none": None, "is_it": True})
    assert content == {"side": "red", "legs": [{"n": 2**70}], "none": None, "is_it": True}
    assert type(content["side"]) is str


def test_every_field_and_the_sequence_count_in_the_hash() -> None:
    seen = {chain.record_sha256(fields(), 1, chain.GENESIS_SHA256)}
    changes: list[dict[str, object]] = [{name: "other"} for name in ("stream", "action", "entity", "via", "reason")]
    changes += [{"remote_address": "1"}, {"command_id": "c2"}, {"user_id": 2}, {"firm_id": None}, {"before": {}}]
    changes += [{"after": {"price": "1.5", "tags": ["a", "ü"]}}, {"at": AT + dt.timedelta(microseconds=1)}]
    for change in changes:
        seen.add(chain.record_sha256(fields(**change), 1, chain.GENESIS_SHA256))
    seen.add(chain.record_sha256(fields(), 2, chain.GENESIS_SHA256))
    seen.add(chain.record_sha256(fields(), 1, b"\x01" * 32))
    assert len(seen) == len(changes) + 3


def test_hash_does_not_depend_on_time_zone_or_order_of_keys() -> None:
    moved = AT.astimezone(dt.timezone(dt.timedelta(hours=9)))
    turned = {"tags": ["a", "ü"], "price": "1.50"}
    one = chain.record_sha256(fields(), 1, chain.GENESIS_SHA256)
    assert chain.record_sha256(fields(at=moved, after=turned), 1, chain.GENESIS_SHA256) == one


def test_merkle_root_is_that_of_rfc_6962() -> None:
    """The tree of RFC 6962 section 2.1.3 over seven leaves: ((0 1) (2 3)) ((4 5) 6)."""

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    leaves = [chain.leaf_sha256("firm:1", number, bytes(32)) for number in range(7)]
    expected = node(
        node(node(leaves[0], leaves[1]), node(leaves[2], leaves[3])), node(node(leaves[4], leaves[5]), leaves[6])
    )
    assert chain.merkle_root(leaves) == expected
    assert chain.merkle_root(leaves[:1]) == leaves[0]
    assert chain.merkle_root([]) == hashlib.sha256(b"").digest()
