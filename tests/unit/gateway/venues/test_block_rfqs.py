"""Block RFQs in parse and in the gathering of their legs."""

import asyncio
import itertools
import types
from decimal import Decimal

import msgspec
import pytest

from gateway.venues import block_rfqs, routes, trading
from gateway.venues.api import NoAnswer, NotReady, Refused
from gateway.venues.block_legs import GATHERING_NS_MAX, BlockLegs
from gateway.venues.deribit import messages, parse
from gateway.venues.deribit.block_rfqs import DeribitBlockRfqs
from gateway.venues.execution import NewVenueOrder
from gateway.venues.link import RequestFailed
from gateway.venues.own_orders import OwnOrders
from gateway.venues.own_rfqs import OwnRfqs
from gateway.venues.route_reports import engine_report
from wire.gateway_routes import AskVenueRfq, PlaceRoute
from wire.units import OrderState, OrderType, Side, TimeInForce
from wire.venue_rfqs import VENUE_QUOTES_MAX, BlockLeg, VenueQuote, VenueRfqReport, VenueRfqState

NOTICE = {
    "label": "rfq-1-0a1b2c", "state": "open", "amount": 100, "role": "taker", "asks": [], "combo_id": None,
    "bids": [
        {"amount": 40, "price": 0.0125, "makers": ["ANONYMOUS"], "last_update_timestamp": 1740047910507,
         "execution_instruction": "any_part_of"},
        {"amount": 100, "price": 0.013, "makers": ["A" * 40] * 9, "last_update_timestamp": 1740047910508,
         "execution_instruction": "all_or_none", "expires_at": 1740048000000},
    ],
    "legs": [
        {"direction": "buy", "instrument_name": "BTC-25JUN27-90000-C", "ratio": 1},
        {"direction": "sell", "instrument_name": "BTC-25JUN27-100000-C", "ratio": 2},
    ],
    "min_trade_amount": 0.1, "makers": ["MAKER1"], "creation_timestamp": 1740047910438, "block_rfq_id": 321,
    "expiration_timestamp": 1740048210438, "taker_rating": "1-2", "disclosed": True, "taker": "TAKER1",
}  # fmt: skip


def rfq(**changed) -> messages.BlockRfq:
    return msgspec.json.decode(msgspec.json.encode(NOTICE | changed), type=messages.BlockRfq)


def test_a_request_is_read_as_documented_with_its_quotes_best_first():
    view = parse.read_block_rfq(rfq())
    assert (view.venue_rfq_id, view.label, view.state, view.asks) == (321, "rfq-1-0a1b2c", VenueRfqState.OPEN, [])
    assert [(q.price, q.quantity, q.is_all_or_none) for q in view.bids] == [
        (Decimal("0.013"), Decimal(100), True), (Decimal("0.0125"), Decimal(40), False),
    ]  # fmt: skip
    assert [len(name) for name in view.bids[0].makers] == [24] * 3
    assert view.bids[0].expires_at_ns == 1740048000000 * 10**6


BAD_QUOTE = {"price": 0.01, "amount": 1}


@pytest.mark.parametrize("changed", [
    {"state": "melted"}, {"block_rfq_id": 0}, {"block_rfq_id": 2**60}, {"amount": -1}, {"amount": 1e300},
    {"expiration_timestamp": 10**18}, {"creation_timestamp": -1}, {"bids": [BAD_QUOTE | {"price": 1e300}]},
    {"asks": [BAD_QUOTE | {"amount": -0.1}]}, {"asks": [BAD_QUOTE | {"expires_at": 10**30}]},
    {"legs": [{"instrument_name": "BTC-PERPETUAL", "direction": "buy", "ratio": 0}]},
    {"trades": [{"price": 1, "amount": 1, "direction": "zero"}]},
], ids=str)  # fmt: skip
def test_numbers_and_words_beyond_all_bounds_are_no_answer(changed):
    with pytest.raises(msgspec.DecodeError):
        rfq(**changed)


def test_a_quote_of_an_absurd_amount_is_one_of_the_whole():
    view = parse.read_block_rfq(rfq(amount=1e-12, bids=[BAD_QUOTE | {"amount": 1e12}]))
    quotes = block_rfqs._in_units(view.bids, view.venue_amount, Decimal(10))
    assert [quote.quantity for quote in quotes] == [10]


