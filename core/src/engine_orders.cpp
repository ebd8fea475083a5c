#include <algorithm>
#include <cstdlib>

#include "parley/engine.hpp"

namespace parley {
namespace {

constexpr bool may_rest(TimeInForce lasts) noexcept {
    return lasts == TimeInForce::gtc || lasts == TimeInForce::gtd || lasts == TimeInForce::day;
}

}  // namespace

void Engine::on(const PlaceOrder& command) {
    Intent intent;
    const Refusal refusal = pass_gate(command, intent);
    order_controls_.spend_override(command.order_id);
    if (refusal) {
        emit(EventKind::order_rejected, refusal.reason, command.order_id, refusal.value, refusal.bound);
        if (!is_known(command.order_id)) finished_orders_.remember(command.order_id, kFinishedOrder);
        return;
    }
    execute(command, intent);
}

/// Counts the message, checks the order against every control, and counts it where it passes.
Refusal Engine::pass_gate(const PlaceOrder& command, Intent& intent) {
    intent.owner = owner_of(command);
    intent.order_id = command.order_id;
    intent.attribution = command.attribution;
    intent.side = command.side;
    intent.lots = command.quantity;
    const bool is_priced = command.order_type == OrderType::limit || command.order_type == OrderType::stop_limit;
    if (is_priced || (command.order_type == OrderType::peg && command.price.value != 0)) intent.price = command.price;
    if (intent.price && !order_controls_.is_idle()) {
        intent.identity = RecentOrders::hash_of({command.account_id, command.instrument_id, intent.lots.value,
                                                 intent.price->value, intent.side});
        order_controls_.look_ahead(intent.identity);
    }
    intent.account = find_account(command.account_id);
    intent.instrument = find_instrument(command.instrument_id);
    intent.position = positions_.find(intent.account, intent.instrument);
    Refusal refusal;
    if (intent.account != kNone && intent.instrument != kNone) {
        intent.path = &path_of(intent.account, intent.instrument, intent.owner);
        refusal = order_controls_.count_message(*intent.path, now_ns_);
    }
    if (!refusal) refusal = check_order(command, intent);
    if (!refusal) admit(intent);
    return refusal;
}

/// A cancel is a message too, and is never refused for it.
void Engine::count_cancel(OrderIndex index) {
    if (order_controls_.is_empty()) return;
    const OrderDetails& details = nodes_.details(index);
    const ControlPath& path = path_of(nodes_[index].account(), details.instrument, details.owner);
    static_cast<void>(order_controls_.count_message(path, now_ns_));
}

Refusal Engine::check_order(const PlaceOrder& command, Intent& intent) const {
    if (command.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, command.valid_until_ns};
    if (const Refusal refusal = check_form(command)) return refusal;
    if (intent.instrument == kNone) return {Reason::unknown_instrument, command.instrument_id, 0};
    if (const Refusal refusal = check_trading(*instruments_[intent.instrument])) return refusal;
    if (const Refusal refusal = check_phase(command, *instruments_[intent.instrument])) return refusal;
    if (intent.account == kNone || command.account_id == kVenueAccount) {
        return {Reason::no_limits, command.account_id, 0};
    }
    const Account& account = accounts_[intent.account];
    if (command.user_id == 0) return {Reason::attribution, 0, 0};
    if (command.firm_id != account.firm_id) return {Reason::attribution, command.firm_id, account.firm_id};
    if (const Refusal refusal = check_reduce_only(command, intent)) return refusal;
    if (const Refusal refusal = check_intent(intent)) return refusal;
    return check_book(command, intent);
}

Engine::Owner Engine::owner_of(const PlaceOrder& command) noexcept {
    return {command.user_id, command.desk_id, command.attribution.strategy_id, command.attribution.parent_order_id};
}

bool Engine::is_known(OrderId id) const noexcept {
    return working_.find(id, nodes_) != kNone || finished_orders_.find(id) != nullptr;
}

Refusal Engine::check_form(const PlaceOrder& command) const {
    if (is_known(command.order_id)) {
        return {Reason::duplicate_order, command.order_id, 0};
    }
    if (working_.size() >= kWorkingOrdersMax) {
        constexpr auto most = static_cast<std::int64_t>(kWorkingOrdersMax);
        return {Reason::too_many_orders, most, most};
    }
    if (const Refusal refusal = check_combination(command)) return refusal;
    const std::int64_t lots = command.quantity.value;
    if (lots <= 0 || lots > kQuantityLotsMax) return {Reason::invalid_quantity, lots, kQuantityLotsMax};
    const bool needs_price = command.order_type == OrderType::limit || command.order_type == OrderType::stop_limit;
    const std::int64_t price = command.price.value;
    const bool has_price = needs_price || (command.order_type == OrderType::peg && price != 0);
    if (has_price && (price <= 0 || price > kPriceTicksMax)) return {Reason::invalid_price, price, kPriceTicksMax};
    return check_terms(command);
}

/// Which terms go together. Value: the order's type, bound: its time in force.
Refusal Engine::check_combination(const PlaceOrder& command) const {
    const TimeInForce lasts = command.time_in_force;
    const bool is_resting_limit = command.order_type == OrderType::limit && may_rest(lasts);
    if (command.is_post_only && !is_resting_limit) return {Reason::post_only_not_combinable, 1, 0};
    const OrderTerms& terms = command.terms;
    const bool is_stop = command.order_type == OrderType::stop || command.order_type == OrderType::stop_limit;
    const bool is_peg = command.order_type == OrderType::peg;
    const bool is_wrong = (terms.display.value != 0 && !is_resting_limit) ||
                          (terms.minimum.value != 0 && (lasts != TimeInForce::ioc || is_stop || is_peg)) ||
                          ((terms.stop.value != 0) != is_stop) || (terms.peg_offset_ticks != 0 && !is_peg) ||
                          (is_peg && !may_rest(lasts)) || ((terms.expires_at_ns != 0) != (lasts == TimeInForce::gtd));
    if (!is_wrong) return {};
    return {Reason::terms_not_combinable, static_cast<std::int64_t>(command.order_type),
            static_cast<std::int64_t>(lasts)};
}

Refusal Engine::check_terms(const PlaceOrder& command) const {
    const OrderTerms& terms = command.terms;
    if (terms.expires_at_ns != 0 && terms.expires_at_ns <= now_ns_) {
        return {Reason::invalid_terms, terms.expires_at_ns, now_ns_};
    }
    for (const Lots lots : {terms.display, terms.minimum}) {
        if (lots.value < 0 || lots > command.quantity) {
            return {Reason::invalid_terms, lots.value, command.quantity.value};
        }
    }
    const Wide offset = terms.peg_offset_ticks;
    for (const std::int64_t ticks : {terms.stop.value, saturate(offset < 0 ? -offset : offset)}) {
        if (ticks < 0 || ticks > kPriceTicksMax) return {Reason::invalid_terms, ticks, kPriceTicksMax};
    }
    return {};
}

/// A call collects limit orders that rest, and stops; a halt nothing. Value: the phase.
Refusal Engine::check_phase(const PlaceOrder& command, const Instrument& instrument) const noexcept {
    if (instrument.phase == InstrumentPhase::continuous) return {};
    const bool is_stop = command.order_type == OrderType::stop || command.order_type == OrderType::stop_limit;
    const bool is_collected = is_stop || (command.order_type == OrderType::limit && may_rest(command.time_in_force) &&
                                          !command.is_post_only);
    if (instrument.phase == InstrumentPhase::call && is_collected) return {};
    return {Reason::instrument_phase, static_cast<std::int64_t>(instrument.phase), 0};
}

/// Cuts the order to what it may reduce. Value: its lots, bound: those lots.
Refusal Engine::check_reduce_only(const PlaceOrder& command, Intent& intent) const {
    if (!command.is_reduce_only) return {};
    const std::int64_t most = reducible(intent.account, intent.instrument, intent.side, kNone);
    if (most <= 0) return {Reason::reduce_only, command.quantity.value, 0};
    intent.lots.value = std::min(intent.lots.value, most);
    intent.identity = 0;
    return {};
}

Refusal Engine::check_book(const PlaceOrder& command, const Intent& intent) const {
    if (!command.is_post_only && command.order_type != OrderType::market) return {};
    const OrderBook& book = instruments_[intent.instrument]->book;
    const bool trades_now = book.crosses(intent.side, *intent.price);
    const Side other = opposite(intent.side);
    const std::int64_t best = book.empty(other) ? 0 : book.best_price(other).value;
    if (command.is_post_only && trades_now) return {Reason::post_only_would_trade, intent.price->value, best};
    if (command.order_type == OrderType::market && !trades_now) return {Reason::no_liquidity, best, intent.price->value};
    return {};
}

SpecialTerms Engine::special_of(const PlaceOrder& command) const noexcept {
    SpecialTerms special;
    special.terms = command.terms;
    if (command.time_in_force == TimeInForce::day) special.terms.expires_at_ns = day_end_after(now_ns_);
    const bool is_limited = command.order_type == OrderType::stop_limit || command.order_type == OrderType::peg;
    if (is_limited) special.limit = command.price;
    special.type = command.order_type;
    special.time_in_force = command.time_in_force;
    special.is_reduce_only = command.is_reduce_only;
    return special;
}

void Engine::execute(const PlaceOrder& command, const Intent& intent) {
    emit(EventKind::order_accepted, Reason::none, command.order_id, command.quantity.value);
    if (intent.lots < command.quantity) {
        emit(EventKind::order_restated, Reason::reduce_only, command.order_id, intent.lots.value, intent.lots.value);
    }
    Incoming order;
    order.order_id = command.order_id;
    order.account = intent.account;
    order.instrument = intent.instrument;
    order.position = intent.position;
    if (order.position == kNone) order.position = positions_.find_or_add(order.account, order.instrument);
    order.path = paths_.place_of(*intent.path);
    order.owner = intent.owner;
    order.side = command.side;
    order.quantity = order.leaves = intent.lots;
    order.limit = *intent.price;
    order.self_match = command.terms.self_match;
    order.is_post_only = command.is_post_only;
    const SpecialTerms special = special_of(command);
    const bool waits = command.order_type == OrderType::stop || command.order_type == OrderType::stop_limit;
    if (waits) {
        remember_special(keep(order, special));
    } else if (command.order_type == OrderType::peg) {
        remember_special(keep(order, special));
        reprice_pegs(intent.instrument);
    } else {
        enter(order, special);
    }
    trigger_stops(intent.instrument);
}

void Engine::on(const CancelOrder& command) {
    const OrderIndex index = working_.find(command.order_id, nodes_);
    if (index != kNone) {
        count_cancel(index);
        return cancel(index, Reason::requested);
    }
    const bool was_known = finished_orders_.find(command.order_id) != nullptr;
    emit(EventKind::cancel_rejected, was_known ? Reason::too_late_to_cancel : Reason::unknown_order,
         command.order_id);
}

void Engine::on(const CancelAll& command) {
    const std::int64_t canceled = cancel_where(command.scope, command.scope_id, Reason::cancel_all);
    emit(EventKind::cancel_all_done, Reason::none, command.scope, command.scope_id, canceled);
}

void Engine::cancel(OrderIndex index, Reason reason) {
    const BookNode& order = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    const Lots leaves = nodes_.leaves(index);
    if (nodes_.is_in_book(index)) instruments_[details.instrument]->book.remove(index);
    change_working(details.position, details.owner, order.side(), -leaves.value);
    order_controls_.give_back_to_parent(details.owner.parent_order_id, leaves);
    emit(EventKind::order_canceled, reason, order.key, leaves.value, (details.quantity - leaves).value);
    release(index);
}

/// Cancels in the order of order ids, so that a replay from a snapshot does it in the same order.
std::int64_t Engine::cancel_where(ControlScope scope, std::int64_t scope_id, Reason reason) {
    std::vector<std::pair<OrderId, OrderIndex>> covered;
    working_.for_each([&](OrderIndex index) {
        if (is_covered(index, scope, scope_id)) covered.emplace_back(nodes_[index].key, index);
    });
    std::sort(covered.begin(), covered.end());
    for (const auto& [id, index] : covered) cancel(index, reason);
    request_route_cancels(scope, scope_id, reason);
    return static_cast<std::int64_t>(covered.size());
}

bool Engine::is_covered(OrderIndex index, ControlScope scope, std::int64_t scope_id) const {
    const OrderDetails& details = nodes_.details(index);
    const Account& account = accounts_[nodes_[index].account()];
    switch (scope) {
        case ControlScope::all:
            return true;
        case ControlScope::firm:
            return account.firm_id == scope_id;
        case ControlScope::desk:
            return account.desk_id == scope_id || details.owner.desk_id == scope_id;
        case ControlScope::user:
            return details.owner.user_id == scope_id;
        case ControlScope::account:
            return account.id == scope_id;
        case ControlScope::instrument:
            return instruments_[details.instrument]->id == scope_id;
        case ControlScope::strategy:
            return scope_id != 0 && details.owner.strategy_id == scope_id;
        case ControlScope::venue:
            return instruments_[details.instrument]->venue_id == scope_id;
    }
    return false;
}

}  // namespace parley
