#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include "engine_bindings.hpp"

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
        case EventKind::order_amended: {
            const auto price = v[3] == 0 ? nb::object(nb::none()) : nb::object(nb::int_(v[3]));
            return nb::make_tuple(v[0], v[1], v[2], price);
        }
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
        case EventKind::command_refused:
            return nb::make_tuple((*event.texts)[0], (*event.texts)[1], v[0], v[1]);
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
        .value("PRICE_BANDS_SET", EventKind::price_bands_set);
}
