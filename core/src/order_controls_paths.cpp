#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "parley/order_controls.hpp"

namespace parley {
namespace {

constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min();

}  // namespace

void OrderControls::put_together(const Controls::Subject& subject, const Valuation& valuation, ControlPath& path,
                                 TimeNs now_ns) const {
    const Covering covering = cover(subject);
    path.count = static_cast<std::uint32_t>(covering.count);
    path.slots = covering.slots;
    path.duplicate_window_ns = kNoLimit;
    path.room_revision = 0;
    if (subject.strategy_id != 0 && find(ControlScope::strategy, subject.strategy_id) == kNone) path.is_plain = false;
    OrderFacts facts;
    facts.subject = subject;
    facts.order_id = 1;  // an order: a leg of a block is asked for less
    for (std::uint32_t i = 0; i < path.count; ++i) {
        const Slot slot = path.slots[i];
        const ScopeLimits& limits = scopes_[slot].limits;
        path.max_quantity_lots = least_limit(path.max_quantity_lots, limits.max_order_quantity_lots);
        path.max_value_micros = std::min({path.max_value_micros, clear_of(limits.max_order_value_micros),
                                          clear_of(limits.soft_order_value_micros)});
        path.duplicate_window_ns = std::max(path.duplicate_window_ns, limits.duplicate_window_ns);
        const bool is_uncapped = limits.max_order_value_micros == kNoLimit ||
                                 limits.max_open_risk_micros == kNoLimit || limits.max_working_orders == kNoLimit;
        const bool is_refused = scopes_[slot].scope == ControlScope::strategy && is_uncapped;
        if (is_refused || check_lists(slot, facts)) path.is_plain = false;
        const Slot* at = counter_slots_.find(counter_key(slot, path.key.instrument));
        path.counters[i] = at == nullptr ? ControlPath::kNoCounter : *at;
    }
    add_windows(valuation, path, now_ns);
}

/// Until the first of the periods ends, what their collars come to stays as it is.
void OrderControls::add_windows(const Valuation& valuation, ControlPath& path, TimeNs now_ns) const noexcept {
    path.windows_until_ns = std::numeric_limits<TimeNs>::max();
    path.highest_buy.value = std::numeric_limits<std::int64_t>::max();
    path.lowest_sell.value = std::numeric_limits<std::int64_t>::min();
    for (std::uint32_t i = 0; i < path.count; ++i) {
        const Scope& scope = scopes_[path.slots[i]];
        const std::int64_t basis_points = scope.limits.period_collar_basis_points;
        if (basis_points == kNoLimit) continue;
        const Counter* held = path.counters[i] == ControlPath::kNoCounter ? nullptr : &counters_[path.counters[i]];
        if (!is_window_open(scope, held, now_ns)) {
            path.windows_until_ns = kNever;
            return;
        }
        const TimeNs until_ns = saturate(Wide{held->window_at_ns} + scope.limits.collar_period_ns);
        path.windows_until_ns = std::min(path.windows_until_ns, until_ns);
        const auto bound = [&](Side side) { return valuation.collar(side, held->window_mark, basis_points); };
        path.highest_buy = std::min(path.highest_buy, std::max(bound(Side::buy), held->window_mark));
        path.lowest_sell = std::max(path.lowest_sell, std::min(bound(Side::sell), held->window_mark));
    }
}

bool OrderControls::is_clear(ControlPath& path, const QuickFacts& facts, Indices indices,
                             TimeNs now_ns) const noexcept {
    if (facts.parent_order_id != 0) {
        const Parent* parent = parents_.find(static_cast<std::uint64_t>(facts.parent_order_id));
        if (parent == nullptr || parent->out + facts.lots > parent->quantity) return false;
    }
    const bool is_inside = facts.side == Side::buy ? facts.price <= path.highest_buy : facts.price >= path.lowest_sell;
    if (now_ns >= path.windows_until_ns || !is_inside) return false;
    const double more_risk = static_cast<double>(facts.lots.value) * facts.lot_risk_micros;
    if (!fits(path, more_risk)) {
        renew_room(path, indices);
        if (!fits(path, more_risk)) return false;
    }
    if (path.duplicate_window_ns == kNoLimit) return true;
    const TimeNs at_ns = recent_.find(facts.identity, kNever);
    return at_ns == kNever || Wide{now_ns} - at_ns >= path.duplicate_window_ns;
}

/// What the scopes of the path have left now, on top of what came through all paths so far.
void OrderControls::renew_room(ControlPath& path, Indices indices) const noexcept {
    Covering covering;
    covering.slots = path.slots;
    covering.count = path.count;
    const ControlRoom left = room(covering, indices);
    constexpr std::int64_t most = std::int64_t{1} << 62;
    path.orders_until = since_.orders + std::min(left.orders, most);
    path.working_until = since_.working + std::min(left.working_orders, most);
    path.risk_until_micros = since_.risk_micros + left.risk_micros;
    path.room_revision = rooms_revision_;
}

/// At most what the change may add in any scope, and a millionth of a dollar for what adding up may round away.
void OrderControls::note_risk(const Position& by, double lot_risk_micros) noexcept {
    constexpr double most = 1e15;
    const auto added = [&](std::int64_t lots) { return lots > 0 || lot_risk_micros < 0.0 ? std::abs(lots) : 0; };
    const std::int64_t lots = std::abs(by.lots) + added(by.buy_working) + added(by.sell_working);
    if (lots == 0) return;
    since_.risk_micros += static_cast<double>(lots) * std::fabs(lot_risk_micros) + 1.0;
    if (since_.risk_micros < most) return;
    since_.risk_micros = 0.0;
    renew_rooms();
}

void OrderControls::admit(ControlPath& path, const Admitted& order, TimeNs now_ns) {
    ++since_.orders;
    if (order.parent_order_id != 0) {
        Parent* parent = parents_.find(static_cast<std::uint64_t>(order.parent_order_id));
        if (parent != nullptr) parent->out += order.lots;
    }
    for (std::uint32_t i = 0; i < path.count; ++i) {
        Scope& scope = scopes_[path.slots[i]];
        if (scope.orders_max != kUnlimited) ++scope.orders;
    }
    if (now_ns >= path.windows_until_ns) open_windows(path, order.mark, now_ns);
    if (path.duplicate_window_ns != kNoLimit && order.order_id != 0) recent_.add(order.identity, now_ns);
}

void OrderControls::open_windows(ControlPath& path, PriceTicks mark, TimeNs now_ns) {
    for (std::uint32_t i = 0; i < path.count; ++i) {
        const Scope& scope = scopes_[path.slots[i]];
        if (scope.limits.period_collar_basis_points == kNoLimit) continue;
        Counter& held = counter_on(path, i);
        if (is_window_open(scope, &held, now_ns)) continue;
        held.window_at_ns = now_ns;
        held.window_mark = mark;
    }
    path.revision = 0;  // to be put together anew
}

void OrderControls::change_position(ControlPath& path, const Valuation& valuation, std::int64_t coin,
                                    const Position& by, double lot_risk_micros) {
    note_risk(by, lot_risk_micros);
    for (std::uint32_t i = 0; i < path.count; ++i) {
        change(scopes_[path.slots[i]], counter_on(path, i), valuation, coin, by);
    }
}

OrderControls::Counter& OrderControls::counter_on(ControlPath& path, std::uint32_t i) {
    Slot& at = path.counters[i];
    if (at == ControlPath::kNoCounter) at = counter_slot(path.slots[i], path.key.instrument);
    return counters_[at];
}

}  // namespace parley
