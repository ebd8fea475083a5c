from compliance.domain.differences import Difference, differences


def test_only_what_changed_is_listed() -> None:
    before = {"state": "new", "filled": "0", "reason": None, "leg": {"price": "1"}}
    after = {"state": "filled", "filled": "0", "reason": "", "leg": {"price": "2"}}
    assert differences(before, after) == [
        Difference(field="leg.price", before="1", after="2"),
        Difference(field="state", before="new", after="filled"),
    ]


def test_a_creation_lists_what_is_not_empty() -> None:
    assert differences(None, {"state": "open", "label": "", "side": None}) == [
        Difference(field="state", before=None, after="open")
    ]


def test_legs_read_as_legs() -> None:
    legs = [{"instrument_name": "BTC-27MAR26-80000-C", "side": "sell", "ratio": 2}]
    assert [found.after for found in differences(None, {"legs": legs})] == ["\N{MINUS SIGN}2 BTC-27MAR26-80000-C"]


def test_nested_lists_and_times_are_spelled_out() -> None:
    after = {"legs": [{"side": "buy", "ratio": 1}, {"side": "sell", "ratio": 2}], "created_at_ns": 1_769_904_000_000_001_000}
    assert [found.after for found in differences(None, after)] == [
        "2026-02-01 00:00:00.000001",
        "ratio 1 side buy, ratio 2 side sell",
    ]
