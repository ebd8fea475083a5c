"""How many cases the tables hold, by entrance; the summary of a run says how many of them passed."""

from tests.integration.bad_input import (
    test_forms,
    test_recordings,
    test_rest_desk,
    test_rest_entry,
    test_rest_house,
    test_socket,
)

CASES_MIN = 40
TABLES = {
    "REST": [*test_rest_entry.CASES, *test_rest_desk.CASES, *test_rest_house.CASES],
    "socket": test_socket.CASES,
    "forms": test_forms.CASES,
    "recording files": test_recordings.CASES,
}


def test_cases_are_enough_on_every_entrance() -> None:
    counts = {name: len(cases) for name, cases in TABLES.items()}
    assert sum(counts.values()) >= CASES_MIN
    assert min(counts.values()) >= CASES_MIN, counts

