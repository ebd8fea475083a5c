#pragma once
// Orders that a session of the gateway enters itself (FIX), beside the commands that the database sends. They have no
// command sequence: an order takes the next id of a range of its own, so that none is given twice.

#include "parley/events.hpp"
#include "parley/order_inputs.hpp"
#include "parley/route_inputs.hpp"

namespace parley {

/// Entered orders are numbered from here on, without gaps, and below the largest integer that a browser holds exactly.
inline constexpr OrderId kEnteredOrdersFrom = OrderId{1} << 52;
inline constexpr OrderId kEnteredOrdersEnd = OrderId{1} << 53;
inline constexpr std::size_t kClientOrderIdBytesMax = 36;
inline constexpr std::size_t kSessionBytesMax = 64;
inline constexpr std::size_t kRouteTokenBytesMax = 16;

/// Whose order it is, in the words of the session that entered it. Followed by the fields of a PlaceOrder, its
/// attribution and its terms; its command sequence is 0.
struct EnterOrder {
    static constexpr InputKind kind = InputKind::enter_order;
    std::string_view session;
    std::string_view client_order_id;
    auto fields() { return std::tie(session, client_order_id); }
};

struct EnterCancel {
    static constexpr InputKind kind = InputKind::enter_cancel;
    std::string_view session;
    std::string_view client_order_id;  ///< of the request itself; empty where nobody asked
    std::int64_t user_id = 0;
    OrderId order_id = 0;
    bool is_disconnect = false;  ///< the session went away
    auto fields() { return std::tie(session, client_order_id, user_id, order_id, is_disconnect); }
};

/// Zero leaves quantity or price as it is, as in AmendOrder.
struct EnterAmend {
    static constexpr InputKind kind = InputKind::enter_amend;
    std::string_view session;
    std::string_view client_order_id;
    std::int64_t user_id = 0;
    TimeNs valid_until_ns = 0;
    OrderId order_id = 0;
    Lots quantity;
    PriceTicks price;
    auto fields() {
        return std::tie(session, client_order_id, user_id, valid_until_ns, order_id, quantity, price);
    }
};

/// An order for another venue, by a session of the gateway. Its id is the next of those of entered orders. `token`: with
/// the id, what it is called at the venue. Followed by the fields of a PlaceRoute and of a PlaceOrder, and its
/// attribution; its command sequence is 0.
struct EnterRoute {
    static constexpr InputKind kind = InputKind::enter_route;
    std::string_view session;
    std::string_view client_order_id;
    std::string_view token;
    auto fields() { return std::tie(session, client_order_id, token); }
};

struct EnterRouteCancel {
    static constexpr InputKind kind = InputKind::enter_route_cancel;
    OrderId route_id = 0;
    auto fields() { return std::tie(route_id); }
};

namespace codec {

/// An entered order as its record, and the event order_entered, hold it.
inline void put_entered(Writer& writer, EnterOrder entered, PlaceOrder order) {
    put_fields(writer, entered);
    put_fields(writer, order);
    put_fields(writer, order.attribution);
    put_fields(writer, order.terms);
}

/// The record of an entered order.
inline void encode_entered(Writer& writer, TimeNs now_ns, const EnterOrder& entered, const PlaceOrder& order) {
    writer.byte(static_cast<std::uint8_t>(EnterOrder::kind));
    writer.number(now_ns);
    put_entered(writer, entered, order);
}

inline void get_entered(Reader& reader, EnterOrder& entered, PlaceOrder& order) {
    get_fields(reader, entered);
    get_fields(reader, order);
    get_fields(reader, order.attribution);
    get_fields(reader, order.terms);
}

/// What an event order_entered says; the session's words lie in the event.
inline void get_entered(const Event& event, EnterOrder& entered, PlaceOrder& order) {
    const std::string& bytes = (*event.texts)[0];
    Reader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    get_entered(reader, entered, order);
}

/// An entered route as its record, and the event route_entered, hold it.
inline void put_entered(Writer& writer, EnterRoute entered, PlaceRoute route, PlaceOrder order) {
    put_fields(writer, entered);
    put_fields(writer, route);
    put_fields(writer, order);
    put_fields(writer, order.attribution);
}

inline void encode_entered(Writer& writer, TimeNs now_ns, const EnterRoute& entered, const PlaceRoute& route,
                           const PlaceOrder& order) {
    writer.byte(static_cast<std::uint8_t>(EnterRoute::kind));
    writer.number(now_ns);
    put_entered(writer, entered, route, order);
}

inline void get_entered(Reader& reader, EnterRoute& entered, PlaceRoute& route, PlaceOrder& order) {
    get_fields(reader, entered);
    get_fields(reader, route);
    get_fields(reader, order);
    get_fields(reader, order.attribution);
}

/// What an event route_entered says; the texts lie in the event.
inline void get_entered(const Event& event, EnterRoute& entered, PlaceRoute& route, PlaceOrder& order) {
    const std::string& bytes = (*event.texts)[0];
    Reader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    get_entered(reader, entered, route, order);
}

}  // namespace codec
}  // namespace parley
