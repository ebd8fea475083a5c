"""The multi-leg part of a parent order: its structure and terms from the database, and the engine's cap of each leg."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from common import clock
from common.errors import Refusal
from market import selectors as market
from orders.domain import multileg as rules
from orders.domain.brackets import lots_that_may_leave
from orders.services.admission import check_admission
from streams import services as streams
from wire.algos import AlgoLimits, AlgoName, AlgoParameters
from wire.gateway_controls import SetParentOrder
from wire.multileg import MultilegParameters, MultilegStanding, leg_parent_id
from wire.units import Side

if TYPE_CHECKING:
    from market.models import Instrument
    from orders.models import ParentOrder
    from wire import client_parents as messages
    from wire.gateway_algos import AlgoTerms

CAP_PREFIX = "parent-cap:"


def check_new(message: messages.StageParent, instrument: Instrument) -> tuple[AlgoTerms, rules.OrderedStructure]:
    """Raises Refusal by name for whatever does not go together."""
    parameters = message.parameters.multileg
    if parameters is None:
        raise Refusal("multileg_required", "a multi-leg order says what its legs are")
    if parameters.legs[0].instrument_name != instrument.name:
        why = "a multi-leg order is written under the instrument of its first leg"
        raise Refusal("first_leg", why, value=instrument.name, bound=parameters.legs[0].instrument_name)
    found = [market.get_instrument(leg.instrument_name) for leg in parameters.legs]
    structure = rules.recognize(parameters, [(each.pk, each.terms) for each in found])
    terms = rules.check_terms(message.side, Decimal(message.quantity), parameters, message.limits, structure)
    return terms, structure


def terms_of(parent: ParentOrder) -> AlgoTerms:
    """Raises Refusal."""
    structure, parameters = structure_of(parent), parameters_of(parent)
    quantity = parent.quantity_lots * structure.step
    limits = msgspec.convert(parent.limits, AlgoLimits)
    return rules.check_terms(Side(parent.side), quantity, parameters, limits, structure)


def structure_of(parent: ParentOrder) -> rules.OrderedStructure:
    assert parent.structure is not None, "a multi-leg order"
    return msgspec.convert(parent.structure, rules.OrderedStructure)


def parameters_of(parent: ParentOrder) -> MultilegParameters:
    parameters = msgspec.convert(parent.parameters, AlgoParameters).multileg
    assert parameters is not None, "a multi-leg order"
    return parameters


def change_quantity(parent: ParentOrder, quantity: str) -> None:
    """Raises Refusal: of other orders it never changes, and never below what is traded."""
    if parent.algo != AlgoName.MULTILEG:
        raise Refusal("quantity_fixed", "the quantity of a parent order never changes", value=quantity)
    structure = structure_of(parent)
    asked = rules.check_terms(
        Side(parent.side), Decimal(quantity), parameters_of(parent), AlgoLimits(), structure
    ).quantity_lots
    if asked < parent.cumulative_lots:
        why = "as much has traded already"
        raise Refusal("quantity_traded", why, value=quantity, bound=parent.cumulative_lots * structure.step)
    parent.quantity_lots = asked


def check_start(parent: ParentOrder, at: dt.datetime) -> None:
    """Every instrument is trading and fresh, and a GTD order has time left. Raises Refusal, Conflict, Unavailable."""
    if parent.algo != AlgoName.MULTILEG:
        check_admission(parent.instrument, clock.to_ns(at))
        return
    expires_at_ns = parameters_of(parent).expires_at_ns
    if expires_at_ns is not None and expires_at_ns <= clock.to_ns(at):
        raise Refusal("expiry_passed", "the expiry has passed", value=expires_at_ns, bound=clock.to_ns(at))
    for leg in structure_of(parent).legs:
        check_admission(market.get_instrument_by_id(leg.instrument_id), clock.to_ns(at))


def send_caps(parent: ParentOrder, terms: AlgoTerms) -> None:
    """What may leave of it, leg by leg: the engine's own count, whatever an algorithm does."""
    if terms.multileg is None:
        lots = lots_that_may_leave(parent.quantity_lots, terms.bracket)
        _cap(parent, parent.pk, lots, "")
        return
    for leg, lots in enumerate(rules.leg_caps(terms.multileg, terms.quantity_lots)):
        _cap(parent, leg_parent_id(parent.pk, leg), lots, f":{leg}:{parent.steered}")


def take_standing(parent: ParentOrder, standing: MultilegStanding, report_number: int) -> None:
    """What the gateway says of it. Where more had begun than a person's newest word lets leave, the engine is told, or
    it would refuse the orders that make the legs whole.
    """
    begun = standing.matched_steps + standing.unmatched_steps
    is_short = begun > parent.quantity_lots
    parent.cumulative_lots, parent.quantity_lots = standing.matched_steps, max(parent.quantity_lots, begun)
    terms = terms_of(parent)
    assert terms.multileg is not None, "a multi-leg order"
    if is_short or standing.unmatched_steps > terms.multileg.legging_steps:
        lots_of_legs = rules.leg_caps(terms.multileg, parent.quantity_lots, standing.unmatched_steps)
        for leg, lots in enumerate(lots_of_legs):
            _cap(parent, leg_parent_id(parent.pk, leg), lots, f":{leg}:report:{report_number}")


def close_caps(parent: ParentOrder) -> None:
    """The engine need not remember it: nothing of it will be sent any more."""
    if parent.structure is None:
        _cap(parent, parent.pk, 0, ":end")
        return
    for leg in range(len(structure_of(parent).legs)):
        _cap(parent, leg_parent_id(parent.pk, leg), 0, f":{leg}:end")


def _cap(parent: ParentOrder, engine_parent_id: int, lots: int, name: str) -> None:
    command_id = f"{CAP_PREFIX}{parent.pk}{name}"
    streams.send_to_gateway(SetParentOrder(command_id=command_id, parent_order_id=engine_parent_id, quantity_lots=lots))
