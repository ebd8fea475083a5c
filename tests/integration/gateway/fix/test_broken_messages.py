"""Two hundred broken messages, and every recorded one: each gets its right reject, and the session lives on."""

import random
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.gateway.fix.client import Client, timestamp, value
from tests.integration.gateway.fix.test_process import Desk, log_on, running_desk, session

pytestmark = pytest.mark.processes

COUNT, SEED = 200, 20_260_204
NAME = "BTC-PERPETUAL"
Body = list[tuple[int, object]]
VERSIONS = {"FIX.4.2": 1, "FIX.4.4": 2, "FIXT.1.1": 3}
ANSWERS = ("3", "j", "8", "9", "r", "Y", "y", "AP", "W", "AG", "AI", "AQ")


def bodies(begin_string: str) -> dict[str, Body]:
    """A whole message of each type, which nothing is wrong with but that it asks for what is not there."""
    handling: Body = [(21, 1)] if begin_string == "FIX.4.2" else []
    order: Body = [(55, NAME), (54, 1), (60, timestamp()), (38, 1), (40, 2), (44, "1.0"), (59, 1)]
    messages: dict[str, Body] = {
        "D": [(11, "?"), *handling, *order],
        "G": [(11, "?"), (41, "nothing"), *handling, *order],
        "F": [(11, "?"), (41, "nothing"), (55, NAME), (54, 1), (60, timestamp()), (38, 1)],
        "H": [(11, "?"), (55, NAME), (54, 1)],
        "V": [(262, "?"), (263, 0), (264, 1), (265, 0), (267, 1), (269, 0), (146, 1), (55, "NOTHING")],
    }
    if begin_string != "FIX.4.2":
        messages["q"] = [(11, "?"), (530, 3), (60, timestamp())]
        messages["x"] = [(320, "?"), (559, 0), (55, "NOTHING")]
        messages |= rfq_bodies() | multileg_bodies()
    return messages


def multileg_bodies() -> dict[str, Body]:
    """No legging limit, and one leg: the gateway answers that itself."""
    head: Body = [(11, "?"), (54, 1), (60, timestamp()), (38, 1), (40, 2), (44, "-0.01"), (59, 1)]
    legs: Body = [(600, NAME), (623, 1), (624, 1), (600, "BTC-27MAR26-80000-C"), (623, 1), (624, 2)]
    return {
        "AB": [*head, (848, "legging_rule=unwind"), (555, 2), *legs],
        "AC": [(41, "nothing"), *head, (555, 1), *legs[:3]],
    }


def rfq_bodies() -> dict[str, Body]:
    """What the gateway can answer itself; the desk's refusals are tried with the whole stack."""
    return {
        "R": [(131, "?"), (146, 2), (55, NAME), (38, 1), (55, NAME), (38, 1)],
        "S": [(117, "?"), (131, "nothing"), (537, 1), (55, NAME), (133, "1.0"), (60, timestamp())],
        "i": [(117, "?"), (537, 1), (296, 1), (302, "nothing"), (304, 1), (295, 1), (299, "?"), (55, NAME), (133, 1)],
        "AG": [(131, "nothing"), (658, 10), (146, 1), (55, NAME)],
        "AJ": [(693, "?"), (117, "Q1.1.1"), (694, 3), (55, NAME), (44, "1.0"), (60, timestamp())],
        "Z": [(117, "?"), (298, 2)],
        "a": [(649, "?"), (117, "?"), (263, 1), (55, NAME)],
        "AD": [(568, "?"), (569, 2)],
    }


REQUIRED = {"D": (11, 54, 60, 40), "G": (11, 54, 60, 40), "F": (11, 54, 60), "H": (54,),
            "V": (262, 263, 264), "q": (530, 60), "x": (320,), "R": (131,), "S": (117,), "i": (117,), "AG": (131, 658),
            "AJ": (693, 694), "Z": (298,), "a": (), "AD": (568, 569), "AB": (11, 54, 60, 40), "AC": (54, 60, 40)}  # fmt: skip
CODED = {"D": (54, 40, 59), "G": (54, 40, 59), "F": (54,), "H": (54,), "V": (263,), "q": (530,), "x": (559,),
         "S": (537,), "i": (537,), "AG": (658,), "AJ": (694,), "Z": (298,), "a": (263,), "AD": (569,),
         "AB": (54, 40, 59), "AC": (54, 40, 59)}  # fmt: skip
NUMBERED = {559, 537, 658, 694, 298, 569}
"""Codes that are numbers: one that is none has the wrong format, not the wrong value."""
FORMATTED = {"D": (38, 44, 60), "G": (38, 44, 60), "F": (60,), "V": (264,), "q": (60,), "S": (133, 60), "AJ": (44, 60),
             "AB": (38, 44, 60, 623), "AC": (38, 44, 60)}
UNSAID = {("13", "")}
"""FIX 4.2 has no SessionRejectReason for a tag that appears twice: the text says it."""
BUSINESS = {"D": "8", "G": "9", "F": "9", "H": "8", "V": "Y", "q": "r", "x": "y", "R": "AG", "S": "3", "i": "3", "AG": "3",
            "AJ": "3", "Z": "3", "a": "AI", "AD": "AQ", "AB": "8", "AC": "9"}  # fmt: skip


