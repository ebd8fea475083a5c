#include "router_inputs.hpp"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <utility>

#include "engine_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::PoolTokens;
using parley::RouteOrder;
using parley::RouteVenue;

namespace {

using LevelPairs = std::vector<std::pair<std::int64_t, std::int64_t>>;
constexpr std::int64_t kScaleMax = 1'000'000'000'000'000'000;
constexpr std::int64_t kLatencyUsMax = 3'600'000'000;

void check_levels(const LevelPairs& levels) {
    checked::within("number of levels", static_cast<std::int64_t>(levels.size()), 0, parley::kRouteLevelsMax);
    for (const auto& [price, lots] : levels) {
        checked::within("price", price, 1, parley::kRoutePriceMax);
        checked::within("lots", lots, 1, parley::kQuantityLotsMax);
    }
    // Rising for asks or falling for bids; equal prices belong into one level.
    for (std::size_t at = 2; at < levels.size(); ++at) {
        const bool is_rising = levels[1].first > levels[0].first;
        if ((levels[at].first > levels[at - 1].first) != is_rising) throw std::invalid_argument("levels are not in order");
    }
    for (std::size_t at = 1; at < levels.size(); ++at) {
        if (levels[at].first == levels[at - 1].first) throw std::invalid_argument("two levels have one price");
    }
}

void make_book(HeldVenue* place, const RouteVenue& terms, const LevelPairs& levels, std::int64_t lot_units) {
    check_levels(levels);
    checked::within("lot_units", lot_units, 1, parley::kRouteLotUnitsMax);
    HeldVenue held{terms, {}, {}};
    for (const auto& [price, lots] : levels) held.levels.push_back({price, lots});
    held.venue.source = parley::RouteBook{{}, lot_units};
    new (place) HeldVenue(std::move(held));
}

template <typename Source>
void make_pool(HeldVenue* place, const RouteVenue& terms, nb::object pool, bool base_is_token0, std::int64_t base_scale,
               std::int64_t quote_scale) {
    checked::within("base_scale", base_scale, 1, kScaleMax);
    checked::within("quote_scale", quote_scale, 1, kScaleMax);
    checked::within("notional_min of a pool", terms.notional_min, 0, 0);
    HeldVenue held{terms, {}, pool};
    using Pool = std::remove_pointer_t<decltype(Source::pool)>;
    held.venue.source = Source{nb::cast<Pool*>(pool), PoolTokens{base_is_token0, base_scale, quote_scale}};
    new (place) HeldVenue(std::move(held));
}

void check_terms(const RouteVenue& terms) {
    checked::within("fixed_cost", terms.fixed_cost, 0, parley::kRouteUnitsMax);
    checked::within("quantity_min_units", terms.quantity_min_units, 0, parley::kRouteUnitsMax);
    checked::within("quantity_max_units", terms.quantity_max_units, 0, parley::kRouteUnitsMax);
    checked::within("notional_min", terms.notional_min, 0, parley::kRouteUnitsMax);
    checked::within("latency_us", terms.latency_us, 0, kLatencyUsMax);
    checked::not_negative("updated_at_ns", terms.updated_at_ns);
    checked::not_negative("stale_after_ns", terms.stale_after_ns);
    checked::within("taker_fee_ppm", terms.taker_fee_ppm, -parley::kMillion, parley::kMillion);
    checked::within("penalty_ppm", terms.penalty_ppm, 0, parley::kMillion);
}

void make_order(RouteOrder* place, int side, std::int64_t quantity_units, std::int64_t limit_price,
                std::int64_t price_units, std::int64_t max_slippage_ppm, std::int64_t urgency_ppm_per_second,
                std::int64_t at_ns) {
    RouteOrder order;
    order.side = static_cast<parley::Side>(checked::within("side", side, 0, 1));
    order.quantity_units = checked::within("quantity_units", quantity_units, 1, parley::kRouteUnitsMax);
    order.limit_price = checked::within("limit_price", limit_price, 0, parley::kRouteUnitsMax);
    order.price_units = checked::within("price_units", price_units, 1, parley::kRouteLotUnitsMax);
    order.max_slippage_ppm = checked::within("max_slippage_ppm", max_slippage_ppm, -1, parley::kMillion);
    order.urgency_ppm_per_second = checked::within("urgency_ppm_per_second", urgency_ppm_per_second, 0, parley::kMillion);
    order.at_ns = checked::not_negative("at_ns", at_ns);
    new (place) RouteOrder(order);
}

void bind_terms(nb::module_& module) {
    nb::class_<RouteVenue>(module, "RouteTerms",
                           "What a venue asks: taker_fee_ppm and penalty_ppm in millionths of the notional (the penalty is\n"
                           "no money, but counts), fixed_cost and notional_min in quote units, quantities in units of the\n"
                           "base, latency_us charged by the order's urgency; 0 active, 1 reducing, 2 halted; older than\n"
                           "stale_after_ns (0: never) is not used. Raises ValueError.")
        .def(
            "__init__",
            [](RouteVenue* place, std::int64_t venue_id, std::int32_t taker_fee_ppm, std::int32_t penalty_ppm,
               std::int64_t fixed_cost, std::int64_t quantity_min_units, std::int64_t quantity_max_units,
               std::int64_t notional_min, std::int64_t latency_us, std::int64_t updated_at_ns, std::int64_t stale_after_ns,
               int state, bool is_excluded) {
                RouteVenue terms;
                terms.venue_id = venue_id;
                terms.taker_fee_ppm = taker_fee_ppm;
                terms.penalty_ppm = penalty_ppm;
                terms.fixed_cost = fixed_cost;
                terms.quantity_min_units = quantity_min_units;
                terms.quantity_max_units = quantity_max_units;
                terms.notional_min = notional_min;
                terms.latency_us = latency_us;
                terms.updated_at_ns = updated_at_ns;
                terms.stale_after_ns = stale_after_ns;
                terms.state = static_cast<parley::TradingState>(checked::within("state", state, 0, 2));
                terms.is_excluded = is_excluded;
                check_terms(terms);
                new (place) RouteVenue(terms);
            },
            "venue_id"_a, nb::kw_only(), "taker_fee_ppm"_a = 0, "penalty_ppm"_a = 0, "fixed_cost"_a = 0,
            "quantity_min_units"_a = 0, "quantity_max_units"_a = parley::kRouteUnitsMax, "notional_min"_a = 0,
            "latency_us"_a = 0, "updated_at_ns"_a = 0, "stale_after_ns"_a = 0, "state"_a = 0, "is_excluded"_a = false)
        .def_ro("venue_id", &RouteVenue::venue_id);
}

}  // namespace

