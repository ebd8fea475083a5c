"""How far a window reaches back."""

import msgspec

SAMPLES_MAX_DEFAULT = 4_096
"""Samples that a window by time has room for unless told otherwise."""


class Duration(msgspec.Struct, frozen=True):
    """A window by time: (now - ns, now]."""

    ns: int


Window = int | Duration
"""A number of samples, or a time."""


def seconds(count: float) -> Duration:
    return Duration(ns=round(count * 10**9))


def milliseconds(count: float) -> Duration:
    return Duration(ns=round(count * 10**6))


def microseconds(count: float) -> Duration:
    return Duration(ns=round(count * 10**3))
