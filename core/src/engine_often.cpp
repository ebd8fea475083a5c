// What the engine is asked in great numbers: records of fixed form, and the amendments that nearly all of them are.

#include "parley/engine.hpp"

namespace parley {

/// Whether the gate lets a plain order go there, in one look: its lots are already among those that work.
inline bool Engine::may_move(OrderIndex index, PriceTicks price) noexcept {
    if (price.value <= 0 || price.value > kPriceTicksMax) return false;
    const BookNode& order = nodes_[index];
    const OrderDetails& details = nodes_.details(index);
    const Instrument& instrument = *instruments_[details.instrument];
    const bool is_person = details.owner.strategy_id == 0 && details.owner.parent_order_id == 0;
    if (!is_person || instrument.phase != InstrumentPhase::continuous || !is_trading(instrument)) return false;
    if (instrument.book.crosses(order.side(), price)) return false;
    ControlPath& path = path_of(index);
    const std::int64_t worst = positions_[details.position].position.worst(order.side(), 0);
    return is_within(path, instrument, order.side(), order.lots, price, worst);
}

/// A plain order in the book that is held to nothing but limits by account, moved to where it does not trade or left with
/// fewer lots. Its place among what works stays what it was, so that nothing is taken out and put back.
inline bool Engine::amend_plainly(const AmendOrder& command, OrderIndex index) {
    const BookNode& order = nodes_[index];
    const bool is_plain = order_controls_.is_idle() && !order.is_special() && nodes_.is_in_book(index);
    if (!is_plain || command.valid_until_ns < now_ns_ || margin_.is_margined(order.account())) return false;
    OrderDetails& details = nodes_.details(index);
    const Lots executed = details.quantity - order.lots;
    const Lots leaves = command.quantity.value == 0 ? order.lots : command.quantity - executed;
    if (leaves.value <= 0 || leaves > order.lots) return false;
    const PriceTicks before = nodes_.price(index);
    const PriceTicks price = command.price.value == 0 ? before : command.price;
    const bool stays = price == before;
    if (!stays && (leaves != order.lots || !may_move(index, price))) return false;
    const Lots less = order.lots - leaves;
    emit(EventKind::order_amended, Reason::none, order.key, (details.quantity - less).value, leaves.value, price.value);
    if (!stays) {
        details.arrival = next_arrival_++;
        instruments_[details.instrument]->book.move(index, price);
    } else if (less.value > 0) {
        instruments_[details.instrument]->book.reduce(index, less);
        details.quantity -= less;
        positions_[details.position].position.working(order.side()) -= less.value;
    }
    return true;
}

/// Fewer lots at the same price keep their place in the queue; everything else goes to the back, or trades.
void Engine::on(const AmendOrder& command) {
    const OrderIndex index = working_.find(command.order_id, nodes_);
    if (index != kNone && amend_plainly(command, index)) [[likely]] return;
    amend_thoroughly(command, index);
}

template <typename Command>
[[gnu::flatten]] void Engine::apply_fixed(std::uint64_t journal_sequence, Payload payload, std::vector<Event>& events) {
    Command command;
    const TimeNs now_ns = codec::decode_fixed(payload, command);
    begin_record(journal_sequence, now_ns, events);
    answer(command.command_sequence);
    on(command);
}

void Engine::apply(std::uint64_t journal_sequence, Payload payload, std::vector<Event>& events) {
    const auto kind = payload.empty() ? InputKind{} : static_cast<InputKind>(payload.front());
    if (kind == InputKind::amend_order_fixed) return apply_fixed<AmendOrder>(journal_sequence, payload, events);
    if (kind == InputKind::place_order_fixed) return apply_fixed<PlaceOrder>(journal_sequence, payload, events);
    if (kind == InputKind::cancel_order_fixed) return apply_fixed<CancelOrder>(journal_sequence, payload, events);
    apply_other(journal_sequence, payload, events);
}

void Engine::apply_other(std::uint64_t journal_sequence, Payload payload, std::vector<Event>& events) {
    Reader reader(payload);
    const auto kind = static_cast<InputKind>(reader.byte());
    begin_record(journal_sequence, reader.number(), events);
    dispatch(kind, reader);
    if (!reader.at_end()) throw BadEncoding("record is longer than its input");
}

}  // namespace parley
