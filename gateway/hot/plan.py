"""From the pairs of a hot file and those of the log to what the core is given: numbers, symbols, signals, facts."""

from collections import deque

import msgspec

from gateway.hot.book import HotBook
from gateway.hot.facts import AnyFact, OrderFact, raw_of
from gateway.hot.own import OwnPair
from gateway.hot.settings import HotRefused, PairSettings
from strategies.signals import CompiledGraph, Graph, milliseconds
from wire.pairs import PAIRS_MAX, PairListed
from wire.units import NANOSECONDS_PER_SECOND, Side

PairTuple = tuple[int, int, int, int, float, float, float, int, int]
"""first, second, first_lots, second_lots, entry, exit, stop, timeout_ns, node of the z-score"""


NEVER = (1e6, 0.5, 1e7)
"""Levels of a pair that retired: it is flat, and stays so."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``symbols``: slot i of graph, gate and pairs."""

    symbols: list[str]
    graph: CompiledGraph
    pairs: list[PairTuple]


def list_pairs(book: HotBook, wanted: list[PairSettings], at_ns: int) -> list[PairListed]:
    """What is to be recorded so that the book has the pairs of the file: new ones, new terms, and who retires.

    A pair keeps its number while it is in the file. Raises HotRefused for one that holds or works and is not, or whose
    lots are others: it could not leave what it entered.
    """
    names = {(each.first, each.second) for each in wanted}
    retired = [pair for pair in book.pairs if (pair.listed.first, pair.listed.second) not in names]
    for pair in retired:
        _require_flat(pair, "is not in the hot file")
    free = deque(pair.listed.pair for pair in retired)
    added = iter(range(len(book.pairs), PAIRS_MAX))
    told = []
    for each in wanted:
        number = book.find_pair(each.first, each.second)
        if number is not None:
            told += _list_again(book.pairs[number], each, at_ns)
            continue
        number = free.popleft() if free else next(added, None)
        if number is None:
            raise HotRefused(f"There are more than {PAIRS_MAX} pairs with those that retired.")
        told.append(_listed(each, number, at_ns))
    told += [_retire(book.pairs[number], at_ns) for number in free if not book.pairs[number].listed.is_retired]
    return sorted(told, key=lambda each: each.pair)


def _list_again(pair: OwnPair, each: PairSettings, at_ns: int) -> list[PairListed]:
    """Nothing where its terms are what they were."""
    before, listed = pair.listed, _listed(each, pair.listed.pair, at_ns)
    if _terms(listed) == _terms(before):
        return []
    if (listed.first_lots, listed.second_lots) != (before.first_lots, before.second_lots):
        _require_flat(pair, "has other lots in the hot file")
    return [listed]


def _retire(pair: OwnPair, at_ns: int) -> PairListed:
    return msgspec.structs.replace(pair.listed, at_ns=at_ns, is_retired=True)


def make_plan(book: HotBook) -> Plan:
    """Raises SignalGraphRefused."""
    graph = Graph()
    for number, pair in enumerate(book.pairs):
        listed = pair.listed
        spread = graph.mid(listed.first).log().spread(
            graph.mid(listed.second).log(), hedge=listed.hedge, offset=listed.offset
        )
        if listed.sample_ms:
            spread = spread.sample(milliseconds(listed.sample_ms))
        spread.zscore(listed.window).named(str(number)).watched()
    compiled = graph.compile()
    symbols = sorted(compiled.instruments, key=lambda symbol: compiled.instruments[symbol])
    return Plan(
        symbols=symbols,
        graph=compiled,
        pairs=[_tuple(pair.listed, compiled, number) for number, pair in enumerate(book.pairs)],
    )


def facts_to_replay(book: HotBook, plan: Plan) -> list[tuple[object, ...]]:
    """What makes a path be where the book is. An order that only the venue knew is an order like the others, before
    what was reported of it; both of one decision stand together.
    """
    placed: list[tuple[tuple[int, int, int], AnyFact]] = [((number, 1, 0), fact) for number, fact in book.kept()]
    for order in book.orders.values():
        if order.is_adopted:
            first = book.orders.get(order.order_id - 1) if order.leg == 1 else None
            is_beside = first is not None and first.pair == order.pair and first.leg == 0
            after = first if first is not None and is_beside else order
            rank = 2 if is_beside and not after.is_adopted else 0
            side = list(Side).index(order.side)
            fact = OrderFact(
                order.at_ns, order.order_id, order.pair, order.leg, 0, side, order.lots, order.price_ticks, 0, None
            )
            placed.append(((after.number, rank, order.order_id), fact))
    return [_raw(fact, plan) for _, fact in sorted(placed, key=lambda each: each[0])]


def _raw(fact: AnyFact, plan: Plan) -> tuple[object, ...]:
    if isinstance(fact, OrderFact):
        fact = msgspec.structs.replace(fact, slot=plan.pairs[fact.pair][fact.leg])
    return raw_of(fact)


def _tuple(listed: PairListed, graph: CompiledGraph, number: int) -> PairTuple:
    first, second = graph.instruments[listed.first], graph.instruments[listed.second]
    levels = NEVER if listed.is_retired else (listed.entry, listed.exit, listed.stop)
    return first, second, listed.first_lots, listed.second_lots, *levels, listed.timeout_ns, graph.names[str(number)]


def _listed(each: PairSettings, number: int, at_ns: int) -> PairListed:
    first_lots, second_lots = each.leg_lots
    return PairListed(
        at_ns=at_ns,
        pair=number,
        first=each.first,
        second=each.second,
        hedge=each.hedge,
        offset=each.offset,
        first_lots=first_lots,
        second_lots=second_lots,
        entry=each.entry,
        exit=each.exit,
        stop=each.stop,
        timeout_ns=round(each.timeout_seconds * NANOSECONDS_PER_SECOND),
        window=each.window,
        sample_ms=each.sample_ms,
    )


def _terms(listed: PairListed) -> PairListed:
    return msgspec.structs.replace(listed, at_ns=0)


def _require_flat(pair: OwnPair, why: str) -> None:
    if not pair.is_flat:
        held = f"{pair.held[0]} and {pair.held[1]} shares"
        name = f"{pair.listed.first}/{pair.listed.second}"
        working = len(pair.working)
        raise HotRefused(f"Pair {name} {why}, but holds {held} with {working} orders at work: unwind it first.")
