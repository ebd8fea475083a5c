#include "parley/router.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <tuple>

#include "router_inputs.hpp"
#include "wide_integers.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::RouteChild;
using parley::RouteDecision;
using parley::RouteReason;

const char* text(RouteReason reason) {
    switch (reason) {
        case RouteReason::used:
            return "used";
        case RouteReason::excluded:
            return "excluded";
        case RouteReason::halted:
            return "halted";
        case RouteReason::stale:
            return "stale";
        case RouteReason::empty:
            return "empty";
        case RouteReason::charge_too_large:
            return "charge_too_large";
        case RouteReason::lot_too_large:
            return "lot_too_large";
        case RouteReason::beyond_limit:
            return "beyond_limit";
        case RouteReason::below_minimum:
            return "below_minimum";
        case RouteReason::too_expensive:
            return "too_expensive";
        case RouteReason::fixed_cost:
            return "fixed_cost";
        case RouteReason::pool_refused:
            return "pool_refused";
    }
    return "unknown";
}

namespace {

struct Answer {
    RouteDecision decision;
    std::size_t venues = 0;
};

using Verdict = std::tuple<const char*, std::int64_t, std::int64_t>;

std::vector<RouteChild> children_of(const Answer& answer) {
    const auto begin = answer.decision.children.begin();
    return {begin, begin + static_cast<std::ptrdiff_t>(answer.decision.children_count)};
}

nb::list verdicts_of(const Answer& answer) {
    nb::list list;
    for (std::size_t at = 0; at < answer.venues; ++at) {
        const auto& verdict = answer.decision.verdicts[at];
        list.append(nb::make_tuple(text(verdict.reason), verdict.value, verdict.bound));
    }
    return list;
}

void bind_child(nb::module_& module) {
    nb::class_<RouteChild>(module, "RouteChild", "One child order of a decision.")
        .def_ro("venue", &RouteChild::venue, "Place in the list of venues.")
        .def_ro("venue_id", &RouteChild::venue_id)
        .def_ro("quantity_units", &RouteChild::quantity_units, "Units of the base.")
        .def_ro("lots", &RouteChild::lots, "Books: lots of the venue.")
        .def_ro("limit_price", &RouteChild::limit_price, "Books: quote units a lot, the worst level taken.")
        .def_ro("base_amount", &RouteChild::base_amount, "Pools: raw units, exactly.")
        .def_ro("quote_amount", &RouteChild::quote_amount, "Pools: raw units, at most (buy) or at least (sell).")
        .def_ro("notional", &RouteChild::notional, "Quote units traded.")
        .def_ro("fee", &RouteChild::fee, "Quote units; a pool's own fee is in its price.")
        .def_ro("fixed_cost", &RouteChild::fixed_cost, "Quote units.")
        .def_ro("penalty", &RouteChild::penalty, "Quote units for latency and reliability; no money.");
}

template <auto Member>
void field(nb::class_<Answer>& type, const char* name, const char* doc) {
    type.def_prop_ro(name, [](const Answer& answer) { return answer.decision.*Member; }, doc);
}

void bind_decision(nb::module_& module) {
    nb::class_<Answer> type(module, "RouteDecision", "How an order is split, at which cost, and why not otherwise.");
    type.def_prop_ro("children", children_of, "Child orders in the order of the venues.")
        .def_prop_ro("verdicts", verdicts_of, nb::sig("def verdicts(self) -> list[tuple[str, int, int]]"),
                     "A reason for each venue, with the value and the bound that were compared.");
    field<&RouteDecision::routed_units>(type, "routed_units", "Units of the base; never more than asked.");
    field<&RouteDecision::unfilled_units>(type, "unfilled_units", "Units asked and not routed.");
    field<&RouteDecision::notional>(type, "notional", "Quote units traded.");
    field<&RouteDecision::fees>(type, "fees", "Quote units.");
    field<&RouteDecision::fixed_costs>(type, "fixed_costs", "Quote units: gas and the like.");
    field<&RouteDecision::penalties>(type, "penalties", "Quote units for latency and reliability; no money.");
    field<&RouteDecision::total>(type, "total", "Quote units paid (buy) or received (sell), all of the above counted.");
    field<&RouteDecision::marginal_price>(type, "marginal_price", "Charges included, quote units for price_units.");
    field<&RouteDecision::bound>(type, "bound", "No split of as many units has a better total than this.");
    field<&RouteDecision::solves>(type, "solves", "Convex problems solved.");
    field<&RouteDecision::is_proven>(type, "is_proven", "Searched to the end: within a millionth of the best.");
}

}  // namespace

void bind_router(nb::module_& module) {
    bind_route_inputs(module);
    bind_router_bench(module);
    bind_child(module);
    bind_decision(module);
    nb::class_<parley::Router>(module, "Router",
                               "Splits orders over order books and pools: as much as possible, then at the least total\n"
                               "cost. Deterministic; equal ways are decided by the order of the venues.")
        .def(nb::init<>())
        .def(
            "route",
            [](parley::Router& router, const parley::RouteOrder& order, const std::vector<const HeldVenue*>& venues) {
                const auto views = views_of(venues);
                check_directions(order, views);
                return Answer{router.route(order, views), views.size()};
            },
            "order"_a, "venues"_a, "Raises ValueError for more than 16 venues, or for a book whose levels do not begin with the best.");
    bind_route_state(module);
}
