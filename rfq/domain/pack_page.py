"""The best-execution pack as a page: what was asked, quoted and taken, and what the market showed."""

from collections.abc import Iterator, Mapping
from typing import Any

from common.decimals import decimals_of
from rfq.domain.documents import Column, fields, page, rounded, section, table, time_text, words

NAME = "best execution pack"
MORE_DECIMALS = 2
"""Marks and model values are shown this much finer than the quotes."""
INDEX_DECIMALS, VOLATILITY_DECIMALS, BASIS_POINT_DECIMALS = 2, 4, 2


def to_html(content: Mapping[str, Any], sha256: str) -> bytes:
    rfq = content["rfq"]
    decimals = _decimals(content)
    currency = rfq["quote_currency"]
    return page(
        title=f"Best-execution pack of RFQ {rfq['rfq_id']}",
        about=_sentence(content),
        sha256=sha256,
        sections=[
            section("Request", fields(_request(content)), _legs(content)),
            section("Execution", _execution(content), note=_meaning(content)),
            section(
                "Quotes",
                _quotes(content, decimals),
                note=f"Every version shown to the reader; net of a unit, {currency}.",
            ),
            section(
                "Market",
                _market(content, decimals),
                note=f"Net of a unit, {currency}; lit book: the whole size walked.",
            ),
            section("Legs at the accept", _legs_at_accept(content, decimals)),
            section("Fills", _fills(content), note="The reader's own."),
            section("After the trade", _mark_outs(content, decimals), note=_mark_out_note(content)),
            section("Timeline", _timeline(content), note="In the order it took effect; times are of arrival."),
            section("Corrections", _corrections(content)),
        ],
    )


def _decimals(content: Mapping[str, Any]) -> int:
    versions = [version for quote in content["quotes"] for version in quote["versions"]]
    return decimals_of([version[side] for version in versions for side in ("bid", "ask")]) + MORE_DECIMALS


def _sentence(content: Mapping[str, Any]) -> str:
    rfq, trade = content["rfq"], content["trade"]
    taker = rfq["taker_name"] or "A taker that is not disclosed"
    what = f"{rfq['quantity']} \N{MULTIPLICATION SIGN} {words(rfq['structure'])}"
    if trade is None:
        return f"{taker} asked for {what}; nothing traded: {words(rfq['state'])}."
    did = "bought" if trade["side"] == "buy" else "sold"
    return f"{taker} {did} {what} at {trade['price']} {rfq['quote_currency']} a unit."


def _request(content: Mapping[str, Any]) -> dict[str, Any]:
    rfq = content["rfq"]
    return {
        "Copy for": content["reader"],
        "State": words(rfq["state"]),
        "Reason": words(rfq["reason"]),
        "Label": rfq["label"],
        "Direction": rfq["side"] or "two-way",
        "Asked": f"{words(rfq['audience'])}, {rfq['maker_count']} makers" if rfq["audience"] else "",
        "Taker's name": "hidden" if rfq["is_taker_anonymous"] else "disclosed",
        "Makers' names": "hidden from the taker" if rfq["are_makers_anonymous"] else "disclosed to the taker",
        "Created": time_text(rfq["created_at"]),
        "Grace until": time_text(rfq["tradable_at"]),
        "Expires": time_text(rfq["expires_at"]),
        "Last change": time_text(rfq["updated_at"]),
    }


def _legs(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Leg"), Column(name="Side when bought"), Column(name="Ratio", kind="number"),
        Column(name="Hedge at", kind="price"),
    )  # fmt: skip
    rows = [(leg["instrument_name"], leg["side"], leg["ratio"], leg["price"]) for leg in content["rfq"]["legs"]]
    return table(columns, rows, empty="No leg.")


def _meaning(content: Mapping[str, Any]) -> str:
    return (
        ""
        if content["trade"] is None
        else "bp: basis points of the underlying; above zero: worse for the taker than that."
    )


