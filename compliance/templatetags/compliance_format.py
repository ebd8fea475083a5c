"""Times and hashes as the compliance pages show them."""

from typing import Any

from django import template

from common import clock

register = template.Library()


@register.filter
def utc(at_ns: int) -> str:
    """UTC time with microseconds of nanoseconds since the epoch."""
    return f"{clock.from_ns(at_ns):%Y-%m-%d %H:%M:%S.%f}" if at_ns else "\N{EN DASH}"


@register.filter
def hexadecimal(value: Any) -> str:
    return bytes(value).hex()


@register.filter
def words(name: str) -> str:
    """``order.canceled_by_user`` -> ``order · canceled by user``."""
    return str(name).removesuffix("_ns").replace(".", " · ").replace("_", " ")


@register.filter
def named(user_id: int, names: dict[int, str]) -> str:
    return names.get(user_id, str(user_id))


@register.filter
def owner(name: str, accounts: dict[int, str]) -> str:
    """``account:3`` -> the account's name; ``paper_venue`` -> ``paper venue``."""
    kind, _, number = name.partition(":")
    return accounts.get(int(number), name) if kind == "account" and number.isdigit() else words(name)
