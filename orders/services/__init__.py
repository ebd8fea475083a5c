"""Place and cancel orders, apply what the gateway says of them, and notice when it says nothing."""

from orders.services.allocations import allocate_trade, undo_allocation
from orders.services.amending import amend_order
from orders.services.basket_previews import preview_basket
from orders.services.baskets import place_basket
from orders.services.canceling import cancel_all, cancel_order, cancel_orders_of_user
from orders.services.desk_trades import (
    apply_block_command_refused,
    apply_block_confirmed,
    apply_block_refused,
    apply_block_reserved,
    decide_desk_trade,
    keep_desk_trades,
)
from orders.services.entered_routes import apply_route_entered
from orders.services.entering import apply_amend_entered, apply_cancel_entered, apply_entered
from orders.services.manual_fills import correct_fill, enter_fill
from orders.services.overriding import approve_override, request_override
from orders.services.parent_policies import decide_policy, propose_policy
from orders.services.parent_reports import store_algo_reports, take_algo_reports
from orders.services.parents import (
    approve_parent,
    cancel_parent,
    change_parent,
    pause_parent,
    resume_parent,
    stage_parent,
    start_parent,
)
from orders.services.placing import place_order
from orders.services.projecting import (
    apply_accepted,
    apply_amend_rejected,
    apply_amended,
    apply_cancel_all_done,
    apply_cancel_rejected,
    apply_canceled,
    apply_executed,
    apply_refused,
    apply_rejected,
    apply_restated,
    apply_triggered,
)
from orders.services.route_events import (
    apply_admitted,
    apply_amend_admitted,
    apply_amend_refused,
    apply_cancel_requested,
    apply_command_refused,
    apply_reported,
    apply_route_refused,
    mark_unanswered_routes,
)
from orders.services.routing import amend_route, cancel_route, place_route
from orders.services.splitting import cancel_split, place_best, reroute_due
from orders.services.venue_rfqs import accept_venue_rfq, ask_venue, cancel_venue_rfq
from orders.services.volumes import measure_hourly, measure_own_book
from orders.services.watching import mark_unanswered

__all__ = [
    "accept_venue_rfq",
    "allocate_trade",
    "amend_order",
    "amend_route",
    "apply_accepted",
    "apply_admitted",
    "apply_amend_admitted",
    "apply_amend_entered",
    "apply_amend_refused",
    "apply_amend_rejected",
    "apply_amended",
    "apply_block_command_refused",
    "apply_block_confirmed",
    "apply_block_refused",
    "apply_block_reserved",
    "apply_cancel_all_done",
    "apply_cancel_entered",
    "apply_cancel_rejected",
    "apply_cancel_requested",
    "apply_canceled",
    "apply_command_refused",
    "apply_entered",
    "apply_executed",
    "apply_refused",
    "apply_rejected",
    "apply_reported",
    "apply_restated",
    "apply_route_entered",
    "apply_route_refused",
    "apply_triggered",
    "approve_override",
    "approve_parent",
    "ask_venue",
    "cancel_all",
    "cancel_order",
    "cancel_orders_of_user",
    "cancel_parent",
    "cancel_route",
    "cancel_split",
    "cancel_venue_rfq",
    "change_parent",
    "correct_fill",
    "decide_desk_trade",
    "decide_policy",
    "enter_fill",
    "keep_desk_trades",
    "mark_unanswered",
    "mark_unanswered_routes",
    "measure_hourly",
    "measure_own_book",
    "pause_parent",
    "place_basket",
    "place_best",
    "place_order",
    "place_route",
    "preview_basket",
    "propose_policy",
    "request_override",
    "reroute_due",
    "resume_parent",
    "stage_parent",
    "start_parent",
    "store_algo_reports",
    "take_algo_reports",
    "undo_allocation",
]
