#include <vector>

#include "check.hpp"
#include "itch_bytes.hpp"
#include "parley/ouch_events.hpp"

using namespace parley;

namespace {

struct Seen {
    int events = 0;
    void on(ouch::Event) { ++events; }
};

}  // namespace

TEST(ouch_answers_give_back_the_fields_where_the_specification_places_them) {
    struct Check {
        int seen = 0;
        void on(ouch::OrderAccepted order) {
            ++seen;
            CHECK(order.timestamp_ns() == 34'200'000'000'001 && order.user_reference() == 7 && order.side() == 'B');
            CHECK(order.quantity() == 500 && order.symbol() == "AAPL" && order.price_e4() == 1'853'700);
            CHECK(order.time_in_force() == '0' && order.display() == 'Y' && order.order_reference() == 99);
            CHECK(order.capacity() == 'P' && !order.is_intermarket_sweep() && order.cross_type() == 'N');
            CHECK(order.is_live() && order.client_order_id() == "parley-7");
            CHECK(order.option<std::uint32_t>(ouch::OptionTag::minimum_quantity) == 100);
            CHECK(order.option<std::uint8_t>(ouch::OptionTag::post_only) == 'P');
            CHECK(!order.option<std::uint32_t>(ouch::OptionTag::route));
        }
        void on(ouch::OrderExecuted order) {
            ++seen;
            CHECK(order.user_reference() == 7 && order.last_quantity() == 50 && order.last_price_e4() == 1'853'600);
            CHECK(order.liquidity() == 'A' && order.match_number() == 123);
        }
        void on(ouch::OrderRejected order) {
            ++seen;
            CHECK(order.user_reference() == 8 && order.reason() == 0x0102 && order.client_order_id() == "parley-8");
        }
        void on(ouch::OrderSelfMatchCanceled order) {
            ++seen;
            CHECK(order.canceled_quantity() == 1 && order.reason() == 'Q' && order.prevented_quantity() == 2);
            CHECK(order.execution_price_e4() == 3 && order.liquidity() == 'A' && order.strategy() == 'D');
        }
    } check;
    ItchBytes accepted;
    accepted.text("A", 1).number(34'200'000'000'001, 8).number(7, 4).text("B", 1).number(500, 4).text("AAPL", 8);
    accepted.number(1'853'700, 8).text("0Y", 2).number(99, 8).text("PNNL", 4).text("parley-7", 14);
    accepted.number(9, 2).number(5, 1).number(3, 1).number(100, 4).number(2, 1).number(12, 1).text("P", 1);
    ItchBytes executed;
    executed.text("E", 1).number(1, 8).number(7, 4).number(50, 4).number(1'853'600, 8).text("A", 1).number(123, 8).number(0, 2);
    ItchBytes rejected;
    rejected.text("J", 1).number(1, 8).number(8, 4).number(0x0102, 2).text("parley-8", 14);
    ItchBytes self_match;
    self_match.text("D", 1).number(1, 8).number(8, 4).number(1, 4).text("Q", 1).number(2, 4).number(3, 8).text("AD", 2);
    for (const auto& message : {accepted, executed, rejected, self_match}) {
        CHECK(ouch::decode(message.all, check) == ouch::Flaw::none);
    }
    CHECK(check.seen == 4);
}

TEST(ouch_decodes_every_answer_at_its_length_with_options_or_without) {
    for (const char type : std::string_view("SAUCDEBJPITMRXGKQ")) {
        const std::size_t body = ouch::event_bytes(type);
        for (std::size_t size = 1; size < 90; ++size) {
            std::vector<std::uint8_t> message(size, 0);
            message[0] = static_cast<std::uint8_t>(type);
            Seen seen;
            const auto flaw = ouch::decode(message, seen);
            const bool is_right = size == body || size == body + 2;
            CHECK(is_right == (flaw == ouch::Flaw::none));
            CHECK(seen.events == (is_right ? 1 : 0));
        }
    }
    Seen seen;
    CHECK(ouch::decode({}, seen) == ouch::Flaw::wrong_length);
    CHECK(ouch::decode(std::vector<std::uint8_t>(40, '?'), seen) == ouch::Flaw::unknown_type);
}

TEST(ouch_options_that_lie_about_their_length_are_refused) {
    ItchBytes message;
    message.text("M", 1).number(1, 8).number(8, 4).text("B", 1).number(5, 4).number(3, 2).number(2, 1).number(12, 1).text("P", 1);
    Seen seen;
    CHECK(ouch::decode(message.all, seen) == ouch::Flaw::none);
    for (const int lie : {0, 1, 3, 255}) {
        auto changed = message.all;
        changed[20] = static_cast<std::uint8_t>(lie);
        // A length of 1 leaves one byte, which then begins an option of more bytes than there are.
        CHECK(ouch::decode(changed, seen) == ouch::Flaw::bad_options);
    }
    CHECK(seen.events == 1);
}
