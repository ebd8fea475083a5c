#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

/// Fewer lots at the same price keep their place in the queue; everything else goes to the back, or trades.
void Engine::on(const AmendOrder& command) {
    const OrderIndex index = working_.find(command.order_id, nodes_);
    if (index == kNone) {
        const bool was_known = finished_orders_.find(command.order_id) != nullptr;
        emit(EventKind::amend_rejected, was_known ? Reason::too_late_to_cancel : Reason::unknown_order,
             command.order_id, 0, 0);
        return;
    }
    count_cancel(index);
    const Incoming order = incoming_of(index);
    const Lots leaves = command.quantity.value == 0 ? order.leaves : command.quantity - (order.quantity - order.leaves);
    const PriceTicks price = command.price.value == 0 ? order.limit : command.price;
    Refusal refusal = check_amend(command, index);
    const bool keeps_place = price == order.limit && leaves <= order.leaves;
    if (!refusal && !keeps_place) refusal = check_replacement(index, leaves, price);
    if (refusal) {
        emit(EventKind::amend_rejected, refusal.reason, command.order_id, refusal.value, refusal.bound);
        return;
    }
    amend(index, leaves, price);
}

Refusal Engine::check_amend(const AmendOrder& command, OrderIndex index) const {
    if (command.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, command.valid_until_ns};
    const Incoming order = incoming_of(index);
    const Lots executed = order.quantity - order.leaves;
    const bool has_quantity = command.quantity.value != 0;
    if (has_quantity && (command.quantity <= executed || command.quantity.value > kQuantityLotsMax)) {
        return {Reason::invalid_quantity, command.quantity.value, executed.value};
    }
    const bool is_market = nodes_[index].is_special() && nodes_.special(index).type == OrderType::stop;
    if (command.price.value < 0 || command.price.value > kPriceTicksMax || (is_market && command.price.value != 0)) {
        return {Reason::invalid_price, command.price.value, kPriceTicksMax};
    }
    return {};
}

/// The gate once more, for the whole of what the order will be, with what it is now taken away.
Refusal Engine::check_replacement(OrderIndex index, Lots leaves, PriceTicks price) {
    const Incoming order = incoming_of(index);
    const Instrument& instrument = *instruments_[order.instrument];
    if (instrument.phase == InstrumentPhase::halted) {
        return {Reason::instrument_phase, static_cast<std::int64_t>(instrument.phase), 0};
    }
    if (const Refusal refusal = check_trading(instrument)) return refusal;
    if (nodes_[index].is_special() && nodes_.special(index).is_reduce_only) {
        const std::int64_t most = std::max<std::int64_t>(reducible(order.account, order.instrument, order.side, index), 0);
        if (leaves.value > most) return {Reason::reduce_only, leaves.value, most};
    }
    Intent intent;
    intent.account = order.account;
    intent.instrument = order.instrument;
    intent.owner = order.owner;
    intent.order_id = order.order_id;
    intent.attribution.strategy_id = order.owner.strategy_id;
    intent.attribution.parent_order_id = order.owner.parent_order_id;
    intent.side = order.side;
    intent.lots = leaves;
    if (price.value != 0) intent.price = price;
    intent.path = &path_of(order.account, order.instrument, order.owner);
    change_working(order.account, order.instrument, order.owner, order.side, -order.leaves.value);
    const Refusal refusal = check_intent(intent);
    change_working(order.account, order.instrument, order.owner, order.side, order.leaves.value);
    if (refusal) return refusal;
    const bool trades = nodes_.is_in_book(index) && instrument.book.crosses(order.side, price);
    if (trades && nodes_.details(index).is_post_only) return {Reason::post_only_would_trade, price.value, 0};
    order_controls_.give_back_to_parent(order.owner.parent_order_id, order.leaves);
    admit(intent);
    return {};
}

void Engine::amend(OrderIndex index, Lots leaves, PriceTicks price) {
    const Incoming before = incoming_of(index);
    const Lots quantity = before.quantity - before.leaves + leaves;
    emit(EventKind::order_amended, Reason::none, before.order_id, quantity.value, leaves.value, price.value);
    if (price == before.limit && leaves <= before.leaves) {
        if (leaves < before.leaves) shrink(index, leaves);
        return;
    }
    const bool is_plain_move = nodes_.is_in_book(index) && !nodes_[index].is_special();
    if (is_plain_move && leaves == before.leaves && instruments_[before.instrument]->phase == InstrumentPhase::continuous &&
        !instruments_[before.instrument]->book.crosses(before.side, price)) {
        nodes_.details(index).arrival = next_arrival_++;
        return instruments_[before.instrument]->book.move(index, price);
    }
    replace(index, quantity, leaves, price);
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
    change_working(nodes_[index].account(), details.instrument, details.owner, nodes_[index].side(), -less.value);
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
