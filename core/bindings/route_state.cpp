#include "parley/route_state.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <vector>

#include "engine_inputs.hpp"
#include "router_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::RouteHalt;
using parley::RouteOutcome;
using parley::RouteRules;
using parley::RouteState;
using parley::SentChild;

namespace {

const char* text(RouteOutcome outcome) {
    static constexpr const char* kNames[] = {"accepted",      "duplicate", "unknown_child", "unknown_execution",
                                             "contradiction", "overfill",  "too_many"};
    return kNames[static_cast<std::size_t>(outcome)];
}

const char* text(RouteHalt halt) {
    static constexpr const char* kNames[] = {"none", "canceled", "contradiction", "orders_out_vs_orders_in"};
    return kNames[static_cast<std::size_t>(halt)];
}

const char* text(parley::RouteChildState state) {
    static constexpr const char* kNames[] = {"working", "unknown", "done"};
    return kNames[static_cast<std::size_t>(state)];
}

void make_state(RouteState* place, std::int64_t asked_units, std::int64_t answer_within_ns, std::int64_t exclude_ns,
                std::int64_t penalize_ns, std::int32_t penalty_ppm, std::int32_t rounds_max, std::int64_t deadline_ns,
                std::int64_t first_child_id) {
    checked::within("asked_units", asked_units, 1, parley::kRouteUnitsMax);
    RouteRules rules;
    rules.answer_within_ns = checked::positive("answer_within_ns", answer_within_ns);
    rules.exclude_ns = checked::within("exclude_ns", exclude_ns, 0, parley::kRouteUnitsMax);
    rules.penalize_ns = checked::within("penalize_ns", penalize_ns, 0, parley::kRouteUnitsMax);
    rules.penalty_ppm = static_cast<std::int32_t>(checked::within("penalty_ppm", penalty_ppm, 0, parley::kMillion));
    rules.rounds_max = static_cast<std::int32_t>(checked::within("rounds_max", rounds_max, 1, parley::kRouteChildrenMax));
    rules.deadline_ns = checked::positive("deadline_ns", deadline_ns);
    new (place) RouteState(asked_units, rules, checked::within("first_child_id", first_child_id, 0, parley::kRouteUnitsMax));
}

std::int64_t time_of(std::int64_t now_ns) { return checked::within("now_ns", now_ns, 0, 8 * parley::kRouteUnitsMax); }

std::vector<SentChild> plan(RouteState& state, std::int64_t now_ns, parley::Router& router, const parley::RouteOrder& order,
                            const std::vector<const HeldVenue*>& venues) {
    const auto views = views_of(venues);
    check_directions(order, views);
    const auto sent = state.plan(time_of(now_ns), router, order, views);
    return {sent.begin(), sent.end()};
}

void bind_sent_child(nb::module_& module) {
    nb::class_<SentChild>(module, "SentChild", "A child order that left, and what is known of it.")
        .def_ro("child_id", &SentChild::child_id)
        .def_ro("order", &SentChild::order, "What to send, immediate-or-cancel.")
        .def_ro("seen_units", &SentChild::seen_units, "Executed, busted ones included.")
        .def_ro("final_units", &SentChild::final_units, "Once done: what the venue says it filled.")
        .def_prop_ro("reserved_units", &SentChild::reserved_units, "What may still be filled.")
        .def_prop_ro("state", [](const SentChild& child) { return text(child.state); }, "working, unknown or done.");
}

void bind_reports(nb::class_<RouteState>& type) {
    type.def(
            "on_fill",
            [](RouteState& state, std::int64_t child_id, std::int64_t execution_id, std::int64_t units) {
                checked::within("units", units, 1, parley::kRouteUnitsMax);
                return text(state.on_fill(child_id, execution_id, units));
            },
            "child_id"_a, "execution_id"_a, "units"_a, "An execution; doubled ones are ignored. The outcome in a word.")
        .def(
            "on_bust",
            [](RouteState& state, std::int64_t child_id, std::int64_t execution_id) {
                return text(state.on_bust(child_id, execution_id));
            },
            "child_id"_a, "execution_id"_a, "The venue takes an execution back; its units are held until release_busts.")
        .def(
            "on_reject",
            [](RouteState& state, std::int64_t now_ns, std::int64_t child_id) {
                return text(state.on_reject(time_of(now_ns), child_id));
            },
            "now_ns"_a, "child_id"_a, "The venue refused the child and is left out for a time.")
        .def(
            "on_done",
            [](RouteState& state, std::int64_t now_ns, std::int64_t child_id, std::int64_t filled_units) {
                checked::within("filled_units", filled_units, 0, parley::kRouteUnitsMax);
                return text(state.on_done(time_of(now_ns), child_id, filled_units));
            },
            "now_ns"_a, "child_id"_a, "filled_units"_a, "The child's end, with all it ever filled.")
        .def(
            "on_time", [](RouteState& state, std::int64_t now_ns) { return state.on_time(time_of(now_ns)); }, "now_ns"_a,
            "Marks silent children unknown, their quantity reserved; how many.")
        .def("cancel", &RouteState::cancel, "No child leaves any more.")
        .def("release_busts", &RouteState::release_busts, "Lets busted quantity be routed anew.");
}

}  // namespace

void bind_route_state(nb::module_& module) {
    bind_sent_child(module);
    nb::class_<RouteState> type(module, "RouteExecution",
                                "One order on its way through several venues: a pure state machine of reports and times.\n"
                                "At all times filled + held + reserved <= asked; a child is reserved until its end is known.\n"
                                "Times are UTC nanoseconds, quantities units of the base. Raises ValueError.");
    type.def("__init__", make_state, "asked_units"_a, nb::kw_only(), "answer_within_ns"_a = RouteRules{}.answer_within_ns,
             "exclude_ns"_a = RouteRules{}.exclude_ns, "penalize_ns"_a = RouteRules{}.penalize_ns,
             "penalty_ppm"_a = RouteRules{}.penalty_ppm, "rounds_max"_a = RouteRules{}.rounds_max,
             "deadline_ns"_a = RouteRules{}.deadline_ns, "first_child_id"_a = 1)
        .def("plan", plan, "now_ns"_a, "router"_a, "order"_a, "venues"_a,
             "Splits what is free over the venues and returns the children to send; those that refused, fell silent or\n"
             "filled in part are left out or charged more for a time. The order gives side, limit and urgency.")
        .def_prop_ro("asked_units", &RouteState::asked_units)
        .def_prop_ro("filled_units", &RouteState::filled_units, "Executed, less busted.")
        .def_prop_ro("held_units", &RouteState::held_units, "Busted and not released.")
        .def_prop_ro("reserved_units", &RouteState::reserved_units, "May still be filled outside.")
        .def_prop_ro("free_units", &RouteState::free_units, "May be routed.")
        .def_prop_ro("units_out", &RouteState::units_out, "Filled or still to be filled outside: orders out.")
        .def_prop_ro("units_in", &RouteState::units_in, "Admitted: orders in.")
        .def_prop_ro("rounds", &RouteState::rounds)
        .def_prop_ro("halt", [](const RouteState& state) { return text(state.halt()); },
                     "none, canceled, contradiction or orders_out_vs_orders_in.")
        .def_prop_ro("children", [](const RouteState& state) {
            return std::vector<SentChild>(state.children().begin(), state.children().end());
        });
    bind_reports(type);
}
