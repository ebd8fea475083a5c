#include <string>
#include <vector>

#include "check.hpp"
#include "itch_bytes.hpp"
#include "parley/itch.hpp"

using namespace parley;

namespace {

using Bytes = ItchBytes;

Bytes add_order(std::uint64_t reference) {
    Bytes bytes;
    bytes.header('A', 4'711, 34'200'000'000'001).number(reference, 8).text("S", 1).number(300, 4).text("AAPL", 8).number(
        1'853'700, 4);
    return bytes;
}

struct Adds {
    std::vector<std::uint64_t> references;
    int others = 0;
    void on(itch::AddOrder order) { references.push_back(order.order_reference()); }
    void on(itch::Message) { ++others; }
};

}  // namespace

TEST(itch_fields_come_back_as_the_specification_places_them) {
    struct Check {
        int seen = 0;
        void on(itch::AddOrder order) {
            ++seen;
            CHECK(order.type() == 'A' && order.stock_locate() == 4'711 && order.tracking_number() == 7);
            CHECK(order.timestamp_ns() == 34'200'000'000'001);
            CHECK(order.order_reference() == 0x0102030405060708 && order.side() == Side::sell && order.shares() == 300);
            CHECK(order.stock() == "AAPL" && order.price_e4() == 1'853'700);
        }
        void on(itch::OrderExecutedWithPrice order) {
            ++seen;
            CHECK(order.order_reference() == 9 && order.executed_shares() == 5 && order.match_number() == 77);
            CHECK(order.is_printable() && order.price_e4() == 12'345);
        }
        void on(itch::NetOrderImbalance imbalance) {
            ++seen;
            CHECK(imbalance.paired_shares() == 1 && imbalance.imbalance_shares() == 2 && imbalance.direction() == 'B');
            CHECK(imbalance.stock() == "ZVZZT" && imbalance.far_price_e4() == 3 && imbalance.near_price_e4() == 4);
            CHECK(imbalance.reference_price_e4() == 5 && imbalance.cross_type() == 'O' && imbalance.price_variation() == 'L');
        }
    } check;
    Bytes executed;
    executed.header('C', 1, 2).number(9, 8).number(5, 4).number(77, 8).text("Y", 1).number(12'345, 4);
    Bytes imbalance;
    imbalance.header('I', 1, 2).number(1, 8).number(2, 8).text("B", 1).text("ZVZZT", 8).number(3, 4).number(4, 4).number(5, 4);
    imbalance.text("OL", 2);
    CHECK(itch::dispatch(add_order(0x0102030405060708).all, check));
    CHECK(itch::dispatch(executed.all, check));
    CHECK(itch::dispatch(imbalance.all, check));
    CHECK(check.seen == 3);
}

TEST(itch_dispatches_every_type_at_its_length_only) {
    for (const char type : itch::kMessageTypes) {
        const std::size_t length = itch::length_of(static_cast<std::uint8_t>(type));
        for (std::size_t size = 1; size <= itch::kMessageBytesMax + 2; ++size) {
            std::vector<std::uint8_t> message(size, 0);
            message[0] = static_cast<std::uint8_t>(type);
            itch::Counts counts;
            CHECK(itch::dispatch(message, counts) == (size == length));
            CHECK(counts.of(type) == (size == length ? 1U : 0U));
        }
    }
    itch::Counts counts;
    CHECK(!itch::dispatch({}, counts));
    CHECK(!itch::dispatch(std::vector<std::uint8_t>{'z', 0, 0}, counts));
}

TEST(itch_attributed_add_is_an_add_unless_asked_for) {
    Bytes bytes = add_order(5);
    bytes.all[0] = 'F';
    bytes.text("GSCO", 4);
    Adds adds;
    CHECK(itch::dispatch(bytes.all, adds));
    CHECK(adds.references == std::vector<std::uint64_t>{5} && adds.others == 0);
}

TEST(itch_walk_takes_a_zero_length_from_the_type) {
    std::vector<std::uint8_t> file = framed(add_order(1).all, 0);
    append(file, framed(add_order(2).all, 36));
    append(file, framed(add_order(3).all, 0));
    Adds adds;
    const auto walk = itch::walk(file, adds);
    CHECK(adds.references == (std::vector<std::uint64_t>{1, 2, 3}));
    CHECK(walk.messages == 3 && walk.zero_lengths == 2 && walk.malformed == 0);
    CHECK(walk.consumed == file.size() && walk.last_flaw == itch::Flaw::none);
}

TEST(itch_walk_skips_and_names_what_is_malformed) {
    std::vector<std::uint8_t> file = framed(add_order(1).all, 36);
    const std::size_t flaw_at = file.size();
    append(file, framed(std::vector<std::uint8_t>(10, 'D'), 10));   // a delete of 10 bytes
    append(file, framed(std::vector<std::uint8_t>(4, 'z'), 4));     // a type that does not exist
    append(file, framed(add_order(2).all, 36));
    Adds adds;
    const auto walk = itch::walk(file, adds);
    CHECK(adds.references == (std::vector<std::uint64_t>{1, 2}));
    CHECK(walk.malformed == 2 && walk.first_flaw == itch::Flaw::wrong_length && walk.first_flaw_at == flaw_at);
    CHECK(walk.consumed == file.size());
}

TEST(itch_walk_stops_where_nobody_knows_the_next_message) {
    std::vector<std::uint8_t> file = framed(add_order(1).all, 36);
    const std::size_t end = file.size();
    append(file, {0, 0, 'z', 0, 0, 0});
    Adds adds;
    const auto walk = itch::walk(file, adds);
    CHECK(walk.messages == 1 && walk.last_flaw == itch::Flaw::lost && walk.consumed == end && walk.first_flaw_at == end);
}

TEST(itch_walk_resumes_after_every_cut) {
    std::vector<std::uint8_t> file;
    for (std::uint64_t reference = 1; reference <= 4; ++reference) append(file, framed(add_order(reference).all, reference % 2 * 36));
    for (std::size_t cut = 0; cut <= file.size(); ++cut) {
        Adds adds;
        const std::vector<std::uint8_t> first(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(cut));
        const auto walk = itch::walk(first, adds);
        CHECK(walk.consumed <= cut);
        CHECK(walk.consumed == cut || walk.last_flaw == itch::Flaw::truncated);
        itch::walk(std::span<const std::uint8_t>(file).subspan(walk.consumed), adds);
        CHECK(adds.references == (std::vector<std::uint64_t>{1, 2, 3, 4}));
    }
}
