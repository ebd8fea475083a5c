import pytest

from gateway.fix.message import FieldMissing, FieldWrong, decode

PARTIES = frozenset({448, 447, 452})


def wire(text: str) -> str:
    return text.replace("|", "\x01")


def test_a_message_knows_its_header_and_its_flags() -> None:
    message = decode(wire("8=FIX.4.4|9=1|35=D|34=7|43=Y|97=Y|11=a=b|10=000|"), 5)
    assert (message.type, message.sequence, message.received_at_ns) == ("D", 7, 5)
    assert message.is_possible_duplicate
    assert message.is_possible_resend
    assert message.get(11) == "a=b"


def test_what_is_missing_or_no_number_is_named() -> None:
    message = decode(wire("8=FIX.4.4|9=1|35=D|34=7|38=1x|10=000|"), 5)
    with pytest.raises(FieldMissing) as missing:
        message.get(11)
    with pytest.raises(FieldWrong) as wrong:
        message.integer(38)
    assert (missing.value.tag, wrong.value.tag, wrong.value.value) == (11, 38, "1x")


def test_a_group_ends_where_another_tag_begins() -> None:
    message = decode(wire("35=D|34=7|453=2|448=A|447=D|452=1|448=B|447=D|452=3|38=5|448=X|"), 5)
    assert [party.fields for party in message.groups(453, PARTIES)] == [
        ((448, "A"), (447, "D"), (452, "1")),
        ((448, "B"), (447, "D"), (452, "3")),
    ]


def test_a_counter_that_counts_wrongly_is_refused() -> None:
    message = decode(wire("35=D|34=7|453=3|448=A|447=D|448=B|447=D|38=5|"), 5)
    with pytest.raises(FieldWrong):
        message.groups(453, PARTIES)
    assert decode(wire("35=D|34=7|453=0|38=5|"), 5).groups(453, PARTIES) == []
