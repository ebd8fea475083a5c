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
    CHECK(desk.last.front().values[1] == 990 + 1'010);  // the mid of the book when it came, in half ticks
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

namespace {

/// The state as an older version wrote it: 5 without routes, of which there are none, 4 without the last entered order too.
std::vector<std::uint8_t> as_version(std::int64_t version, const Engine& engine) {
    std::vector<std::uint8_t> now, then, copied;
    engine.save(now);
    Reader reader(now);
    Writer before(then), kept(copied);
    kept.number(reader.number());
    before.number(version);
    for (int field = 0; field < 8; ++field) {
        const std::int64_t value = reader.number();
        kept.number(value);
        if (field < 7 || version > 4) before.number(value);
    }
    constexpr std::size_t no_routes = 3;
    before.raw(std::span(now).subspan(copied.size(), now.size() - copied.size() - no_routes));
    return then;
}

}  // namespace

TEST(a_state_of_the_version_before_entered_orders_is_read) {
    OrderDesk desk;
    desk.place(2, Side::sell, 3, 1'020);
    desk.place(1, Side::buy, 3, 990);
    Engine twin;
    twin.load(as_version(4, desk.engine));
    CHECK(twin.last_entered() == kEnteredOrdersFrom);
    CHECK(twin.state_hash() == desk.engine.state_hash());
    std::vector<Event> events;
    twin.apply(desk.records + 1, entered(desk, kEnteredOrdersFrom + 1, 991), events);
    CHECK(!events.empty() && events.back().kind == EventKind::order_accepted);
}

TEST(a_state_of_the_version_before_routes_is_read) {
    OrderDesk desk;
    desk.place(2, Side::sell, 3, 1'020);
    desk.apply(entered(desk, kEnteredOrdersFrom + 1, 991));
    CHECK(desk.said(EventKind::order_accepted));
    Engine twin;
    twin.load(as_version(5, desk.engine));
    CHECK(twin.last_entered() == kEnteredOrdersFrom + 1);
    CHECK(twin.state_hash() == desk.engine.state_hash());
}

TEST(a_described_perpetual_without_margin_inputs_is_the_same_from_a_snapshot) {
    OrderDesk desk;
    DescribeInstrument terms;
    terms.instrument_id = 1;
    terms.venue_id = kPaperVenue;
    terms.margin_kind = MarginKind::perpetual;
    desk.put(terms);
    std::vector<std::uint8_t> saved;
    desk.engine.save(saved);
    Engine twin;
    twin.load(saved);
    CHECK(twin.state_hash() == desk.engine.state_hash());
}
