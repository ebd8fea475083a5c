"""What the facts of the hot path add up to: orders, pairs, steering, the session; and what is told of each fact.

A function of the log: the same records give the same book and the same reports, whenever they are read.
"""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from gateway.hot.facts import (
    AnyFact,
    EndedFact,
    GapFact,
    LostFact,
    OpenedFact,
    OrderFact,
    OverFact,
    RefusedFact,
    ReportFact,
    SteeredFact,
)
from gateway.hot.messages import Heard, hear
from gateway.hot.own import OwnOrder, OwnPair
from wire.pairs import (
    DESK_ACTIONS,
    AnyPairOrderTold,
    AnyPairTold,
    FeedGapGivenUp,
    PairListed,
    PairOrderAccepted,
    PairOrderBusted,
    PairOrderDecided,
    PairOrderEnded,
    PairOrderFilled,
    PairOrderRefused,
    PairsAction,
    PairsSessionLost,
    PairsSessionOpened,
    PairsSteered,
    PairsSteeringTaken,
    PairState,
    SteerPairs,
    VenueMessageKept,
)
from wire.units import Side

ENDS = {"C": "canceled", "D": "self_match", "J": "rejected", "A": "rejected"}
ALL_PAIRS = -1
_LEG_NAME = re.compile(r"P(\d{1,4})\.([01])")
Told = TypeVar("Told", bound=AnyPairOrderTold)
_DISABLING = (PairsAction.DISABLE, PairsAction.GAVE_UP)


class NotOurs(ValueError):
    """A fact that does not fit what came before it: log and path do not belong together."""