ACCEPTANCE = block_rfqs.Acceptance(
    venue_rfq_id=1, legs=[], amount=Decimal(1),
    block=BlockLeg(label="l", acceptance="a", legs=1, side=Side.BUY, price=Decimal(1), quantity=Decimal(1)),
)  # fmt: skip
TRADE = {
    "trade_id": "1", "order_id": "2", "instrument_name": "BTC-PERPETUAL", "direction": "sideways", "price": 1,
    "amount": 1, "timestamp": 1,
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), [(11_030, Refused), (13_888, NoAnswer), (11_094, NoAnswer)])
async def test_only_what_the_venue_surely_did_not_do_is_refused(code, expected):
    async def ask(method, params):
        raise RequestFailed(method, code, "words")

    with pytest.raises(expected, match="words"):
        await DeribitBlockRfqs(ask).accept(ACCEPTANCE)


async def test_an_acceptance_whose_trades_cannot_be_read_is_in_doubt():
    async def ask(method, params):
        return msgspec.Raw(msgspec.json.encode({"block_trades": [{"id": "1", "trades": [TRADE]}]}))

    with pytest.raises(NoAnswer, match="sideways"):
        await DeribitBlockRfqs(ask).accept(ACCEPTANCE)


@pytest.mark.parametrize(("direction", "sides"), [("buy", ("buy", "sell")), ("sell", ("sell", "buy"))])
def test_legs_of_a_traded_request_are_filled_orders(direction, sides):
    traded = rfq(state="filled", trades=[
        {"price": 0.01, "amount": 60, "direction": direction}, {"price": 0.013, "amount": 30, "direction": direction},
    ])  # fmt: skip
    assert parse.read_block_rfq(traded).traded_price == Decimal("0.011")
    legs = [parse.read_block_leg(traded, leg.instrument_name) for leg in traded.legs]
    assert [(leg.side, leg.quantity, leg.filled, leg.state) for leg in legs] == [
        (sides[0], 90, 90, OrderState.FILLED), (sides[1], 180, 180, OrderState.FILLED),
    ]  # fmt: skip
    assert [parse.find_block_leg(leg.venue_order_id) for leg in legs] == [
        (321, "BTC-25JUN27-90000-C"), (321, "BTC-25JUN27-100000-C"),
    ]  # fmt: skip
    assert parse.read_block_leg(rfq(), "BTC-25JUN27-90000-C") is None
    assert parse.find_block_leg("BTC-1234") is None
    assert parse.find_block_leg("block_rfq-x-BTC-1234") is None


class Told:
    """What a ``VenueTrading`` is told."""

    venue, is_ready = "v" * 20, True

    def __init__(self) -> None:
        self.reports, self.own_rfqs, self.is_full = [], OwnRfqs(), False
        self.own_rfqs.restore_asked(ASKED)

    def tell_rfq(self, told: VenueRfqReport) -> None:
        self.reports += OwnOrders(self.venue).tell_rfq(told, 2**62)

    def restarted(self) -> "Told":
        again = Told()
        for report in self.reports:
            again.own_rfqs.restore_told(report.block_rfq)
        return again

    def has_room_for_rfqs(self) -> bool:
        return not self.is_full


ASKED = AskVenueRfq(
    command_id="c", valid_until_ns=2**62, venue="v" * 20, label="rfq-9007199254740991-0a1b2c",
    legs=[], quantity=Decimal("123456789.123456789012"),
)  # fmt: skip


def viewed(price: str, *, letter: str = "M", quotes: int = 1, state=VenueRfqState.OPEN) -> block_rfqs.RfqView:
    long = Decimal("123456789.123456789012")
    quote = VenueQuote(
        price=Decimal(price), quantity=long, makers=[letter * 24] * 3, updated_at_ns=2**62, expires_at_ns=2**62
    )
    return block_rfqs.RfqView(
        venue_rfq_id=2**53, label=ASKED.label, state=state, venue_amount=long, bids=[quote] * quotes,
        asks=[quote] * quotes, created_at_ns=2**62, expires_at_ns=2**62, traded_price=long,
    )  # fmt: skip


@pytest.mark.parametrize("letter", ["M", '"', "\\", "\x01", "é", "字", "😀"])
def test_the_largest_report_of_a_request_fits_into_the_journal(letter):
    told = Told()
    rfqs = block_rfqs.BlockRfqs(told, None)
    own = rfqs.rfqs[ASKED.label]
    rfqs.on_view(viewed("123456789.123456789012", letter=letter, quotes=VENUE_QUOTES_MAX + 1))
    rfqs._end(own, letter * 300)
    assert len(own.told.asks) == VENUE_QUOTES_MAX
    assert own.told.asks[0].makers[0]
    assert own.told.reason
    assert [engine_report(report)[0] for report in told.reports] == ["v" * 20] * 2


