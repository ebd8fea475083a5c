#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

OrderFacts Engine::facts_of(Slot account, Slot instrument, const Owner& owner) const noexcept {
    const Instrument& traded = *instruments_[instrument];
    OrderFacts facts;
    facts.subject = subject_of(account, instrument, owner);
    facts.account = account;
    facts.instrument = instrument;
    facts.attribution.strategy_id = owner.strategy_id;
    facts.attribution.parent_order_id = owner.parent_order_id;
    facts.valuation = &traded.valuation;
    facts.coin = traded.coin;
    facts.mark = traded.reference.mark;
    return facts;
}

OrderFacts Engine::facts_of(const Intent& intent, Micros value) const noexcept {
    OrderFacts facts = facts_of(intent.account, intent.instrument, intent.owner);
    facts.order_id = intent.order_id;
    facts.attribution = intent.attribution;
    facts.covering.slots = intent.path->slots;
    facts.covering.count = intent.path->count;
    facts.side = intent.side;
    facts.lots = intent.lots;
    facts.price = *intent.price;
    facts.value = value;
    return facts;
}

void Engine::change_working(PositionIndex position, const Owner& owner, Side side, std::int64_t lots) {
    auto& [held, account, instrument] = positions_[position];
    held.working(side) += lots;
    if (margin_.is_margined(account)) margin_.set_position(account, instrument, held);
    if (order_controls_.is_empty()) return;
    const Instrument& traded = *instruments_[instrument];
    Position by;
    by.working(side) = lots;
    order_controls_.change_position(path_of(account, instrument, owner), traded.valuation, traded.coin, by,
                                    lot_risk_of(traded));
}

void Engine::change_position(PositionIndex position, const Owner& owner, Side side, Lots lots, PriceTicks price) {
    const std::int64_t signed_lots = sign(side) * lots.value;
    auto& [held, account, instrument] = positions_[position];
    held.lots += signed_lots;
    if (margin_.is_margined(account)) {
        margin_.execute(account, instrument, signed_lots, price, next_execution_id_ - 1);
        margin_.set_position(account, instrument, held);
    }
    if (order_controls_.is_empty()) return;
    const Instrument& traded = *instruments_[instrument];
    order_controls_.change_position(path_of(account, instrument, owner), traded.valuation, traded.coin,
                                    {signed_lots, 0, 0}, lot_risk_of(traded));
    const auto& [scope, scope_id] = order_controls_.count_execution(subject_of(account, instrument, owner), now_ns_);
    if (scope == ControlScope::all) return;
    emit(EventKind::control_set, Reason::none, ControlKind::scope_disabled, scope, scope_id, 0);
}

void Engine::count_working_order(Slot account, Slot instrument, const Owner& owner, std::int64_t more) {
    if (order_controls_.is_empty()) return;
    order_controls_.count_orders(path_of(account, instrument, owner), more);
}

void Engine::on(const SetScopeLimits& command, Reader& reader) {
    ScopeLimits limits;
    codec::get_fields(reader, limits);
    if (limits.max_executions > kExecutionsCountedMax) throw BadEncoding("more executions than can be counted");
    const bool is_new = !order_controls_.tracks(command.scope, command.scope_id);
    const Refusal refusal = order_controls_.set_limits(command.scope, command.scope_id, limits, now_ns_);
    if (!refusal && is_new) seed_scope(command.scope, command.scope_id);
    answer_control(refusal, ControlKind::scope_limits, command.scope, command.scope_id, 0);
}

/// What was held and worked before the scope had limits. What a user or a strategy traded before is not known.
void Engine::seed_scope(ControlScope scope, std::int64_t scope_id) {
    const bool is_of_owner = scope == ControlScope::user || scope == ControlScope::strategy;
    if (!is_of_owner) {
        for (const Holding& held : holdings()) {
            const Slot account = find_account(held.account_id);
            const Slot slot = find_instrument(held.instrument_id);
            if (account == kVenueSlot || !covers(scope, scope_id, subject_of(account, slot, Owner{}))) continue;
            const Instrument& instrument = *instruments_[slot];
            order_controls_.seed(scope, scope_id, slot, instrument.valuation, instrument.coin, held.position);
        }
    }
    for (const Working& working : working_orders()) {
        const OrderIndex index = working_.find(working.order_id, nodes_);
        const OrderDetails& details = nodes_.details(index);
        const Slot account = nodes_[index].account();
        if (!covers(scope, scope_id, subject_of(account, details.instrument, details.owner))) continue;
        order_controls_.seed_orders(scope, scope_id, 1);
        if (!is_of_owner) continue;
        const Instrument& instrument = *instruments_[details.instrument];
        Position works;
        works.working(working.side) = working.leaves.value;
        order_controls_.seed(scope, scope_id, details.instrument, instrument.valuation, instrument.coin, works);
    }
    seed_routes(scope, scope_id);
}

