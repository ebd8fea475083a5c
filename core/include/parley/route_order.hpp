#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <variant>

#include "parley/uniswap_v2.hpp"
#include "parley/uniswap_v3.hpp"
#include "parley/units.hpp"

namespace parley {

// Quantities are whole "units" of the base (say 1e-8 coin), money whole "quote units" (say 1e-6 dollar): the caller
// chooses both, once for all venues of an order.

inline constexpr std::size_t kRouteVenuesMax = 16;
inline constexpr std::size_t kRouteLevelsMax = 64;  ///< of one book
inline constexpr std::int64_t kRouteUnitsMax = 1'000'000'000'000'000'000;
inline constexpr std::int64_t kRoutePriceMax = 1'000'000'000'000;  ///< quote units a lot
inline constexpr std::int64_t kRouteLotUnitsMax = 1'000'000'000'000;
inline constexpr std::int64_t kRouteChargePpmMax = 500'000;
inline constexpr std::int64_t kMillion = 1'000'000;

struct RouteLevel {
    std::int64_t price = 0;  ///< quote units a lot
    std::int64_t lots = 0;
};

/// The side of a book that the order takes from, best price first.
struct RouteBook {
    std::span<const RouteLevel> levels;
    std::int64_t lot_units = 1;
};

/// How a pool's raw token amounts count in units: raw = units * scale, so that the unit is never finer than the token.
struct PoolTokens {
    bool base_is_token0 = true;
    std::int64_t base_scale = 1;
    std::int64_t quote_scale = 1;
};
struct RouteV2 {
    const UniswapV2Pool* pool = nullptr;
    PoolTokens tokens;
};
struct RouteV3 {
    const uniswap_v3::Pool* pool = nullptr;
    PoolTokens tokens;
};

/// A place to trade. What it charges in proportion is counted in millionths of the notional.
struct RouteVenue {
    std::int64_t venue_id = 0;
    std::variant<RouteBook, RouteV2, RouteV3> source;
    std::int64_t fixed_cost = 0;          ///< quote units once used: gas, a ticket
    std::int64_t quantity_min_units = 0;  ///< used with at least this much, or not at all
    std::int64_t quantity_max_units = kRouteUnitsMax;
    std::int64_t notional_min = 0;  ///< quote units; books only
    std::int64_t latency_us = 0;
    TimeNs updated_at_ns = 0;
    TimeNs stale_after_ns = 0;  ///< 0: never
    std::int32_t taker_fee_ppm = 0;
    std::int32_t penalty_ppm = 0;  ///< for what it has done to orders before: not money, but it counts
    TradingState state = TradingState::active;
    bool is_excluded = false;
};

struct RouteOrder {
    Side side = Side::buy;
    std::int64_t quantity_units = 0;
    std::int64_t limit_price = 0;  ///< quote units for `price_units`; 0: none. No unit trades at a worse price, fees apart
    std::int64_t price_units = 1;
    std::int64_t max_slippage_ppm = -1;  ///< from the best price of a usable venue; below 0: no bound
    std::int64_t urgency_ppm_per_second = 0;  ///< what waiting costs: charged on each venue's latency
    TimeNs at_ns = 0;
};

/// Why a venue takes no part, or that it does. `value` and `bound` are what was compared.
enum class RouteReason : std::uint8_t {
    used,
    excluded,
    halted,
    stale,              ///< age and its bound, nanoseconds
    empty,
    charge_too_large,   ///< millionths
    lot_too_large,      ///< units of a lot, units asked
    beyond_limit,       ///< best price and the limit, quote units for `price_units`
    below_minimum,      ///< units to be had, least units
    too_expensive,      ///< best price, charges included, and the marginal price, quote units for `price_units`
    fixed_cost,         ///< the fixed cost, and the most it would have saved
    pool_refused,
};

struct RouteVerdict {
    RouteReason reason = RouteReason::empty;
    std::int64_t value = 0;
    std::int64_t bound = 0;
};

struct RouteChild {
    std::size_t venue = 0;  ///< place in the list of venues
    std::int64_t venue_id = 0;
    std::int64_t quantity_units = 0;
    std::int64_t lots = 0;         ///< books
    std::int64_t limit_price = 0;  ///< books: quote units a lot, the worst level taken
    Uint256 base_amount;           ///< pools: raw units that leave (buy) or come in (sell), exactly
    Uint256 quote_amount;          ///< pools: raw units that come in at most (buy) or leave at least (sell)
    std::int64_t notional = 0;     ///< quote units traded
    std::int64_t fee = 0;          ///< of the venue; a pool's own fee is in its price
    std::int64_t fixed_cost = 0;
    std::int64_t penalty = 0;  ///< latency and reliability, quote units
};

struct RouteDecision {
    std::array<RouteChild, kRouteVenuesMax> children;
    std::array<RouteVerdict, kRouteVenuesMax> verdicts;
    std::size_t children_count = 0;
    std::int64_t routed_units = 0;
    std::int64_t unfilled_units = 0;
    std::int64_t notional = 0;
    std::int64_t fees = 0;
    std::int64_t fixed_costs = 0;
    std::int64_t penalties = 0;
    std::int64_t total = 0;  ///< notional + (buy) or - (sell) everything else: paid, or received
    double marginal_price = 0;  ///< charges included, quote units for `price_units`
    double bound = 0;           ///< no way to route is better than this, in the unit of `total`
    std::int32_t solves = 0;
    bool is_proven = false;  ///< searched to the end: `total` is within a millionth of the best
};

}  // namespace parley