std::vector<RouteVenue> views_of(const std::vector<const HeldVenue*>& venues) {
    checked::within("number of venues", static_cast<std::int64_t>(venues.size()), 0, parley::kRouteVenuesMax);
    std::vector<RouteVenue> views;
    for (const HeldVenue* venue : venues) views.push_back(venue->view());
    return views;
}

void check_directions(const RouteOrder& order, const std::vector<RouteVenue>& venues) {
    for (const RouteVenue& venue : venues) {
        const auto* book = std::get_if<parley::RouteBook>(&venue.source);
        if (book == nullptr || book->levels.size() < 2) continue;
        const bool is_rising = book->levels[1].price > book->levels[0].price;
        if (is_rising != (order.side == parley::Side::buy)) throw std::invalid_argument("levels are not best first");
    }
}

void bind_route_inputs(nb::module_& module) {
    bind_terms(module);
    nb::class_<HeldVenue>(module, "RouteVenue",
                          "An order book (levels as (price in quote units a lot, lots), best first, of the side that the\n"
                          "order takes from) or a pool whose raw amounts are units times a scale. Raises ValueError.")
        .def("__init__", make_book, "terms"_a, "levels"_a, "lot_units"_a = 1)
        .def(
            "__init__",
            [](HeldVenue* place, const RouteVenue& terms, nb::handle_t<parley::UniswapV2Pool> pool, bool base_is_token0,
               std::int64_t base_scale, std::int64_t quote_scale) {
                make_pool<parley::RouteV2>(place, terms, nb::borrow(pool), base_is_token0, base_scale, quote_scale);
            },
            "terms"_a, "pool"_a, "base_is_token0"_a, "base_scale"_a = 1, "quote_scale"_a = 1)
        .def(
            "__init__",
            [](HeldVenue* place, const RouteVenue& terms, nb::handle_t<parley::uniswap_v3::Pool> pool, bool base_is_token0,
               std::int64_t base_scale, std::int64_t quote_scale) {
                make_pool<parley::RouteV3>(place, terms, nb::borrow(pool), base_is_token0, base_scale, quote_scale);
            },
            "terms"_a, "pool"_a, "base_is_token0"_a, "base_scale"_a = 1, "quote_scale"_a = 1);
    nb::class_<RouteOrder>(module, "RouteOrder",
                           "side 0 buy, 1 sell; quantity in units of the base; limit_price (0: none) in quote units for\n"
                           "price_units of the base, fees apart; max_slippage_ppm from the best price (-1: none);\n"
                           "urgency_ppm_per_second is what a second of a venue's latency costs. Raises ValueError.")
        .def("__init__", make_order, "side"_a, "quantity_units"_a, nb::kw_only(), "limit_price"_a = 0,
             "price_units"_a = 1, "max_slippage_ppm"_a = -1, "urgency_ppm_per_second"_a = 0, "at_ns"_a = 0);
}
