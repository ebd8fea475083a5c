#include "parley/engine.hpp"
#include "parley/entered_inputs.hpp"

namespace parley {
namespace {

void require_texts(std::string_view session, std::string_view client_order_id) {
    if (session.size() > kSessionBytesMax || client_order_id.size() > kClientOrderIdBytesMax) {
        throw BadEncoding("name of a session or of its order is too long");
    }
}

}  // namespace

/// Says first whose order it is, then what became of it.
void Engine::on(const EnterOrder& entered, const PlaceOrder& order) {
    require_texts(entered.session, entered.client_order_id);
    take_entered(order);
    std::vector<std::uint8_t> bytes;
    Writer writer(bytes);
    codec::put_entered(writer, entered, order);
    Event& event = emit_texts(EventKind::order_entered, {bytes.begin(), bytes.end()}, {});
    event.values[0] = order.order_id;
    event.values[1] = mid_half_ticks(find_instrument(order.instrument_id));
    on(order);
}

/// Of our own book as it stands; 0 where a side is empty.
std::int64_t Engine::mid_half_ticks(Slot instrument) const noexcept {
    if (instrument == kNone) return 0;
    const auto& book = instruments_[instrument]->book;
    if (book.empty(Side::buy) || book.empty(Side::sell)) return 0;
    return book.best_price(Side::buy).value + book.best_price(Side::sell).value;
}

/// Orders and routes take their ids from one range.
void Engine::take_entered(const PlaceOrder& order) {
    const bool is_next = order.order_id == last_entered_ + 1 && order.order_id < kEnteredOrdersEnd;
    if (!is_next || order.command_sequence != 0) throw BadEncoding("entered order is out of sequence");
    last_entered_ = order.order_id;
}

void Engine::on(const EnterRoute& entered, const PlaceRoute& route, const PlaceOrder& order) {
    require_texts(entered.session, entered.client_order_id);
    if (entered.token.size() > kRouteTokenBytesMax) throw BadEncoding("token of a route is too long");
    take_entered(order);
    std::vector<std::uint8_t> bytes;
    Writer writer(bytes);
    codec::put_entered(writer, entered, route, order);
    emit_texts(EventKind::route_entered, {bytes.begin(), bytes.end()}, {}).values[0] = order.order_id;
    on(route, order);
}

void Engine::on(const EnterCancel& request) {
    require_texts(request.session, request.client_order_id);
    Event& event = emit_texts(EventKind::cancel_entered, std::string(request.session),
                              std::string(request.client_order_id));
    event.values[0] = request.order_id;
    event.values[1] = request.user_id;
    event.values[2] = request.is_disconnect;
    const OrderIndex index = working_.find(request.order_id, nodes_);
    if (index == kNone || !request.is_disconnect) return on(CancelOrder{0, request.order_id});
    count_cancel(index);
    cancel(index, Reason::disconnected);
}

void Engine::on(const EnterAmend& request) {
    require_texts(request.session, request.client_order_id);
    Event& event = emit_texts(EventKind::amend_entered, std::string(request.session),
                              std::string(request.client_order_id));
    event.values[0] = request.order_id;
    event.values[1] = request.user_id;
    event.values[2] = request.quantity.value;
    event.values[3] = request.price.value;
    on(AmendOrder{0, request.valid_until_ns, request.order_id, request.quantity, request.price});
}

}  // namespace parley