bool Engine::covers(ControlScope scope, std::int64_t scope_id, const Controls::Subject& subject) noexcept {
    switch (scope) {
        case ControlScope::all:
            return true;
        case ControlScope::firm:
            return subject.firm_id == scope_id;
        case ControlScope::desk:
            return subject.account_desk_id == scope_id;
        case ControlScope::user:
            return subject.user_id == scope_id;
        case ControlScope::account:
            return subject.account_id == scope_id;
        case ControlScope::instrument:
            return subject.instrument_id == scope_id;
        case ControlScope::strategy:
            return subject.strategy_id == scope_id;
        case ControlScope::venue:
            return subject.venue_id == scope_id;
    }
    return false;
}

void Engine::answer_control(Refusal refusal, ControlKind kind, ControlScope scope, std::int64_t scope_id,
                            std::int64_t value) {
    if (refusal) return refuse_command({}, refusal);
    emit(EventKind::control_set, Reason::none, kind, scope, scope_id, value);
}

void Engine::on(const SetInstrumentPermission& command) {
    if (command.instrument_id < 0 || command.instrument_id >= kListedIdMax) throw BadEncoding("instrument is out of range");
    const bool is_new = !order_controls_.tracks(command.scope, command.scope_id);
    const Refusal refusal = order_controls_.set_permission(command);
    if (!refusal && is_new) seed_scope(command.scope, command.scope_id);
    answer_control(refusal, ControlKind::instrument_permission, command.scope, command.scope_id, command.instrument_id);
}

void Engine::on(const SetTraderAuthorization& command) {
    if (command.user_id < 0 || command.user_id >= kListedIdMax) throw BadEncoding("user is out of range");
    const bool is_new = !order_controls_.tracks(ControlScope::account, command.account_id);
    const Refusal refusal = order_controls_.authorize(command);
    if (!refusal && is_new) seed_scope(ControlScope::account, command.account_id);
    answer_control(refusal, ControlKind::trader_authorization, ControlScope::account, command.account_id,
                   command.user_id);
}

void Engine::on(const GrantOverride& command) {
    const Refusal refusal = order_controls_.grant(command, now_ns_);
    if (refusal) return refuse_command(command.command_id, refusal);
    answer_control({}, ControlKind::override_granted, ControlScope::account, command.account_id, command.order_id);
}

void Engine::on(const EnableScope& command) {
    if (command.enabled_by <= 0) return refuse_command({}, {Reason::attribution, command.enabled_by, 1});
    order_controls_.enable(command.scope, command.scope_id);
    answer_control({}, ControlKind::scope_enabled, command.scope, command.scope_id, command.enabled_by);
}

void Engine::on(const SetParentOrder& command) {
    Refusal refusal = order_controls_.set_parent(command);
    if (refusal) {
        std::vector<OrderId> working;
        working_.for_each([&](OrderIndex index) { working.push_back(nodes_.details(index).owner.parent_order_id); });
        for (const auto& [id, route] : routes_) working.push_back(route.owner.parent_order_id);
        std::sort(working.begin(), working.end());
        order_controls_.forget_closed_parents(working);
        refusal = order_controls_.set_parent(command);
    }
    answer_control(refusal, ControlKind::parent_order, ControlScope::all, command.parent_order_id,
                   command.quantity.value);
}

Position Engine::scope_position(ControlScope scope, std::int64_t scope_id, InstrumentId instrument_id) const {
    const Slot slot = find_instrument(instrument_id);
    return slot == kNone ? Position{} : order_controls_.scope_position(scope, scope_id, slot);
}

std::vector<OrderControls::Terms> Engine::control_terms() const {
    std::vector<OrderControls::Terms> terms(instruments_.size());
    for (Slot slot = 0; slot < instruments_.size(); ++slot) {
        if (!instruments_[slot]) continue;
        terms[slot] = {instruments_[slot]->id, instruments_[slot]->valuation, instruments_[slot]->coin};
    }
    return terms;
}

std::optional<Limits> Engine::account_limits(AccountId id) const noexcept {
    const Slot account = find_account(id);
    if (account == kNone) return std::nullopt;
    const Limits* const limits = accounts_[account].limits.find(kAllCoins);
    return limits == nullptr ? std::nullopt : std::optional(*limits);
}

}  // namespace parley
