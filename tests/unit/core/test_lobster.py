"""LOBSTER files: every recorded book state, and lines that are cut or wrong."""

from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import parley_core
import pytest

MESSAGE = b"34200.5,1,11,18,5853300,1"
BOOK = b"5859400,200,5853300,18,9999999999,0,-9999999999,0"


def test_every_recorded_state_is_exact(recordings: Path) -> None:
    folder = recordings / "lobster"
    messages = (folder / "AAPL_2012-06-21_message_10_first400.csv").read_bytes()
    books = (folder / "AAPL_2012-06-21_orderbook_10_first400.csv").read_bytes()
    result = parley_core.lobster_replay(messages, books)
    assert (result["rows"], result["exact"], result["first_mismatch"], result["flaw"]) == (400, 400, 0, "none")
    # Levels that come up from below the tenth are the only ones that are taken from the rows instead of the messages.
    assert (result["revealed"], result["forgotten"]) == (111, 125)
    lines = books.splitlines()
    lines[200] = lines[200].replace(b",", b"1,", 1)
    changed = parley_core.lobster_replay(messages, b"\n".join(lines))
    assert (changed["exact"], changed["first_mismatch"]) == (399, 201)


def replay(messages: list[bytes], books: list[bytes]) -> dict:
    return parley_core.lobster_replay(b"\n".join(messages), b"\r\n".join(books))


def test_orders_and_the_ones_from_before_the_recording_are_followed() -> None:
    messages = [
        MESSAGE,
        b"34200.6,1,12,5,5853300,1",  # joins the best bid
        b"34200.7,4,12,2,5853300,1",  # executed in part
        b"34200.8,3,999,18,5853300,1",  # from before the recording: part of the eighteen
        b"34200.9,5,0,100,5855000,1",  # hidden
        b"34201.0,7,0,0,-1,-1",  # halted
        b"34201.1,3,12,3,5853300,1",  # the last of the level
    ]
    bids = [b"18", b"23", b"21", b"3", b"3", b"3"]
    books = [b"5859400,200,5853300," + bid for bid in bids] + [b"5859400,200,-9999999999,0"]
    result = replay(messages, books)
    assert (result["rows"], result["exact"], result["flaw"], result["orders"]) == (7, 7, "none", 1)
    books[2] = b"5859400,200,5853300,22"
    assert replay(messages, books)["first_mismatch"] == 3


@pytest.mark.parametrize(
    ("message", "flaw"),
    [
        (b"34200.5,1,11,18,5853300", "wrong_fields"),
        (b"34200.5,1,11,18,5853300,1,1", "wrong_fields"),
        (b"34200.5,8,11,18,5853300,1", "unknown_event"),
        (b"34200.5,1,11,18,5853300,0", "bad_side"),
        (b"34200.5,1,11,-18,5853300,1", "out_of_range"),
        (b"34200.5,1,11,18,99999999999,1", "out_of_range"),
        (b"34200.5,1,11,18,99999999999999999999,1", "bad_number"),
        (b"34200.x,1,11,18,5853300,1", "bad_number"),
        (b"90000.0,1,11,18,5853300,1", "bad_number"),
        (b"", "wrong_fields"),
    ],
)
def test_a_wrong_line_is_named(message: bytes, flaw: str) -> None:
    result = replay([MESSAGE, message, MESSAGE], [BOOK, BOOK, BOOK])
    assert (result["rows"], result["flaw"], result["flaw_line"]) == (1, flaw, 2)


def test_files_of_different_length_are_named() -> None:
    result = replay([MESSAGE], [BOOK, BOOK])
    assert (result["flaw"], result["flaw_line"]) == ("lines_differ", 2)


@hypothesis.given(st.text(alphabet="0123456789,.-\n", max_size=200), st.text(alphabet="0123456789,.-\n", max_size=200))
def test_random_lines_are_read_or_named(messages: str, books: str) -> None:
    result = parley_core.lobster_replay(messages.encode(), books.encode())
    assert result["exact"] <= result["rows"]
    assert (result["flaw"] == "none") == (result["flaw_line"] == 0)
