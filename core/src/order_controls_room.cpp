// What scopes let pass without being asked one by one: for a gate whose orders may not wait for that.

#include <algorithm>

#include "parley/order_controls.hpp"

namespace parley {
namespace {

constexpr std::int64_t kNano = 1'000'000'000;

}  // namespace

ControlRoom OrderControls::room(const Covering& covering, Indices indices) const {
    const auto index_of = [&](std::int64_t coin) { return indices[static_cast<std::size_t>(coin)].price_micros; };
    ControlRoom room;
    for (std::size_t i = 0; i < covering.count; ++i) {
        const Scope& scope = scopes_[covering.slots[i]];
        const ScopeLimits& limits = scope.limits;
        if (limits.messages_per_second != kNoLimit) {
            room.messages = std::min(room.messages, scope.messages.nano_tokens / kNano);
        }
        room.working_orders = std::min(room.working_orders, scope.working_orders_max - scope.working_orders);
        room.orders = std::min(room.orders, scope.orders_max - scope.orders);
        room.risk_micros = std::min(room.risk_micros, scope.clear_risk_micros - scope.risk.rough_value(index_of));
    }
    return room;
}

ControlBounds OrderControls::bounds(const OrderFacts& facts) const {
    ControlBounds bounds;
    bounds.is_permitted = facts.attribution.parent_order_id == 0 &&
                          (facts.attribution.strategy_id == 0 ||
                           find(ControlScope::strategy, facts.attribution.strategy_id) != kNone);
    const Covering& covering = facts.covering;
    for (std::size_t i = 0; i < covering.count; ++i) {
        const Scope& scope = scopes_[covering.slots[i]];
        const ScopeLimits& limits = scope.limits;
        if (check_lists(covering.slots[i], facts) || check_caps(scope)) bounds.is_permitted = false;
        bounds.lots_max = {least_limit(bounds.lots_max.value, limits.max_order_quantity_lots)};
        bounds.value_max = least_limit(bounds.value_max, limits.max_order_value_micros);
        bounds.value_max = least_limit(bounds.value_max, limits.soft_order_value_micros);
        bounds.duplicate_window_ns = std::max(bounds.duplicate_window_ns, limits.duplicate_window_ns);
        if (limits.period_collar_basis_points == kNoLimit) continue;
        bounds.period_collar_basis_points =
            least_limit(limits.period_collar_basis_points, bounds.period_collar_basis_points);
        const Counter* const held = counter(covering.slots[i], facts.instrument);
        if (held == nullptr || held->window_mark.value < 0) continue;
        const auto collar = [&](Side side) {
            return facts.valuation->collar(side, held->window_mark, limits.period_collar_basis_points);
        };
        bounds.buy_max = std::min(bounds.buy_max, collar(Side::buy));
        bounds.sell_min = std::max(bounds.sell_min, collar(Side::sell));
    }
    return bounds;
}

}  // namespace parley
