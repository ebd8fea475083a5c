// What an order counts for in its parent, its scopes and the book, through amendments, cuts and auctions.

#include "check.hpp"
#include "order_desk.hpp"

using namespace parley;

namespace {

constexpr OrderId kParent = 70;

PlaceOrder part(OrderDesk& desk, AccountId account, Side side, std::int64_t lots, std::int64_t price) {
    PlaceOrder order = desk.order(account, side, lots, price);
    order.attribution.parent_order_id = kParent;
    return order;
}

PlaceOrder reducing(OrderDesk& desk, AccountId account, Side side, std::int64_t lots, std::int64_t price) {
    PlaceOrder order = desk.order(account, side, lots, price);
    order.is_reduce_only = true;
    return order;
}

}  // namespace

TEST(an_amendment_counts_once_in_its_parent) {
    OrderDesk desk;
    desk.give(SetParentOrder{0, kParent, {10}});
    const OrderId id = desk.place(part(desk, 1, Side::buy, 10, 995));
    CHECK(desk.out(kParent) == 10);
    desk.amend(id, 0, 996);
    CHECK(desk.said(EventKind::order_amended));
    CHECK(desk.out(kParent) == 10);
    desk.amend(id, 11, 996);
    CHECK(desk.said(EventKind::amend_rejected, Reason::orders_out_vs_orders_in));
    CHECK(desk.out(kParent) == 10);
    desk.amend(id, 6, 0);
    CHECK(desk.out(kParent) == 6);
    desk.amend(id, 9, 997);
    CHECK(desk.out(kParent) == 9);
    desk.place(2, Side::sell, 4, 997);
    CHECK(desk.out(kParent) == 9);
    desk.give(CancelOrder{0, id});
    CHECK(desk.out(kParent) == 4);
}

TEST(a_closed_parent_remembers_what_is_out) {
    OrderDesk desk;
    desk.give(SetParentOrder{0, kParent, {10}});
    const OrderId first = desk.place(part(desk, 1, Side::buy, 6, 995));
    desk.give(SetParentOrder{0, kParent, {0}});
    desk.place(part(desk, 1, Side::buy, 1, 995));
    CHECK(desk.said(EventKind::order_rejected, Reason::orders_out_vs_orders_in));
    desk.give(SetParentOrder{0, kParent, {10}});
    desk.place(part(desk, 1, Side::buy, 5, 995));
    CHECK(desk.said(EventKind::order_rejected, Reason::orders_out_vs_orders_in));
    desk.give(CancelOrder{0, first});
    CHECK(desk.out(kParent) == 0);
}

TEST(closed_parents_make_room_unless_something_of_them_works) {
    OrderDesk desk;
    desk.give(SetParentOrder{0, kParent, {10}});
    desk.place(part(desk, 1, Side::buy, 6, 995));
    desk.give(SetParentOrder{0, kParent, {0}});
    for (OrderId id = 1'000; id < 1'000 + static_cast<OrderId>(kParentsMax) - 1; ++id) {
        desk.give(SetParentOrder{0, id, {1}});
        desk.give(SetParentOrder{0, id, {0}});
    }
    desk.give(SetParentOrder{0, 5, {1}});
    CHECK(desk.said(EventKind::control_set));
    CHECK(desk.engine.order_controls().parent_uses().size() == 2);
    CHECK(desk.out(kParent) == 6);
}

TEST(an_amendment_is_no_further_working_order) {
    OrderDesk desk;
    ScopeLimits limits;
    limits.max_working_orders = 1;
    desk.set_scope(ControlScope::account, 1, limits);
    const OrderId id = desk.place(1, Side::buy, 5, 995);
    desk.amend(id, 0, 996);
    CHECK(desk.said(EventKind::order_amended));
    desk.place(1, Side::buy, 5, 995);
    CHECK(desk.said(EventKind::order_rejected, Reason::deployment_cap));
    CHECK(desk.engine.order_controls().scope_uses().front().working_orders == 1);
}

TEST(an_override_lets_one_amendment_past) {
    OrderDesk desk;
    const OrderId id = desk.place(1, Side::buy, 5, 995);
    desk.give(GrantOverride{0, id, 1, 1, Side::buy, {2'000}, Reason::max_order_quantity, desk.now + 1, 1, 2, {}});
    desk.amend(id, 1'500, 0);
    CHECK(desk.said(EventKind::order_amended));
    desk.amend(id, 1'600, 0);
    CHECK(desk.said(EventKind::amend_rejected, Reason::max_order_quantity));
}

TEST(a_peg_follows_after_its_quantity_was_amended) {
    OrderDesk desk;
    PlaceOrder peg = desk.order(1, Side::buy, 5, 0);
    peg.order_type = OrderType::peg;
    peg.terms.peg_reference = PegReference::primary;
    const OrderId id = desk.place(peg);
    CHECK(desk.price_of(id) == 990);
    desk.amend(id, 8, 0);
    desk.quote(993, 1'010);
    CHECK(desk.price_of(id) == 993);
    desk.amend(id, 0, 991);
    CHECK(desk.price_of(id) == 991);
    desk.quote(985, 1'010);
    CHECK(desk.price_of(id) == 985);
}

TEST(fill_or_kill_counts_on_no_order_that_its_own_trades_cut) {
    OrderDesk desk;
    desk.quote(900, 1'100);
    desk.place(1, Side::buy, 5, 1'000);
    desk.place(2, Side::sell, 5, 1'000);
    desk.place(1, Side::sell, 5, 1'000);
    desk.place(reducing(desk, 1, Side::sell, 5, 1'001));
    PlaceOrder whole = desk.order(3, Side::buy, 10, 1'001);
    whole.time_in_force = TimeInForce::fok;
    desk.place(whole);
    CHECK(desk.said(EventKind::order_canceled, Reason::fill_or_kill));
    CHECK(!desk.said(EventKind::order_executed));
}

TEST(nothing_crosses_after_an_auction_that_canceled_orders) {
    OrderDesk desk;
    desk.set_phase(InstrumentPhase::halted);
    desk.quote(800, 1'300);
    desk.set_phase(InstrumentPhase::call);
    desk.place(2, Side::sell, 4, 1'100);
    desk.place(1, Side::buy, 10, 1'110);
    desk.place(1, Side::sell, 9, 1'000);
    desk.place(3, Side::sell, 1, 1'000);
    desk.set_phase(InstrumentPhase::continuous);
    CHECK(desk.said(EventKind::order_canceled, Reason::self_match));
    const auto bids = desk.engine.depth(1, Side::buy, 1), asks = desk.engine.depth(1, Side::sell, 1);
    CHECK(bids.front().price < asks.front().price);
}
