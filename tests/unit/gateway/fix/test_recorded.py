"""Recorded messages of other systems, and a captured RFQ flow: all are parsed, and each fault has its name."""

import json
import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from gateway.fix.dictionary import TEXTS, Dictionary, dictionary_of
from gateway.fix.encoding import seal
from gateway.fix.handler import Grant, Session
from gateway.fix.message import SEPARATOR, FieldMissing, FieldWrong, Message, decode
from gateway.fix.rfq_messages import LEG_TAGS, REQUEST_TAGS, read_quote, read_request

VERSIONS = {"FIX.4.2": "4", "FIX.4.4": "6", "FIXT.1.1": "9"}
RECORDED_MIN = 2_143
OWN_TAGS_FROM = 5_000
NOT_OF_THE_STANDARD = {"R": {75, 743}, "S": set[int](), "AB": {131}}
"""What the captured parties say in messages for which FIX 4.4 does not define it."""


def recorded(folder: Path) -> list[str]:
    """With the right checksum, as they were on the wire."""
    found = []
    with tarfile.open(folder / "fix" / "fix_session_logs.tar.gz") as files:
        for name in sorted(files.getnames()):
            text = files.extractfile(name)
            for match in re.finditer(rb"8=FIX[^\x01]*\x01.*?\x0110=\d{3}\x01", text.read() if text else b"", re.DOTALL):
                raw = match[0]
                if sum(raw[: raw.rindex(b"10=")]) % 256 == int(raw[-4:-1]):
                    found.append(raw.decode("latin-1"))
    return found


def test_every_recorded_message_parses_and_its_fault_has_a_name(recordings: Path) -> None:
    told = Counter[str]()
    for raw in recorded(recordings):
        begin_string = raw[2 : raw.index(SEPARATOR)]
        dictionary = dictionary_of(begin_string, VERSIONS[begin_string])
        kind = re.search("\x0135=([^\x01]*)", raw)
        assert kind is not None
        fault = dictionary.check(dictionary.parse(raw), is_application=kind[1] not in "012345A")
        told["good" if fault is None else TEXTS[fault.reason]] += 1
    print(dict(told))
    assert told.total() >= RECORDED_MIN
    assert told["good"] >= RECORDED_MIN


@pytest.fixture
def flow(recordings: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in (recordings / "fix" / "rfq_flow.jsonl").read_text().splitlines()]
    return {row["msgtype"]: row["raw"].replace("|", SEPARATOR) for row in rows}


@pytest.mark.parametrize("kind", NOT_OF_THE_STANDARD)
def test_the_captured_rfq_flow_validates_without_its_own_fields(flow: dict[str, str], kind: str) -> None:
    dictionary: Dictionary = dictionary_of("FIX.4.4", "6")
    raw = flow[kind]
    own = dictionary.check(dictionary.parse(raw), is_application=True)
    assert own is not None
    pairs = [part.partition("=") for part in raw.split(SEPARATOR) if part]
    left_out = NOT_OF_THE_STANDARD[kind] | {8, 9, 10, 35}
    body = [(int(t), text) for t, _, text in pairs if int(t) < OWN_TAGS_FROM and int(t) not in left_out]
    text = f"35={kind}{SEPARATOR}" + "".join(f"{tag}={found}{SEPARATOR}" for tag, found in body)
    assert dictionary.check(dictionary.parse(seal("FIX.4.4", text)), is_application=True) is None


def session() -> Session:
    return Session(
        session_id=1, name="A", begin_string="FIX.4.4", application_version="6", sender="A", target="PARLEY", firm_id=1,
        user_id=1, desk_id=1, account_id=1, account_ids=(1,), grants=frozenset({Grant.RFQ}), cancels_on_disconnect=True,
    )  # fmt: skip


def test_what_the_captured_flow_asks_is_read_and_refused_by_its_field(flow: dict[str, str]) -> None:
    """Its parties leave out the quantity, and name requests in their own way."""
    found: dict[str, Message] = {kind: decode(raw, 0) for kind, raw in flow.items()}
    (asked,) = found["R"].groups(146, REQUEST_TAGS | {6258, 6714, 9125, 6215, 743, 5020, 9019, 6351, 9904, 7940, 9034})
    assert asked.get(55) == "EURUSD"
    assert found["S"].get(131) == found["R"].get(131) == found["AB"].get(131)
    assert found["S"].get(117) == found["AB"].get(117)
    assert [leg.get(600) for leg in found["AB"].groups(555, LEG_TAGS | {7940, 5678, 8518, 5359, 5844})] == ["EURUSD"]
    with pytest.raises(FieldWrong) as request:
        read_request(found["R"], session())
    with pytest.raises(FieldWrong) as quoted:
        read_quote(found["S"], session())
    assert (request.value.tag, quoted.value.tag) == (131, 117)
    assert not isinstance(request.value, FieldMissing)
