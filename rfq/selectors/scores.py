"""Scores of makers and takers, as far as the reader may know them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.db.models import Q

from accounts import roles
from accounts import selectors as accounts
from rfq import selectors
from rfq.domain import scores
from rfq.domain.bootstrap import Estimate
from rfq.domain.records import RfqRecord, TradeRecord, accepted_at
from rfq.domain.scores import Answer, Request, Seen, Version
from rfq.models import LastLook, QuoteVersion, Rfq, Sighting, SightingKind
from rfq.selectors import kept
from wire.negotiation import LastLookState
from wire.units import QuoteState, RfqState

if TYPE_CHECKING:
    from accounts.models import User

RFQS_MAX = 2_000
"""The newest ended RFQs that scores are reckoned from."""
ENDED = (RfqState.FILLED.value, RfqState.REJECTED.value, RfqState.EXPIRED.value, RfqState.CANCELED.value)
ANONYMOUS = "anonymous makers"
MAKER, TAKER = "maker", "taker"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """``unit``: share, s (seconds) or bp (basis points of the underlying)."""

    name: str
    unit: str
    estimate: Estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """kind: maker or taker. name: the firm, or what stands for firms that the reader may not know apart."""

    kind: str
    name: str
    rfqs: int
    figures: tuple[Figure, ...]

    def find(self, name: str) -> Estimate | None:
        return next((figure.estimate for figure in self.figures if figure.name == name), None)


def list_scores(user: User, *, since: dt.datetime | None = None, until: dt.datetime | None = None) -> list[Score]:
    """Makers see their own, takers themselves and the makers that they asked, overseers everybody."""
    requests = load_requests(selectors.visible_to(user), since=since, until=until)
    names = {firm.pk: firm.name for firm in accounts.list_firms()}
    found: list[Score] = []
    for name, answers in sorted(_by_maker(user, requests, names).items()):
        found.append(_score(MAKER, name, len(answers), scores.observe_maker(answers)))
    for firm_id, asked in sorted(_by_taker(user, requests).items()):
        found.append(_score(TAKER, names.get(firm_id, str(firm_id)), len(asked), scores.observe_taker(asked)))
    return found


def load_requests(
    rows: Q, *, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> list[tuple[Request, RfqRecord]]:
    """The newest ended RFQs with what was stored of them, newest first."""
    found = Rfq.objects.filter(rows, state__in=ENDED)
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    records = selectors.load(found.order_by("-id")[:RFQS_MAX])
    ids = [record.rfq_id for record in records]
    sightings: dict[int, list[Sighting]] = defaultdict(list)
    for sighting in kept.list_sightings(ids):
        sightings[sighting.rfq_id].append(sighting)
    versions: dict[int, list[QuoteVersion]] = defaultdict(list)
    for row in QuoteVersion.objects.filter(quote__rfq_id__in=ids).order_by("quote_id", "version"):
        versions[row.quote_id].append(row)
    looks = _last_looks(ids)
    return [(to_request(record, sightings[record.rfq_id], versions, looks), record) for record in records]


def to_request(
    rfq: RfqRecord,
    sightings: Iterable[Sighting],
    versions: Mapping[int, list[QuoteVersion]],
    looks: Mapping[int, bool],
) -> Request:
    """What the formulas take of one RFQ."""
    seen: dict[tuple[str, int, int], Seen] = {}
    edges: dict[int, list[Seen]] = defaultdict(list)
    for row in sightings:
        one = Seen(mark=row.mark_net, index=row.index_price)
        if row.kind == SightingKind.BASELINE:
            edges[row.window].append(one)
        elif row.kind == SightingKind.AFTER_TRADE:
            seen[row.kind, row.offset_ms, 0] = one
        else:
            seen[row.kind, row.quote_id, row.version] = one
    trades = rfq.trades
    return Request(
        rfq_id=rfq.rfq_id,
        taker_firm_id=rfq.taker_firm_id,
        quote_currency=rfq.quote_currency,
        created_at=rfq.created_at,
        tradable_at=rfq.tradable_at,
        ended_at=rfq.updated_at,
        is_filled=rfq.state is RfqState.FILLED,
        side=trades[0].side if trades else None,
        accepted_at=accepted_at(rfq),
        answers=tuple(_answer(rfq, firm_id, versions, seen, looks) for firm_id in rfq.maker_firm_ids),
        at_create=seen.get((SightingKind.CREATED, 0, 0), Seen()),
        at_accept=seen.get((SightingKind.ACCEPTED, 0, 0), Seen()),
        after={offset: one for (kind, offset, _), one in seen.items() if kind == SightingKind.AFTER_TRADE},
        baseline=tuple((pair[0], pair[1]) for pair in edges.values() if len(pair) == 2),
    )


def _answer(
    rfq: RfqRecord,
    firm_id: int,
    versions: Mapping[int, list[QuoteVersion]],
    seen: Mapping[tuple[str, int, int], Seen],
    looks: Mapping[int, bool],
) -> Answer:
    quote = rfq.find_quote_of(firm_id)
    if quote is None:
        return Answer(maker_firm_id=firm_id)
    trades = [trade for trade in rfq.trades if trade.quote_id == quote.quote_id]
    return Answer(
        maker_firm_id=firm_id,
        versions=tuple(_version(rfq, row, seen) for row in versions[quote.quote_id]),
        traded_price=_average(trades),
        is_rejected=bool(trades) and rfq.state is RfqState.REJECTED and rfq.reason_firm_id == firm_id,
        last_look=looks.get(quote.quote_id),
    )


def _version(rfq: RfqRecord, row: QuoteVersion, seen: Mapping[tuple[str, int, int], Seen]) -> Version:
    is_own_end = row.ended_at is not None and row.ended_at < rfq.updated_at
    return Version(
        bid=None if row.bid_net is None else float(row.bid_net),
        ask=None if row.ask_net is None else float(row.ask_net),
        created_at=row.created_at,
        ended_at=row.ended_at,
        is_withdrawn=row.end_reason == QuoteState.CANCELED and is_own_end,
        seen=seen.get((SightingKind.QUOTED, row.quote_id, row.version), Seen()),
    )


def _average(trades: list[TradeRecord]) -> float | None:
    """Net price over the parts; one quote's are all at one price."""
    quantity = sum(trade.quantity for trade in trades)
    return float(sum(trade.net_price * trade.quantity for trade in trades) / quantity) if quantity else None


