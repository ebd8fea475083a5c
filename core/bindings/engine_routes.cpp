#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <optional>

#include "engine_inputs.hpp"
#include "parley/entered_inputs.hpp"
#include "parley/route_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

std::string_view venue_name(std::string_view venue) {
    checked::within("length of the venue's name", static_cast<std::int64_t>(venue.size()), 1,
                    static_cast<std::int64_t>(parley::kVenueNameBytesMax));
    return venue;
}

template <typename Command>
bool put(EngineService& engine, std::int64_t now_ns, const Command& command) {
    return engine.queue().push_command(command.command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
    });
}

bool place_route(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::string_view venue,
                 std::int64_t venue_id, std::int64_t valid_until_ns, std::int64_t route_id, std::int64_t account_id,
                 std::int64_t user_id, std::int64_t desk_id, std::int64_t firm_id, std::int64_t instrument_id, int side,
                 int order_type, int time_in_force, std::int64_t quantity_lots, std::optional<std::int64_t> price_ticks,
                 bool is_post_only, bool is_reduce_only, std::int64_t strategy_id, std::int64_t parent_order_id,
                 std::int64_t confirmed_soft_bound_micros) {
    parley::PlaceOrder order =
        order_of(route_id, valid_until_ns, account_id, user_id, desk_id, firm_id, instrument_id, side, order_type,
                 time_in_force, quantity_lots, price_ticks, is_post_only, is_reduce_only, strategy_id, parent_order_id,
                 confirmed_soft_bound_micros, 0, 0, 0, 0, 0, 0, 0, 0);
    order.command_sequence = command_sequence;
    const parley::PlaceRoute route{venue_name(venue), checked::within("venue_id", venue_id, 0, parley::kScopeIdMax)};
    return engine.queue().push_command(command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode_route(writer, now_ns, route, order);
    });
}

std::int64_t enter_route(EngineService& engine, std::int64_t now_ns, std::string_view session,
                         std::string_view client_order_id, std::string_view token, std::string_view venue,
                         std::int64_t venue_id, std::int64_t valid_until_ns, std::int64_t account_id,
                         std::int64_t user_id, std::int64_t desk_id, std::int64_t firm_id, std::int64_t instrument_id,
                         int side, int time_in_force, std::int64_t quantity_lots,
                         std::optional<std::int64_t> price_ticks, bool is_reduce_only, std::int64_t strategy_id,
                         std::int64_t parent_order_id) {
    checked::within("bytes of session", static_cast<std::int64_t>(session.size()), 1, parley::kSessionBytesMax);
    checked::within("bytes of client_order_id", static_cast<std::int64_t>(client_order_id.size()), 0,
                    parley::kClientOrderIdBytesMax);
    checked::within("bytes of token", static_cast<std::int64_t>(token.size()), 1, parley::kRouteTokenBytesMax);
    checked::within("quantity_lots", quantity_lots, 1, parley::kQuantityLotsMax);
    if (price_ticks) checked::within("price_ticks", *price_ticks, 1, parley::kPriceTicksMax);
    const auto type = price_ticks ? parley::OrderType::limit : parley::OrderType::market;
    parley::PlaceOrder order =
        order_of(1, valid_until_ns, account_id, user_id, desk_id, firm_id, instrument_id, side,
                 static_cast<int>(type), time_in_force, quantity_lots, price_ticks, false, is_reduce_only, strategy_id,
                 parent_order_id, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const parley::PlaceRoute route{venue_name(venue), checked::within("venue_id", venue_id, 0, parley::kScopeIdMax)};
    const parley::EnterRoute entered{session, client_order_id, token};
    return engine.queue().push_entered([&](parley::Writer& writer, parley::OrderId id) {
        order.order_id = id;
        parley::codec::encode_entered(writer, now_ns, entered, route, order);
    });
}

void enter_route_cancel(EngineService& engine, std::int64_t now_ns, std::int64_t route_id) {
    const parley::EnterRouteCancel request{checked::positive("route_id", route_id)};
    engine.queue().push_request([&](parley::Writer& writer) { parley::codec::encode(writer, now_ns, request); });
}

bool cancel_route(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::int64_t route_id) {
    return put(engine, now_ns, parley::CancelRoute{command_sequence, checked::positive("route_id", route_id)});
}

bool amend_route(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::int64_t valid_until_ns,
                 std::int64_t route_id, std::optional<std::int64_t> quantity_lots,
                 std::optional<std::int64_t> price_ticks) {
    parley::AmendRoute command;
    command.command_sequence = command_sequence;
    command.valid_until_ns = valid_until_ns;
    command.route_id = checked::positive("route_id", route_id);
    if (quantity_lots) command.quantity.value = checked::positive("quantity_lots", *quantity_lots);
    if (price_ticks) command.price.value = checked::positive("price_ticks", *price_ticks);
    return put(engine, now_ns, command);
}

void report_route(EngineService& engine, std::int64_t now_ns, std::string_view venue, std::int64_t number,
                  std::int64_t route_id, bool is_execution, std::int64_t lots, std::int64_t price_ticks,
                  std::int64_t leaves_lots, std::string_view report) {
    parley::ReportRoute input;
    input.venue = venue_name(venue);
    input.number = checked::positive("number", number);
    input.route_id = checked::not_negative("route_id", route_id);
    input.is_execution = is_execution;
    input.lots = checked::within("lots", lots, -parley::kQuantityLotsMax, parley::kQuantityLotsMax);
    input.price.value = checked::within("price_ticks", price_ticks, 0, parley::kPriceTicksMax);
    input.leaves.value = checked::within("leaves_lots", leaves_lots, 0, parley::kQuantityLotsMax);
    checked::within("bytes of the report", static_cast<std::int64_t>(report.size()), 0,
                    static_cast<std::int64_t>(parley::kRouteReportBytesMax));
    input.report = report;
    engine.queue().push_request([&](parley::Writer& writer) { parley::codec::encode(writer, now_ns, input); });
}

std::int64_t venue_report(EngineService& engine, std::string_view venue) {
    const nb::gil_scoped_release released;
    return engine.read([&](const parley::Engine& state) { return state.venue_report(venue); });
}

nb::list open_routes(EngineService& engine) {
    std::vector<parley::Engine::OpenRoute> open;
    {
        const nb::gil_scoped_release released;
        open = engine.read([](const parley::Engine& state) { return state.open_routes(); });
    }
    nb::list list;
    for (const auto& each : open) {
        list.append(nb::make_tuple(each.route_id, nb::str(each.venue.c_str()), each.account_id, each.instrument_id,
                                   static_cast<int>(each.side), each.quantity.value, each.filled, each.leaves.value,
                                   each.price.value, each.is_cancel_requested));
    }
    return list;
}

}  // namespace

