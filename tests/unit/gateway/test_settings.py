import datetime as dt
from pathlib import Path

import pytest

from gateway.settings import parse_arguments


def ns(*when: int) -> int:
    return int(dt.datetime(*when, tzinfo=dt.UTC).timestamp()) * 10**9


def test_recording_settings() -> None:
    settings = parse_arguments(
        [
            "--state",
            "s",
            "--recording",
            "r",
            "--speed",
            "step",
            "--from",
            "2026-02-01",
            "--to",
            "2026-02-02T08:00+02:00",
        ]
    )

    assert (settings.directory, settings.recording, settings.speed) == (Path("s/gateway"), Path("r"), None)
    assert (settings.start_ns, settings.end_ns) == (ns(2026, 2, 1), ns(2026, 2, 2, 6))


def test_state_and_valkey_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_STATE", "elsewhere")
    monkeypatch.setenv("VALKEY_URL", "redis://host:1/2")

    settings = parse_arguments(["--simulated", "--seed", "7"])

    assert (settings.directory, settings.valkey_url, settings.seed) == (
        Path("elsewhere/gateway"),
        "redis://host:1/2",
        7,
    )
    assert (settings.recording, settings.start_ns) == (None, 0)
