#include "parley/order_controls.hpp"

#include <algorithm>

namespace parley {
namespace {

constexpr std::int64_t kNano = 1'000'000'000;

constexpr Reason open_risk_reason(ControlScope scope) noexcept {
    if (scope == ControlScope::account) return Reason::customer_credit;
    return scope == ControlScope::firm ? Reason::firm_capital : Reason::own_risk_threshold;
}

constexpr bool exceeds(std::int64_t value, std::int64_t bound) noexcept { return bound != kNoLimit && value > bound; }

RecentOrders::Key identity(const OrderFacts& facts) noexcept {
    return {facts.subject.account_id, facts.subject.instrument_id, facts.lots.value, facts.price.value, facts.side};
}

}  // namespace

double clear_of(Micros bound) noexcept {
    if (bound == kNoLimit) return std::numeric_limits<double>::infinity();
    return bound <= 0 ? -std::numeric_limits<double>::infinity() : 0.999 * static_cast<double>(bound) - 4.0;
}

std::int64_t TokenBucket::wide_refill(std::int64_t per_second, TimeNs now_ns) const noexcept {
    return saturate(nano_tokens + (Wide{now_ns} - at_ns) * per_second);
}

bool ExecutionCount::add(TimeNs now_ns, TimeNs period_ns) noexcept {
    if (times_.empty()) return false;
    times_[next_] = now_ns;
    next_ = (next_ + 1) % times_.size();
    const TimeNs oldest = times_[next_];
    return oldest != kNever && Wide{now_ns} - oldest <= period_ns;
}

namespace {

/// Without the slow conversion of 128 bits where 64 do.
double rough(Wide wide) noexcept {
    const auto narrow = static_cast<std::int64_t>(wide);
    return narrow == wide ? static_cast<double>(narrow) : static_cast<double>(wide);
}

}  // namespace

void OpenRisk::add(const Valuation& valuation, std::int64_t coin, Wide lots) {
    const Wide nanos = lots * valuation.lot_nanos;
    if (valuation.kind == ValueKind::fixed_usd) {
        dollar_nanos_ += nanos;
        rough_dollar_nanos_ = rough(dollar_nanos_);
        return;
    }
    auto found = std::find_if(coins_.begin(), coins_.end(), [coin](const Coins& each) { return each.coin == coin; });
    if (found == coins_.end()) found = coins_.insert(coins_.end(), Coins{coin, 0, 0.0});
    found->nanos += nanos;
    found->rough_nanos = rough(found->nanos);
}

OrderControls::Slot OrderControls::find(ControlScope scope, std::int64_t scope_id) const noexcept {
    const Slot* slot = scope_slots_.find(key(scope, scope_id));
    return slot == nullptr ? kNone : *slot;
}

OrderControls::Slot OrderControls::find_or_add(ControlScope scope, std::int64_t scope_id) {
    const Slot known = find(scope, scope_id);
    if (known != kNone || scopes_.size() >= kScopesMax) return known;
    const auto slot = static_cast<Slot>(scopes_.size());
    scopes_.emplace_back();
    scopes_.back().scope = scope;
    scopes_.back().scope_id = scope_id;
    scope_slots_[key(scope, scope_id)] = slot;
    renew_paths();
    return slot;
}

OrderControls::Slot OrderControls::counter_slot(Slot scope, Slot instrument) {
    const std::uint64_t key = counter_key(scope, instrument);
    if (const Slot* known = counter_slots_.find(key)) return *known;
    Slot slot = static_cast<Slot>(counters_.size());
    if (free_counters_.empty()) {
        counters_.emplace_back();
    } else {
        slot = free_counters_.back();
        free_counters_.pop_back();
        counters_[slot] = {};
    }
    counter_slots_[key] = slot;
    return slot;
}

void OrderControls::Scope::set(const ScopeLimits& given) noexcept {
    limits = given;
    messages_per_second = given.messages_per_second;
    most_nano_tokens = saturate(Wide{given.message_burst} * kNano);
    working_orders_max = given.max_working_orders == kNoLimit ? kUnlimited : given.max_working_orders;
    orders_max = given.max_orders == kNoLimit ? kUnlimited : given.max_orders;
    clear_risk_micros = clear_of(given.max_open_risk_micros);
}

Covering OrderControls::cover(const Controls::Subject& subject) const noexcept {
    Covering covering;
    if (scopes_.empty()) return covering;
    const std::pair<ControlScope, std::int64_t> scopes[] = {
        {ControlScope::all, 0},
        {ControlScope::firm, subject.firm_id},
        {ControlScope::desk, subject.account_desk_id},
        {ControlScope::user, subject.user_id},
        {ControlScope::account, subject.account_id},
        {ControlScope::instrument, subject.instrument_id},
        {ControlScope::strategy, subject.strategy_id},
        {ControlScope::venue, subject.venue_id},
    };
    for (const auto& [scope, id] : scopes) {
        if (id == 0 && scope != ControlScope::all) continue;
        const Slot slot = find(scope, id);
        if (slot != kNone) covering.slots[covering.count++] = slot;
    }
    return covering;
}

Refusal OrderControls::count_message(std::span<const Slot> covering, TimeNs now_ns) {
    Refusal refusal;
    for (const Slot slot : covering) {
        Scope& scope = scopes_[slot];
        if (scope.messages_per_second == kNoLimit) continue;
        if (scope.messages.take(scope.messages_per_second, scope.most_nano_tokens, now_ns) || refusal) continue;
        refusal = {Reason::message_rate, scope.limits.message_burst + 1, scope.limits.message_burst};
    }
    return refusal;
}

Refusal OrderControls::check(const OrderFacts& facts, Indices indices, TimeNs now_ns) const {
    if (const Refusal refusal = check_parent(facts)) return refusal;
    if (facts.attribution.strategy_id != 0 && find(ControlScope::strategy, facts.attribution.strategy_id) == kNone) {
        return {Reason::deployment_cap, facts.attribution.strategy_id, 0};
    }
    if (scopes_.empty()) return {};
    const Covering& covering = facts.covering;
    TimeNs window_ns = kNoLimit;
    Micros soft_bound = kNoLimit;
    for (std::size_t i = 0; i < covering.count; ++i) {
        if (const Refusal refusal = check_scope(covering.slots[i], facts, indices, now_ns)) return refusal;
        const ScopeLimits& limits = scopes_[covering.slots[i]].limits;
        window_ns = std::max(window_ns, limits.duplicate_window_ns);
        if (exceeds(facts.value, limits.soft_order_value_micros) &&
            (soft_bound == kNoLimit || limits.soft_order_value_micros < soft_bound)) {
            soft_bound = limits.soft_order_value_micros;
        }
    }
    if (const Refusal refusal = check_duplicate(facts, window_ns, now_ns)) return refusal;
    return check_soft(soft_bound, facts);
}

Refusal OrderControls::check_scope(Slot slot, const OrderFacts& facts, Indices indices, TimeNs now_ns) const {
    const Scope& scope = scopes_[slot];
    const Counter* const held = counter(slot, facts.instrument);
    const ScopeLimits& limits = scope.limits;
    const auto holds = [&](const Refusal& refusal) { return refusal && !is_overridden(facts, refusal.reason, now_ns); };
    if (const Refusal refusal = check_lists(slot, facts)) return refusal;
    if (const Refusal refusal = check_caps(scope)) return refusal;
    if (exceeds(facts.lots.value, limits.max_order_quantity_lots)) {
        const Refusal refusal{Reason::max_order_quantity, facts.lots.value, limits.max_order_quantity_lots};
        if (holds(refusal)) return refusal;
    }
    if (exceeds(facts.value, limits.max_order_value_micros)) {
        const Refusal refusal{Reason::max_order_value, facts.value, limits.max_order_value_micros};
        if (holds(refusal)) return refusal;
    }
    if (const Refusal refusal = check_window(scope, held, facts, now_ns); holds(refusal)) return refusal;
    if (const Refusal refusal = check_open_risk(scope, held, facts, indices); holds(refusal)) return refusal;
    return {};
}

/// What a scope may trade, and who.
Refusal OrderControls::check_lists(Slot slot, const OrderFacts& facts) const noexcept {
    const Scope& scope = scopes_[slot];
    if (scope.is_disabled) {
        return {Reason::repeated_execution_throttle, scope.limits.max_executions, scope.limits.max_executions};
    }
    Permission permission = Permission::none;
    if (scope.has_permissions) {
        const Permission* listed = permissions_.find(list_key(slot, facts.subject.instrument_id));
        if (listed != nullptr) permission = *listed;
    }
    if (permission == Permission::restricted ||
        (permission == Permission::none && scope.limits.is_instrument_list_required)) {
        return {Reason::restricted_instrument, facts.subject.instrument_id, scope.scope_id};
    }
    if (scope.limits.is_trader_list_required && facts.order_id != 0 &&
        !traders_.contains(list_key(slot, facts.subject.user_id))) {
        return {Reason::authorized_trader, facts.subject.user_id, scope.scope_id};
    }
    return {};
}

/// How many orders a scope may have; a strategy without caps of value, risk and count has none.
Refusal OrderControls::check_caps(const Scope& scope) noexcept {
    const ScopeLimits& limits = scope.limits;
    if (exceeds(scope.working_orders + 1, limits.max_working_orders)) {
        return {Reason::deployment_cap, scope.working_orders + 1, limits.max_working_orders};
    }
    if (exceeds(scope.orders + 1, limits.max_orders)) {
        return {Reason::deployment_cap, scope.orders + 1, limits.max_orders};
    }
    const bool is_uncapped = limits.max_order_value_micros == kNoLimit || limits.max_open_risk_micros == kNoLimit ||
                             limits.max_working_orders == kNoLimit;
    if (scope.scope == ControlScope::strategy && is_uncapped) return {Reason::deployment_cap, scope.scope_id, 0};
    return {};
}

bool OrderControls::is_window_open(const Scope& scope, const Counter* counter, TimeNs now_ns) noexcept {
    return counter != nullptr && counter->window_mark.value >= 0 &&
           Wide{now_ns} - counter->window_at_ns < scope.limits.collar_period_ns;
}

/// The mark at the first order of a period bounds every price of the period, however far the market walks meanwhile.
Refusal OrderControls::check_window(const Scope& scope, const Counter* counter, const OrderFacts& facts,
                                    TimeNs now_ns) noexcept {
    const std::int64_t basis_points = scope.limits.period_collar_basis_points;
    if (basis_points == kNoLimit || !is_window_open(scope, counter, now_ns)) return {};
    return risk::check_collar(facts.side, facts.price, *facts.valuation, counter->window_mark, basis_points);
}

/// Only what adds to the risk is refused.
Refusal OrderControls::check_open_risk(const Scope& scope, const Counter* counter, const OrderFacts& facts,
                                       Indices indices) {
    const Micros bound = scope.limits.max_open_risk_micros;
    if (bound == kNoLimit) return {};
    Position after = counter == nullptr ? Position{} : counter->position;
    const std::int64_t before = worst_lots(after);
    after.working(facts.side) += facts.lots.value;
    const std::int64_t more = worst_lots(after) - before;
    if (more <= 0) return {};
    const auto index_of = [&](std::int64_t coin) { return indices[static_cast<std::size_t>(coin)].price_micros; };
    const bool is_in_coins = facts.valuation->kind != ValueKind::fixed_usd;
    if (is_in_coins && index_of(facts.coin) <= 0) return {Reason::stale_or_jumped_market, 0, 0};
    const double each = static_cast<double>(facts.valuation->lot_nanos) *
                        (is_in_coins ? static_cast<double>(index_of(facts.coin)) * 1e-9 : 1e-3);
    const double rough = scope.risk.rough_value(index_of) + static_cast<double>(more) * each;
    if (rough < 0.999 * static_cast<double>(bound)) return {};
    OpenRisk risk = {};
    risk.add(*facts.valuation, facts.coin, more);
    const Micros value = saturate(Wide{scope.risk.value(index_of)} + risk.value(index_of));
    if (value <= bound) return {};
    return {open_risk_reason(scope.scope), value, bound};
}

Refusal OrderControls::check_duplicate(const OrderFacts& facts, TimeNs window_ns, TimeNs now_ns) const noexcept {
    if (window_ns == kNoLimit || facts.order_id == 0) return {};
    constexpr TimeNs never = std::numeric_limits<TimeNs>::min();
    const TimeNs at_ns = recent_.find(identity(facts), never);
    if (at_ns == never || Wide{now_ns} - at_ns >= window_ns) return {};
    return {Reason::duplicate_order, saturate(Wide{now_ns} - at_ns), window_ns};
}

/// The confirmation names the bound that was breached: one of another bound, or of none, confirms nothing.
Refusal OrderControls::check_soft(Micros soft_bound, const OrderFacts& facts) noexcept {
    const Micros confirmed = facts.attribution.confirmed_soft_bound;
    if (soft_bound == kNoLimit || confirmed == soft_bound) return {};
    return {Reason::soft_limit, facts.value, soft_bound};
}

Refusal OrderControls::check_parent(const OrderFacts& facts) const noexcept {
    const OrderId id = facts.attribution.parent_order_id;
    if (id == 0) return {};
    const Parent* parent = parents_.find(static_cast<std::uint64_t>(id));
    const Parent admitted = parent == nullptr ? Parent{} : *parent;
    const Lots out = admitted.out + facts.lots;
    if (out <= admitted.quantity) return {};
    return {Reason::orders_out_vs_orders_in, out.value, admitted.quantity.value};
}

void OrderControls::admit(const OrderFacts& facts, TimeNs now_ns) {
    if (Parent* parent = parents_.find(static_cast<std::uint64_t>(facts.attribution.parent_order_id))) {
        parent->out += facts.lots;
    }
    if (scopes_.empty()) return;
    ++since_.orders;
    const Covering& covering = facts.covering;
    bool is_remembered = false;
    for (std::size_t i = 0; i < covering.count; ++i) {
        Scope& scope = scopes_[covering.slots[i]];
        if (scope.orders_max != kUnlimited) ++scope.orders;
        is_remembered = is_remembered || scope.limits.duplicate_window_ns != kNoLimit;
        // an order of an earlier life is told again before there is a mark
        if (scope.limits.period_collar_basis_points == kNoLimit || facts.mark.value <= 0) continue;
        if (is_window_open(scope, counter(covering.slots[i], facts.instrument), now_ns)) continue;
        Counter& held = counter_of(covering.slots[i], facts.instrument);
        held.window_at_ns = now_ns;
        held.window_mark = facts.mark;
    }
    if (is_remembered && facts.order_id != 0) recent_.add(identity(facts), now_ns);
}

bool OrderControls::is_overridden(const OrderFacts& facts, Reason reason, TimeNs now_ns) const noexcept {
    if (overrides_.empty() || facts.order_id == 0) return false;
    const Override* granted = overrides_.find(static_cast<std::uint64_t>(facts.order_id));
    return granted != nullptr && granted->control == reason && granted->account_id == facts.subject.account_id &&
           granted->instrument_id == facts.subject.instrument_id && granted->side == facts.side &&
           facts.lots <= granted->max_quantity && granted->requested_by == facts.subject.user_id &&
           now_ns <= granted->valid_until_ns;
}

void OrderControls::change(Scope& scope, Counter& counter, const Valuation& valuation, std::int64_t coin,
                           const Position& by) {
    Position& held = counter.position;
    const std::int64_t before = worst_lots(held);
    held.lots += by.lots;
    held.buy_working += by.buy_working;
    held.sell_working += by.sell_working;
    const std::int64_t after = worst_lots(held);
    if (after != before) scope.risk.add(valuation, coin, Wide{after} - before);
}

void OrderControls::change_position(const OrderFacts& facts, std::int64_t lots, std::int64_t buy_working,
                                    std::int64_t sell_working) {
    if (scopes_.empty()) return;
    const Covering covering = cover(facts.subject);
    for (std::size_t i = 0; i < covering.count; ++i) {
        const Slot slot = covering.slots[i];
        change(scopes_[slot], counter_of(slot, facts.instrument), *facts.valuation, facts.coin,
               {lots, buy_working, sell_working});
    }
}

void OrderControls::count_orders(const Controls::Subject& subject, std::int64_t more) {
    if (scopes_.empty()) return;
    if (more > 0) since_.working += more;
    const Covering covering = cover(subject);
    for (std::size_t i = 0; i < covering.count; ++i) scopes_[covering.slots[i]].working_orders += more;
}

void OrderControls::give_back_to_parent(OrderId parent_order_id, Lots unfilled) noexcept {
    if (parents_.empty()) return;
    Parent* parent = parents_.find(static_cast<std::uint64_t>(parent_order_id));
    if (parent != nullptr) parent->out -= unfilled;
}

std::pair<ControlScope, std::int64_t> OrderControls::count_execution(const Controls::Subject& subject, TimeNs now_ns) {
    for (const auto& [scope, id] : {std::pair(ControlScope::strategy, subject.strategy_id),
                                    std::pair(ControlScope::user, subject.user_id)}) {
        const Slot slot = id == 0 || scopes_.empty() ? kNone : find(scope, id);
        if (slot == kNone || scopes_[slot].is_disabled) continue;
        Scope& counted = scopes_[slot];
        if (!counted.executions.add(now_ns, counted.limits.execution_period_ns)) continue;
        counted.is_disabled = true;
        renew_paths();
        return {scope, id};
    }
    return {ControlScope::all, 0};
}

}  // namespace parley
