"""Messages of a feed session are kept in their order and read from any number."""

from collections.abc import Iterator

import hypothesis
import hypothesis.strategies as st
import pytest

from venues.equities.session_store import SessionStore

batches = st.lists(st.lists(st.binary(min_size=1, max_size=50), max_size=90), max_size=6)


@pytest.fixture
def store() -> Iterator[SessionStore]:
    made = SessionStore()
    yield made
    made.close()


@hypothesis.settings(deadline=None)
@hypothesis.given(batches, st.integers(0, 400), st.integers(1, 400), st.integers(0, 2_000))
def test_what_is_read_is_a_stretch_of_what_was_kept(
    batches: list[list[bytes]], first: int, count: int, bytes_max: int
) -> None:
    store = SessionStore()
    kept: list[bytes] = []
    for batch in batches:
        assert store.append(batch) == len(kept) + 1
        kept += batch
    expected: list[bytes] = []
    for message in kept[first - 1 : first - 1 + count] if first else []:
        if sum(len(each) + 2 for each in [*expected, message]) > bytes_max:
            break
        expected.append(message)
    assert store.read(first, count, bytes_max) == expected
    assert store.count == len(kept)
    store.close()


def test_a_disk_that_is_full_is_an_error(store: SessionStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venues.equities.session_store.os.write", lambda _, data: len(data) - 1)
    with pytest.raises(OSError, match="the disk takes no more"):
        store.append([b"message"])
