#include "parley/router.hpp"

#include <algorithm>
#include <cmath>

namespace parley {
namespace {

[[nodiscard]] bool is_used(const RouteVerdict& verdict) noexcept { return verdict.reason == RouteReason::used; }

/// Whether a level may be taken: exactly, by the order's limit.
[[nodiscard]] bool is_within_limit(const RouteOrder& order, std::int64_t price, std::int64_t lot_units) noexcept {
    if (order.limit_price == 0) return true;
    const Wide left = Wide{price} * order.price_units;
    const Wide right = Wide{order.limit_price} * lot_units;
    return order.side == Side::buy ? left <= right : left >= right;
}

}  // namespace

std::int64_t nearest_integer(double value) noexcept {
    constexpr double most = 9e18;
    return std::llround(std::clamp(value, -most, most));
}

Router::Router()
    : blocks_(kRouteVenuesMax * kRouteLevelsMax), filled_(kRouteVenuesMax * kRouteLevelsMax) {
    nodes_.reserve(kRouteNodesMax);
}

const RouteDecision& Router::route(const RouteOrder& order, std::span<const RouteVenue> venues) noexcept {
    assert(venues.size() <= kRouteVenuesMax);
    assert(order.quantity_units > 0 && order.quantity_units <= kRouteUnitsMax && order.price_units > 0);
    order_ = order;
    venues_ = venues;
    sign_ = static_cast<double>(sign(order.side));
    screen();
    merge_books();
    // A pool whose integers refuse what its curve promised is left out, and the rest decided again.
    sort_lots();
    do {
        search();
    } while (!decide());
    return decision_;
}

std::int64_t Router::charge_ppm(const RouteVenue& venue) const noexcept {
    const Wide waiting = Wide{order_.urgency_ppm_per_second} * venue.latency_us;
    return venue.taker_fee_ppm + venue.penalty_ppm + saturate((waiting + kMillion - 1) / kMillion);
}

double Router::limit() const noexcept {
    return static_cast<double>(order_.limit_price) / static_cast<double>(order_.price_units);
}

void Router::screen() noexcept {
    pools_count_ = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        decision_.verdicts[venue] = screen_terms(venues_[venue]);
    }
    bound_slippage();
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) screen_source(venue);
}

RouteVerdict Router::screen_terms(const RouteVenue& venue) const noexcept {
    if (venue.is_excluded) return {RouteReason::excluded, 0, 0};
    if (venue.state != TradingState::active) return {RouteReason::halted, static_cast<std::int64_t>(venue.state), 0};
    const TimeNs age = order_.at_ns - venue.updated_at_ns;
    if (venue.stale_after_ns > 0 && age > venue.stale_after_ns) return {RouteReason::stale, age, venue.stale_after_ns};
    const std::int64_t charge = charge_ppm(venue);
    if (std::abs(charge) > kRouteChargePpmMax) return {RouteReason::charge_too_large, charge, kRouteChargePpmMax};
    return {RouteReason::used, 0, 0};
}

/// Tightens the order's limit to the best price of a usable venue and the slippage allowed from there.
void Router::bound_slippage() noexcept {
    if (order_.max_slippage_ppm < 0) return;
    double best = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        const double price = is_used(decision_.verdicts[venue]) ? best_price(venue) : 0;
        if (price > 0 && (best == 0 || sign_ * price < sign_ * best)) best = price;
    }
    if (best == 0) return;
    const double bound = best * (1 + sign_ * static_cast<double>(order_.max_slippage_ppm) * 1e-6);
    const double scaled = bound * static_cast<double>(order_.price_units);
    const std::int64_t limit = nearest_integer(sign_ > 0 ? std::floor(scaled) : std::ceil(scaled));
    if (order_.limit_price == 0) {
        order_.limit_price = std::max<std::int64_t>(limit, 1);
    } else {
        order_.limit_price = sign_ > 0 ? std::min(order_.limit_price, limit) : std::max(order_.limit_price, limit);
    }
}

double Router::best_price(std::size_t venue) noexcept {
    const auto& source = venues_[venue].source;
    if (const auto* book = std::get_if<RouteBook>(&source)) {
        if (book->levels.empty()) return 0;
        return static_cast<double>(book->levels[0].price) / static_cast<double>(book->lot_units);
    }
    PoolCurve& curve = curves_[venue];
    if (const auto* v2 = std::get_if<RouteV2>(&source)) curve.build(*v2, order_, 0, 0);
    if (const auto* v3 = std::get_if<RouteV3>(&source)) curve.build(*v3, order_, 0, 0);
    return curve.empty() ? 0 : curve.best_price();
}

void Router::screen_source(std::size_t venue) noexcept {
    Ready& ready = ready_[venue];
    ready = Ready{};
    RouteVerdict& verdict = decision_.verdicts[venue];
    if (!is_used(verdict)) return;
    const RouteVenue& terms = venues_[venue];
    ready.factor = kMillion + sign(order_.side) * charge_ppm(terms);
    ready.fixed_cost = terms.fixed_cost;
    ready.least = terms.quantity_min_units;
    const auto* book = std::get_if<RouteBook>(&terms.source);
    verdict = book != nullptr ? screen_book(*book, terms, ready) : screen_pool(venue);
    if (is_used(verdict) && ready.most < ready.least) {
        verdict = {RouteReason::below_minimum, ready.most, ready.least};
    }
    if (!is_used(verdict)) ready.most = 0;
}

