// Orders that sessions of the gateway enter: ids of their own, beside the commands of the database.

#include "check.hpp"
#include "order_desk.hpp"

using namespace parley;

namespace {

std::vector<std::uint8_t> entered(OrderDesk& desk, OrderId id, std::int64_t price) {
    PlaceOrder order = desk.order(1, Side::buy, 4, price);
    order.order_id = id;
    std::vector<std::uint8_t> bytes;
    Writer writer(bytes);
    codec::encode_entered(writer, desk.now, EnterOrder{"desk", "A-1"}, order);
    return bytes;
}

bool is_refused(OrderDesk& desk, const std::vector<std::uint8_t>& bytes) {
    try {
        desk.apply(bytes);
    } catch (const BadEncoding&) {
        return true;
    }
    return false;
}

}  // namespace

TEST(entered_orders_take_their_ids_one_after_the_other) {
    OrderDesk desk;
    desk.apply(entered(desk, kEnteredOrdersFrom + 1, 990));
    CHECK(desk.said(EventKind::order_entered));
    CHECK(desk.said(EventKind::order_accepted));
    CHECK(desk.engine.last_entered() == kEnteredOrdersFrom + 1);
    CHECK(is_refused(desk, entered(desk, kEnteredOrdersFrom + 1, 990)));
    CHECK(is_refused(desk, entered(desk, kEnteredOrdersFrom + 3, 990)));
    CHECK(is_refused(desk, entered(desk, 17, 990)));
}

TEST(a_command_between_entered_orders_keeps_its_sequence) {
    OrderDesk desk;
    desk.apply(entered(desk, kEnteredOrdersFrom + 1, 990));
    const std::int64_t before = desk.engine.command_sequence();
    desk.place(desk.order(2, Side::sell, 1, 1'020));
    desk.apply(entered(desk, kEnteredOrdersFrom + 2, 991));
    CHECK(desk.engine.command_sequence() == before + 1);
    CHECK(desk.engine.last_entered() == kEnteredOrdersFrom + 2);
}

TEST(a_snapshot_goes_on_behind_the_last_entered_order) {
    OrderDesk desk;
    desk.apply(entered(desk, kEnteredOrdersFrom + 1, 990));
    std::vector<std::uint8_t> saved;
    desk.engine.save(saved);
    Engine twin;
    twin.load(saved);
    CHECK(twin.last_entered() == kEnteredOrdersFrom + 1);
    CHECK(twin.state_hash() == desk.engine.state_hash());
}

TEST(a_session_amends_and_cancels_what_it_entered) {
    OrderDesk desk;
    desk.apply(entered(desk, kEnteredOrdersFrom + 1, 985));
    desk.put(EnterAmend{"desk", "A-2", 1, desk.now, kEnteredOrdersFrom + 1, {2}, {}});
    CHECK(desk.said(EventKind::amend_entered));
    CHECK(desk.said(EventKind::order_amended));
    desk.put(EnterCancel{"desk", "", 1, kEnteredOrdersFrom + 1, true});
    CHECK(desk.said(EventKind::cancel_entered));
    CHECK(desk.said(EventKind::order_canceled, Reason::disconnected));
    desk.put(EnterCancel{"desk", "A-3", 1, kEnteredOrdersFrom + 1, false});
    CHECK(desk.said(EventKind::cancel_rejected, Reason::too_late_to_cancel));
}
