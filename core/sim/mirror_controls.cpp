#include <algorithm>

#include "mirror.hpp"

namespace parley::sim {
namespace {

bool exceeds(std::int64_t value, std::int64_t bound) noexcept { return bound != kNoLimit && value > bound; }

bool is_uncapped(const ScopeLimits& limits) noexcept {
    return limits.max_order_value_micros == kNoLimit || limits.max_open_risk_micros == kNoLimit ||
           limits.max_working_orders == kNoLimit;
}

}  // namespace

/// Values: kind, scope, scope id, value.
void Mirror::set_control(const Event& event) {
    const Scope scope{static_cast<ControlScope>(event.values[1]), event.values[2]};
    switch (static_cast<ControlKind>(event.values[0])) {
        case ControlKind::scope_limits:
            return set_scope_limits(answered<ScopeLimitsCommand>(event));
        case ControlKind::instrument_permission:
        case ControlKind::trader_authorization:
            scopes_.try_emplace(scope);
            return;
        case ControlKind::override_granted:
            overridden_.insert(answered<GrantOverride>(event).order_id);
            return;
        case ControlKind::scope_enabled:
            if (scopes_.contains(scope)) scopes_[scope].is_disabled = false;
            return;
        case ControlKind::scope_disabled:
            insist(scopes_.contains(scope), "controls", "a scope without limits is disabled");
            scopes_[scope].is_disabled = true;
            return;
        case ControlKind::parent_order: {
            const auto& command = answered<SetParentOrder>(event);
            const bool is_known = parents_.contains(command.parent_order_id);
            if (is_known || command.quantity.value > 0) parents_[command.parent_order_id].quantity = command.quantity.value;
            return;
        }
        case ControlKind::collateral:
            insist(answered<CollateralCommand>(event).head.account_id == event.values[2], "controls", "another account");
    }
}

void Mirror::set_scope_limits(const ScopeLimitsCommand& command) {
    ScopeState& state = scopes_[{command.head.scope, command.head.scope_id}];
    state.limits = command.limits;
    state.orders = 0;
}

std::int64_t Mirror::working_orders(const Scope& scope) const {
    return std::count_if(open_.begin(), open_.end(), [&](const auto& each) {
        const auto scopes = scopes_of(each.second.terms);
        return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
    });
}

bool Mirror::is_capped(const PlaceOrder& terms) const {
    const std::int64_t strategy = terms.attribution.strategy_id;
    if (strategy != 0 && !scopes_.contains({ControlScope::strategy, strategy})) return true;
    for (const Scope& scope : scopes_of(terms)) {
        const auto found = scopes_.find(scope);
        if (found == scopes_.end()) continue;
        const ScopeLimits& limits = found->second.limits;
        if (exceeds(working_orders(scope) + 1, limits.max_working_orders)) return true;
        if (exceeds(found->second.orders + 1, limits.max_orders)) return true;
        if (scope.first == ControlScope::strategy && is_uncapped(limits)) return true;
    }
    return false;
}

/// What an order that is accepted has passed.
void Mirror::insist_on_controls(const PlaceOrder& terms) {
    insist(!is_capped(terms), "controls", name("accepted beyond a cap: order", terms.order_id));
    const bool is_overridden = overridden_.erase(terms.order_id) > 0;
    for (const Scope& scope : scopes_of(terms)) {
        const auto found = scopes_.find(scope);
        if (found == scopes_.end()) continue;
        insist(!found->second.is_disabled, "controls", name("accepted in a disabled scope: order", terms.order_id));
        const bool is_large = exceeds(terms.quantity.value, found->second.limits.max_order_quantity_lots);
        insist(!is_large || is_overridden || terms.is_reduce_only, "controls", name("too large: order", terms.order_id));
    }
    const auto limits = limits_.find(terms.account_id);
    insist(limits != limits_.end(), "risk", "accepted without limits");
    if (terms.is_reduce_only) return;  // cut before it was asked for
    const bool is_large = terms.quantity.value > limits->second.limits.max_order_quantity_lots;
    insist(!is_large || is_overridden, "risk", "accepted above the quantity");
    insist(worst(terms) <= limits->second.limits.max_position_lots, "risk", "accepted above the position");
    const Parent parent = parent_of(terms);
    const bool is_part = terms.attribution.parent_order_id != 0;
    insist(!is_part || parent.out + terms.quantity.value <= parent.quantity, "orders out",
           name("beyond its parent: order", terms.order_id));
}

void Mirror::count_order(const PlaceOrder& terms) {
    for (const Scope& scope : scopes_of(terms)) {
        const auto found = scopes_.find(scope);
        if (found != scopes_.end() && found->second.limits.max_orders != kNoLimit) ++found->second.orders;
    }
}

void Mirror::count_out(const PlaceOrder& terms, std::int64_t lots) {
    const auto parent = parents_.find(terms.attribution.parent_order_id);
    if (parent != parents_.end()) parent->second.out += lots;
}

Mirror::Parent Mirror::parent_of(const PlaceOrder& terms) const {
    const auto found = parents_.find(terms.attribution.parent_order_id);
    return found == parents_.end() ? Parent{} : found->second;
}

/// Of scopes that own accounts or instruments; what a user held before its scope had limits, nobody counts.
Position Mirror::position_of(const Scope& scope, InstrumentId instrument) const {
    Position sum;
    for (const auto& [booking, held] : holdings_) {
        const auto limits = limits_.find(booking.account);
        const std::int64_t firm = limits == limits_.end() ? 0 : limits->second.firm_id;
        const bool is_covered = scope.first == ControlScope::all ||
                                (scope.first == ControlScope::account && scope.second == booking.account) ||
                                (scope.first == ControlScope::firm && scope.second == firm) ||
                                (scope.first == ControlScope::instrument && scope.second == booking.instrument);
        if (!is_covered || booking.instrument != instrument) continue;
        sum.lots += held.lots;
        sum.buy_working += held.buy_working;
        sum.sell_working += held.sell_working;
    }
    return sum;
}

void Mirror::compare_controls(const Engine& engine) const {
    std::map<OrderId, std::pair<std::int64_t, std::int64_t>> out, wanted;
    for (const auto& each : engine.order_controls().parent_uses()) out[each.parent_order_id] = {each.quantity.value, each.out.value};
    for (const auto& [id, parent] : parents_) wanted[id] = {parent.quantity, parent.out};
    insist(out == wanted, "orders out", "the engine counts other lots out of a parent than its events say");
    const auto uses = engine.order_controls().scope_uses();
    insist(uses.size() == scopes_.size(), "controls", "the engine has other scopes than were set");
    for (const auto& use : uses) {
        const auto found = scopes_.find({use.scope, use.scope_id});
        insist(found != scopes_.end(), "controls", "the engine has a scope that nobody set");
        const auto& [scope, state] = *found;
        insist(use.working_orders == working_orders(scope), "controls", name("working orders of scope", scope.second));
        insist(use.orders == state.orders, "controls", name("accepted orders of scope", scope.second));
        insist(use.is_disabled == state.is_disabled, "controls", name("state of scope", scope.second));
        const bool is_of_owner = scope.first == ControlScope::user || scope.first == ControlScope::strategy;
        for (const auto& listing : engine.listings()) {
            const Position held = engine.scope_position(scope.first, scope.second, listing.id);
            const Position expected = position_of(scope, listing.id);
            insist(is_of_owner || (held.lots == expected.lots && held.buy_working == expected.buy_working &&
                                   held.sell_working == expected.sell_working),
                   "controls", name("positions of scope", scope.second));
        }
    }
}

}  // namespace parley::sim
