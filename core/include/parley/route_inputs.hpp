#pragma once
// Orders that work at other venues. The engine checks them, holds their risk and counts their executions; the gateway
// sends them and says what the venue reports.

#include "parley/order_inputs.hpp"

namespace parley {

inline constexpr std::size_t kRoutesMax = 65'536;
/// Routes that ended, of which a venue's late fill or bust is still booked.
inline constexpr std::size_t kEndedRoutesMax = 16'384;
inline constexpr std::size_t kRouteVenuesCountedMax = 256;
inline constexpr std::size_t kVenueNameBytesMax = 20;
inline constexpr std::size_t kRouteReportBytesMax = 4'096;

/// Followed by the fields of a PlaceOrder, whose order id is the route's, and its attribution. `venue_id`: its scope of
/// control.
struct PlaceRoute {
    static constexpr InputKind kind = InputKind::place_route;
    std::string_view venue;
    std::int64_t venue_id = 0;
    auto fields() { return std::tie(venue, venue_id); }
};

struct CancelRoute {
    static constexpr InputKind kind = InputKind::cancel_route;
    std::int64_t command_sequence = 0;
    OrderId route_id = 0;
    auto fields() { return std::tie(command_sequence, route_id); }
};

/// As AmendOrder: the whole quantity, what was executed included; 0 leaves one as it is.
struct AmendRoute {
    static constexpr InputKind kind = InputKind::amend_route;
    std::int64_t command_sequence = 0;
    TimeNs valid_until_ns = 0;
    OrderId route_id = 0;
    Lots quantity;
    PriceTicks price;
    auto fields() { return std::tie(command_sequence, valid_until_ns, route_id, quantity, price); }
};

/// A report of a venue, in the order of that venue's log: number n + 1 follows n, anything else is passed over.
/// `lots`: executed by this report, below zero where an execution is taken back. `leaves`: what may still be executed;
/// 0 ends the route. `report`: all that the venue said, which the engine only hands on.
struct ReportRoute {
    static constexpr InputKind kind = InputKind::report_route;
    std::string_view venue;
    std::int64_t number = 0;
    OrderId route_id = 0;  ///< 0: none of ours
    bool is_execution = false;
    std::int64_t lots = 0;
    PriceTicks price;
    Lots leaves;
    std::string_view report;
    auto fields() { return std::tie(venue, number, route_id, is_execution, lots, price, leaves, report); }
};

namespace codec {

inline void encode_route(Writer& writer, TimeNs now_ns, PlaceRoute route, PlaceOrder order) {
    writer.byte(static_cast<std::uint8_t>(PlaceRoute::kind));
    writer.number(now_ns);
    put_fields(writer, order);
    put_fields(writer, order.attribution);
    put_fields(writer, route);
}

}  // namespace codec
}  // namespace parley
