#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

void Engine::amend_thoroughly(const AmendOrder& command, OrderIndex index) {
    if (index == kNone) {
        const bool was_known = finished_orders_.find(command.order_id) != nullptr;
        emit(EventKind::amend_rejected, was_known ? Reason::too_late_to_cancel : Reason::unknown_order,
             command.order_id, 0, 0);
        return;
    }
    count_cancel(index);
    const Amendment change = amendment_of(command, index);
    Refusal refusal = check_amend(command, change);
    if (!refusal && !change.keeps_place()) refusal = check_replacement(change);
    if (refusal) {
        emit(EventKind::amend_rejected, refusal.reason, command.order_id, refusal.value, refusal.bound);
        return;
    }
    amend(change);
}

Engine::Amendment Engine::amendment_of(const AmendOrder& command, OrderIndex index) const noexcept {
    // of a peg, the price beyond which it does not follow
    const bool is_peg = nodes_[index].is_special() && nodes_.special(index).type == OrderType::peg;
    Amendment change;
    change.index = index;
    change.leaves_before = nodes_.leaves(index);
    change.price_before = nodes_.is_in_book(index) && !is_peg ? nodes_.price(index) : nodes_.special(index).limit;
    change.executed = nodes_.details(index).quantity - change.leaves_before;
    change.leaves = command.quantity.value == 0 ? change.leaves_before : command.quantity - change.executed;
    change.price = command.price.value == 0 ? change.price_before : command.price;
    return change;
}

Refusal Engine::check_amend(const AmendOrder& command, const Amendment& change) const {
    if (command.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, command.valid_until_ns};
    const bool has_quantity = command.quantity.value != 0;
    if (has_quantity && (command.quantity <= change.executed || command.quantity.value > kQuantityLotsMax)) {
        return {Reason::invalid_quantity, command.quantity.value, change.executed.value};
    }
    const OrderIndex index = change.index;
    const bool is_market = nodes_[index].is_special() && nodes_.special(index).type == OrderType::stop;
    if (command.price.value < 0 || command.price.value > kPriceTicksMax || (is_market && command.price.value != 0)) {
        return {Reason::invalid_price, command.price.value, kPriceTicksMax};
    }
    return {};
}

/// The gate once more, for the whole of what the order will be, with what it is now taken away.
Refusal Engine::check_replacement(const Amendment& change) {
    const BookNode& order = nodes_[change.index];
    const OrderDetails& details = nodes_.details(change.index);
    const Instrument& instrument = *instruments_[details.instrument];
    if (instrument.phase == InstrumentPhase::halted) {
        return {Reason::instrument_phase, static_cast<std::int64_t>(instrument.phase), 0};
    }
    if (const Refusal refusal = check_trading(instrument)) return refusal;
    if (order.is_special() && nodes_.special(change.index).is_reduce_only) {
        const std::int64_t most = std::max<std::int64_t>(
            reducible(order.account(), details.instrument, order.side(), change.index), 0);
        if (change.leaves.value > most) return {Reason::reduce_only, change.leaves.value, most};
    }
    Intent intent = intent_of(change);
    // where neither margin nor controls by scope follow it, the position alone is what the order is taken out of
    const bool is_followed = !order_controls_.is_empty() || margin_.is_margined(intent.account);
    const OrderId parent = details.owner.parent_order_id;
    const auto count = [&](std::int64_t direction) {
        const std::int64_t lots = direction * change.leaves_before.value;
        if (parent != 0) order_controls_.give_back_to_parent(parent, {-lots});
        if (!is_followed) return void(positions_[details.position].position.working(intent.side) += lots);
        change_working(details.position, details.owner, intent.side, lots);
        count_working_order(intent.account, intent.instrument, details.owner, direction);
    };
    count(-1);
    Refusal refusal = check_intent(intent);
    count(1);
    order_controls_.spend_override(intent.order_id);
    const bool trades = nodes_.is_in_book(change.index) && instrument.book.crosses(order.side(), change.price);
    if (!refusal && trades && details.is_post_only) refusal = {Reason::post_only_would_trade, change.price.value, 0};
    if (refusal) return refusal;
    if (parent != 0) order_controls_.give_back_to_parent(parent, change.leaves_before);
    admit(intent);
    return {};
}

Engine::Intent Engine::intent_of(const Amendment& change) const {
    const BookNode& order = nodes_[change.index];
    const OrderDetails& details = nodes_.details(change.index);
    Intent intent;
    intent.account = order.account();
    intent.instrument = details.instrument;
    intent.position = details.position;
    intent.owner = details.owner;
    intent.order_id = order.key;
    intent.attribution.strategy_id = details.owner.strategy_id;
    intent.attribution.parent_order_id = details.owner.parent_order_id;
    intent.side = order.side();
    intent.lots = change.leaves;
    if (change.price.value != 0) intent.price = change.price;
    intent.path = &path_of(intent.account, intent.instrument, intent.owner);
    return intent;
}

