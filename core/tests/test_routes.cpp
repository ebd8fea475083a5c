// Orders that work at other venues: their risk is held here, and what the venue says is counted once.

#include "check.hpp"
#include "order_desk.hpp"

using namespace parley;

namespace {

struct RouteDesk : OrderDesk {
    OrderId send(PlaceOrder order, std::int64_t venue_id = 7) {
        order.command_sequence = ++commands;
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        codec::encode_route(writer, now, PlaceRoute{"aster", venue_id}, order);
        apply(bytes);
        return order.order_id;
    }
    /// A part of parent order 77.
    OrderId send_part(std::int64_t lots) {
        PlaceOrder part = order(1, Side::buy, lots, 1'000);
        part.attribution.parent_order_id = 77;
        return send(part);
    }
    void report(std::int64_t number, OrderId id, std::int64_t lots, std::int64_t leaves) {
        put(ReportRoute{"aster", number, id, lots != 0, lots, {1'000}, {leaves}, "{}"});
    }
    [[nodiscard]] Position held(AccountId account = 1) const {
        for (const auto& each : engine.holdings()) {
            if (each.account_id == account) return each.position;
        }
        return {};
    }
    [[nodiscard]] bool twin_agrees() const {
        std::vector<std::uint8_t> saved;
        engine.save(saved);
        Engine twin;
        twin.load(saved);
        return twin.state_hash() == engine.state_hash();
    }
};

}  // namespace

TEST(a_route_is_held_until_the_venue_has_said_its_last_word) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    CHECK(desk.said(EventKind::route_admitted));
    CHECK(desk.held().buy_working == 10);
    desk.report(1, id, 4, 6);
    CHECK(desk.held().lots == 4 && desk.held().buy_working == 6);
    CHECK(desk.twin_agrees());
    desk.report(2, id, 0, 0);
    CHECK(desk.held().lots == 4 && desk.held().buy_working == 0);
    CHECK(desk.engine.open_routes().empty());
    CHECK(desk.twin_agrees());
}

TEST(a_report_counts_once_and_in_its_order) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    desk.report(1, id, 4, 6);
    desk.report(1, id, 4, 2);
    desk.report(3, id, 1, 1);
    CHECK(desk.last.empty());
    CHECK(desk.held().lots == 4 && desk.engine.venue_report("aster") == 1);
    desk.report(2, id, 6, 0);
    CHECK(desk.held().lots == 10);
}

TEST(a_bust_and_a_late_fill_move_the_position_of_a_route_that_ended) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::sell, 5, 1'000));
    desk.report(1, id, 5, 0);
    CHECK(desk.held().lots == -5);
    desk.report(2, id, -2, 0);
    CHECK(desk.held().lots == -3);
    desk.report(3, id, 1, 0);
    CHECK(desk.held().lots == -4 && desk.held().sell_working == 0);
    CHECK(desk.twin_agrees());
}

TEST(a_report_of_no_route_is_only_handed_on) {
    RouteDesk desk;
    desk.report(1, 0, 3, 0);
    CHECK(desk.said(EventKind::route_reported));
    CHECK(desk.held().lots == 0);
}

TEST(the_gate_refuses_a_route_as_it_refuses_an_order) {
    RouteDesk desk;
    desk.send(desk.order(1, Side::buy, 1'001, 1'000));
    CHECK(desk.said(EventKind::route_refused, Reason::max_order_quantity));
    desk.send(desk.order(1, Side::buy, 1, 2'000));
    CHECK(desk.said(EventKind::route_refused, Reason::price_collar));
    desk.give(SetKillSwitch{0, ControlScope::venue, 7, true});
    desk.send(desk.order(1, Side::buy, 1, 1'000));
    CHECK(desk.said(EventKind::route_refused, Reason::kill_switch));
    desk.give(SetKillSwitch{0, ControlScope::venue, 1, true});
    desk.send(desk.order(1, Side::buy, 1, 1'000), 8);
    CHECK(desk.said(EventKind::route_admitted));
    CHECK(desk.held().buy_working == 1);
}

TEST(an_amendment_passes_the_controls_of_its_venue) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    desk.give(SetKillSwitch{0, ControlScope::venue, 7, true});
    CHECK(desk.said(EventKind::route_cancel_requested, Reason::kill_switch));
    desk.give(AmendRoute{0, desk.now, id, {15}, {}});
    CHECK(desk.said(EventKind::route_amend_refused, Reason::kill_switch));
    CHECK(desk.held().buy_working == 10);
}

TEST(a_kill_switch_asks_for_a_cancel_and_holds_on) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    desk.give(SetKillSwitch{0, ControlScope::account, 2, true});
    CHECK(!desk.said(EventKind::route_cancel_requested, Reason::kill_switch));
    desk.give(SetKillSwitch{0, ControlScope::account, 1, true});
    CHECK(desk.said(EventKind::route_cancel_requested, Reason::kill_switch));
    CHECK(desk.held().buy_working == 10);
    CHECK(desk.engine.open_routes().front().is_cancel_requested);
    desk.report(1, id, 0, 0);
    CHECK(desk.held().buy_working == 0);
    desk.give(CancelRoute{0, id});
    CHECK(desk.said(EventKind::route_amend_refused, Reason::too_late_to_cancel));
}

TEST(an_amendment_holds_the_larger_of_both_until_the_venue_answers) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    desk.give(AmendRoute{0, desk.now, id, {15}, {}});
    CHECK(desk.said(EventKind::route_amend_admitted));
    CHECK(desk.held().buy_working == 15);
    desk.report(1, id, 0, 15);
    desk.give(AmendRoute{0, desk.now, id, {5}, {}});
    CHECK(desk.held().buy_working == 15);
    desk.report(2, id, 0, 5);
    CHECK(desk.held().buy_working == 5);
    desk.give(AmendRoute{0, desk.now, id, {1'001}, {}});
    CHECK(desk.said(EventKind::route_amend_refused, Reason::max_order_quantity));
    CHECK(desk.held().buy_working == 5);
}

TEST(parts_of_a_parent_never_leave_beyond_what_was_admitted) {
    RouteDesk desk;
    desk.give(SetParentOrder{0, 77, {10}});
    const OrderId first = desk.send_part(8);
    desk.send_part(3);
    CHECK(desk.said(EventKind::route_refused, Reason::orders_out_vs_orders_in));
    desk.report(1, first, 5, 0);
    CHECK(desk.out(77) == 5);
    desk.send_part(5);
    CHECK(desk.said(EventKind::route_admitted));
}

TEST(a_parent_counts_what_a_venue_made_smaller_took_back_or_filled_in_parts_of_a_lot) {
    RouteDesk desk;
    desk.give(SetParentOrder{0, 77, {10}});
    const OrderId id = desk.send_part(10);
    desk.report(1, id, 4, 7);  // 3.6 of 10 lots, so that 6.4 are left
    CHECK(desk.out(77) == 11);
    desk.report(2, id, -1, 7);
    CHECK(desk.out(77) == 11);
    desk.report(3, id, 0, 2);
    CHECK(desk.out(77) == 6);
    desk.report(4, id, 0, 0);
    CHECK(desk.out(77) == 4);
}

TEST(a_parent_counts_what_a_venue_fills_after_it_said_its_last_word) {
    RouteDesk desk;
    desk.give(SetParentOrder{0, 77, {10}});
    const OrderId id = desk.send_part(10);
    desk.report(1, id, 0, 0);
    CHECK(desk.out(77) == 0);
    desk.report(2, id, 4, 0);
    CHECK(desk.held().lots == 4 && desk.out(77) == 4);
    desk.send_part(7);
    CHECK(desk.said(EventKind::route_refused, Reason::orders_out_vs_orders_in));
}

TEST(what_a_venue_fills_too_much_is_held_and_lets_nothing_more_leave) {
    RouteDesk desk;
    desk.give(SetParentOrder{0, 77, {10}});
    const OrderId id = desk.send_part(4);
    desk.report(1, id, 12, 0);
    CHECK(desk.held().lots == 12 && desk.held().buy_working == 0);
    CHECK(desk.out(77) == 12);
    desk.send_part(1);
    CHECK(desk.said(EventKind::route_refused, Reason::orders_out_vs_orders_in));
    CHECK(desk.held().buy_working == 0);
}

TEST(an_instrument_is_not_forgotten_while_a_route_in_it_works) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    desk.put(Deliver{desk.now, 1, 1'000'000'000});
    desk.give(SettleInstrument{0, 1, "settle"});
    CHECK(desk.said(EventKind::command_refused));
    desk.report(1, id, 0, 0);
    desk.give(SettleInstrument{0, 1, "settle"});
    CHECK(desk.said(EventKind::instrument_settled));
    CHECK(desk.twin_agrees());
}

TEST(a_report_of_more_lots_than_there_are_is_no_report) {
    RouteDesk desk;
    const OrderId id = desk.send(desk.order(1, Side::buy, 10, 1'000));
    for (const std::int64_t lots : {kQuantityLotsMax + 1, -kQuantityLotsMax - 1, std::numeric_limits<std::int64_t>::min()}) {
        bool is_refused = false;
        try {
            desk.report(1, id, lots, 10);
        } catch (const BadEncoding&) {
            is_refused = true;
        }
        CHECK(is_refused);
    }
    CHECK(desk.held().buy_working == 10);
}

namespace {

std::vector<std::uint8_t> entered_route(RouteDesk& desk, OrderId id, std::int64_t lots, std::int64_t parent = 0) {
    PlaceOrder order = desk.order(1, Side::buy, lots, 1'000);
    order.order_id = id;
    order.attribution.parent_order_id = parent;
    std::vector<std::uint8_t> bytes;
    Writer writer(bytes);
    codec::encode_entered(writer, desk.now, EnterRoute{"ALGO", "77-1", "0a1b2c"}, PlaceRoute{"aster", 7}, order);
    return bytes;
}

}  // namespace

TEST(an_algorithms_route_takes_the_next_entered_id_and_counts_against_its_parent) {
    RouteDesk desk;
    desk.give(SetParentOrder{0, 77, {10}});
    desk.apply(entered_route(desk, kEnteredOrdersFrom + 1, 6, 77));
    CHECK(desk.said(EventKind::route_entered));
    CHECK(desk.said(EventKind::route_admitted));
    CHECK(desk.held().buy_working == 6);
    desk.apply(entered_route(desk, kEnteredOrdersFrom + 2, 5, 77));
    CHECK(desk.said(EventKind::route_refused, Reason::orders_out_vs_orders_in));
    CHECK(desk.engine.last_entered() == kEnteredOrdersFrom + 2);
    desk.put(EnterRouteCancel{kEnteredOrdersFrom + 1});
    CHECK(desk.said(EventKind::route_cancel_requested, Reason::requested));
    CHECK(desk.held().buy_working == 6);
    desk.report(1, kEnteredOrdersFrom + 1, 0, 0);
    CHECK(desk.held().buy_working == 0);
    desk.apply(entered_route(desk, kEnteredOrdersFrom + 3, 10, 77));
    CHECK(desk.said(EventKind::route_admitted));
    CHECK(desk.twin_agrees());
}
