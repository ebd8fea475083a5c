#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include "engine_bindings.hpp"
#include "parley/entered_inputs.hpp"

namespace nb = nanobind;

using parley::Event;
using parley::EventKind;

namespace {

nb::tuple executed(const Event& event) {
    const auto& v = event.values;
    return nb::make_tuple(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11]);
}

nb::tuple listed(const Event& event) {
    const std::string& terms = (*event.texts)[0];
    return nb::make_tuple(event.values[0], nb::bytes(terms.data(), terms.size()));
}

nb::object or_none(std::int64_t value) { return value == 0 ? nb::object(nb::none()) : nb::object(nb::int_(value)); }

nb::tuple entered(const Event& event) {
    parley::EnterOrder of;
    parley::PlaceOrder order;
    parley::codec::get_entered(event, of, order);
    const bool is_priced = order.order_type != parley::OrderType::market && order.order_type != parley::OrderType::stop;
    const auto& [strategy_id, parent_order_id, confirmed_soft_bound] = order.attribution;
    const auto& [expires_at_ns, display, minimum, stop, trigger, reference, offset, self_match] = order.terms;
    return nb::make_tuple(order.order_id, of.session, of.client_order_id, order.account_id, order.user_id,
                          order.desk_id, order.firm_id, order.instrument_id, static_cast<int>(order.side),
                          static_cast<int>(order.order_type), static_cast<int>(order.time_in_force),
                          order.quantity.value, or_none(is_priced ? order.price.value : 0), order.is_post_only,
                          order.is_reduce_only, strategy_id, parent_order_id, confirmed_soft_bound, expires_at_ns,
                          display.value, minimum.value, stop.value, static_cast<int>(trigger),
                          static_cast<int>(reference), offset, static_cast<int>(self_match), event.values[1]);
}

nb::tuple route_entered(const Event& event) {
    parley::EnterRoute of;
    parley::PlaceRoute route;
    parley::PlaceOrder order;
    parley::codec::get_entered(event, of, route, order);
    const bool is_priced = order.order_type != parley::OrderType::market;
    return nb::make_tuple(order.order_id, of.session, of.client_order_id, of.token, route.venue, order.account_id,
                          order.user_id, order.desk_id, order.firm_id, order.instrument_id,
                          static_cast<int>(order.side), static_cast<int>(order.order_type),
                          static_cast<int>(order.time_in_force), order.quantity.value,
                          or_none(is_priced ? order.price.value : 0), order.is_reduce_only,
                          order.attribution.strategy_id, order.attribution.parent_order_id);
}

nb::tuple route_reported(const Event& event) {
    const auto& v = event.values;
    const std::string& report = (*event.texts)[1];
    return nb::make_tuple(v[0], (*event.texts)[0], v[1], v[2], v[3], v[4], v[5], v[6],
                          nb::bytes(report.data(), report.size()));
}

/// In the order of the fields of the struct in wire.gateway.
nb::tuple payload(const Event& event) {
    const auto& v = event.values;
    const auto reason = parley::reason_name(event.reason);
    switch (event.kind) {
        case EventKind::instrument_listed:
            return listed(event);
        case EventKind::instrument_delivered:
        case EventKind::trading_state_changed:
        case EventKind::cancel_all_done:
            return nb::make_tuple(v[0], v[1], v[2]);
        case EventKind::limits_in_force:
            return nb::make_tuple(v[0], (*event.texts)[0]);
        case EventKind::order_accepted:
        case EventKind::block_confirmed:
            return nb::make_tuple(v[0], v[1]);
        case EventKind::order_triggered:
            return nb::make_tuple(v[0], v[1]);
        case EventKind::order_rejected:
        case EventKind::amend_rejected:
        case EventKind::order_restated:
        case EventKind::order_canceled:
            return nb::make_tuple(v[0], reason, v[1], v[2]);
        case EventKind::order_executed:
            return executed(event);
        case EventKind::order_amended:
            return nb::make_tuple(v[0], v[1], v[2], or_none(v[3]));
        case EventKind::instrument_phase_changed:
            return nb::make_tuple(v[0], v[1], v[2], v[3]);
        case EventKind::price_bands_set:
            return nb::make_tuple(v[0], v[1], v[2], v[3], v[4] != 0);
        case EventKind::cancel_rejected:
            return nb::make_tuple(v[0], reason);
        case EventKind::control_set:
            return nb::make_tuple(v[0], v[1], v[2], v[3]);
        case EventKind::kill_switch_changed:
            return nb::make_tuple(v[0], v[1], v[2] != 0, v[3]);
        case EventKind::block_refused:
            return nb::make_tuple(v[0], v[1], v[2], reason, v[3], v[4]);
        case EventKind::block_reserved:
        case EventKind::block_voided:
        case EventKind::instrument_settled:
            return nb::make_tuple(v[0]);
        case EventKind::order_entered:
            return entered(event);
        case EventKind::cancel_entered:
            return nb::make_tuple(v[0], v[1], (*event.texts)[0], (*event.texts)[1], v[2] != 0);
        case EventKind::amend_entered:
            return nb::make_tuple(v[0], v[1], (*event.texts)[0], (*event.texts)[1], or_none(v[2]), or_none(v[3]));
        case EventKind::command_refused:
            return nb::make_tuple((*event.texts)[0], (*event.texts)[1], v[0], v[1]);
        case EventKind::route_admitted:
            return nb::make_tuple(v[0], (*event.texts)[0]);
        case EventKind::route_refused:
        case EventKind::route_amend_refused:
            return nb::make_tuple(v[0], reason, v[1], v[2]);
        case EventKind::route_cancel_requested:
            return nb::make_tuple(v[0], reason);
        case EventKind::route_amend_admitted:
            return nb::make_tuple(v[0], v[1], or_none(v[2]));
        case EventKind::route_reported:
            return route_reported(event);
        case EventKind::route_entered:
            return route_entered(event);
    }
    return nb::tuple();
}

}  // namespace