async def test_quotes_never_fill_the_log(monkeypatch):
    """Neither those of one request nor those of many; how a request ends is told."""
    monkeypatch.setattr(block_rfqs, "QUOTES_TELL_SECONDS", 0)
    monkeypatch.setattr(block_rfqs, "REPORTS_MAX", 3)
    told = Told()
    rfqs = block_rfqs.BlockRfqs(told, None)
    for price in range(10):
        rfqs.on_view(viewed(str(price)))
        await asyncio.gather(*rfqs._tasks)
    assert [[quote.price for quote in report.block_rfq.bids] for report in told.reports] == [[0], [1], [2], []]
    told = told.restarted()
    again = block_rfqs.BlockRfqs(told, None)
    again.on_view(viewed("11"))
    assert told.reports == [], "counted over restarts"
    again.is_offered = told.is_full = True
    with pytest.raises(NotReady, match="no room"):
        again.ask(msgspec.structs.replace(ASKED, label="rfq-2-0a1b2c"))
    again.on_view(viewed("12", state=VenueRfqState.FILLED))
    assert told.reports[-1].block_rfq.state is VenueRfqState.FILLED


def test_legs_count_among_the_open_orders_of_their_venue(tmp_path, monkeypatch):
    own = trading.VenueTrading("aster", None, tmp_path / "log")
    own.is_ready = True
    legs = [
        NewVenueOrder(
            client_order_id=f"route-{number}-0a1b2c", name="BTC-PERPETUAL", side=Side.BUY, quantity=Decimal(1), price=None
        )
        for number in range(2)
    ]  # fmt: skip
    monkeypatch.setattr(trading, "OPEN_ORDERS_MAX", 1)
    with pytest.raises(NotReady, match="open orders"):
        own.log_together(legs)
    assert own.own.orders == {}
    own.log_together(legs[:1])
    own.close()


def leg(number: int, legs: int = 3, acceptance: str = "rfq-1:1") -> PlaceRoute:
    return PlaceRoute(
        command_id="c", valid_until_ns=0, route_id=number, venue="aster", client_order_id=f"route-{number}-0a1b2c",
        account_id=1, user_id=1, desk_id=1, firm_id=1, instrument_id=number, side=Side.BUY,
        order_type=OrderType.MARKET, time_in_force=TimeInForce.FOK, quantity_lots=1,
        block=BlockLeg(
            label="rfq-1", acceptance=acceptance, legs=legs, side=Side.BUY, price=Decimal(1), quantity=Decimal(1)
        ),
    )  # fmt: skip


@pytest.mark.parametrize("outcomes", list(itertools.product([True, False], repeat=3)))
def test_legs_leave_together_or_not_at_all(outcomes):
    legs = BlockLegs()
    left, left_out = [], []
    for number, is_admitted in enumerate(outcomes, 1):
        if is_admitted:
            together, kept = legs.admit(leg(number), 0)
            left += together
        else:
            kept = legs.refuse(leg(number), 0)
        left_out += kept
    admitted = [number for number, is_admitted in enumerate(outcomes, 1) if is_admitted]
    assert [each.route_id for each in left] == (admitted if all(outcomes) else [])
    assert [each.route_id for each in left_out] == ([] if all(outcomes) else admitted)
    assert legs.give_up(10**18) == [], "nothing is left behind"


def test_legs_whose_others_do_not_come_are_given_up():
    legs = BlockLegs()
    assert legs.admit(leg(1), 100) == ([], [])
    assert legs.give_up(100 + GATHERING_NS_MAX) == []
    assert [each.route_id for each in legs.give_up(101 + GATHERING_NS_MAX)] == [1]
    assert legs.give_up(10**18) == []


async def test_a_list_that_cannot_be_read_does_not_end_the_comparison(monkeypatch):
    monkeypatch.setattr(routes, "VERIFY_SECONDS", 0)
    compared = asyncio.Queue()

    async def verify():
        compared.put_nowait(None)
        raise ValueError("state 'melted' is not known")

    unready = types.SimpleNamespace(venue="aster", verify=verify, is_ready=False, block_rfqs=None)
    whole = object.__new__(routes.VenueRoutes)
    whole._blocks = BlockLegs()
    task = asyncio.create_task(whole._verify(unready))
    async with asyncio.timeout(10):
        await compared.get()
        await compared.get()
    task.cancel()
