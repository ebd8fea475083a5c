#include <algorithm>
#include <cmath>

#include "parley/router.hpp"

namespace parley {
namespace {

std::int64_t ceil_millionths(std::int64_t amount, std::int64_t ppm) noexcept {
    const Wide product = Wide{amount} * ppm;
    return saturate(product > 0 ? (product + kMillion - 1) / kMillion : product / kMillion);
}

/// The other token's raw amount for exactly `base`; nothing where the pool's integers refuse.
std::optional<Uint256> quote_amount(const RouteV2& source, bool is_buy, const Uint256& base) noexcept {
    const bool zero_for_one = is_buy != source.tokens.base_is_token0;
    const auto amount = is_buy ? source.pool->amount_in(zero_for_one, base) : source.pool->amount_out(zero_for_one, base);
    return amount ? std::optional(*amount) : std::nullopt;
}

std::optional<Uint256> quote_amount(const RouteV3& source, bool is_buy, const Uint256& base) noexcept {
    const bool zero_for_one = is_buy != source.tokens.base_is_token0;
    bool carry = false;
    const Uint256 limit = zero_for_one ? wide::add(uniswap_v3::sqrt_ratio_min(), 1, carry) : uniswap_v3::sqrt_ratio_max() - 1;
    const auto swap = source.pool->quote(zero_for_one, !is_buy, base, limit);
    if (!swap || (is_buy ? swap->amount_out : swap->amount_in) != base) return std::nullopt;
    return is_buy ? swap->amount_in : swap->amount_out;
}

}  // namespace

/// Turns the best combination into child orders with exact amounts; false where a pool refuses and is left out.
bool Router::decide() noexcept {
    decision_.children_count = 0;
    double marginal = -std::numeric_limits<double>::infinity();
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        const std::int64_t units = best_.units[venue];
        if (units == 0) continue;
        RouteChild& child = decision_.children[decision_.children_count];
        child = RouteChild{};
        child.venue = venue;
        child.venue_id = venues_[venue].venue_id;
        child.quantity_units = units;
        if (!settle(venue, child)) {
            ready_[venue].most = 0;
            decision_.verdicts[venue] = {RouteReason::pool_refused, units, 0};
            return false;
        }
        marginal = std::max(marginal, marginal_of(venue, units));
        ++decision_.children_count;
    }
    total();
    decision_.marginal_price = decision_.children_count == 0 ? 0 : std::fabs(marginal) * static_cast<double>(order_.price_units);
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) explain(venue, marginal);
    return true;
}

bool Router::settle(std::size_t venue, RouteChild& child) const noexcept {
    child.fixed_cost = venues_[venue].fixed_cost;
    if (ready_[venue].is_pool) {
        if (!settle_pool(venues_[venue], child)) return false;
    } else {
        settle_book(venue, child);
    }
    charge(venues_[venue], child);
    return true;
}

void Router::settle_book(std::size_t venue, RouteChild& child) const noexcept {
    const Ready& ready = ready_[venue];
    assert(child.quantity_units % ready.lot_units == 0 && child.quantity_units <= ready.most);
    child.lots = child.quantity_units / ready.lot_units;
    Wide notional = 0;
    std::int64_t left = child.lots;
    for (std::size_t at = 0; left > 0; ++at) {
        const RouteLevel& level = ready.levels[at];
        const std::int64_t taken = std::min(left, level.lots);
        notional += Wide{level.price} * taken;
        child.limit_price = level.price;
        left -= taken;
    }
    child.notional = saturate(notional);
}

