#include <algorithm>

#include "parley/order_controls.hpp"

namespace parley {
namespace {

/// Controls that a person may let one order past. The rest holds for everybody, always.
constexpr bool is_overridable(Reason control) noexcept {
    switch (control) {
        case Reason::max_order_quantity:
        case Reason::max_order_value:
        case Reason::price_collar:
        case Reason::position:
        case Reason::customer_credit:
        case Reason::firm_capital:
        case Reason::own_risk_threshold:
        case Reason::margin_headroom:
            return true;
        default:
            return false;
    }
}

}  // namespace

void OrderControls::forget_instrument(Slot instrument, const Valuation& valuation, std::int64_t coin) {
    for (Slot slot = 0; slot < scopes_.size(); ++slot) {
        const Slot* at = counter_slots_.find(counter_key(slot, instrument));
        if (at == nullptr) continue;
        scopes_[slot].risk.add(valuation, coin, -Wide{worst_lots(counters_[*at].position)});
        free_counters_.push_back(*at);
        counter_slots_.erase(counter_key(slot, instrument));
    }
    renew_paths();
}

void OrderControls::seed(ControlScope scope, std::int64_t scope_id, Slot instrument, const Valuation& valuation,
                         std::int64_t coin, const Position& held) {
    const Slot slot = find(scope, scope_id);
    change(scopes_[slot], counter_of(slot, instrument), valuation, coin, held);
}

void OrderControls::seed_orders(ControlScope scope, std::int64_t scope_id, std::int64_t working) {
    scopes_[find(scope, scope_id)].working_orders += working;
}

void OrderControls::seed(const OrderFacts& facts, const Position& held, std::int64_t working, Slot first) {
    for (std::size_t i = 0; i < facts.covering.count; ++i) {
        const Slot slot = facts.covering.slots[i];
        if (slot < first) continue;
        scopes_[slot].working_orders += working;
        if (held.empty()) continue;
        change(scopes_[slot], counter_of(slot, facts.instrument), *facts.valuation, facts.coin, held);
    }
}

Refusal OrderControls::set_limits(ControlScope scope, std::int64_t scope_id, const ScopeLimits& limits,
                                  TimeNs now_ns) {
    const Slot slot = find_or_add(scope, scope_id);
    if (slot == kNone) return {Reason::too_many_scopes, scope_id, static_cast<std::int64_t>(kScopesMax)};
    Scope& changed = scopes_[slot];
    const bool is_counting = changed.limits.max_executions == limits.max_executions;
    changed.set(limits);
    changed.orders = 0;
    changed.messages = {changed.most_nano_tokens, now_ns};
    renew_paths();
    if (!is_counting) changed.executions.reset(limits.max_executions);
    return {};
}

Refusal OrderControls::set_permission(const SetInstrumentPermission& command) {
    const Slot slot = find_or_add(command.scope, command.scope_id);
    if (slot == kNone) return {Reason::too_many_scopes, command.scope_id, static_cast<std::int64_t>(kScopesMax)};
    renew_paths();
    if (command.permission == Permission::none) {
        permissions_.erase(list_key(slot, command.instrument_id));
    } else {
        permissions_[list_key(slot, command.instrument_id)] = command.permission;
        scopes_[slot].has_permissions = true;
    }
    return {};
}

Refusal OrderControls::authorize(const SetTraderAuthorization& command) {
    const Slot slot = find_or_add(ControlScope::account, command.account_id);
    if (slot == kNone) return {Reason::too_many_scopes, command.account_id, static_cast<std::int64_t>(kScopesMax)};
    renew_paths();
    if (command.is_authorized) {
        traders_[list_key(slot, command.user_id)] = 1;
    } else {
        traders_.erase(list_key(slot, command.user_id));
    }
    return {};
}

Refusal OrderControls::grant(const GrantOverride& command, TimeNs now_ns) {
    if (!is_overridable(command.control)) return {Reason::not_overridable, static_cast<std::int64_t>(command.control), 0};
    if (command.granted_by == command.requested_by || command.granted_by <= 0 || command.requested_by <= 0) {
        return {Reason::same_person, command.granted_by, command.requested_by};
    }
    if (overrides_.size() >= kOverridesMax) {
        std::vector<std::uint64_t> expired;
        overrides_.for_each([&](std::uint64_t id, const Override& each) {
            if (each.valid_until_ns < now_ns) expired.push_back(id);
        });
        for (const std::uint64_t id : expired) overrides_.erase(id);
    }
    if (overrides_.size() >= kOverridesMax) {
        constexpr auto most = static_cast<std::int64_t>(kOverridesMax);
        return {Reason::too_many_overrides, most, most};
    }
    overrides_[static_cast<std::uint64_t>(command.order_id)] = {
        command.account_id, command.instrument_id,  command.side,         command.max_quantity,
        command.control,    command.valid_until_ns, command.requested_by,
    };
    return {};
}

void OrderControls::enable(ControlScope scope, std::int64_t scope_id) {
    const Slot slot = find(scope, scope_id);
    if (slot == kNone) return;
    scopes_[slot].is_disabled = false;
    renew_paths();
    scopes_[slot].executions.reset(scopes_[slot].limits.max_executions);
}

Refusal OrderControls::set_parent(const SetParentOrder& command) {
    const auto id = static_cast<std::uint64_t>(command.parent_order_id);
    if (command.quantity.value == 0) {
        // What is out stays counted: parts that still work give back to it, also when it may send more again.
        if (Parent* closed = parents_.find(id)) closed->quantity = {};
        return {};
    }
    if (!parents_.contains(id) && parents_.size() >= kParentsMax) {
        constexpr auto most = static_cast<std::int64_t>(kParentsMax);
        return {Reason::too_many_parents, most, most};
    }
    parents_[id].quantity = command.quantity;
    return {};
}

void OrderControls::forget_closed_parents(std::span<const OrderId> working) {
    std::vector<std::uint64_t> forgotten;
    parents_.for_each([&](std::uint64_t id, const Parent& parent) {
        const bool works = std::binary_search(working.begin(), working.end(), static_cast<OrderId>(id));
        if (parent.quantity.value == 0 && !works) forgotten.push_back(id);
    });
    for (const std::uint64_t id : forgotten) parents_.erase(id);
}

std::vector<OrderControls::ParentUse> OrderControls::parent_uses() const {
    std::vector<ParentUse> uses;
    parents_.for_each([&](std::uint64_t id, const Parent& parent) {
        uses.push_back({static_cast<OrderId>(id), parent.quantity, parent.out});
    });
    std::sort(uses.begin(), uses.end(), [](const auto& a, const auto& b) { return a.parent_order_id < b.parent_order_id; });
    return uses;
}

std::vector<OrderControls::ScopeUse> OrderControls::scope_uses() const {
    std::vector<ScopeUse> uses;
    for (const Scope& each : scopes_) {
        uses.push_back({each.scope, each.scope_id, each.working_orders, each.orders, each.is_disabled, each.limits});
    }
    return uses;
}

Position OrderControls::scope_position(ControlScope scope, std::int64_t scope_id, Slot instrument) const noexcept {
    const Slot slot = find(scope, scope_id);
    const Counter* const held = slot == kNone ? nullptr : counter(slot, instrument);
    return held == nullptr ? Position{} : held->position;
}

}  // namespace parley