class HotBook:
    """``session``, ``next_sequence``: where the next login to the venue goes on."""

    def __init__(self) -> None:
        self.pairs: list[OwnPair] = []
        self.orders: dict[int, OwnOrder] = {}
        self.commands: list[SteerPairs] = []
        """In the log, and not yet in force."""
        self.is_entering = True
        """As a person wants it."""
        self.session, self.next_sequence = "", 1
        self.last_order_id = self.last_order_at_ns = 0
        self._numbers: dict[tuple[str, str], int] = {}

    def list_pair(self, listed: PairListed) -> PairListed:
        """Terms of a pair: a new one, new terms of one, or another in the place of one that is retired and flat."""
        place = listed.pair
        if not 0 <= place <= len(self.pairs):
            raise NotOurs(f"pair {place} follows {len(self.pairs)} pairs")
        if place == len(self.pairs):
            self.pairs.append(OwnPair(listed))
        elif (before := self.pairs[place].listed) and (before.first, before.second) != (listed.first, listed.second):
            self._numbers.pop((before.first, before.second))
            self.pairs[place] = OwnPair(listed)
        else:
            self.pairs[place].listed = listed
        self._numbers[listed.first, listed.second] = place
        return listed

    def find_pair(self, first: str, second: str) -> int | None:
        return self._numbers.get((first, second))

    def take_command(self, command: SteerPairs, at_ns: int) -> PairsSteeringTaken:
        self.commands.append(command)
        if command.action in DESK_ACTIONS:
            self.is_entering = command.action is PairsAction.ENTERING_ON
        return PairsSteeringTaken(
            at_ns=at_ns,
            pair=self.number_of(command),
            first=command.first,
            second=command.second,
            command_id=command.command_id,
            user_id=command.user_id,
            action=command.action,
        )

    def number_of(self, command: SteerPairs) -> int:
        """Of the pair that it is about; -1: all."""
        found = self.find_pair(command.first, command.second)
        return ALL_PAIRS if found is None else found

    def take(self, number: int, fact: AnyFact) -> AnyPairTold:
        """``number``: of the record. Raises NotOurs."""
        if isinstance(fact, OrderFact):
            return self._on_order(number, fact)
        if isinstance(fact, ReportFact):
            return self._on_report(number, fact)
        if isinstance(fact, EndedFact):
            return self._on_ended(number, fact)
        if isinstance(fact, SteeredFact):
            return self._on_steered(number, fact)
        return self._on_refused(fact) if isinstance(fact, RefusedFact) else self._on_line(fact)

    def forget_trips(self) -> None:
        """A session of the venue is over, which takes back no trade any more: only the last round trips matter."""
        for pair in self.pairs:
            for order_id in pair.orders[: pair.orders_at]:
                del self.orders[order_id]
            pair.orders, pair.facts = pair.orders[pair.orders_at :], pair.facts[pair.trip_at :]
            pair.trip_at = pair.orders_at = 0

    def kept(self) -> Iterator[tuple[int, AnyFact]]:
        """Facts that give the same positions, pairs and steering again, in their order."""
        found = [each for pair in self.pairs for each in pair.facts]
        found += [pair.steered for pair in self.pairs if pair.steered is not None]
        return iter(sorted(found, key=lambda each: each[0]))

    def own(self, number: int) -> OwnPair:
        """Raises NotOurs."""
        if not 0 <= number < len(self.pairs):
            raise NotOurs(f"a fact of pair {number}, of {len(self.pairs)}")
        return self.pairs[number]

    def _on_line(self, fact: OpenedFact | LostFact | OverFact | GapFact) -> AnyPairTold:
        if isinstance(fact, OpenedFact):
            self.session, self.next_sequence = fact.session, fact.next_sequence
            return PairsSessionOpened(at_ns=fact.at_ns, session=fact.session, next_sequence=fact.next_sequence)
        if isinstance(fact, GapFact):
            return FeedGapGivenUp(at_ns=fact.at_ns, first_sequence=fact.first_sequence, count=fact.count)
        if isinstance(fact, LostFact):
            return PairsSessionLost(at_ns=fact.at_ns, why=fact.why)
        self.session, self.next_sequence = "", 1
        return PairsSessionLost(at_ns=fact.at_ns, why=f"over: {fact.why}")

    def _on_order(self, number: int, fact: OrderFact) -> PairOrderDecided:
        pair = self.own(fact.pair)
        order = OwnOrder(
            order_id=fact.order_id,
            pair=fact.pair,
            leg=fact.leg,
            side=list(Side)[fact.side],
            lots=fact.lots,
            price_ticks=fact.price_ticks,
            number=number,
            at_ns=fact.at_ns,
        )
        before = pair.state
        self._begin(number, fact, pair, order)
        self.last_order_at_ns = fact.at_ns
        return self._told(
            PairOrderDecided, fact, order, before, feed_sequence=fact.feed_sequence, zscore=fact.zscore
        )

    def _begin(self, number: int, fact: AnyFact, pair: OwnPair, order: OwnOrder) -> None:
        if order.order_id <= self.last_order_id:
            raise NotOurs(f"order {order.order_id} follows order {self.last_order_id}")
        if pair.is_flat:
            self._begin_round_trip(pair)
        elif not pair.working:
            pair.is_entering = False
        self.last_order_id = order.order_id
        self.orders[order.order_id] = order
        pair.working.add(order.order_id)
        pair.orders.append(order.order_id)
        pair.facts.append((number, fact))

    def _begin_round_trip(self, pair: OwnPair) -> None:
        pair.trip_at, pair.orders_at = len(pair.facts), len(pair.orders)
        pair.realized_ticks += pair.cash_ticks
        pair.cash_ticks, pair.is_entering = 0, True

    def _on_report(self, number: int, fact: ReportFact) -> AnyPairTold:
        self.next_sequence = fact.sequence + 1
        heard = hear(fact.message)
        order = self.orders.get(heard.order_id)
        if order is None and heard.kind == "A" and heard.order_id > self.last_order_id:
            return self._adopt(number, fact, heard)
        is_known = heard.kind in ("A", "E", "C", "D", "J")
        if order is None or not (is_known or (heard.kind == "B" and heard.match_number in order.executions)):
            return VenueMessageKept(
                at_ns=fact.at_ns, sequence=fact.sequence, kind=heard.kind, content=fact.message.hex()
            )
        pair = self.own(order.pair)
        pair.facts.append((number, fact))
        before = pair.state
        if heard.kind == "E":
            return self._fill(fact, order, heard, before)
        if heard.kind == "B":
            return self._bust(fact, order, heard, before)
        if not heard.is_ended:
            return self._told(PairOrderAccepted, fact, order, before, venue_order_id=heard.venue_order_id)
        self._end(pair, order)
        return self._told(PairOrderEnded, fact, order, before, reason=ENDS[heard.kind], code=heard.code)

    def _adopt(self, number: int, fact: ReportFact, heard: Heard) -> AnyPairTold:
        """It left before the log knew of it."""
        name = _LEG_NAME.fullmatch(heard.client_order_id)
        place = int(name[1]) if name else ALL_PAIRS
        if name is None or place >= len(self.pairs) or heard.lots == 0:
            return VenueMessageKept(at_ns=fact.at_ns, sequence=fact.sequence, kind="A", content=fact.message.hex())
        pair = self.pairs[place]
        order = OwnOrder(
            order_id=heard.order_id,
            pair=place,
            leg=int(name[2]),
            side=Side.BUY if heard.side == "B" else Side.SELL,
            lots=heard.lots,
            price_ticks=heard.price_ticks,
            number=number,
            at_ns=fact.at_ns,
            is_adopted=True,
        )
        before = pair.state
        self._begin(number, fact, pair, order)
        if heard.is_ended:
            self._end(pair, order)
        return self._told(
            PairOrderAccepted, fact, order, before, venue_order_id=heard.venue_order_id, is_adopted=True
        )

    def _fill(self, fact: ReportFact, order: OwnOrder, heard: Heard, before: PairState) -> PairOrderFilled:
        pair = self.own(order.pair)
        order.filled += heard.lots
        order.executions[heard.match_number] = heard.lots, heard.price_ticks
        pair.held[order.leg] += order.side.sign * heard.lots
        pair.cash_ticks -= order.side.sign * heard.lots * heard.price_ticks
        if order.leaves <= 0:
            self._end(pair, order)
        return self._told(
            PairOrderFilled,
            fact,
            order,
            before,
            match_number=heard.match_number,
            last_lots=heard.lots,
            last_price_ticks=heard.price_ticks,
            liquidity=heard.liquidity,
        )

    def _bust(self, fact: ReportFact, order: OwnOrder, heard: Heard, before: PairState) -> PairOrderBusted:
        pair = self.own(order.pair)
        lots, price_ticks = order.executions.pop(heard.match_number)
        order.filled -= lots
        pair.held[order.leg] -= order.side.sign * lots
        pair.cash_ticks += order.side.sign * lots * price_ticks
        return self._told(
            PairOrderBusted,
            fact,
            order,
            before,
            match_number=heard.match_number,
            last_lots=lots,
            last_price_ticks=price_ticks,
            code=heard.code,
        )

    def _on_ended(self, number: int, fact: EndedFact) -> AnyPairTold:
        order = self.orders.get(fact.order_id)
        if order is None:
            raise NotOurs(f"the end of order {fact.order_id}, which is not known")
        pair = self.own(order.pair)
        pair.facts.append((number, fact))
        before = pair.state
        self._end(pair, order)
        return self._told(PairOrderEnded, fact, order, before, reason=fact.why)

    def _end(self, pair: OwnPair, order: OwnOrder) -> None:
        order.is_done = True
        pair.working.discard(order.order_id)

    def _on_steered(self, number: int, fact: SteeredFact) -> PairsSteered:
        action = PairsAction(fact.what)
        named = {"first": "", "second": ""}
        if action not in DESK_ACTIONS:
            pair = self.own(fact.pair)
            pair.is_disabled = action in _DISABLING or (pair.is_disabled and action is not PairsAction.ENABLE)
            if action is PairsAction.UNWIND:
                pair.is_disabled, pair.is_entering = False, False
            pair.steered = (number, fact)
            named = {"first": pair.listed.first, "second": pair.listed.second}
        command = self._take_off(action, fact.pair)
        return PairsSteered(
            at_ns=fact.at_ns,
            pair=ALL_PAIRS if action in DESK_ACTIONS else fact.pair,
            action=action,
            command_id=command.command_id if command else "",
            user_id=command.user_id if command else 0,
            **named,
        )

    def _take_off(self, action: PairsAction, pair: int) -> SteerPairs | None:
        """The oldest command that this is the answer to."""
        for at, command in enumerate(self.commands):
            if command.action is action and (action in DESK_ACTIONS or self.number_of(command) == pair):
                return self.commands.pop(at)
        return None

    def _on_refused(self, fact: RefusedFact) -> PairOrderRefused:
        listed = self.own(fact.pair).listed
        return PairOrderRefused(
            at_ns=fact.at_ns,
            pair=fact.pair,
            first=listed.first,
            second=listed.second,
            reason=fact.reason,
            value=fact.value,
            bound=fact.bound,
        )

    def _told(
        self, kind: type[Told], fact: AnyFact, order: OwnOrder, before: PairState, **fields: Any
    ) -> Told:
        pair = self.own(order.pair)
        return kind(
            at_ns=fact.at_ns,
            pair=order.pair,
            first=pair.listed.first,
            second=pair.listed.second,
            order_id=order.order_id,
            leg=order.leg,
            symbol=(pair.listed.first, pair.listed.second)[order.leg],
            side=order.side,
            lots=order.lots,
            price_ticks=order.price_ticks,
            leaves_lots=order.leaves,
            before=before,
            after=pair.state,
            **fields,
        )