def _last_looks(rfq_ids: list[int]) -> dict[int, bool]:
    """Whether the price stood, by quote, of last looks that have ended."""
    rows = LastLook.objects.filter(quote__rfq_id__in=rfq_ids).exclude(state=LastLookState.PENDING)
    return {quote_id: state == LastLookState.CONFIRMED for quote_id, state in rows.values_list("quote_id", "state")}


def _by_maker(
    user: User, requests: Iterable[tuple[Request, RfqRecord]], names: Mapping[int, str]
) -> dict[str, list[tuple[Request, Answer]]]:
    """Answers by the name under which the reader may know their maker."""
    found: dict[str, list[tuple[Request, Answer]]] = defaultdict(list)
    for request, rfq in requests:
        for answer in request.answers:
            name = _name_for(user, rfq, answer, names)
            if name is not None:
                found[name].append((request, answer))
    return found


def _name_for(user: User, rfq: RfqRecord, answer: Answer, names: Mapping[int, str]) -> str | None:
    name = names.get(answer.maker_firm_id, str(answer.maker_firm_id))
    if roles.sees_every_firm(user) or answer.maker_firm_id == user.firm_id:
        return name
    if rfq.taker_firm_id != user.firm_id:
        return None
    return ANONYMOUS if rfq.are_makers_anonymous else name


def _by_taker(user: User, requests: Iterable[tuple[Request, RfqRecord]]) -> dict[int, list[Request]]:
    found: dict[int, list[Request]] = defaultdict(list)
    for request, _ in requests:
        if roles.sees_every_firm(user) or request.taker_firm_id == user.firm_id:
            found[request.taker_firm_id].append(request)
    return found


def _score(kind: str, name: str, rfqs: int, observed: scores.Observed) -> Score:
    estimates = scores.estimate(observed, subject=f"{kind}:{name}")
    figures = (Figure(name=one, unit=scores.UNITS[one], estimate=found) for one, found in estimates.items())
    return Score(kind=kind, name=name, rfqs=rfqs, figures=tuple(figures))
