"""How an order is split over what the venues show: which, how much, at which price, and why not the others."""

from decimal import Decimal

import msgspec
import pytest

from market import oracle, routing
from orders.split_previews import own_fee_ppm
from wire.instruments import parse_instrument_name
from wire.market import Book, Index, VenueDepth, VenueLevels, VenueLink
from wire.units import Side

NOW_NS = 1_800_000_000 * 10**9
TERMS = parse_instrument_name("BTC_USDC-PERPETUAL")
OWN_FEE_PPM = 500


def levels(venue, asks, bids=(), heard_at_ns=NOW_NS, fee="0.0005"):
    return VenueLevels(
        venue=venue,
        state="live",
        heard_at_ns=heard_at_ns,
        updated_at_ns=heard_at_ns,
        bids=list(bids),
        asks=list(asks),
        taker_fee=fee,
    )


def link(venue, **changed):
    usual = {
        "at_ns": NOW_NS, "market_time_ns": NOW_NS, "venue": venue, "title": venue, "adapter": "memory", "state": "live",
        "is_test_network": True, "takes_orders": True, "is_ready": True,
    }  # fmt: skip
    return VenueLink(**{**usual, **changed})


def at(ticks):
    return str(ticks * TERMS.tick_size)


def size(lots):
    return str(lots * TERMS.lot_size)


@pytest.fixture
def shown(monkeypatch):
    """What the market's latest frames say: fill it."""
    frames = {}
    found = lambda keys: {key: msgspec.json.encode(frames[key]) for key in keys if key in frames}  # noqa: E731 - read_raw
    monkeypatch.setattr(oracle, "read_raw", found)

    def show(own_asks=(), own_bids=(), venues=(), links=(), name=TERMS.name, index=None):
        head = {"at_ns": NOW_NS, "market_time_ns": NOW_NS}
        if index is not None:
            frames["index.BTC"] = Index(**head, coin="BTC", price=index)
        head["instrument_name"] = name
        frames[f"book.{name}"] = Book(**head, bids=list(own_bids), asks=list(own_asks))
        frames[f"venue_depth.{name}"] = VenueDepth(**head, venues=list(venues))
        frames.update({f"venue_link.{each.venue}": each for each in links})

    return show


def plan(side=Side.BUY, lots=10, limit=1_100, **changed):
    return routing.plan_split(TERMS, side, lots, limit, NOW_NS, own_fee_ppm=OWN_FEE_PPM, **changed)


def parts(found):
    return [(part.venue, part.quantity_lots, part.price_ticks) for part in found.parts]


def reasons(found):
    return {verdict.venue: verdict.reason for verdict in found.verdicts}


def test_the_cheapest_is_taken_first_with_its_fee(shown):
    shown(
        own_asks=[(at(1_000), size(4)), (at(1_010), size(50))],
        venues=[levels("aster", [(at(1_000), size(3))]), levels("borea", [(at(1_001), size(50))], fee="0.0002")],
        links=[link("aster"), link("borea")],
    )
    found = plan()
    assert parts(found) == [("parley", 4, 1_000), ("aster", 3, 1_000), ("borea", 3, 1_001)]
    paid = 7 * 1_000 * Decimal("1.0005") + 3 * 1_001 * Decimal("1.0002")
    assert found.all_in_ticks == paid / 10
    assert found.single == ("borea", 1_001 * Decimal("1.0002"))


def test_a_sale_takes_the_dearest_and_brings_less_its_fee(shown):
    shown(venues=[levels("aster", [], [(at(1_000), size(4)), (at(990), size(9))])], links=[link("aster")])
    found = plan(Side.SELL, limit=900)
    assert parts(found) == [("aster", 10, 990)]
    assert found.all_in_ticks == (4 * 1_000 + 6 * 990) * Decimal("0.9995") / 10


def test_the_limit_holds_and_what_is_beyond_it_stays_open(shown):
    shown(venues=[levels("aster", [(at(1_000), size(4)), (at(1_200), size(9))])], links=[link("aster")])
    found = plan()
    assert (parts(found), found.planned_lots, found.single) == ([("aster", 4, 1_000)], 4, None)


@pytest.mark.parametrize(
    ("changed", "excluded", "reason"),
    [
        ({}, ["aster"], "excluded"),
        ({"is_ready": False}, [], "halted"),
        ({"heard_at_ns": NOW_NS - 10**11}, [], "stale"),
    ],
)
def test_a_venue_that_cannot_be_used_says_why(shown, changed, excluded, reason):
    heard = changed.pop("heard_at_ns", NOW_NS)
    shown(
        venues=[levels("aster", [(at(1_000), size(50))], heard_at_ns=heard), levels("borea", [(at(1_005), size(50))])],
        links=[link("aster", **changed), link("borea")],
    )
    found = plan(left_out=excluded)
    assert parts(found) == [("borea", 10, 1_005)]
    assert reasons(found) == {"parley": reasons(found)["parley"], "aster": reason, "borea": "used"}


def test_a_venue_that_takes_no_orders_or_names_no_fee_is_no_venue(shown):
    shown(
        venues=[levels("aster", [(at(1_000), size(50))]), levels("borea", [(at(1_000), size(50))], fee="")],
        links=[link("aster", takes_orders=False), link("borea")],
    )
    assert (parts(plan()), set(reasons(plan()))) == ([], {"parley"})


def test_a_venue_that_filled_less_than_it_showed_is_charged_more(shown):
    shown(
        venues=[levels("aster", [(at(10_000), size(50))]), levels("borea", [(at(10_001), size(50))])],
        links=[link("aster"), link("borea")],
    )
    assert parts(plan(limit=11_000)) == [("aster", 10, 10_000)]
    assert parts(plan(limit=11_000, penalized=["aster"])) == [("borea", 10, 10_001)]


def test_steps_finer_than_our_lots_are_left_to_others(shown):
    shown(venues=[levels("aster", [(at(1_000), str(TERMS.lot_size * Decimal("3.7")))])], links=[link("aster")])
    assert parts(plan()) == [("aster", 3, 1_000)]


def test_our_own_fee_follows_the_price_of_an_option():
    option = parse_instrument_name("BTC-27MAR26-80000-C")
    cheap, dear = (own_fee_ppm(option, int(Decimal(price) / option.tick_size)) for price in ("0.001", "0.1"))
    assert (cheap, dear) == (125_000, 3_000)
    assert own_fee_ppm(TERMS, 160_000) == own_fee_ppm(TERMS, 1_000) == OWN_FEE_PPM


@pytest.mark.parametrize(
    ("name", "price", "index", "fee_ppm"),
    [
        ("BTC-27MAR26-80000-C", "0.1", None, 3_000),
        ("BTC-27MAR26-80000-C", "0.001", None, 125_000),
        ("BTC_USDC-27MAR26-80000-C", "9000", 90_000.0, 3_000),
        ("BTC_USDC-27MAR26-80000-C", "9000", None, 125_000),
        ("BTC-27MAR26", "90000", None, 300),
    ],
)
def test_a_venue_charges_an_option_for_the_coins_behind_it(shown, name, price, index, fee_ppm):
    """And no more than an eighth of its price; everything else for its value."""
    terms = parse_instrument_name(name)
    ticks = int(Decimal(price) / terms.tick_size)
    venue = levels("aster", [(price, str(50 * terms.lot_size))], fee="0.0003")
    shown(venues=[venue], links=[link("aster")], name=name, index=index)
    found = routing.plan_split(terms, Side.BUY, 10, ticks, NOW_NS, own_fee_ppm=0)
    assert [(part.venue, part.fee_ppm) for part in found.parts] == [("aster", fee_ppm)]