nb::tuple event_tuple(const Event& event) {
    return nb::make_tuple(event.number, event.journal_sequence, event.index, event.at_ns, event.command_sequence,
                          static_cast<int>(event.kind), payload(event));
}

void bind_engine_enums(nb::module_& module) {
    nb::enum_<EventKind>(module, "EventKind", nb::is_arithmetic(),
                         "What an event tuple is; numbered as wire.gateway.AnyGatewayEvent lists its structs.")
        .value("INSTRUMENT_LISTED", EventKind::instrument_listed)
        .value("INSTRUMENT_DELIVERED", EventKind::instrument_delivered)
        .value("LIMITS_IN_FORCE", EventKind::limits_in_force)
        .value("ORDER_ACCEPTED", EventKind::order_accepted)
        .value("ORDER_REJECTED", EventKind::order_rejected)
        .value("ORDER_EXECUTED", EventKind::order_executed)
        .value("ORDER_CANCELED", EventKind::order_canceled)
        .value("CANCEL_REJECTED", EventKind::cancel_rejected)
        .value("CANCEL_ALL_DONE", EventKind::cancel_all_done)
        .value("TRADING_STATE_CHANGED", EventKind::trading_state_changed)
        .value("KILL_SWITCH_CHANGED", EventKind::kill_switch_changed)
        .value("BLOCK_RESERVED", EventKind::block_reserved)
        .value("BLOCK_REFUSED", EventKind::block_refused)
        .value("BLOCK_CONFIRMED", EventKind::block_confirmed)
        .value("BLOCK_VOIDED", EventKind::block_voided)
        .value("INSTRUMENT_SETTLED", EventKind::instrument_settled)
        .value("COMMAND_REFUSED", EventKind::command_refused)
        .value("CONTROL_SET", EventKind::control_set)
        .value("ORDER_AMENDED", EventKind::order_amended)
        .value("AMEND_REJECTED", EventKind::amend_rejected)
        .value("ORDER_TRIGGERED", EventKind::order_triggered)
        .value("ORDER_RESTATED", EventKind::order_restated)
        .value("INSTRUMENT_PHASE_CHANGED", EventKind::instrument_phase_changed)
        .value("PRICE_BANDS_SET", EventKind::price_bands_set)
        .value("ORDER_ENTERED", EventKind::order_entered)
        .value("CANCEL_ENTERED", EventKind::cancel_entered)
        .value("AMEND_ENTERED", EventKind::amend_entered)
        .value("ROUTE_ADMITTED", EventKind::route_admitted)
        .value("ROUTE_REFUSED", EventKind::route_refused)
        .value("ROUTE_CANCEL_REQUESTED", EventKind::route_cancel_requested)
        .value("ROUTE_AMEND_ADMITTED", EventKind::route_amend_admitted)
        .value("ROUTE_AMEND_REFUSED", EventKind::route_amend_refused)
        .value("ROUTE_REPORTED", EventKind::route_reported)
        .value("ROUTE_ENTERED", EventKind::route_entered);
}
