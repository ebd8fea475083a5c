"""What the model says that a structure is worth: options from the surface, everything else at its mark."""

import dataclasses
from collections.abc import Sequence

from risk.domain import MODEL_VERSION
from risk.selectors.marks import MarksUnavailable, SurfaceReader, option_price, read_marks, terms_of
from wire.units import InstrumentKind


@dataclasses.dataclass(frozen=True, kw_only=True)
class LegValue:
    """price: in the leg's own quote currency. volatility: of the surface, 0 for what is no option."""

    instrument_name: str
    price: float
    volatility: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelValue:
    """net: sum of signed ratio times price, in the quote currency of the options (hedge legs stand beside it)."""

    net: float
    legs: list[LegValue]
    is_stale: bool
    model_version: str = MODEL_VERSION


def model_value(legs: Sequence[tuple[str, float]]) -> ModelValue:
    """Value of one unit of a structure from (instrument name, signed ratio). Raises MarksUnavailable."""
    marks = read_marks([name for name, _ in legs])
    surfaces = SurfaceReader()
    values = []
    for name, _ in legs:
        terms, mark = terms_of(name), marks.marks[name]
        if terms.kind is not InstrumentKind.OPTION:
            values.append(LegValue(instrument_name=name, price=mark.price, volatility=0.0))
            continue
        volatility = surfaces.volatility(terms, mark.forward, mark.years)
        if volatility is None:
            raise MarksUnavailable("no_surface", f"no surface holds the expiry of {name}", value=name)
        price = option_price(terms, mark.forward, mark.years, volatility)
        values.append(LegValue(instrument_name=name, price=price, volatility=volatility))
    has_options = any(terms_of(name).kind is InstrumentKind.OPTION for name, _ in legs)
    net = sum(
        ratio * value.price
        for (name, ratio), value in zip(legs, values, strict=True)
        if not has_options or terms_of(name).kind is InstrumentKind.OPTION
    )
    return ModelValue(net=net, legs=values, is_stale=bool(marks.stale))
