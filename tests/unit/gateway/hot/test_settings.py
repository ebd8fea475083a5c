import json

import pytest

from gateway.hot.settings import HotRefused, decode_hot_settings, find_password, read_hot_settings
from tests.unit.gateway.hot.story import pair, settings


def decode(**changes):
    return decode_hot_settings(json.dumps(settings(**changes)).encode(), "hot.json")


def test_dollars_a_leg_become_shares_of_both_legs() -> None:
    found = decode(pairs=[pair(lots=None, leg_usd=10_000, hedge=0.5, prices=[33.0, 250.0])]).pairs[0]

    assert found.leg_lots == (303, 20)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"pairs": [pair(second="A0")]}, "A0/A0 has one symbol twice"),
        ({"pairs": [pair(first="LONGSYMBOL")]}, "'LONGSYMBOL' does not have 1 to 8 letters"),
        ({"pairs": [pair(), pair()]}, "A0/B0 is there twice"),
        ({"pairs": []}, "0 pairs are not between 1 and 4096"),
        ({"pairs": [pair(exit=3)]}, "entry 2 is not between 3 and 4"),
        ({"pairs": [pair(stop=2)]}, "needs exit < entry < stop, not 0.5, 2, 2"),
        ({"pairs": [pair(window=1)]}, "window 1 is not between 2 and 100000"),
        ({"pairs": [pair(lots=[0, 5])]}, "lots 0 is not between 1 and 1e+06"),
        ({"pairs": [pair(leg_usd=5)]}, "needs either lots, or leg_usd and prices"),
        ({"pairs": [pair(lots=None)]}, "needs either lots, or leg_usd and prices"),
        ({"pairs": [pair(lots=None, leg_usd=5, prices=[0, 1])]}, "has a price of 0"),
        ({"venue": "Equities"}, "'Equities' needs a name of lower-case letters"),
        ({"send": "later"}, "send"),
        ({"feed": {"port": 0}}, "feed.port"),
        ({"orders": {"host": "localhost", "port": 5, "user": "HOT"}}, "host 'localhost' is no IPv4 address"),
        ({"orders": {"host": "127.0.0.1", "port": 5, "user": "TOOLONG"}}, "user 'TOOLONG' does not have 1 to 6 letters"),
        ({"owner": {"account_id": 0, "user_id": 2, "desk_id": 3, "firm_id": 4, "strategy_id": 5}}, "account_id 0"),
        ({"open_max": 5_000}, "open_max"),
        ({"more": 1}, "more"),
    ],
)  # fmt: skip
def test_each_flaw_is_refused_by_name(changes, named) -> None:
    with pytest.raises(HotRefused) as refused:
        decode(**changes)

    assert named in str(refused.value)


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path) -> None:
    with pytest.raises(HotRefused, match="cannot be read"):
        read_hot_settings(tmp_path / "none")
    (tmp_path / "large").write_bytes(b" " * (5 << 20))
    with pytest.raises(HotRefused, match="5242880 bytes, at most 4194304"):
        read_hot_settings(tmp_path / "large")


def test_the_password_is_the_users_and_stands_in_no_hot_file(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"key": "HOT", "secret": "open"}))
    secret.chmod(0o600)
    orders = {"host": "127.0.0.1", "port": 5, "user": "HOT", "secret_file": str(secret)}

    assert find_password(decode(orders=orders)) == "open"
    with pytest.raises(HotRefused, match="of user 'HOT', not 'OTHER'"):
        find_password(decode(orders={**orders, "user": "OTHER"}))
    secret.write_text(json.dumps({"key": "HOT", "secret": "longer than 10"}))
    with pytest.raises(HotRefused, match="14 letters, at most 10"):
        find_password(decode(orders=orders))
    with pytest.raises(HotRefused, match="password"):
        decode(orders={**orders, "password": "open"})
    with pytest.raises(HotRefused, match="needs a password"):
        find_password(decode())
