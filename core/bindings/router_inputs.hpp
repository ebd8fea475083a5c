#pragma once

#include <nanobind/nanobind.h>

#include <vector>

#include "parley/route_order.hpp"

/// A venue as Python holds it: its levels, or the pool object it points at, live as long as it does.
struct HeldVenue {
    parley::RouteVenue venue;
    std::vector<parley::RouteLevel> levels;
    nanobind::object pool;

    [[nodiscard]] parley::RouteVenue view() const {
        parley::RouteVenue out = venue;
        if (auto* book = std::get_if<parley::RouteBook>(&out.source)) book->levels = levels;
        return out;
    }
};

/// The venues of one call as the core takes them; refuses too many with ValueError.
std::vector<parley::RouteVenue> views_of(const std::vector<const HeldVenue*>& venues);
/// Refuses a book of the wrong side with ValueError.
void check_directions(const parley::RouteOrder& order, const std::vector<parley::RouteVenue>& venues);
const char* text(parley::RouteReason reason);
void bind_route_inputs(nanobind::module_& module);
void bind_router_bench(nanobind::module_& module);
void bind_route_state(nanobind::module_& module);