def _execution(content: Mapping[str, Any]) -> str:
    trade = content["trade"]
    if trade is None:
        return "<p>Nothing traded.</p>"
    cover = trade["cover"]
    said = {
        "Side": trade["side"],
        "Price": f"{trade['price']} {content['rfq']['quote_currency']}",
        "Size": trade["quantity"],
        "Cover": f"{cover['price']}, {cover['maker']}, version {cover['version']}" if cover else "none",
    }
    against = {"mark": "mark", "model": "model", "lit_ask": "lit ask", "lit_bid": "lit bid"}
    for name, word in against.items():
        if trade.get(f"paid_over_{name}_bp") is not None:
            said[f"Over {word}"] = f"{rounded(trade[f'paid_over_{name}_bp'], BASIS_POINT_DECIMALS)} bp"
    return fields(said) + _trades(content)


def _trades(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Trade", kind="number"),
        Column(name="Quote"),
        Column(name="Version", kind="number"),
        Column(name="Account", kind="number"),
        Column(name="Side"),
        Column(name="Size", kind="price"),
        Column(name="Price", kind="price"),
        Column(name="Chosen by"),
        Column(name="State"),
    )
    makers = {quote["quote_id"]: quote["maker_name"] for quote in content["quotes"]}
    rows = [
        (each["trade_id"], makers.get(each["quote_id"], each["quote_id"]), each["version"], each["account_id"],
         each["side"], each["quantity"], each["price"], words(each["allocation_reason"]), each["state"])
        for each in content["rfq"]["trades"]
    ]  # fmt: skip
    return table(columns, rows, empty="")


def _quotes(content: Mapping[str, Any], decimals: int) -> str:
    columns = (
        Column(name="Maker"),
        Column(name="Version", kind="number"),
        Column(name="Bid", kind="price"),
        Column(name="Ask", kind="price"),
        Column(name="Size", kind="price"),
        Column(name="Taken"),
        Column(name="From", kind="time"),
        Column(name="Until", kind="time"),
        Column(name="Ended"),
        Column(name="Half-spread, bp", kind="signed"),
        Column(name="Middle to mark, bp", kind="signed"),
        Column(name="Outcome"),
    )
    return table(columns, list(_version_rows(content)), empty="Nobody quoted.")


