"""The confirmation of a trade as its reader files it: who, what, at what price, what it costs, what settles."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from common.decimals import plain_text
from rfq.domain.documents import Column, fields, page, section, table, time_text, words

NAME = "trade confirmation"
NOT_DISCLOSED = "not disclosed"
"""The name of a party that the reader's own view does not name."""
TAKEN_BACK = "taken back"
"""The state of what a correction undid before it was settled."""


def to_html(content: Mapping[str, Any], sha256: str) -> bytes:
    return page(
        title=f"Trade confirmation {content['trade_id']}",
        about=_sentence(content),
        sha256=sha256,
        sections=[
            section("Trade", fields(_terms(content))),
            section("Legs", _legs(content)),
            section("Amounts", _amounts(content), note="Above zero: received; below zero: paid."),
            section("Settlement", _settlement(content), note=f"{content['clearing']}."),
            section("Corrections", _corrections(content)),
        ],
    )


def _sentence(content: Mapping[str, Any]) -> str:
    parties = content["parties"]
    did, whom = ("bought", "from") if parties["taker_side"] == "buy" else ("sold", "to")
    taker, maker = _party(parties["taker"], "A", "taker"), _party(parties["maker"], "a", "maker")
    what = f"{content['quantity']} \N{MULTIPLICATION SIGN} {words(content['structure'])}"
    price = f"{content['net_price']} {content['quote_currency']}"
    return f"{taker} {did} {what} at {price} a unit {whom} {maker}."


def _party(name: str, article: str, role: str) -> str:
    return name if name != NOT_DISCLOSED else f"{article} {role} that is not disclosed"


def _terms(content: Mapping[str, Any]) -> dict[str, Any]:
    parties = content["parties"]
    return {
        "Copy for": content["reader"],
        "RFQ": content["rfq_id"],
        "Quote": f"{content['quote_id']}, version {content['quote_version']}",
        "Taker": f"{parties['taker']}, {parties['taker_side']}",
        "Maker": f"{parties['maker']}, {parties['maker_side']}",
        "Accounts": parties["accounts"],
        "Net price of a unit": f"{content['net_price']} {content['quote_currency']}",
        "Units": content["quantity"],
        "Traded": time_text(content["traded_at"]),
        "Completed": time_text(content["completed_at"]),
    }


def _legs(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Execution", kind="number"),
        Column(name="Account", kind="number"),
        Column(name="Instrument"),
        Column(name="Side"),
        Column(name="Size", kind="price"),
        Column(name="Price", kind="price"),
        Column(name="Liquidity"),
        Column(name="Fee", kind="price"),
        Column(name="In"),
    )
    rows = [
        (leg["execution_id"], leg["account_id"], leg["instrument"], leg["side"], leg["quantity"], leg["price"],
         leg["liquidity"], *leg["fee"].split(" "))
        for leg in content["legs"]
    ]  # fmt: skip
    return table(columns, rows, empty="No leg.")


def _amounts(content: Mapping[str, Any]) -> str:
    """The sum of what the trade moves, by account; without what was taken back."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in (each for each in content["settlement"] if each["state"] != TAKEN_BACK):
        amount, asset = row["amount"].split(" ")
        for what in (row["what"], "in all"):
            sums[row["account_id"], asset, what] += Decimal(amount)
    columns = (
        Column(name="Account", kind="number"), Column(name="What"), Column(name="Amount", kind="signed"),
        Column(name="In"),
    )  # fmt: skip
    rows = [(account, what, plain_text(amount), asset) for (account, asset, what), amount in _in_order(sums)]
    return table(columns, rows, empty="Nothing moves.")


def _in_order(sums: Mapping[tuple[str, str, str], Decimal]) -> list[tuple[tuple[str, str, str], Decimal]]:
    """By account and asset: what is for the trade, its fee, the sum."""
    last = ("fee", "in all")

    def place(item: tuple[tuple[str, str, str], Decimal]) -> tuple[int, str, int, str]:
        account, asset, what = item[0]
        return int(account), asset, last.index(what) + 1 if what in last else 0, what

    return sorted(sums.items(), key=place)


def _settlement(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Account", kind="number"),
        Column(name="What"),
        Column(name="Amount", kind="signed"),
        Column(name="In"),
        Column(name="State"),
        Column(name="Cycle", kind="number"),
    )
    rows = [
        (row["account_id"], row["what"], *row["amount"].split(" "), row["state"], row["cycle"])
        for row in content["settlement"]
    ]
    return table(columns, rows, empty="Nothing to settle.")


def _corrections(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Correction", kind="number"), Column(name="Kind"), Column(name="New leg prices"),
        Column(name="Booked", kind="time"),
    )  # fmt: skip
    rows = [(row["correction_id"], row["kind"], row["leg_prices"], row["done_at"]) for row in content["corrections"]]
    return table(columns, rows, empty="The trade stands as it was made.")
