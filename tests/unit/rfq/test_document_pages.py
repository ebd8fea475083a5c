"""Documents as pages: figures line up, nothing is a programmer's name, what is missing is said."""

import re

from rfq.domain import confirmation_page, pack_page
from rfq.domain.documents import Column, fields, table

SHA256 = "ab" * 32
SEEN = {
    "at": "2026-02-10T08:00:01.000001+00:00",
    "index_price": "78000.5",
    "index_age_ms": 40,
    "mark_net": "0.0950000012345",
    "model_net": None,
    "lit_bid": "0.094",
    "lit_ask": None,
    "missing": {"model_net": "BTC-27MAR26-80000-C: no_surface"},
    "legs": [],
}


def pack(**changes):
    version = {
        "version": 2, "bid": "0.0922", "ask": "0.11", "created_at": "2026-02-10T08:00:00.000000+00:00",
        "expires_at": "2026-02-10T08:05:00.000000+00:00", "ended_at": None, "end_reason": "", "quantity": "2",
        "condition": "any_part_of", "market": SEEN,
        "spread": {"half_spread_bp": "89", "mid_against_mark_bp": "-1.25", "mid_against_model_bp": None},
    }  # fmt: skip
    rfq = {
        "rfq_id": 7, "state": "filled", "reason": "", "label": "<b>", "structure": "straddle", "quantity": "2", "side": None,
        "quote_currency": "BTC", "taker_name": "", "audience": "chosen", "maker_count": 5, "is_taker_anonymous": True,
        "are_makers_anonymous": False, "created_at": version["created_at"], "tradable_at": version["created_at"],
        "expires_at": version["expires_at"], "updated_at": version["created_at"],
        "legs": [{"instrument_name": "BTC-27MAR26-80000-C", "side": "buy", "ratio": 1, "is_hedge": False, "price": None}],
        "trades": [{"trade_id": 1, "quote_id": 9, "version": 2, "account_id": 3, "side": "buy", "price": "0.11",
                    "quantity": "2", "state": "completed", "allocation_reason": "all_or_none"}],
    }  # fmt: skip
    content = {
        "document": "best execution pack", "format": 1, "reader": "taker", "rfq": rfq,
        "quotes": [{"quote_id": 9, "maker_name": "Cobalt", "version": 2, "state": "filled", "outcome": "lift", "versions": [version]}],
        "trade": {"side": "buy", "price": "0.11", "quantity": "2", "cover": None, "paid_over_mark_bp": "150.00004",
                  "paid_over_model_bp": None, "paid_over_lit_ask_bp": None},
        "market": {"accepted": SEEN},
        "mark_outs": [{"after_ms": 60_000, "taker_gained_bp": "-150.00004", "market": SEEN}],
        "timeline": [{"at": version["created_at"], "what": ["asked for straddle, quantity 2, two-way"]}],
        "fills": [], "corrections": [],
    }  # fmt: skip
    return {**content, **changes}


def said(document):
    """The page as lines of cells."""
    page = document.decode()
    assert SHA256 in page
    body = page[page.index("<body>") :]
    cells = re.sub(r"</t[dh]>", " | ", re.sub(r"</(tr|p|h1|h2)>", "\n", body))
    return re.sub(r"<[^>]+>", "", cells)


def test_a_pack_reads_without_a_programmers_name_and_with_aligned_figures():
    told = said(pack_page.to_html(pack(), SHA256))
    assert re.findall(r"\bNone\b|\bFalse\b|[a-z]_[a-z]|\+00:00|\d\.\d{7,}", told) == []
    assert "A taker that is not disclosed bought 2 × straddle at 0.11 BTC a unit." in told
    assert "Cobalt | 2 | 0.0922 | 0.11 | 2 | any part of | 2026-02-10 08:00:00.000000" in told
    assert "accepted | 0.095 | – | 0.094 | – | 78,000.5 | 40 | model net: BTC-27MAR26-80000-C: no surface" in told
    assert "Over mark | 150 bp" in told
    assert "60 | 0.095 | −150" in told
    assert "1 | Cobalt | 2 | 3 | buy | 2 | 0.11 | all or none | completed" in told
    assert "&lt;b&gt;" in told


def test_a_pack_of_what_did_not_trade_says_so():
    rfq = {**pack()["rfq"], "state": "expired", "trades": [], "taker_name": "Aurora"}
    told = said(pack_page.to_html(pack(rfq=rfq, trade=None, market={}, mark_outs=[], quotes=[]), SHA256))
    assert "Aurora asked for 2 × straddle; nothing traded: expired." in told
    assert "Nothing traded." in told
    assert "Nobody quoted." in told


def test_a_column_of_prices_has_as_many_decimals_as_its_longest():
    shown = table([Column(name="Price", kind="signed")], [["0.018"], ["-1234.0374"], [None]], empty="none")
    assert re.findall(r'<td class="number">([^<]+)', shown) == ["+0.0180", "−1,234.0374", "–"]
    assert table([Column(name="Price")], [], empty="None here.") == "<p>None here.</p>"
    assert "Reason" not in fields({"Reason": "", "Size": 0})


def test_a_confirmation_adds_up_what_moves():
    content = {
        "document": "trade confirmation", "reader": "taker", "trade_id": 1, "rfq_id": 7, "quote_id": 9, "quote_version": 2,
        "structure": "straddle", "quantity": "2", "net_price": "0.0554", "quote_currency": "BTC",
        "traded_at": "2026-02-10T08:00:01.000001+00:00", "completed_at": "", "clearing": "Parley clears",
        "parties": {"taker": "Aurora", "maker": "not disclosed", "taker_side": "sell", "maker_side": "buy", "accounts": "Main"},
        "legs": [{"execution_id": str(number), "account_id": "1", "instrument": "X", "side": "sell", "quantity": "2", "price": price,
                  "liquidity": "taker", "fee": "0.0006 BTC"} for number, price in ((1, "0.018"), (2, "0.0374"))],
        "settlement": [{"account_id": "1", "what": what, "amount": f"{amount} BTC", "state": "pending", "cycle": ""}
                       for what, amount in (("premium", "0.036"), ("fee", "-0.0006"), ("premium", "0.0748"), ("fee", "-0.0006"))]
                      + [{"account_id": "1", "what": "fee", "amount": "-0.5 BTC", "state": "taken back", "cycle": ""}],
        "corrections": [],
    }  # fmt: skip
    told = said(confirmation_page.to_html(content, SHA256))
    assert "Aurora sold 2 × straddle at 0.0554 BTC a unit to a maker that is not disclosed." in told
    assert "1 | X | sell | 2 | 0.0180 | taker" in told
    assert re.findall(r"1 \| (premium|fee|in all) \| (.\d\.\d+) \| BTC \| \n", told) == [
        ("premium", "+0.1108"), ("fee", "−0.0012"), ("in all", "+0.1096"),
    ]  # fmt: skip
