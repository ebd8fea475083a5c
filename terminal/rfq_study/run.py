"""Ask, quote, take, hedge: snapshot by snapshot, each using nothing that came later."""

import dataclasses
import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from strategies.counterparties import Counterparties
from strategies.decisions import price, read_legs
from strategies.holdings import Holdings
from strategies.quoting import Market, Pass, TwoWay, find_hedge, net_price, value_structure
from terminal.rfq_study.book import Book, Income
from terminal.rfq_study.generate import Asked, draw
from terminal.rfq_study.recorded_market import Seen, Surfaces
from wire.facts import QuoteView, RfqView
from wire.quoting import QuotingParameters
from wire.units import NANOSECONDS_PER_SECOND, QuoteState, RfqState, Side

TRIES_MAX = 20
"""Draws for one RFQ; a chain that allows none of them asks nothing."""
TAKER_NAMES = {1: "Aurora", 2: "Borealis", 0: "Anonymous"}
MIDDLE_POINTS = {1: 0.8, 2: 0.4, 0: 1.2}
"""Cost, in volatility points over the recorded mark, at which each taker trades every other time."""
SCALE_POINTS = 0.25


@dataclasses.dataclass(kw_only=True)
class Trade:
    """``value``, ``half_spread`` of the quote; hedged: income of the maker after each horizon, in US dollars."""

    asked: Asked
    maker: str
    net: float
    model: float
    gross_vega: float
    coin_usd: float
    at_snapshot: int
    edge: float
    hedged: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(kw_only=True)
class Outcome:
    """One RFQ. ``result``: taken, screen, declined or unquoted."""

    asked: Asked
    is_inside: bool | None
    is_left_out_inside: bool | None
    result: str
    trade: Trade | None = None


@dataclasses.dataclass(kw_only=True)
class Desk:
    """One maker."""

    name: str
    parameters: QuotingParameters
    book: Book = dataclasses.field(default_factory=Book)
    counterparties: Counterparties = dataclasses.field(default_factory=Counterparties)
    months: dict[str, Income] = dataclasses.field(default_factory=lambda: defaultdict(Income))
    quotes: int = 0
    hits: int = 0
    half_points: float = 0.0

    def positions(self) -> dict[str, Decimal]:
        return {name: Decimal(repr(held)) for name, held in self.book.contracts.items()}


