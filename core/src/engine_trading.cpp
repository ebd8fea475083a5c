#include <algorithm>

#include "parley/engine.hpp"

namespace parley {
namespace {

constexpr bool may_rest(TimeInForce lasts) noexcept {
    return lasts == TimeInForce::gtc || lasts == TimeInForce::gtd || lasts == TimeInForce::day;
}

bool is_special(const SpecialTerms& special) noexcept {
    return special.terms.display.value > 0 || special.terms.expires_at_ns != 0 || special.is_reduce_only ||
           special.type == OrderType::peg;
}

}  // namespace

struct Engine::MatchHandler {
    Engine& engine;
    Incoming& order;
    Instrument& instrument;
    Slot met = kNone;

    void on_trade(OrderIndex index, PriceTicks price, Lots lots) {
        met = engine.nodes_[index].account();
        engine.report_trade(index, price, lots, order);
    }
    void on_filled(OrderIndex index) { engine.release(index); }
    void after_trade() {
        if (instrument.reduce_only.empty()) return;
        engine.enforce_reduce_only(met, order.instrument);
        engine.enforce_reduce_only(order.account, order.instrument);
    }
    [[nodiscard]] bool on_self_match(OrderIndex index, Lots&) { return engine.meet_itself(index, order); }
};

/// Trades what may trade; what is left rests or is canceled.
void Engine::enter(Incoming& order, const SpecialTerms& special) {
    const Lots least = special.time_in_force == TimeInForce::fok ? order.leaves : special.terms.minimum;
    if (least.value > 0 && !is_filled_at_once(order, least)) {
        return finish(order, special.time_in_force == TimeInForce::fok ? Reason::fill_or_kill : Reason::minimum_quantity);
    }
    const Reason reason = trade_in_bands(order);
    if (order.leaves.value == 0 || reason == Reason::self_match) return finish(order, reason);
    const bool is_priced = special.type != OrderType::market && special.type != OrderType::stop;
    if (reason == Reason::price_band) return finish(order, reason);
    if (is_priced && may_rest(special.time_in_force)) return rest(order, special);
    finish(order, Reason::immediate_or_cancel);
}

bool Engine::is_filled_at_once(const Incoming& order, Lots least) const {
    const Instrument& instrument = *instruments_[order.instrument];
    const PriceTicks limit = instrument.bands.bound(order.side, order.limit, instrument.last_price);
    const bool stops_at_own = order.self_match != SelfMatch::cancel_oldest;
    return instrument.book.available(order.side, limit, order.account, stops_at_own, least) >= least;
}

/// none, self_match, or price_band: more crosses, but only outside the bands, where the instrument does not pause.
Reason Engine::trade_in_bands(Incoming& order) {
    Instrument& instrument = *instruments_[order.instrument];
    if (instrument.phase != InstrumentPhase::continuous) return Reason::none;
    const PriceTicks limit = order.limit;
    order.limit = instrument.bands.bound(order.side, limit, instrument.last_price);
    const Reason reason = trade(order);
    order.limit = limit;
    const bool is_out = reason == Reason::none && order.leaves.value > 0 && instrument.book.crosses(order.side, limit);
    if (!is_out) return reason;
    if (!instrument.bands.pauses) return Reason::price_band;
    change_phase(order.instrument, InstrumentPhase::call, {});
    return Reason::none;
}

Reason Engine::trade(Incoming& order) {
    Instrument& instrument = *instruments_[order.instrument];
    const auto stop =
        instrument.book.match(order.side, order.limit, order.leaves, order.account, MatchHandler{*this, order, instrument});
    return stop == OrderBook::Stop::self_match ? Reason::self_match : Reason::none;
}

/// The end of an order that acts: filled, or what is left is canceled.
void Engine::finish(const Incoming& order, Reason reason) {
    if (order.leaves.value > 0) {
        order_controls_.give_back_to_parent(order.owner.parent_order_id, order.leaves);
        emit(EventKind::order_canceled, reason, order.order_id, order.leaves.value,
             (order.quantity - order.leaves).value);
    }
    if (order.index == kNone) return finished_orders_.remember(order.order_id, kFinishedOrder);
    working_.erase(order.order_id, order.index);
    finished_orders_.remember(order.order_id, kFinishedOrder);
    nodes_.give_back(order.index);
}

/// A place for the order, outside the book: it works from now on.
OrderIndex Engine::keep(const Incoming& order, const SpecialTerms& special) {
    const bool is_new = order.index == kNone;
    const OrderIndex index = is_new ? nodes_.take_order() : order.index;
    nodes_[index].key = order.order_id;
    nodes_[index].lots = order.leaves;
    nodes_[index].word = BookNode::word_of(order.side, order.account);
    nodes_.details(index) = {order.quantity, order.owner, next_arrival_++,  order.instrument,
                             order.position, order.path,  order.self_match, order.is_post_only};
    if (is_special(special) || special.type == OrderType::stop || special.type == OrderType::stop_limit) {
        nodes_[index].word |= BookNode::kSpecialBit;
        nodes_.special(index) = special;
    }
    if (is_new) working_.insert(order.order_id, index);
    change_working(order.position, order.owner, order.side, order.leaves.value);
    count_working_order(order.account, order.instrument, order.owner, 1);
    return index;
}

void Engine::rest(const Incoming& order, const SpecialTerms& special) {
    const OrderIndex index = keep(order, special);
    BookNode& node = nodes_[index];
    if (special.terms.display.value > 0) {
        node.word |= BookNode::kIcebergBit;
        node.lots = std::min(special.terms.display, order.leaves);
        nodes_.special(index).hidden = order.leaves - node.lots;
    }
    instruments_[order.instrument]->book.add(index, order.limit);
    if (node.is_special()) remember_special(index);
}

/// One execution id for both sides of a trade. The incoming order's event comes first; the venue has no events.
void Engine::report_trade(OrderIndex index, PriceTicks price, Lots lots, const Incoming& taker) {
    const std::int64_t execution_id = next_execution_id_++;
    const BookNode& node = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    instruments_[details.instrument]->last_price = price;
    Incoming resting;
    resting.order_id = node.key;
    resting.account = node.account();
    resting.instrument = details.instrument;
    resting.position = details.position;
    resting.owner = details.owner;
    resting.side = node.side();
    resting.quantity = details.quantity;
    const Lots leaves = nodes_.leaves(index) - lots;
    report_side(taker, accounts_[resting.account].id, execution_id, price, lots, taker.leaves - lots, Liquidity::taker);
    if (resting.account == kVenueSlot) return;
    change_working(resting.position, resting.owner, resting.side, -lots.value);
    report_side(resting, accounts_[taker.account].id, execution_id, price, lots, leaves, Liquidity::maker);
}

void Engine::report_side(const Incoming& order, AccountId other, std::int64_t execution_id, PriceTicks price, Lots lots,
                         Lots leaves, Liquidity liquidity) {
    if (order.account == kVenueSlot) return;
    const Instrument& instrument = *instruments_[order.instrument];
    emit(EventKind::order_executed, Reason::none, order.order_id, execution_id, accounts_[order.account].id,
         instrument.id, order.side, price.value, lots.value, (order.quantity - leaves).value, leaves.value, liquidity,
         other, coins_[instrument.coin].price_micros);
    change_position(order.position, order.owner, order.side, lots, price);
}

/// Whether the incoming order goes on. The venue's quotes always stop at themselves.
bool Engine::meet_itself(OrderIndex index, Incoming& order) {
    if (order.account == kVenueSlot || order.self_match == SelfMatch::cancel_newest) return false;
    if (order.self_match != SelfMatch::decrement) {
        cancel(index, Reason::self_match);
        return order.self_match == SelfMatch::cancel_oldest;
    }
    const Lots leaves = nodes_.leaves(index);
    const Lots less = std::min(leaves, order.leaves);
    if (less == leaves) {
        cancel(index, Reason::self_match);
    } else {
        restate(index, leaves - less, Reason::self_match);
    }
    if (less == order.leaves) return false;
    order.leaves -= less;
    order.quantity -= less;
    order_controls_.give_back_to_parent(order.owner.parent_order_id, less);
    emit(EventKind::order_restated, Reason::self_match, order.order_id, order.quantity.value, order.leaves.value);
    return true;
}

Engine::Incoming Engine::incoming_of(OrderIndex index) const noexcept {
    const BookNode& node = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    Incoming order;
    order.order_id = node.key;
    order.account = node.account();
    order.instrument = details.instrument;
    order.position = details.position;
    order.path = details.path;
    order.owner = details.owner;
    order.side = node.side();
    order.quantity = details.quantity;
    order.leaves = nodes_.leaves(index);
    order.limit = nodes_.is_in_book(index) ? nodes_.price(index) : nodes_.special(index).limit;
    order.self_match = details.self_match;
    order.is_post_only = details.is_post_only;
    order.index = index;
    return order;
}

Engine::Incoming Engine::take_out(OrderIndex index) {
    const Incoming order = incoming_of(index);
    forget_special(index);
    if (nodes_.is_in_book(index)) instruments_[order.instrument]->book.remove(index);
    nodes_[index].level = kNone;
    change_working(order.position, order.owner, order.side, -order.leaves.value);
    count_working_order(order.account, order.instrument, order.owner, -1);
    return order;
}

void Engine::remember_special(OrderIndex index) {
    const SpecialTerms& special = nodes_.special(index);
    const OrderDetails& details = nodes_.details(index);
    Instrument& instrument = *instruments_[details.instrument];
    const Side side = nodes_[index].side();
    if (special.terms.expires_at_ns != 0) expiries_.emplace(special.terms.expires_at_ns, nodes_[index].key);
    if (special.is_reduce_only) instrument.reduce_only[{nodes_[index].account(), details.arrival}] = index;
    if (special.type == OrderType::peg) instrument.pegs[details.arrival] = index;
    if (special.type != OrderType::stop && special.type != OrderType::stop_limit) return;
    if (nodes_.is_in_book(index)) return;
    auto& stops = instrument.stops[static_cast<std::size_t>(special.terms.trigger)][static_cast<std::size_t>(side)];
    stops[{special.terms.stop.value * sign(side), details.arrival}] = index;
}

void Engine::forget_special(OrderIndex index) {
    if (!nodes_[index].is_special()) return;
    const SpecialTerms& special = nodes_.special(index);
    const OrderDetails& details = nodes_.details(index);
    Instrument& instrument = *instruments_[details.instrument];
    const Side side = nodes_[index].side();
    expiries_.erase({special.terms.expires_at_ns, nodes_[index].key});
    instrument.reduce_only.erase({nodes_[index].account(), details.arrival});
    instrument.pegs.erase(details.arrival);
    auto& stops = instrument.stops[static_cast<std::size_t>(special.terms.trigger)][static_cast<std::size_t>(side)];
    stops.erase({special.terms.stop.value * sign(side), details.arrival});
}

/// An order that left the book or its waiting place: its place is free again.
void Engine::release(OrderIndex index) {
    const BookNode& order = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    if (order.account() == kVenueSlot) {
        auto& quoted = instruments_[details.instrument]->venue_orders;
        quoted.erase(std::find(quoted.begin(), quoted.end(), index));
    } else {
        forget_special(index);
        count_working_order(order.account(), details.instrument, details.owner, -1);
        working_.erase(order.key, index);
        finished_orders_.remember(order.key, kFinishedOrder);
    }
    nodes_.give_back(index);
}

}  // namespace parley