void bind_routes(EngineClass& engine) {
    engine
        .def("place_route", place_route, "now_ns"_a, "command_sequence"_a, "venue"_a, "venue_id"_a, "valid_until_ns"_a,
             "route_id"_a, "account_id"_a, "user_id"_a, "desk_id"_a, "firm_id"_a, "instrument_id"_a, "side"_a,
             "order_type"_a, "time_in_force"_a, "quantity_lots"_a, "price_ticks"_a = nb::none(),
             "is_post_only"_a = false, "is_reduce_only"_a = false, "strategy_id"_a = 0, "parent_order_id"_a = 0,
             "confirmed_soft_bound_micros"_a = 0,
             "An order for another venue passes the risk gate, and its lots are held as if it worked here. Event\n"
             "route_admitted: it may be sent; or route_refused with reason, value and bound.")
        .def("enter_route", enter_route, "now_ns"_a, "session"_a, "client_order_id"_a, "token"_a, "venue"_a,
             "venue_id"_a, "valid_until_ns"_a, "account_id"_a, "user_id"_a, "desk_id"_a, "firm_id"_a,
             "instrument_id"_a, "side"_a, "time_in_force"_a, "quantity_lots"_a, "price_ticks"_a = nb::none(),
             "is_reduce_only"_a = false, "strategy_id"_a = 0, "parent_order_id"_a = 0,
             "A route of one of the gateway's own sessions, without a command sequence; price_ticks None: a market\n"
             "order. Returns its id, the next of those of enter_order. Event route_entered with everything of it, then\n"
             "those of place_route.")
        .def("enter_route_cancel", enter_route_cancel, "now_ns"_a, "route_id"_a,
             "As cancel_route, without a command sequence.")
        .def("cancel_route", cancel_route, "now_ns"_a, "command_sequence"_a, "route_id"_a,
             "Event route_cancel_requested, or route_amend_refused where nothing of it works.")
        .def("amend_route", amend_route, "now_ns"_a, "command_sequence"_a, "valid_until_ns"_a, "route_id"_a,
             "quantity_lots"_a = nb::none(), "price_ticks"_a = nb::none(),
             "quantity_lots: the whole order, what was executed included. Event route_amend_admitted: it may be asked\n"
             "for at the venue; or route_amend_refused.")
        .def("report_route", report_route, "now_ns"_a, "venue"_a, "number"_a, "route_id"_a, "is_execution"_a, "lots"_a,
             "price_ticks"_a, "leaves_lots"_a, "report"_a,
             "What a venue reported, by the gapless number of its log; any number but the next is passed over. lots:\n"
             "executed, below zero where an execution is taken back; leaves_lots 0 ends the route; report: at most 4,096\n"
             "bytes, handed on. route_id 0: no route of ours. Event route_reported.")
        .def("venue_report", venue_report, "venue"_a, "The last number that was taken of a venue; 0 before the first.")
        .def("open_routes", open_routes,
             "[(route_id, venue, account_id, instrument_id, side, quantity_lots, filled_lots, leaves_lots, price_ticks,\n"
             "is_cancel_requested), ...] by id.");
}