Broken = tuple[str, Body, str, str]
"""(type, body, type of the right answer, SessionRejectReason or BusinessRejectReason where it is one of these)."""


def with_value(body: Body, tag: int, found: object) -> Body:
    return [(each, found if each == tag else given) for each, given in body]


def breakages(random_: random.Random, kind: str, body: Body) -> dict[str, Broken]:
    """Every way in which that message is broken here."""
    found: dict[str, Broken] = {
        "undefined": (kind, [*body, (148, "1.0")], "3", "2"),
        "unknown": (kind, [*body, (4_999, "1")], "3", "0"),
        "twice": (kind, [*body, body[0]], "3", "13"),
        "type": ("B", [(148, "n"), (33, 1), (58, "x")], "j", "3"),
        "business": (kind, body, BUSINESS[kind], ""),
    }
    if REQUIRED[kind]:
        required = random_.choice(REQUIRED[kind])
        found["missing"] = (kind, [field for field in body if field[0] != required], "3", "1")
        found["empty"] = (kind, with_value(body, required, ""), "3", "4")
    if kind in CODED:
        coded = random_.choice(CODED[kind])
        found["coded"] = (kind, with_value(body, coded, "77" if coded in NUMBERED else "~"), "3", "5")
    if kind in FORMATTED:
        found["format"] = (kind, with_value(body, random_.choice(FORMATTED[kind]), "x1"), "3", "6")
    if kind in ("D", "AB", "AC"):
        found["condition"] = (kind, [field for field in body if field[0] != 44], "j", "5")
    return found


def broken(random_: random.Random, begin_string: str, number: int) -> Broken:
    kind, whole = random_.choice(sorted(bodies(begin_string).items()))
    body: Body = [(tag, f"M{number}" if found == "?" else found) for tag, found in whole]
    ways = breakages(random_, kind, body)
    return ways[random_.choice(sorted(ways))]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    grants = ["orders", "market_data", "rfq"]
    with running_desk(tmp_path) as made:
        for begin_string, number in VERSIONS.items():
            made.give(session(number, begin_string, grants=grants, messages_per_second=10_000, message_burst=10_000))
        yield made


def answer_to(client: Client, sequence: int) -> object:
    """The first answer; one that names a message names this one."""
    answer = client.receive(*ANSWERS)
    if value(answer, 35) in ("3", "j"):
        assert value(answer, 45) == str(sequence)
    return answer


@pytest.mark.parametrize("begin_string", VERSIONS)
def test_broken_messages_get_the_right_reject(desk: Desk, begin_string: str) -> None:
    desk.dispatcher.quoted(NAME)
    random_, answered = random.Random(SEED), Counter[str]()
    with desk.client(VERSIONS[begin_string], begin_string) as client:
        log_on(client)
        for number in range(COUNT):
            kind, body, expected, reason = broken(random_, begin_string, number)
            sequence = client.next_sent
            client.send(kind, *body)
            answer = answer_to(client, sequence)
            told = (value(answer, 35), value(answer, 373) or value(answer, 380))
            assert told[0] == expected, (kind, body, str(answer))
            assert told[1] == reason or not reason or (reason, told[1]) in UNSAID, (kind, body, str(answer))
            answered[told[0]] += 1
        client.test("alive")
        assert sum(answered.values()) == COUNT
    assert "Traceback" not in desk.gateway.log.read_text()


def recorded(folder: Path) -> list[tuple[str, Body]]:
    """Application messages of recorded sessions: type and body."""
    found: list[tuple[str, Body]] = []
    header = {8, 9, 10, 34, 35, 43, 49, 50, 52, 56, 57, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 1128}
    with tarfile.open(folder / "fix" / "fix_session_logs.tar.gz") as files:
        for member in sorted(files.getnames()):
            text = files.extractfile(member)
            raw = text.read() if text else b""
            for match in re.finditer(rb"8=FIX[^\x01]*\x01.*?\x0110=\d{3}\x01", raw, re.DOTALL):
                fields = [part.partition(b"=") for part in match[0].split(b"\x01") if part]
                pairs = [(int(tag), text.decode("latin-1")) for tag, _, text in fields if tag.isdigit()]
                kind = next((text for tag, text in pairs if tag == 35), "")
                if kind not in ("", "0", "1", "2", "3", "4", "5", "A"):
                    found.append((kind, [field for field in pairs if field[0] not in header]))
    return found


def test_recorded_messages_are_answered_and_the_session_lives(desk: Desk, recordings: Path) -> None:
    messages = recorded(recordings)
    sample = random.Random(SEED).sample(messages, min(COUNT, len(messages)))
    with desk.client(1, "FIX.4.2") as client:
        log_on(client)
        for kind, body in sample:
            sequence = client.next_sent
            client.send(kind, *body)
            answer_to(client, sequence)
        client.test("alive")
    assert "Traceback" not in desk.gateway.log.read_text()
