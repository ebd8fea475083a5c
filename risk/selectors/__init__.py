"""Reads of marks, surfaces, limits, controls and margin."""

from risk.selectors.controls import (
    Stop,
    find_control_state,
    list_control_settings,
    list_control_states,
    list_killed_scopes,
    list_open_releases,
    list_stops,
)
from risk.selectors.greeks import HedgeCost, greeks_of, hedge_cost
from risk.selectors.limits import LimitSetView, current_limits, limit_view, list_limits, position_value_max
from risk.selectors.margins import AccountBook, account_books, account_risk, latest_margins, snapshot
from risk.selectors.marks import MarkSet, MarksUnavailable, read_marks
from risk.selectors.sensitivities import Sensitivity, sensitivities
from risk.selectors.sightings import LegSight, Look, Sight, SightedLeg, look, reckon, sight_content
from risk.selectors.surfaces import find_slice, surface
from risk.selectors.valuation import LegValue, ModelValue, model_value
from risk.selectors.volatilities import PricedVolatility, prices_of_volatilities

__all__ = [
    "AccountBook",
    "HedgeCost",
    "LegSight",
    "LegValue",
    "LimitSetView",
    "Look",
    "MarkSet",
    "MarksUnavailable",
    "ModelValue",
    "PricedVolatility",
    "Sensitivity",
    "Sight",
    "SightedLeg",
    "Stop",
    "account_books",
    "account_risk",
    "current_limits",
    "find_control_state",
    "find_slice",
    "greeks_of",
    "hedge_cost",
    "latest_margins",
    "limit_view",
    "list_control_settings",
    "list_control_states",
    "list_killed_scopes",
    "list_limits",
    "list_open_releases",
    "list_stops",
    "look",
    "model_value",
    "position_value_max",
    "prices_of_volatilities",
    "read_marks",
    "reckon",
    "sensitivities",
    "sight_content",
    "snapshot",
    "surface",
]