class Study:
    """Makers by name with their parameters; everything that is drawn comes from ``seed``."""

    def __init__(self, quoters: dict[str, QuotingParameters], seed: int) -> None:
        self.desks = [Desk(name=name, parameters=parameters) for name, parameters in quoters.items()]
        self.outcomes: list[Outcome] = []
        self.trades: list[Trade] = []
        self.passes: Counter[str] = Counter()
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311  a study, no secret
        self._surfaces = Surfaces()
        self._seen: list[Seen] = []

    def step(self, seen: Seen, month: str, rfqs: int) -> None:
        market = self._surfaces.market(seen)
        for desk in self.desks:
            desk.counterparties.mark_out(market, desk.parameters)
            desk.book.advance(seen, desk.months[month])
        self._seen.append(seen)
        self._mark_trades(seen)
        for _ in range(rfqs):
            asked = self._draw(seen)
            if asked is not None:
                self.outcomes.append(self._ask(asked, seen, market, month))
        for desk in self.desks:
            desk.book.rehedge(desk.months[month])

    def _draw(self, seen: Seen) -> Asked | None:
        number = len(self.outcomes) + 1
        found = (draw(seen, number, self._random) for _ in range(TRIES_MAX))
        return next((asked for asked in found if asked is not None), None)

    def _ask(self, asked: Asked, seen: Seen, market: Market, month: str) -> Outcome:
        quotes = self._quotes(asked, market)
        touch = touch_of(asked, seen)
        outcome = Outcome(
            asked=asked,
            is_inside=_is_inside(asked, market, touch),
            is_left_out_inside=self._is_left_out_inside(asked, seen, touch),
            result="unquoted",
        )
        chosen = best(quotes, asked)
        if chosen is not None:
            self._take(outcome, chosen, seen, market, month, touch)
        self._learn(asked, quotes, outcome, market)
        return outcome

    def _quotes(self, asked: Asked, market: Market) -> list[tuple[Desk, TwoWay]]:
        """In an order drawn by lot: at one price the first wins."""
        view, found = view_of(asked), []
        for desk in self._random.sample(self.desks, len(self.desks)):
            holdings = Holdings(desk.positions(), market, desk.parameters)
            try:
                two_way = price(
                    view,
                    market=market,
                    holdings=holdings,
                    parameters=desk.parameters,
                    taker=desk.counterparties.of(view),
                )
            except Pass as passed:
                self.passes[passed.reason] += 1
                continue
            desk.quotes += 1
            desk.half_points += two_way.half_spread / gross_vega(asked, market)
            found.append((desk, two_way))
        return found

    def _is_left_out_inside(self, asked: Asked, seen: Seen, touch: tuple[float, float]) -> bool | None:
        """Whether a surface that has not seen the legs' strikes values the structure within their quotes."""
        strikes = {
            (row.terms.underlying_name, row.terms.strike)
            for leg in asked.legs
            if (row := seen.rows.get(leg.instrument_name)) is not None
        }
        hidden = {name for name, row in seen.rows.items() if (row.terms.underlying_name, row.terms.strike) in strikes}
        return _is_inside(asked, self._surfaces.market(seen, hidden), touch)

    def _take(
        self,
        outcome: Outcome,
        chosen: tuple[Desk, TwoWay, float],
        seen: Seen,
        market: Market,
        month: str,
        touch: tuple[float, float],
    ) -> None:
        """By price: the recorded screen where that is cheaper, else with a probability that falls with the cost."""
        asked = outcome.asked
        desk, two_way, net = chosen
        draw_ = self._random.random()
        screen = touch[1] if asked.side is Side.BUY else touch[0]
        if asked.side.sign * (net - screen) > 0:
            outcome.result = "screen"
            return
        vega = gross_vega(asked, market)
        cost_points = asked.side.sign * (net - mark_value(asked, seen)) / vega
        if draw_ >= take_probability(cost_points, asked.taker_firm_id):
            outcome.result = "declined"
            return
        outcome.result = "taken"
        outcome.trade = self._book(asked, desk, two_way, net, seen, month, vega)

    def _book(
        self, asked: Asked, desk: Desk, two_way: TwoWay, net: float, seen: Seen, month: str, vega: float
    ) -> Trade:
        prices = two_way.ask if asked.side is Side.BUY else two_way.bid
        assert prices is not None, "the best quote deals the side"
        income = Income()
        for leg, leg_price in zip(asked.legs, prices, strict=True):
            contracts = -asked.side.sign * leg.side.sign * leg.ratio * asked.quantity
            dealt = float(leg.price) if leg.is_hedge and leg.price else float(leg_price)
            desk.book.trade(leg.instrument_name, contracts, dealt, seen, income)
        total = desk.months[month]
        total.edge += income.edge
        total.fees += income.fees
        total.trades += 1
        desk.hits += 1
        trade = Trade(
            asked=asked,
            maker=desk.name,
            net=net,
            model=two_way.decision.model_value,
            gross_vega=vega,
            coin_usd=seen.index[asked.coin],
            at_snapshot=len(self._seen) - 1,
            edge=income.edge - income.fees,
        )
        self.trades.append(trade)
        return trade

    def _learn(self, asked: Asked, quotes: Sequence[tuple[Desk, TwoWay]], outcome: Outcome, market: Market) -> None:
        winner = outcome.trade.maker if outcome.trade else None
        for desk, two_way in quotes:
            state = QuoteState.FILLED if desk.name == winner else QuoteState.TRADED_AWAY
            view = view_of(asked, quote=state)
            desk.counterparties.take_end(view, tuple(read_legs(view)), two_way.decision, market.now_ns)

    def _mark_trades(self, seen: Seen) -> None:
        """Income of each trade so far, hedged once with the recorded delta of its moment."""
        now = len(self._seen) - 1
        for trade in self.trades:
            horizon = _HORIZONS.get(now - trade.at_snapshot)
            if horizon is not None:
                earned = _hedged_move(trade.asked, self._seen[trade.at_snapshot], seen)
                if earned is not None:
                    trade.hedged[horizon] = trade.edge + earned


_HORIZONS = {1: "next snapshot (about 6 h)", 4: "4 snapshots (about 24 h)"}


