#include <nanobind/stl/optional.h>

#include <optional>

#include "engine_inputs.hpp"
#include "parley/control_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

nb::object limit(std::int64_t value) { return value == parley::kNoLimit ? nb::object(nb::none()) : nb::object(nb::int_(value)); }

nb::dict limits_of(const parley::ScopeLimits& limits) {
    nb::dict named;
    named["max_order_quantity_lots"] = limit(limits.max_order_quantity_lots);
    named["max_order_value_micros"] = limit(limits.max_order_value_micros);
    named["soft_order_value_micros"] = limit(limits.soft_order_value_micros);
    named["max_open_risk_micros"] = limit(limits.max_open_risk_micros);
    named["period_collar_basis_points"] = limit(limits.period_collar_basis_points);
    named["collar_period_ns"] = limits.collar_period_ns;
    named["messages_per_second"] = limit(limits.messages_per_second);
    named["message_burst"] = limits.message_burst;
    named["duplicate_window_ns"] = limit(limits.duplicate_window_ns);
    named["max_executions"] = limit(limits.max_executions);
    named["execution_period_ns"] = limits.execution_period_ns;
    named["max_working_orders"] = limit(limits.max_working_orders);
    named["max_orders"] = limit(limits.max_orders);
    named["is_instrument_list_required"] = limits.is_instrument_list_required;
    named["is_trader_list_required"] = limits.is_trader_list_required;
    return named;
}

nb::list switches(EngineService& engine) {
    std::vector<parley::Controls::InForce> found;
    {
        const nb::gil_scoped_release released;
        found = engine.read([](const parley::Engine& state) { return state.controls().in_force(); });
    }
    nb::list list;
    for (const auto& each : found) {
        list.append(nb::make_tuple(static_cast<int>(each.scope), each.scope_id, static_cast<int>(each.state),
                                   each.is_kill_switch));
    }
    return list;
}

nb::list scope_limits(EngineService& engine) {
    std::vector<parley::OrderControls::ScopeUse> found;
    {
        const nb::gil_scoped_release released;
        found = engine.read([](const parley::Engine& state) { return state.order_controls().scope_uses(); });
    }
    nb::list list;
    for (const auto& each : found) {
        list.append(nb::make_tuple(static_cast<int>(each.scope), each.scope_id, each.is_disabled, limits_of(each.limits)));
    }
    return list;
}

nb::object account_limits(EngineService& engine, std::int64_t account_id) {
    std::optional<parley::Limits> found;
    {
        const nb::gil_scoped_release released;
        found = engine.read([&](const parley::Engine& state) { return state.account_limits(account_id); });
    }
    if (!found) return nb::none();
    return nb::make_tuple(found->max_order_quantity_lots, found->max_order_value_micros, found->max_position_lots,
                          found->max_position_value_micros, found->price_collar_basis_points);
}

}  // namespace

void bind_in_force(EngineClass& engine) {
    engine
        .def("switches", switches, nb::sig("def switches(self) -> list[tuple[int, int, int, bool]]"),
             "[(scope, scope_id, state, is_kill_switch), ...]: kill switches that are engaged, their state 2, and trading\n"
             "states that are not active (1 reducing, 2 halted).")
        .def("scope_limits", scope_limits,
             nb::sig("def scope_limits(self) -> list[tuple[int, int, bool, dict[str, int | bool | None]]]"),
             "[(scope, scope_id, is_disabled, limits), ...]: of each scope that is known; the limits by the names that\n"
             "set_scope_limits() has, None where the control is off; is_disabled: by the execution throttle.")
        .def("account_limits", account_limits, "account_id"_a,
             nb::sig("def account_limits(self, account_id: int) -> tuple[int, int, int, int, int] | None"),
             "(max_order_quantity_lots, max_order_value_micros, max_position_lots, max_position_value_micros,\n"
             "price_collar_basis_points) of every coin without its own; None: there are none.");
}
