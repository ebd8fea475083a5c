"""MoldUDP64 from Python: messages in order and once, whatever the network does to their datagrams."""

import itertools

import hypothesis
import hypothesis.strategies as st
import parley_core
import pytest

MILLISECOND = 1_000_000


def datagrams(count: int, first: int = 1, *, datagram_max: int = 40) -> list[bytes]:
    return parley_core.mold_pack("DAY", first, [f"m{first + i}".encode() for i in range(count)], datagram_max)


def test_mold_packs_messages_into_datagrams_of_the_size_asked_for() -> None:
    packed = parley_core.mold_pack("DAY", 5, [b"a" * 10, b"b" * 10, b"c"], 20 + 12 + 12)
    header = b"DAY       " + (5).to_bytes(8, "big")
    assert packed[0] == header + b"\0\2" + b"\0\n" + b"a" * 10 + b"\0\n" + b"b" * 10
    assert packed[1] == b"DAY       " + (7).to_bytes(8, "big") + b"\0\1\0\1c"
    with pytest.raises(ValueError, match="larger than a datagram"):
        parley_core.mold_pack("DAY", 1, [b"a" * 11], 20 + 12)


@hypothesis.given(st.integers(1, 60), st.data())
def test_mold_hands_over_in_order_and_once(count: int, data: st.DataObject) -> None:
    sent = datagrams(count)
    order = data.draw(st.permutations(sent + data.draw(st.lists(st.sampled_from(sent), max_size=5))))
    receiver = parley_core.MoldReceiver(1)
    got = list(itertools.chain.from_iterable(receiver.push(datagram) for datagram in order))
    assert got == [(i, f"m{i}".encode()) for i in range(1, count + 1)]
    assert (receiver.has_gap, receiver.next_sequence) == (False, count + 1)


def test_mold_asks_for_a_gap_every_50_ms_and_goes_on_when_it_is_filled() -> None:
    first, second, third = datagrams(9, datagram_max=20 + 3 * 4)
    receiver = parley_core.MoldReceiver()
    assert receiver.request(0) is None
    receiver.push(first)
    assert receiver.push(third) == []
    request = receiver.request(0)
    assert request == parley_core.mold_request("DAY", 4, 3)
    assert parley_core.mold_read_request(request) == (b"DAY", 4, 3)
    assert receiver.request(50 * MILLISECOND - 1) is None
    assert receiver.request(50 * MILLISECOND) == request
    assert [sequence for sequence, _ in receiver.push(second)] == [4, 5, 6, 7, 8, 9]
    assert receiver.counters == {
        "datagrams": 3, "malformed": 0, "other_session": 0, "held": 1, "dropped_early": 0, "requests": 2, "lost": 0,
    }  # fmt: skip


def test_mold_gives_a_gap_up_and_counts_what_is_lost() -> None:
    first, _, third = datagrams(9, datagram_max=20 + 3 * 4)
    receiver = parley_core.MoldReceiver()
    receiver.push(first)
    receiver.push(third)
    assert receiver.give_up() == (3, [(7, b"m7"), (8, b"m8"), (9, b"m9")])
    assert receiver.counters["lost"] == 3
    assert receiver.give_up() == (0, [])


def test_mold_learns_of_a_loss_from_a_heartbeat_and_of_the_end() -> None:
    receiver = parley_core.MoldReceiver(1)
    assert receiver.push(parley_core.mold_heartbeat("DAY", 3)) == []
    assert receiver.has_gap
    assert receiver.push(parley_core.mold_end_of_session("DAY", 3)) == []
    assert not receiver.is_ended
    for datagram in datagrams(2):
        receiver.push(datagram)
    assert receiver.is_ended


@pytest.mark.parametrize(
    ("wrong", "flaw"),
    [
        (b"short", "too_short"),
        (parley_core.mold_pack("DAY", 2, [b"x"])[0] + b"\0", "wrong_length"),
        (parley_core.mold_pack("OTHER", 2, [b"x"])[0], "other_session"),
        (parley_core.mold_heartbeat("DAY", 2**64 - 1)[:-2] + b"\0\1\0\0", "bad_sequence"),
    ],
)
def test_mold_drops_datagrams_that_are_no_part_of_the_stream(wrong: bytes, flaw: str) -> None:
    receiver = parley_core.MoldReceiver(1)
    assert receiver.push(datagrams(1)[0]) == [(1, b"m1")]
    assert receiver.push(wrong) == []
    assert (receiver.flaw, receiver.next_sequence) == (flaw, 2)


@hypothesis.given(st.lists(st.binary(max_size=60), max_size=10))
def test_mold_takes_any_bytes(pieces: list[bytes]) -> None:
    receiver = parley_core.MoldReceiver(1)
    for piece in pieces:
        receiver.push(piece)
    assert receiver.counters["datagrams"] == len(pieces)