bool Router::settle_pool(const RouteVenue& venue, RouteChild& child) const noexcept {
    const bool is_buy = order_.side == Side::buy;
    const auto* v2 = std::get_if<RouteV2>(&venue.source);
    const auto* v3 = std::get_if<RouteV3>(&venue.source);
    const PoolTokens& tokens = v2 != nullptr ? v2->tokens : v3->tokens;
    child.base_amount =
        Uint256::from(static_cast<Uint128>(child.quantity_units) * static_cast<Uint128>(tokens.base_scale));
    const auto amount =
        v2 != nullptr ? quote_amount(*v2, is_buy, child.base_amount) : quote_amount(*v3, is_buy, child.base_amount);
    if (!amount) return false;
    child.quote_amount = *amount;
    const Uint256 notional =
        divide(*amount, static_cast<std::uint64_t>(tokens.quote_scale), is_buy ? Rounding::up : Rounding::down);
    if (!notional.fits(62)) return false;
    child.notional = static_cast<std::int64_t>(notional.limbs[0]);
    return true;
}

void Router::charge(const RouteVenue& venue, RouteChild& child) const noexcept {
    child.fee = ceil_millionths(child.notional, venue.taker_fee_ppm);
    child.penalty = ceil_millionths(child.notional, charge_ppm(venue) - venue.taker_fee_ppm);
}

void Router::total() noexcept {
    Wide notional = 0;
    Wide fees = 0;
    Wide fixed = 0;
    Wide penalties = 0;
    decision_.routed_units = 0;
    for (std::size_t at = 0; at < decision_.children_count; ++at) {
        const RouteChild& child = decision_.children[at];
        decision_.routed_units += child.quantity_units;
        notional += child.notional;
        fees += child.fee;
        fixed += child.fixed_cost;
        penalties += child.penalty;
    }
    assert(decision_.routed_units <= order_.quantity_units);
    decision_.unfilled_units = order_.quantity_units - decision_.routed_units;
    decision_.notional = saturate(notional);
    decision_.fees = saturate(fees);
    decision_.fixed_costs = saturate(fixed);
    decision_.penalties = saturate(penalties);
    decision_.total = saturate(notional + sign(order_.side) * (fees + fixed + penalties));
    decision_.bound = bound_ * sign_;
    decision_.solves = solves_;
    decision_.is_proven = is_proven_;
}

/// Marginal cost of the last unit that a venue trades.
double Router::marginal_of(std::size_t venue, std::int64_t units) const noexcept {
    const Ready& ready = ready_[venue];
    if (ready.is_pool) return cost_of_t(curves_[venue].t_of(static_cast<double>(units)));
    std::size_t at = 0;
    for (std::int64_t left = units; left > ready.levels[at].lots * ready.lot_units; ++at) {
        left -= ready.levels[at].lots * ready.lot_units;
    }
    return ready.per_unit * static_cast<double>(ready.levels[at].price);
}

std::int64_t Router::for_price_units(double unit_cost) const noexcept {
    return nearest_integer(std::fabs(unit_cost) * static_cast<double>(order_.price_units));
}

/// Why a venue that could be used is not.
void Router::explain(std::size_t venue, double marginal) noexcept {
    const Ready& ready = ready_[venue];
    RouteVerdict& verdict = decision_.verdicts[venue];
    if (ready.most == 0 || best_.units[venue] > 0) return;
    const double first = marginal_of(venue, 1);
    if (decision_.children_count > 0 && first >= marginal) {
        verdict = {RouteReason::too_expensive, for_price_units(first), for_price_units(marginal)};
    } else if (decision_.children_count > 0 && ready.fixed_cost > 0) {
        const double units = std::min(static_cast<double>(ready.most),
                                      ready.is_pool ? curves_[venue].at(t_of_cost(marginal)).units
                                                    : static_cast<double>(decision_.routed_units));
        const double surplus = ready.is_pool ? marginal * units - curves_[venue].cost(units) : (marginal - first) * units;
        verdict = {RouteReason::fixed_cost, ready.fixed_cost, nearest_integer(surplus)};
    } else if (ready.least > ready.lot_units) {
        verdict = {RouteReason::below_minimum, decision_.unfilled_units, ready.least};
    } else {
        verdict = {RouteReason::lot_too_large, ready.lot_units, order_.quantity_units};
    }
}

}  // namespace parley
