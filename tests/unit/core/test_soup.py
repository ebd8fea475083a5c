"""SoupBinTCP from Python: a client and a server that talk, cut as a stream is cut, and what ends a session."""

import hypothesis
import hypothesis.strategies as st
import parley_core
import pytest

SECOND = 1_000_000_000
packets = st.lists(st.tuples(st.sampled_from("+AJSHZLURO"), st.binary(max_size=60)), max_size=8)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


def open_session(sequence: int = 1) -> tuple[parley_core.SoupClient, parley_core.SoupServer]:
    client, server = parley_core.SoupClient(), parley_core.SoupServer()
    assert server.push(client.login("parley", "secret", 0, session="DAY", sequence=sequence), 0) == []
    assert server.login_request == ("parley", "secret", "DAY", sequence)
    assert client.push(server.accept("DAY", sequence, 0), 0) == []
    assert (client.state, server.state) == ("open", "open")
    return client, server


@hypothesis.given(packets, st.lists(st.integers(0, 40), max_size=20))
def test_soup_packets_come_out_however_the_stream_is_cut(sent: list[tuple[str, bytes]], sizes: list[int]) -> None:
    stream = b"".join(parley_core.soup_encode(kind, payload) for kind, payload in sent)
    framer = parley_core.SoupFramer()
    got = [packet for piece in cut(stream, sizes) for packet in framer.push(piece)]
    assert got == sent
    assert (framer.flaw, framer.held_bytes) == ("none", 0)


def test_soup_packets_of_a_large_stream_are_all_there() -> None:
    payloads = [number.to_bytes(4, "big") * (1 + number % 9) for number in range(20_000)]
    stream = b"".join(parley_core.soup_encode("S", payload) for payload in payloads)
    assert parley_core.SoupFramer().push(stream) == [("S", payload) for payload in payloads]


def test_soup_session_numbers_what_the_server_sends() -> None:
    client, server = open_session(sequence=41)
    stream = server.send(b"first", 1) + server.send(b"second", 2)
    assert [*client.push(stream[:9], 3), *client.push(stream[9:], 4)] == [(41, b"first"), (42, b"second")]
    assert (client.next_sequence, server.next_sequence, client.session) == (43, 43, "DAY")
    assert server.push(client.send(b"order", 5), 6) == [b"order"]
    assert client.push(parley_core.soup_encode("U", b"told"), 7) == [(None, b"told")]
    server.push(client.logout(8), 9)
    assert server.state == "ended"
    assert client.push(parley_core.soup_encode("Z"), 10) == []
    assert client.state == "ended"


def test_soup_login_is_refused_with_its_letter() -> None:
    client, server = parley_core.SoupClient(), parley_core.SoupServer()
    server.push(client.login("parley", "wrong", 0), 0)
    client.push(server.reject("A", 0), 0)
    assert (client.state, client.reject_reason, server.state) == ("rejected", "A", "rejected")
    with pytest.raises(ValueError, match="rejected"):
        client.send(b"order", 1)


def test_soup_heartbeats_come_after_a_second_and_silence_ends_after_fifteen() -> None:
    client, server = open_session()
    assert (client.on_time(SECOND - 1), server.on_time(SECOND - 1)) == (b"", b"")
    assert client.on_time(SECOND) == parley_core.soup_encode("R")
    assert server.on_time(SECOND) == parley_core.soup_encode("H")
    assert client.on_time(15 * SECOND - 1) != b""
    assert client.state == "open"
    assert client.on_time(15 * SECOND) == b""
    assert (client.state, client.flaw) == ("failed", "silence")


@pytest.mark.parametrize(
    ("stream", "flaw"),
    [(b"\0\0", "empty_packet"), (parley_core.soup_encode("x"), "unknown_type"), (b"\0\2HH", "wrong_length")],
)
def test_soup_client_fails_on_bytes_that_are_no_session(stream: bytes, flaw: str) -> None:
    client, _ = open_session()
    assert client.push(stream, 1) == []
    assert client.flaw == flaw


@hypothesis.given(st.binary(max_size=200))
def test_soup_takes_any_bytes(stream: bytes) -> None:
    client, server = open_session()
    for sequence, payload in client.push(stream, 1):
        assert sequence is None or sequence >= 1
        assert payload in stream
    assert all(payload in stream for payload in server.push(stream, 1))


@pytest.mark.parametrize(("size", "fits"), [(65_534, True), (65_535, False)])
def test_soup_payload_has_at_most_65534_bytes(size: int, *, fits: bool) -> None:
    if fits:
        assert parley_core.SoupFramer().push(parley_core.soup_encode("S", bytes(size))) == [("S", bytes(size))]
    else:
        with pytest.raises(ValueError, match="65,534"):
            parley_core.soup_encode("S", bytes(size))


def test_soup_names_that_are_too_long_are_refused() -> None:
    client = parley_core.SoupClient()
    with pytest.raises(ValueError, match="user: at most 6"):
        client.login("parley7", "secret", 0)
    assert len(client.login("parley", "secret", 0)) == 49
