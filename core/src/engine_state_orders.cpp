#include <algorithm>

#include "parley/engine.hpp"

namespace parley {
namespace {

bool is_possible(Lots leaves, Lots quantity, PriceTicks price) noexcept {
    return leaves.value > 0 && leaves <= quantity && quantity.value <= kQuotedMax && price.value >= 0 &&
           price.value <= kQuotedMax;
}

}  // namespace

/// Best price first, oldest first: adding them in this order gives every order its place in the queue again. Then what
/// waits outside the book.
void Engine::save_book(Writer& writer, const Instrument& instrument) const {
    const PriceBands& bands = instrument.bands;
    writer.numbers(instrument.phase, bands.reference.value, bands.static_basis_points, bands.dynamic_basis_points,
                   bands.pauses, instrument.last_price.value, instrument.quoted[0].value, instrument.quoted[1].value);
    for (const Side side : {Side::buy, Side::sell}) {
        std::int64_t count = 0;
        instrument.book.for_each(side, [&](OrderIndex) { ++count; });
        writer.number(count);
        instrument.book.for_each(side, [&](OrderIndex index) { save_order(writer, index); });
    }
    const auto waiting = waiting_orders(instrument);
    writer.number(static_cast<std::int64_t>(waiting.size()));
    for (const OrderIndex index : waiting) {
        writer.number(static_cast<std::int64_t>(nodes_[index].side()));
        save_order(writer, index);
    }
}

std::vector<OrderIndex> Engine::waiting_orders(const Instrument& instrument) const {
    std::vector<OrderIndex> waiting;
    for (const auto& by_side : instrument.stops) {
        for (const auto& stops : by_side) {
            for (const auto& [key, index] : stops) waiting.push_back(index);
        }
    }
    for (const auto& [arrival, index] : instrument.pegs) {
        if (!nodes_.is_in_book(index)) waiting.push_back(index);
    }
    const auto arrival = [&](OrderIndex index) { return nodes_.details(index).arrival; };
    std::sort(waiting.begin(), waiting.end(), [&](OrderIndex a, OrderIndex b) { return arrival(a) < arrival(b); });
    return waiting;
}

void Engine::save_order(Writer& writer, OrderIndex index) const {
    const BookNode& order = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    const Owner& owner = details.owner;
    writer.numbers(order.key, nodes_.is_in_book(index) ? nodes_.price(index).value : 0, order.lots.value,
                   details.quantity.value, accounts_[order.account()].id, owner.user_id, owner.desk_id,
                   owner.strategy_id, owner.parent_order_id, details.arrival, details.self_match, details.is_post_only,
                   order.is_special(), order.is_iceberg());
    if (!order.is_special()) return;
    SpecialTerms special = nodes_.special(index);
    writer.numbers(special.hidden.value, special.limit.value, special.type, special.time_in_force,
                   special.is_reduce_only);
    codec::put_fields(writer, special.terms);
}

void Engine::load_book(Reader& reader, Slot slot) {
    Instrument& instrument = *instruments_[slot];
    instrument.phase = reader.below<InstrumentPhase>(enumerators(InstrumentPhase{}));
    instrument.bands.reference.value = reader.number();
    instrument.bands.static_basis_points = reader.number();
    instrument.bands.dynamic_basis_points = reader.number();
    instrument.bands.pauses = reader.flag();
    instrument.last_price.value = reader.number();
    for (PriceTicks& price : instrument.quoted) price.value = reader.number();
    for (const Side side : {Side::buy, Side::sell}) {
        for (std::int64_t count = reader.number(); count > 0; --count) {
            const OrderIndex index = load_order(reader, slot, side);
            if (!nodes_.is_in_book(index)) throw BadEncoding("order without a price in a book");
            if (nodes_[index].account() == kVenueSlot) instrument.venue_orders.push_back(index);
        }
    }
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const OrderIndex index = load_order(reader, slot, reader.below<Side>(enumerators(Side{})));
        if (nodes_.is_in_book(index) || !nodes_[index].is_special()) throw BadEncoding("order that waits for nothing");
    }
}

OrderIndex Engine::load_order(Reader& reader, Slot slot, Side side) {
    const OrderIndex index = nodes_.take_order();
    BookNode& order = nodes_[index];
    OrderDetails& details = nodes_.details(index);
    order.key = reader.number();
    const PriceTicks price{reader.number()};
    order.lots.value = reader.number();
    details.quantity.value = reader.number();
    const Slot account = find_account(reader.number());
    if (account == kNone) throw BadEncoding("order of an unknown account");
    if (!is_possible(order.lots, details.quantity, price)) throw BadEncoding("order that no book could hold");
    details.owner.user_id = reader.number();
    details.owner.desk_id = reader.number();
    details.owner.strategy_id = reader.number();
    details.owner.parent_order_id = reader.number();
    details.arrival = static_cast<std::uint64_t>(reader.number());
    details.self_match = reader.below<SelfMatch>(enumerators(SelfMatch{}));
    details.is_post_only = reader.flag();
    details.instrument = slot;
    if (account != kVenueSlot) details.position = positions_.find_or_add(account, slot);
    order.word = BookNode::word_of(side, account);
    const bool is_special = reader.flag(), is_iceberg = reader.flag();
    if (is_special) {
        SpecialTerms& special = nodes_.special(index);
        special = {};
        special.hidden.value = reader.number();
        special.limit.value = reader.number();
        special.type = reader.below<OrderType>(enumerators(OrderType{}));
        special.time_in_force = reader.below<TimeInForce>(enumerators(TimeInForce{}));
        special.is_reduce_only = reader.flag();
        codec::get_fields(reader, special.terms);
        order.word |= BookNode::kSpecialBit | (is_iceberg ? BookNode::kIcebergBit : 0);
    }
    if (price.value > 0) instruments_[slot]->book.add(index, price);
    if (account == kVenueSlot) return index;
    if (working_.find(order.key, nodes_) != kNone) throw BadEncoding("order twice");
    working_.insert(order.key, index);
    if (is_special) remember_special(index);
    return index;
}

}  // namespace parley
