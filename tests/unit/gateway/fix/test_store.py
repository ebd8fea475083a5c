import os
import random
from pathlib import Path

import pytest

from gateway.fix.store import SessionStore, StoreDamaged

NOW = 1_700_000_000_000_000_000


def facts(store: SessionStore) -> tuple[object, ...]:
    sent = list(store.sent_between(1, store.next_sender))
    numbers = store.next_sender, store.next_target, store.reset_at_ns, store.last_reference, store.last_command
    return (*numbers, sent, store.unhandled())


def live(store: SessionStore, seed: int, steps: int) -> list[tuple[object, ...]]:
    """Facts before the first step and after each."""
    dice = random.Random(seed)
    lived = [facts(store)]
    for step in range(steps):
        roll = dice.random()
        if roll < 0.4:
            is_command = dice.random() < 0.3
            mark = {"command": step} if is_command else {"reference": step}
            store.note_sent(f"sent {step}", is_resendable=dice.random() < 0.7, **mark)
        elif roll < 0.7:
            store.note_received(f"received {step}", NOW + step)
        elif roll < 0.85:
            store.expect(store.next_target + 1)
        elif roll < 0.9:
            store.note_answered(dice.randint(1, store.next_target))
        elif roll < 0.97:
            store.note_handled(dice.randint(1, store.next_target))
        else:
            store.set_numbers(store.next_sender, store.next_target, NOW + step, step)
        lived.append(facts(store))
    return lived


@pytest.mark.parametrize("seed", range(5))
def test_a_store_opened_again_is_the_same(tmp_path: Path, seed: int) -> None:
    store = SessionStore(tmp_path / "a.log", NOW)
    lived = live(store, seed, 200)
    store.close()
    assert facts(SessionStore(tmp_path / "a.log", NOW + 5)) == lived[-1]


def test_a_torn_tail_leaves_an_earlier_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    store = SessionStore(path, NOW)
    for number in range(8):
        store.note_sent("x" * number, is_resendable=True)
        store.note_received("y" * number, NOW)
    whole = path.read_bytes()
    begun = len((tmp_path / "b.log").read_bytes()) if SessionStore(tmp_path / "b.log", NOW) else 0
    for length in range(begun, len(whole)):
        path.write_bytes(whole[:length])
        torn = SessionStore(path, NOW)
        assert torn.next_sender - torn.next_target in (0, 1)
        assert [number for number, _ in torn.sent_between(1, 99)] == list(range(2, torn.next_sender))
        torn.close()


def test_a_flipped_bit_before_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    store = SessionStore(path, NOW)
    for number in range(3):
        store.note_sent(f"message {number}", is_resendable=True)
    whole = path.read_bytes()
    last = whole.rindex(b"message 1")
    for place in range(last):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(StoreDamaged):
            SessionStore(path, NOW)


def test_a_reset_forgets_all_but_how_far_the_reports_had_come(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "a.log", NOW)
    live(store, 7, 50)
    reference, command = store.last_reference, store.last_command
    store.reset(NOW + 9)
    expected = (1, 1, NOW + 9, reference, command, [], [])
    assert facts(store) == expected
    store.close()
    assert facts(SessionStore(tmp_path / "a.log", NOW + 99)) == expected


def test_a_number_that_an_operator_sets_back_is_given_once(tmp_path: Path) -> None:
    store = SessionStore(tmp_path / "a.log", NOW)
    for text in ("one", "two", "three"):
        store.note_sent(text, is_resendable=True)
    store.set_numbers(2, 1, NOW, 5)
    store.note_sent("another two", is_resendable=True)
    assert list(store.sent_between(1, 9)) == [(1, "one"), (2, "another two")]


def test_a_record_that_a_full_disk_cuts_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    store = SessionStore(path, NOW)
    live(store, 3, 50)
    before, write = facts(store), os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:7]))
        for note in (
            lambda: store.note_sent("sent", is_resendable=True),
            lambda: store.note_received("received", NOW),
            lambda: store.expect(store.next_target + 1),
        ):
            with pytest.raises(OSError, match="in part"):
                note()
    assert facts(store) == before
    store.note_sent("sent", is_resendable=True)
    now = facts(store)
    store.close()
    assert facts(SessionStore(path, NOW)) == now
