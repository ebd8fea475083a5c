"""What happened to an RFQ as one reader saw it: the changes of that reader's own view, in words.

The view is all that goes in: what it does not contain cannot get out.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator

from rfq.domain.records import RfqRecord
from wire.facts import QuoteView, RfqView

ViewOf = Callable[[RfqRecord], RfqView | None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """``sequence``: the step of the RFQ's log. words: what changed for the reader."""

    sequence: int
    at: dt.datetime
    words: tuple[str, ...]
    view: RfqView


def entries(steps: Iterable[tuple[int, dt.datetime, RfqRecord]], view_of: ViewOf) -> list[Entry]:
    """One entry for every step after which the reader's view was another one. steps: number, time, record after it."""
    found: list[Entry] = []
    before: RfqView | None = None
    for sequence, at, record in steps:
        view = view_of(record)
        if view is not None and view != before:
            words = tuple(changes(before, view))
            if words:
                found.append(Entry(sequence=sequence, at=at, words=words, view=view))
            before = view
    return found


def changes(before: RfqView | None, after: RfqView) -> Iterator[str]:
    """What is different, one sentence each."""
    if before is None:
        yield f"asked for {after.structure}, quantity {after.quantity}, {after.side or 'two-way'}"
    elif before.state is not after.state:
        reason = f", {_plain(after.reason)}" if after.reason else ""
        yield f"RFQ {_plain(after.state)}{reason}"
    earlier = {quote.quote_id: quote for quote in before.quotes} if before else {}
    if before is not None and after.role == "taker" and not earlier and len(after.quotes) > 1:
        yield f"grace over: {len(after.quotes)} quotes shown"
    for quote in after.quotes:
        yield from _quote_changes(earlier.get(quote.quote_id), quote)
    if before is not None and before.traded_price != after.traded_price:
        yield f"traded at {after.traded_price} {after.quote_currency}"
    yield from _trigger_changes(before, after)


def _trigger_changes(before: RfqView | None, after: RfqView) -> Iterator[str]:
    """The taker's own resting limits; nobody else's view has them."""
    known = list(before.triggers) if before else []
    for trigger in after.triggers:
        if trigger not in known:
            reason = f", {_plain(trigger.reason)}" if trigger.reason else ""
            yield f"resting limit to {trigger.side.value} at {trigger.limit_price} {_plain(trigger.state)}{reason}"


def _quote_changes(before: QuoteView | None, after: QuoteView) -> Iterator[str]:
    name = f"quote {after.quote_id} of {after.maker_name}"
    if before is None or before.version != after.version:
        yield f"{name}, version {after.version}: {after.bid or 'none'} / {after.ask or 'none'}"
    if before is not None and before.state is not after.state:
        reason = f", {_plain(after.reason)}" if after.reason else ""
        yield f"{name} {_plain(after.state)}{reason}"
    if before is not None and before.last_look_until_ns is None and after.last_look_until_ns is not None:
        yield f"{name}: last look begins"
    if before is not None and before.outcome is not after.outcome and after.outcome is not None:
        yield f"{name}: {_plain(after.outcome)}"


def _plain(name: str) -> str:
    return str(name).replace("_", " ")
