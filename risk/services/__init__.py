"""Set limits, throw and release kill switches, fit surfaces, margin accounts."""

from risk.selectors import LegValue, ModelValue, model_value
from risk.services.controls import (
    apply_control_set,
    apply_kill_switch_changed,
    apply_phase_changed,
    apply_trading_state_changed,
    approve_release,
    engage_kill_switch,
    request_release,
)
from risk.services.limits import apply_limits_in_force, set_limits, tell_collateral
from risk.services.messages import KINDS as MESSAGE_KINDS
from risk.services.messages import carry_out, preview_of
from risk.services.preview import MarginFigures, MarginPreview, PreviewLeg, preview_margin
from risk.services.recording import record_in_force
from risk.services.refreshing import refresh_accounts
from risk.services.settings import apply_answer, set_control
from risk.services.surfaces import fit_surface

__all__ = [
    "MESSAGE_KINDS",
    "LegValue",
    "MarginFigures",
    "MarginPreview",
    "ModelValue",
    "PreviewLeg",
    "apply_answer",
    "apply_control_set",
    "apply_kill_switch_changed",
    "apply_limits_in_force",
    "apply_phase_changed",
    "apply_trading_state_changed",
    "approve_release",
    "carry_out",
    "engage_kill_switch",
    "fit_surface",
    "model_value",
    "preview_margin",
    "preview_of",
    "record_in_force",
    "refresh_accounts",
    "request_release",
    "set_control",
    "set_limits",
    "tell_collateral",
]