def _version_rows(content: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for quote in content["quotes"]:
        for version in quote["versions"]:
            spread = version["spread"]
            is_last = version["version"] == quote["version"]
            yield (
                quote["maker_name"], version["version"], version["bid"], version["ask"], version["quantity"],
                words(version["condition"]), version["created_at"], version["ended_at"] or version["expires_at"],
                words(version["end_reason"]), rounded(spread.get("half_spread_bp"), BASIS_POINT_DECIMALS),
                rounded(spread.get("mid_against_mark_bp"), BASIS_POINT_DECIMALS),
                words(quote["outcome"] or quote["state"]) if is_last else "",
            )  # fmt: skip


def _market(content: Mapping[str, Any], decimals: int) -> str:
    columns = (
        Column(name="Time", kind="time"),
        Column(name="Instant"),
        Column(name="Mark", kind="price"),
        Column(name="Model", kind="price"),
        Column(name="Lit bid", kind="price"),
        Column(name="Lit ask", kind="price"),
        Column(name="Index, USD", kind="price"),
        Column(name="Index age, ms", kind="number"),
        Column(name="Missing"),
    )
    rows = [_market_row(name, seen, decimals) for name, seen in sorted(_seen(content), key=lambda each: each[1]["at"])]
    return table(columns, rows, empty="Nothing was noted of the market.")


def _seen(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from content["market"].items()
    for quote in content["quotes"]:
        for version in quote["versions"]:
            if version["market"] is not None:
                yield f"{quote['maker_name']} quoted, version {version['version']}", version["market"]
    for seen in content["mark_outs"]:
        yield f"{_seconds(seen)} s after the trade", seen["market"]


def _seconds(seen: Mapping[str, Any]) -> str:
    return f"{seen['after_ms'] / 1000:g}"


def _market_row(name: str, seen: Mapping[str, Any], decimals: int) -> tuple[Any, ...]:
    nets = [rounded(seen.get(each), decimals) for each in ("mark_net", "model_net", "lit_bid", "lit_ask")]
    missing = [f"{words(what)}: {words(why)}" for what, why in seen.get("missing", {}).items()]
    return (
        seen["at"], name, *nets, rounded(seen.get("index_price"), INDEX_DECIMALS), seen.get("index_age_ms"), missing,
    )  # fmt: skip


def _legs_at_accept(content: Mapping[str, Any], decimals: int) -> str:
    columns = (
        Column(name="Leg"),
        Column(name="Bid", kind="price"),
        Column(name="Bid size", kind="price"),
        Column(name="Ask", kind="price"),
        Column(name="Ask size", kind="price"),
        Column(name="Mark", kind="price"),
        Column(name="Mark volatility", kind="price"),
        Column(name="Model", kind="price"),
        Column(name="Forward, USD", kind="price"),
        Column(name="Mark age, ms", kind="number"),
        Column(name="Book age, ms", kind="number"),
    )
    legs = content["market"].get("accepted", {}).get("legs", [])
    rows = [
        (leg["instrument_name"], leg.get("bid"), leg.get("bid_quantity"), leg.get("ask"), leg.get("ask_quantity"),
         rounded(leg.get("mark"), decimals), rounded(leg.get("mark_volatility"), VOLATILITY_DECIMALS),
         rounded(leg.get("model"), decimals), rounded(leg.get("forward"), INDEX_DECIMALS), leg.get("ticker_age_ms"),
         leg.get("book_age_ms"))
        for leg in legs
    ]  # fmt: skip
    return table(columns, rows, empty="Nothing was accepted.")


def _fills(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Execution", kind="number"),
        Column(name="Time", kind="time"),
        Column(name="Account", kind="number"),
        Column(name="Instrument"),
        Column(name="Side"),
        Column(name="Size", kind="price"),
        Column(name="Price", kind="price"),
        Column(name="Fee", kind="price"),
        Column(name="In"),
    )
    rows = [
        (fill["execution_id"], fill["at"], fill["account_id"], fill["instrument_name"], fill["side"], fill["quantity"],
         fill["price"], fill["fee"], fill["fee_asset"])
        for fill in sorted(content["fills"], key=lambda each: (each["execution_id"], each["account_id"]))
    ]  # fmt: skip
    return table(columns, rows, empty="Nothing.")


def _mark_out_note(content: Mapping[str, Any]) -> str:
    return (
        ""
        if content["trade"] is None
        else "What the taker has gained against the later mark, bp; the maker the opposite."
    )


def _mark_outs(content: Mapping[str, Any], decimals: int) -> str:
    columns = (
        Column(name="After, s", kind="number"), Column(name="Mark", kind="price"),
        Column(name="Taker gained, bp", kind="signed"),
    )  # fmt: skip
    rows = [
        (
            _seconds(seen),
            rounded(seen["market"].get("mark_net"), decimals),
            rounded(seen["taker_gained_bp"], BASIS_POINT_DECIMALS),
        )
        for seen in content["mark_outs"]
    ]
    return table(columns, rows, empty="Nothing was noted yet.")


def _timeline(content: Mapping[str, Any]) -> str:
    columns = (Column(name="Time", kind="time"), Column(name="What changed for the reader"))
    return table(columns, [(entry["at"], entry["what"]) for entry in content["timeline"]], empty="Nothing.")


def _corrections(content: Mapping[str, Any]) -> str:
    columns = (
        Column(name="Correction", kind="number"), Column(name="Trade", kind="number"), Column(name="Kind"),
        Column(name="New leg prices"), Column(name="Booked", kind="time"),
    )  # fmt: skip
    rows = [
        (row["correction_id"], row["trade_id"], row["kind"], row["leg_prices"], row["done_at"])
        for row in content["corrections"]
    ]
    return table(columns, rows, empty="Nothing.")