void Engine::amend(const Amendment& change) {
    const OrderIndex index = change.index;
    const Lots quantity = change.executed + change.leaves;
    emit(EventKind::order_amended, Reason::none, nodes_[index].key, quantity.value, change.leaves.value,
         change.price.value);
    if (change.keeps_place()) {
        if (change.leaves < change.leaves_before) shrink(index, change.leaves);
        return;
    }
    OrderDetails& details = nodes_.details(index);
    Instrument& instrument = *instruments_[details.instrument];
    const bool is_plain_move = nodes_.is_in_book(index) && !nodes_[index].is_special() &&
                               change.leaves == change.leaves_before &&
                               instrument.phase == InstrumentPhase::continuous &&
                               !instrument.book.crosses(nodes_[index].side(), change.price);
    if (!is_plain_move) return replace(index, quantity, change.leaves, change.price);
    details.arrival = next_arrival_++;
    instrument.book.move(index, change.price);
}

/// Takes the order out and lets it act as what it has become.
void Engine::replace(OrderIndex index, Lots quantity, Lots leaves, PriceTicks price) {
    const bool was_in_book = nodes_.is_in_book(index);
    SpecialTerms special = nodes_[index].is_special() ? nodes_.special(index) : SpecialTerms{};
    Incoming order = take_out(index);
    order.quantity = quantity;
    order.leaves = leaves;
    order.limit = price;
    if (special.type == OrderType::peg || !was_in_book) {
        special.limit = price;
        remember_special(keep(order, special));
        if (special.type == OrderType::peg) reprice_pegs(order.instrument);
    } else {
        enter(order, special);
    }
    trigger_stops(order.instrument);
}

/// Fewer lots for a working order, which keeps its place.
void Engine::shrink(OrderIndex index, Lots leaves) {
    OrderDetails& details = nodes_.details(index);
    const Lots less = nodes_.leaves(index) - leaves;
    if (nodes_.is_in_book(index)) {
        instruments_[details.instrument]->book.shrink(index, leaves);
    } else {
        nodes_[index].lots = leaves;
    }
    details.quantity -= less;
    change_working(details.position, details.owner, nodes_[index].side(), -less.value);
    order_controls_.give_back_to_parent(details.owner.parent_order_id, less);
}

void Engine::restate(OrderIndex index, Lots leaves, Reason reason) {
    shrink(index, leaves);
    emit(EventKind::order_restated, reason, nodes_[index].key, nodes_.details(index).quantity.value, leaves.value);
}

/// Time is an input: whatever comes first after its time ends an order.
void Engine::expire() {
    while (!expiries_.empty() && expiries_.begin()->first <= now_ns_) {
        cancel(working_.find(expiries_.begin()->second, nodes_), Reason::expired);
    }
}

/// Lots of `side` that reduce the position and that no reduce-only order but `without` is there for yet.
std::int64_t Engine::reducible(Slot account, Slot instrument, Side side, OrderIndex without) const noexcept {
    std::int64_t most = -sign(side) * position_of(account, instrument).lots;
    const auto& orders = instruments_[instrument]->reduce_only;
    for (auto at = orders.lower_bound({account, 0}); at != orders.end() && at->first.first == account; ++at) {
        if (at->second != without && nodes_[at->second].side() == side) most -= nodes_.leaves(at->second).value;
    }
    return most;
}

/// After a change of position: the youngest reduce-only orders lose what the position no longer has.
void Engine::enforce_reduce_only(Slot account, Slot instrument) {
    if (account == kVenueSlot) return;
    const auto& orders = instruments_[instrument]->reduce_only;
    const std::int64_t held = position_of(account, instrument).lots;
    std::int64_t most[2] = {std::max<std::int64_t>(-held, 0), std::max<std::int64_t>(held, 0)};
    for (auto at = orders.lower_bound({account, 0}); at != orders.end() && at->first.first == account;) {
        const OrderIndex index = (at++)->second;
        std::int64_t& left = most[static_cast<std::size_t>(nodes_[index].side())];
        const Lots leaves = nodes_.leaves(index);
        const Lots keeps{std::min(leaves.value, left)};
        left -= keeps.value;
        if (keeps.value == 0) {
            cancel(index, Reason::reduce_only);
        } else if (keeps < leaves) {
            restate(index, keeps, Reason::reduce_only);
        }
    }
}

}  // namespace parley