def _hedged_move(asked: Asked, before: Seen, now: Seen) -> float | None:
    """Of the maker, since ``before``; None where a leg is no longer recorded."""
    total = 0.0
    for leg in asked.legs:
        if leg.is_hedge:
            continue
        first, last = before.rows[leg.instrument_name], now.rows.get(leg.instrument_name)
        if last is None:
            return None
        contracts = -asked.side.sign * leg.side.sign * leg.ratio * asked.quantity
        moved = last.mark * last.forward - first.mark * first.forward
        total += contracts * (moved - first.delta * (last.forward - first.forward))
    return total


def take_probability(cost_points: float, taker_firm_id: int) -> float:
    """Logistic: a half at the taker's own middle, near one well below it, near zero well above."""
    exponent = (cost_points - MIDDLE_POINTS[taker_firm_id]) / SCALE_POINTS
    return 1 / (1 + math.exp(min(exponent, 700.0)))


def touch_of(asked: Asked, seen: Seen) -> tuple[float, float]:
    """(bid, ask) of one unit from the recorded best quotes of its legs."""
    bid = ask = 0.0
    for leg in asked.legs:
        if leg.is_hedge:
            continue
        row = seen.rows[leg.instrument_name]
        assert row.bid is not None, "only quoted options are asked for"
        assert row.ask is not None, "only quoted options are asked for"
        bid += leg.ratio * (row.bid if leg.side is Side.BUY else -row.ask)
        ask += leg.ratio * (row.ask if leg.side is Side.BUY else -row.bid)
    return bid, ask


def mark_value(asked: Asked, seen: Seen) -> float:
    """Of one unit, by the recorded marks."""
    return sum(
        leg.side.sign * leg.ratio * seen.rows[leg.instrument_name].mark for leg in asked.legs if not leg.is_hedge
    )


def gross_vega(asked: Asked, market: Market) -> float:
    """Sum of the legs' vegas without sign, in coin a point: never zero for options that still live."""
    value = value_structure(read_legs(view_of(asked)), market, QuotingParameters())
    legs = zip(asked.legs, value.legs, strict=True)
    return max(sum(leg.ratio * each.vega for leg, each in legs if not leg.is_hedge), 1e-9)


def best(quotes: Sequence[tuple[Desk, TwoWay]], asked: Asked) -> tuple[Desk, TwoWay, float] | None:
    """The cheapest ask for a buyer, the highest bid for a seller; the earlier one at one price."""
    found, side, legs = [], asked.side, read_legs(view_of(asked))
    for desk, two_way in quotes:
        prices = two_way.ask if side is Side.BUY else two_way.bid
        if prices is not None:
            found.append((desk, two_way, float(net_price(legs, prices, find_hedge(legs)))))
    return min(found, key=lambda one: side.sign * one[2]) if found else None


def _is_inside(asked: Asked, market: Market, touch: tuple[float, float]) -> bool | None:
    try:
        mid = value_structure(read_legs(view_of(asked)), market, QuotingParameters()).mid
    except Pass:
        return None
    return touch[0] - 1e-12 <= mid <= touch[1] + 1e-12


def view_of(asked: Asked, *, quote: QuoteState | None = None) -> RfqView:
    """As a maker sees it; with its own quote where that has ended as ``quote``."""
    is_over = quote is not None
    return RfqView(
        rfq_id=asked.number,
        role="maker",
        state=RfqState.FILLED if is_over else RfqState.OPEN,
        label="",
        structure=asked.strategy,
        legs=list(asked.legs),
        quantity=str(asked.quantity),
        side=None,
        quote_currency=asked.coin,
        taker_firm_id=asked.taker_firm_id or None,
        taker_name=TAKER_NAMES[asked.taker_firm_id],
        account_id=None,
        maker_firm_ids=[],
        created_at_ns=asked.at_ns,
        tradable_at_ns=asked.at_ns,
        expires_at_ns=asked.at_ns + 300 * NANOSECONDS_PER_SECOND,
        updated_at_ns=asked.at_ns,
        quotes=[] if quote is None else [_quote(asked, quote)],
        accepted_side=asked.side if quote is QuoteState.FILLED else None,
    )


def _quote(asked: Asked, state: QuoteState) -> QuoteView:
    return QuoteView(
        quote_id=asked.number,
        rfq_id=asked.number,
        version=1,
        state=state,
        maker_firm_id=None,
        maker_name="",
        bid=None,
        ask=None,
        bid_leg_prices=None,
        ask_leg_prices=None,
        created_at_ns=asked.at_ns,
        updated_at_ns=asked.at_ns,
        expires_at_ns=asked.at_ns,
    )
