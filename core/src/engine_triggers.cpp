#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

/// One after the other, for each may trade and trigger the next. Each order is triggered once, so it ends.
void Engine::trigger_stops(Slot slot) {
    const Instrument& instrument = *instruments_[slot];
    while (instrument.phase == InstrumentPhase::continuous) {
        const OrderIndex index = find_triggered(instrument);
        if (index == kNone) return;
        activate(index);
    }
}

/// By last trade before by mark, buys before sells, the first price that was reached, then the oldest.
OrderIndex Engine::find_triggered(const Instrument& instrument) const noexcept {
    const std::int64_t reached[2] = {instrument.last_price.value,
                                     instrument.reference.is_crossed ? 0 : instrument.reference.mark.value};
    for (std::size_t trigger = 0; trigger < 2; ++trigger) {
        for (const Side side : {Side::buy, Side::sell}) {
            const auto& stops = instrument.stops[trigger][static_cast<std::size_t>(side)];
            if (stops.empty() || reached[trigger] <= 0) continue;
            if (stops.begin()->first.first <= reached[trigger] * sign(side)) return stops.begin()->second;
        }
    }
    return kNone;
}

void Engine::activate(OrderIndex index) {
    const SpecialTerms special = nodes_.special(index);
    Incoming order = take_out(index);
    const Instrument& instrument = *instruments_[order.instrument];
    const bool is_by_mark = special.terms.trigger == Trigger::mark;
    const PriceTicks reached = is_by_mark ? instrument.reference.mark : instrument.last_price;
    emit(EventKind::order_triggered, Reason::none, order.order_id, reached.value);
    if (special.type == OrderType::stop) order.limit = collar_price(order);
    if (order.limit.value <= 0) return finish(order, Reason::no_liquidity);
    enter(order, special);
}

/// How far a market order of the account may go now; 0: nobody knows.
PriceTicks Engine::collar_price(const Incoming& order) const noexcept {
    const Instrument& instrument = *instruments_[order.instrument];
    const Limits* limits = accounts_[order.account].limits.find(instrument.coin);
    const PriceTicks mark = instrument.reference.mark;
    if (limits == nullptr || mark.value <= 0) return {};
    const PriceTicks bound = instrument.valuation.collar(order.side, mark, limits->price_collar_basis_points);
    return std::max(bound, PriceTicks{1});
}

/// Against the venue's quote, never against other orders, so that pegs cannot chase each other. 0: no price now.
PriceTicks Engine::peg_price(const Instrument& instrument, Side side, const SpecialTerms& special) const noexcept {
    const PriceTicks bid = instrument.quoted[0], ask = instrument.quoted[1];
    const bool is_primary = special.terms.peg_reference == PegReference::primary;
    const PriceTicks own = side == Side::buy ? bid : ask;
    if (own.value == 0 || (!is_primary && (bid.value == 0 || ask.value == 0))) return {};
    const std::int64_t rounded = (bid.value + ask.value + (side == Side::sell ? 1 : 0)) / 2;
    PriceTicks price{(is_primary ? own.value : rounded) + special.terms.peg_offset_ticks};
    if (special.limit.value != 0) {
        price = side == Side::buy ? std::min(price, special.limit) : std::max(price, special.limit);
    }
    return price.value > 0 && price.value <= kPriceTicksMax ? price : PriceTicks{};
}

/// Pegs whose price changed leave the book together and come back, oldest first, at the back of their new queues.
void Engine::reprice_pegs(Slot slot) {
    Instrument& instrument = *instruments_[slot];
    if (instrument.pegs.empty() || instrument.phase != InstrumentPhase::continuous) return;
    std::vector<OrderId> moved;
    for (const auto& [arrival, index] : instrument.pegs) {
        const PriceTicks price = peg_price(instrument, nodes_[index].side(), nodes_.special(index));
        const PriceTicks before = nodes_.is_in_book(index) ? nodes_.price(index) : PriceTicks{};
        if (price == before) continue;
        if (before.value != 0) {
            instrument.book.remove(index);
            nodes_[index].level = kNone;
        }
        moved.push_back(nodes_[index].key);
    }
    for (const OrderId id : moved) {
        const OrderIndex index = working_.find(id, nodes_);
        if (index == kNone) continue;
        const SpecialTerms special = nodes_.special(index);
        const PriceTicks price = peg_price(instrument, nodes_[index].side(), special);
        if (price.value == 0) continue;
        Incoming order = take_out(index);
        order.limit = price;
        enter(order, special);
    }
}

}  // namespace parley
