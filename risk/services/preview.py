"""Margin of an account before and after a trade. Changes nothing."""

import dataclasses
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from common.errors import NotFound
from risk.domain import MODEL_VERSION
from risk.domain.margin import AccountRisk, Holding, account_risk, to_dollars
from risk.selectors.margins import account_books, marks_for
from risk.selectors.marks import MarkSet, MarksUnavailable, terms_of
from wire.instruments import InstrumentTerms, UnknownInstrumentName
from wire.limits import STALE_AFTER_MS
from wire.units import InstrumentKind


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreviewLeg:
    """signed_quantity: contracts, negative for a sale. price: in the quote currency; None: at the mark."""

    instrument_name: str
    signed_quantity: Decimal
    price: Decimal | None = None


class MarginFigures(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars. New risk needs initial_margin <= equity."""

    equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    worst_scenario: str


class MarginPreview(msgspec.Struct, frozen=True, kw_only=True):
    account_id: int
    before: MarginFigures
    after: MarginFigures
    is_stale: bool
    model_version: str


def preview_margin(*, account_id: int, legs: Sequence[PreviewLeg], require_fresh: bool = True) -> MarginPreview:
    """Margin now, and as if the legs were traded.

    Raises NotFound for an unknown account or instrument, MarksUnavailable ``stale_market`` where there is no market
    or, with ``require_fresh``, where a mark that goes into the figures is older than STALE_AFTER_MS.
    """
    books = account_books([account_id])
    if not books:
        raise NotFound("unknown_account", f"there is no account {account_id}", value=account_id)
    book = books[0]
    terms = [_terms(leg.instrument_name) for leg in legs]
    marks = marks_for(books, [leg.instrument_name for leg in legs], [one.base_currency for one in terms])
    if require_fresh and marks.stale:
        names = ", ".join(sorted(marks.stale))
        raise MarksUnavailable("stale_market", "marks are too old", value=names, bound=f"{STALE_AFTER_MS} ms")
    holdings = book.holdings(marks)
    balances = {asset: float(amount) for asset, amount in book.balances.items()}
    before = account_risk(holdings, balances, marks.indices)
    traded, paid = _trade(legs, terms, marks)
    for asset, amount in paid.items():
        balances[asset] = balances.get(asset, 0.0) + amount
    after = account_risk(holdings + traded, balances, marks.indices)
    return MarginPreview(
        account_id=account_id,
        before=_figures(before),
        after=_figures(after),
        is_stale=bool(marks.stale),
        model_version=MODEL_VERSION,
    )


def _terms(name: str) -> InstrumentTerms:
    try:
        return terms_of(name)
    except UnknownInstrumentName as error:
        raise NotFound("unknown_instrument", str(error), value=name) from error


def _trade(
    legs: Sequence[PreviewLeg], terms: Sequence[InstrumentTerms], marks: MarkSet
) -> tuple[list[Holding], dict[str, float]]:
    """The holdings that the legs add, and what they pay (negative) or bring in each asset."""
    holdings: list[Holding] = []
    paid: dict[str, float] = {}
    for leg, contract in zip(legs, terms, strict=True):
        mark = marks.marks[leg.instrument_name]
        price = mark.price if leg.price is None else float(leg.price)
        quantity = float(leg.signed_quantity)
        value = quantity * float(contract.multiplier) * price
        if contract.kind is InstrumentKind.SPOT:
            _add(paid, contract.base_currency, quantity * float(contract.multiplier))
            _add(paid, contract.quote_currency, -value)
            continue
        if contract.kind is InstrumentKind.OPTION:
            _add(paid, contract.settlement_currency, -value)
        holdings.append(Holding(terms=contract, quantity=quantity, entry_price=price, mark=mark))
    return holdings, paid


def _add(paid: dict[str, float], asset: str, amount: float) -> None:
    paid[asset] = paid.get(asset, 0.0) + amount


def _figures(risk: AccountRisk) -> MarginFigures:
    return MarginFigures(
        equity=to_dollars(risk.equity),
        initial_margin=to_dollars(risk.initial),
        maintenance_margin=to_dollars(risk.maintenance),
        worst_scenario=risk.worst_scenario,
    )
