#include <algorithm>

#include "parley/engine.hpp"

namespace parley {
namespace {

constexpr std::uint8_t kFinished = 1;

}  // namespace

void Engine::on(const PlaceOrder& command) {
    Intent intent;
    const Refusal refusal = pass_gate(command, intent);
    order_controls_.spend_override(command.order_id);
    if (refusal) {
        emit(EventKind::order_rejected, refusal.reason, command.order_id, refusal.value, refusal.bound);
        if (!is_known(command.order_id)) finished_orders_.remember(command.order_id, kFinished);
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
    if (command.order_type == OrderType::limit) intent.price = command.price;
    intent.account = find_account(command.account_id);
    intent.instrument = find_instrument(command.instrument_id);
    Refusal refusal;
    if (!order_controls_.is_empty() && intent.account != kNone && intent.instrument != kNone) {
        intent.covering = order_controls_.cover(subject_of(intent.account, intent.instrument, intent.owner));
        refusal = order_controls_.count_message(intent.covering, now_ns_);
    }
    if (!refusal) refusal = check_order(command, intent);
    if (!refusal) admit(intent);
    return refusal;
}

/// A cancel is a message too, and is never refused for it.
void Engine::count_cancel(OrderIndex index) {
    if (order_controls_.is_empty()) return;
    const OrderDetails& details = nodes_.details(index);
    const Covering covering =
        order_controls_.cover(subject_of(nodes_[index].account(), details.instrument, details.owner));
    static_cast<void>(order_controls_.count_message(covering, now_ns_));
}

void Engine::admit(const Intent& intent) { order_controls_.admit(facts_of(intent, 0), now_ns_); }

Refusal Engine::check_order(const PlaceOrder& command, Intent& intent) const {
    if (command.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, command.valid_until_ns};
    if (const Refusal refusal = check_form(command)) return refusal;
    if (intent.instrument == kNone) return {Reason::unknown_instrument, command.instrument_id, 0};
    if (const Refusal refusal = check_trading(*instruments_[intent.instrument])) return refusal;
    if (intent.account == kNone || command.account_id == kVenueAccount) {
        return {Reason::no_limits, command.account_id, 0};
    }
    const Account& account = accounts_[intent.account];
    if (command.user_id == 0) return {Reason::attribution, 0, 0};
    if (command.firm_id != account.firm_id) return {Reason::attribution, command.firm_id, account.firm_id};
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
    if (command.is_reduce_only) return {Reason::reduce_only_not_supported, 1, 0};
    const bool can_rest = command.order_type == OrderType::limit && command.time_in_force == TimeInForce::gtc;
    if (command.is_post_only && !can_rest) return {Reason::post_only_not_combinable, 1, 0};
    const std::int64_t lots = command.quantity.value;
    if (lots <= 0 || lots > kQuantityLotsMax) return {Reason::invalid_quantity, lots, kQuantityLotsMax};
    const std::int64_t price = command.price.value;
    if (command.order_type == OrderType::limit && (price <= 0 || price > kPriceTicksMax)) {
        return {Reason::invalid_price, price, kPriceTicksMax};
    }
    return {};
}

Refusal Engine::check_book(const PlaceOrder& command, const Intent& intent) const {
    const OrderBook& book = instruments_[intent.instrument]->book;
    const bool trades_now = book.crosses(intent.side, *intent.price);
    const Side other = opposite(intent.side);
    const std::int64_t best = book.empty(other) ? 0 : book.best_price(other).value;
    if (command.is_post_only && trades_now) return {Reason::post_only_would_trade, intent.price->value, best};
    if (command.order_type == OrderType::market && !trades_now) return {Reason::no_liquidity, best, intent.price->value};
    return {};
}

void Engine::execute(const PlaceOrder& command, const Intent& intent) {
    emit(EventKind::order_accepted, Reason::none, command.order_id, command.quantity.value);
    const auto outcome =
        trade(intent.instrument, intent.side, *intent.price, command.quantity, intent.account, &command);
    const bool can_rest = command.order_type == OrderType::limit && command.time_in_force == TimeInForce::gtc;
    if (outcome.stop == OrderBook::Stop::no_cross && can_rest) return rest(command, intent, outcome.leaves);
    finished_orders_.remember(command.order_id, kFinished);
    if (outcome.stop == OrderBook::Stop::filled) return;
    order_controls_.give_back_to_parent(intent.attribution.parent_order_id, outcome.leaves);
    const bool met_itself = outcome.stop == OrderBook::Stop::self_match;
    emit(EventKind::order_canceled, met_itself ? Reason::self_match : Reason::immediate_or_cancel, command.order_id,
         outcome.leaves.value, (command.quantity - outcome.leaves).value);
}

void Engine::rest(const PlaceOrder& command, const Intent& intent, Lots leaves) {
    const OrderIndex index = nodes_.take_order();
    nodes_[index].key = command.order_id;
    nodes_[index].lots = leaves;
    nodes_[index].word = BookNode::word_of(command.side, intent.account);
    OrderDetails& details = nodes_.details(index);
    details.quantity = command.quantity;
    details.owner = intent.owner;
    details.instrument = intent.instrument;
    instruments_[intent.instrument]->book.add(index, *intent.price);
    working_.insert(command.order_id, index);
    change_working(intent.account, intent.instrument, intent.owner, command.side, leaves.value);
    count_working_order(intent.account, intent.instrument, intent.owner, 1);
}

OrderBook::Outcome Engine::trade(Slot instrument, Side side, PriceTicks limit, Lots lots, Slot account,
                                 const PlaceOrder* taker) {
    Lots before = lots;
    const auto on_trade = [&](OrderIndex index, PriceTicks price, Lots traded) {
        report_trade(index, price, traded, before, account, taker);
        before -= traded;
    };
    return instruments_[instrument]->book.match(side, limit, lots, account, on_trade,
                                                [this](OrderIndex index) { release(index); });
}

/// One execution id for both sides of a trade. The incoming order's event comes first; the venue has no events.
void Engine::report_trade(OrderIndex index, PriceTicks price, Lots lots, Lots leaves_before, Slot account,
                          const PlaceOrder* taker) {
    const BookNode& resting = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    const std::int64_t execution_id = next_execution_id_++;
    const Instrument& instrument = *instruments_[details.instrument];
    const Micros index_micros = coins_[instrument.coin].price_micros;
    const AccountId resting_account = accounts_[resting.account()].id;
    if (taker != nullptr) {
        const Lots leaves = leaves_before - lots;
        emit(EventKind::order_executed, Reason::none, taker->order_id, execution_id, taker->account_id, instrument.id,
             taker->side, price.value, lots.value, (taker->quantity - leaves).value, leaves.value,
             Liquidity::taker, resting_account, index_micros);
        change_position(account, details.instrument, owner_of(*taker), taker->side, lots, price);
    }
    if (resting_account == kVenueAccount) return;
    change_working(resting.account(), details.instrument, details.owner, resting.side(), -lots.value);
    const Lots leaves = nodes_.leaves(index) - lots;
    emit(EventKind::order_executed, Reason::none, resting.key, execution_id, resting_account, instrument.id,
         resting.side(), price.value, lots.value, (details.quantity - leaves).value, leaves.value,
         Liquidity::maker, accounts_[account].id, index_micros);
    change_position(resting.account(), details.instrument, details.owner, resting.side(), lots, price);
}

/// A resting order that left the book: its place in the pool is free again.
void Engine::release(OrderIndex index) {
    const BookNode& order = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    if (accounts_[order.account()].id == kVenueAccount) {
        auto& quoted = instruments_[details.instrument]->venue_orders;
        quoted.erase(std::find(quoted.begin(), quoted.end(), index));
    } else {
        count_working_order(order.account(), details.instrument, details.owner, -1);
        working_.erase(order.key, index);
        finished_orders_.remember(order.key, kFinished);
    }
    nodes_.give_back(index);
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
    instruments_[details.instrument]->book.remove(index);
    change_working(order.account(), details.instrument, details.owner, order.side(), -leaves.value);
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
