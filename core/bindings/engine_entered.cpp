#include "engine_inputs.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <optional>

#include "parley/entered_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

std::string_view name(const char* what, std::string_view value, std::int64_t least, std::int64_t most) {
    checked::within(what, static_cast<std::int64_t>(value.size()), least, most);
    return value;
}

parley::EnterOrder owner(std::string_view session, std::string_view client_order_id) {
    return {name("bytes of session", session, 1, parley::kSessionBytesMax),
            name("bytes of client_order_id", client_order_id, 0, parley::kClientOrderIdBytesMax)};
}

[[noreturn]] void refuse_terms(const char* why) { throw std::invalid_argument(why); }

/// What no order may be, whatever the gate says of it: the database stores every order that was entered.
void require_order(const parley::PlaceOrder& order, bool has_price) {
    using parley::OrderType;
    const bool is_stop = order.order_type == OrderType::stop || order.order_type == OrderType::stop_limit;
    const bool is_limit = order.order_type == OrderType::limit || order.order_type == OrderType::stop_limit;
    checked::within("quantity_lots", order.quantity.value, 1, parley::kQuantityLotsMax);
    if (has_price) checked::within("price_ticks", order.price.value, 1, parley::kPriceTicksMax);
    if (is_limit && !has_price) refuse_terms("such an order needs a price");
    if (has_price && !is_limit && order.order_type != OrderType::peg) refuse_terms("such an order has no price");
    if (order.is_post_only && !is_limit) refuse_terms("such an order cannot be post-only");
    if (is_stop != (order.terms.stop.value > 0)) refuse_terms("stops, and only they, have a stop price");
    const bool is_gtd = order.time_in_force == parley::TimeInForce::gtd;
    if (is_gtd != (order.terms.expires_at_ns > 0)) refuse_terms("GTD orders, and only they, have an expiry");
}

std::int64_t enter_order(EngineService& engine, std::int64_t now_ns, std::string_view session,
                         std::string_view client_order_id, std::int64_t valid_until_ns, std::int64_t account_id,
                         std::int64_t user_id, std::int64_t desk_id, std::int64_t firm_id, std::int64_t instrument_id,
                         int side, int order_type, int time_in_force, std::int64_t quantity_lots,
                         std::optional<std::int64_t> price_ticks, bool is_post_only, bool is_reduce_only,
                         std::int64_t strategy_id, std::int64_t parent_order_id,
                         std::int64_t confirmed_soft_bound_micros, std::int64_t expires_at_ns,
                         std::int64_t display_lots, std::int64_t minimum_lots, std::int64_t stop_ticks, int trigger,
                         int peg_reference, std::int64_t peg_offset_ticks, int self_match) {
    const parley::EnterOrder entered = owner(session, client_order_id);
    parley::PlaceOrder order =
        order_of(1, valid_until_ns, account_id, user_id, desk_id, firm_id, instrument_id, side, order_type,
                 time_in_force, quantity_lots, price_ticks, is_post_only, is_reduce_only, strategy_id, parent_order_id,
                 confirmed_soft_bound_micros, expires_at_ns, display_lots, minimum_lots, stop_ticks, trigger,
                 peg_reference, peg_offset_ticks, self_match);
    require_order(order, price_ticks.has_value());
    return engine.queue().push_entered([&](parley::Writer& writer, parley::OrderId id) {
        order.order_id = id;
        parley::codec::encode_entered(writer, now_ns, entered, order);
    });
}

template <typename Request>
void put(EngineService& engine, std::int64_t now_ns, const Request& request) {
    engine.queue().push_request([&](parley::Writer& writer) { parley::codec::encode(writer, now_ns, request); });
}

void enter_cancel(EngineService& engine, std::int64_t now_ns, std::string_view session,
                  std::string_view client_order_id, std::int64_t user_id, std::int64_t order_id, bool is_disconnect) {
    const auto [named, client] = owner(session, client_order_id);
    put(engine, now_ns,
        parley::EnterCancel{named, client, checked::within("user_id", user_id, 0, parley::kScopeIdMax),
                            checked::positive("order_id", order_id), is_disconnect});
}

void enter_amend(EngineService& engine, std::int64_t now_ns, std::string_view session,
                 std::string_view client_order_id, std::int64_t user_id, std::int64_t valid_until_ns,
                 std::int64_t order_id, std::optional<std::int64_t> quantity_lots,
                 std::optional<std::int64_t> price_ticks) {
    const auto [named, client] = owner(session, client_order_id);
    parley::EnterAmend request;
    request.session = named;
    request.client_order_id = client;
    request.user_id = checked::within("user_id", user_id, 0, parley::kScopeIdMax);
    request.valid_until_ns = valid_until_ns;
    request.order_id = checked::positive("order_id", order_id);
    if (quantity_lots) request.quantity.value = checked::positive("quantity_lots", *quantity_lots);
    if (price_ticks) request.price.value = checked::positive("price_ticks", *price_ticks);
    put(engine, now_ns, request);
}

}  // namespace

void bind_entered_orders(EngineClass& engine) {
    engine
        .def("enter_order", enter_order, "now_ns"_a, "session"_a, "client_order_id"_a, "valid_until_ns"_a,
             "account_id"_a, "user_id"_a, "desk_id"_a, "firm_id"_a, "instrument_id"_a, "side"_a, "order_type"_a,
             "time_in_force"_a, "quantity_lots"_a, "price_ticks"_a = nb::none(), "is_post_only"_a = false,
             "is_reduce_only"_a = false, "strategy_id"_a = 0, "parent_order_id"_a = 0,
             "confirmed_soft_bound_micros"_a = 0, "expires_at_ns"_a = 0, "display_lots"_a = 0, "minimum_lots"_a = 0,
             "stop_ticks"_a = 0, "trigger"_a = 0, "peg_reference"_a = 0, "peg_offset_ticks"_a = 0, "self_match"_a = 0,
             "An order of one of the gateway's own sessions, with the terms of place_order and no command sequence.\n"
             "Returns its id: the next above 2^52, given once, also after a restart. session: 1 to 64 bytes,\n"
             "client_order_id: at most 36. ValueError for an order that the database\n"
             "could not store. Event order_entered with everything of it, then those of place_order.")
        .def("enter_cancel", enter_cancel, "now_ns"_a, "session"_a, "client_order_id"_a, "user_id"_a, "order_id"_a,
             "is_disconnect"_a = false,
             "Event cancel_entered, then those of cancel_order; with is_disconnect the reason is `disconnected`.")
        .def("enter_amend", enter_amend, "now_ns"_a, "session"_a, "client_order_id"_a, "user_id"_a,
             "valid_until_ns"_a, "order_id"_a, "quantity_lots"_a = nb::none(), "price_ticks"_a = nb::none(),
             "Event amend_entered, then those of amend_order.");
}