/// Counts the levels that may be taken, and the least that meets the venue's minimum sizes.
RouteVerdict Router::screen_book(const RouteBook& book, const RouteVenue& venue, Ready& ready) const noexcept {
    const std::int64_t lot = book.lot_units;
    const std::int64_t wanted = std::min(order_.quantity_units, venue.quantity_max_units) / lot;
    ready.levels = book.levels.data();
    ready.lot_units = lot;
    ready.per_unit = sign_ * static_cast<double>(ready.factor) * 1e-6 / static_cast<double>(lot);
    if (book.levels.empty()) return {RouteReason::empty, 0, 0};
    if (wanted == 0) return {RouteReason::lot_too_large, lot, std::min(order_.quantity_units, venue.quantity_max_units)};
    std::int64_t lots = 0;
    std::int64_t notional_lots = 0;  // estimated anew with each level until one reaches the minimum
    Wide notional = 0;
    for (const RouteLevel& level : book.levels) {
        if (lots == wanted || !is_within_limit(order_, level.price, lot)) break;
        assert(level.price > 0 && level.price <= kRoutePriceMax && level.lots > 0);
        const std::int64_t taken = std::min(level.lots, wanted - lots);
        const Wide missing = Wide{venue.notional_min} - notional;
        if (missing > 0) notional_lots = lots + saturate((missing + level.price - 1) / level.price);
        notional += Wide{level.price} * taken;
        lots += taken;
        ++ready.levels_count;
    }
    ready.most = lots * lot;
    ready.least = saturate(Wide{std::max((ready.least + lot - 1) / lot, notional_lots)} * lot);
    if (lots > 0) return {RouteReason::used, 0, 0};
    const double best = static_cast<double>(book.levels[0].price) / static_cast<double>(lot);
    return {RouteReason::beyond_limit, for_price_units(best), order_.limit_price};
}

RouteVerdict Router::screen_pool(std::size_t venue) noexcept {
    const RouteVenue& terms = venues_[venue];
    Ready& ready = ready_[venue];
    PoolCurve& curve = curves_[venue];
    const double charge = static_cast<double>(charge_ppm(terms)) * 1e-6;
    if (const auto* v2 = std::get_if<RouteV2>(&terms.source)) curve.build(*v2, order_, charge, limit());
    if (const auto* v3 = std::get_if<RouteV3>(&terms.source)) curve.build(*v3, order_, charge, limit());
    ready.is_pool = true;
    if (curve.empty()) {
        const double best = best_price(venue);
        if (best == 0) return {RouteReason::empty, 0, 0};
        return {RouteReason::beyond_limit, for_price_units(best), order_.limit_price};
    }
    const std::int64_t wanted = std::min(order_.quantity_units, terms.quantity_max_units);
    ready.most = std::min(wanted, static_cast<std::int64_t>(curve.units_max()));
    if (ready.most == 0) return {RouteReason::empty, 0, 0};
    pools_[pools_count_++] = venue;
    return {RouteReason::used, 0, 0};
}

/// All books' levels by marginal cost, compared as fractions without rounding; of equal ones the earlier venue's first.
void Router::merge_books() noexcept {
    struct Head {
        std::int64_t weight;  ///< price times factor, signed so that the least is best
        std::int64_t lot_units;
        std::int64_t left;
        std::uint32_t venue;
        std::uint32_t level;

        [[nodiscard]] bool is_before(const Head& other) const noexcept {
            const Wide a = Wide{weight} * other.lot_units;
            const Wide b = Wide{other.weight} * lot_units;
            return a != b ? a < b : venue < other.venue;
        }
    };
    std::array<Head, kRouteVenuesMax> heads;
    std::size_t count = 0;
    blocks_count_ = 0;
    const std::int64_t side = sign(order_.side);
    const auto weigh = [&](const Ready& ready, std::size_t level) {
        return side * ready.levels[level].price * ready.factor;
    };
    const auto insert = [&](const Head& head, std::size_t from, std::size_t end) {
        while (from < end && heads[from].is_before(head)) {
            heads[from - 1] = heads[from];
            ++from;
        }
        heads[from - 1] = head;
    };
    for (std::uint32_t venue = 0; venue < venues_.size(); ++venue) {
        const Ready& ready = ready_[venue];
        if (ready.is_pool || ready.most == 0) continue;
        const Head head{weigh(ready, 0), ready.lot_units, ready.most, venue, 0};
        std::size_t at = count++;
        for (; at > 0 && head.is_before(heads[at - 1]); --at) heads[at] = heads[at - 1];
        heads[at] = head;
    }
    while (count > 0) {
        Head head = heads[0];
        const Ready& ready = ready_[head.venue];
        const RouteLevel& level = ready.levels[head.level];
        const std::int64_t units = std::min(head.left, level.lots * head.lot_units);
        blocks_[blocks_count_++] = {ready.per_unit * static_cast<double>(level.price), units, head.venue};
        head.left -= units;
        if (head.left > 0) {
            head.weight = weigh(ready, ++head.level);
            insert(head, 1, count);
        } else {
            std::copy(heads.begin() + 1, heads.begin() + static_cast<std::ptrdiff_t>(count), heads.begin());
            --count;
        }
    }
}

/// Usable venues by lot, coarse first; whether each lot divides the one before.
void Router::sort_lots() noexcept {
    lots_count_ = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        if (ready_[venue].most == 0) continue;
        std::size_t at = lots_count_++;
        for (; at > 0 && ready_[by_lot_[at - 1]].lot_units < ready_[venue].lot_units; --at) by_lot_[at] = by_lot_[at - 1];
        by_lot_[at] = venue;
    }
    is_chain_ = true;
    for (std::size_t at = 1; at < lots_count_; ++at) {
        is_chain_ = is_chain_ && ready_[by_lot_[at - 1]].lot_units % ready_[by_lot_[at]].lot_units == 0;
    }
}

}  // namespace parley
