#include <cstring>
#include <limits>
#include <map>
#include <string_view>

#include "check.hpp"
#include "parley/bytes.hpp"
#include "parley/crc32c.hpp"
#include "parley/flat_map.hpp"
#include "parley/order_book.hpp"
#include "parley/risk.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

}  // namespace

TEST(crc32c_gives_the_published_values) {
    const char* digits = "123456789";
    CHECK(crc32c({reinterpret_cast<const std::uint8_t*>(digits), 9}) == 0xe3069283);
    const std::vector<std::uint8_t> zeros(32, 0);
    CHECK(crc32c(zeros) == 0x8a9136aa);  // RFC 3720, B.4
    CHECK(crc32c(std::span(zeros).subspan(20), crc32c(std::span(zeros).first(20))) == crc32c(zeros));
}

TEST(numbers_and_texts_come_back_as_they_went) {
    std::vector<std::uint8_t> bytes;
    Writer writer(bytes);
    const std::int64_t numbers[] = {0, 1, -1, 63, 64, -64, -65, std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::min()};
    for (const auto number : numbers) writer.number(number);
    writer.text("BTC-PERPETUAL");
    Reader reader(bytes);
    for (const auto number : numbers) CHECK(reader.number() == number);
    CHECK(reader.text() == std::string_view("BTC-PERPETUAL"));
    CHECK(reader.at_end());
}

TEST(bytes_that_end_early_are_refused_wherever_they_end) {
    std::vector<std::uint8_t> bytes;
    Writer(bytes).text("some text");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        bool is_refused = false;
        try {
            static_cast<void>(Reader(std::span(bytes).first(size)).text());
        } catch (const BadEncoding&) {
            is_refused = true;
        }
        CHECK(is_refused);
    }
}

TEST(flat_map_agrees_with_a_map) {
    FlatMap<std::int64_t> flat;
    std::map<std::uint64_t, std::int64_t> plain;
    std::uint64_t state = 1;
    for (int step = 0; step < 200'000; ++step) {
        const std::uint64_t key = next(state) % 500;
        if (next(state) % 3 == 0) {
            flat.erase(key);
            plain.erase(key);
        } else {
            flat[key] = plain[key] = step;
        }
        CHECK(flat.size() == plain.size());
        CHECK((flat.find(key) != nullptr) == plain.contains(key));
    }
    for (const auto& [key, value] : plain) CHECK(flat.find(key) != nullptr && *flat.find(key) == value);
}

/// The key whose hash is `hash`: Fibonacci hashing multiplies by an odd number, which has an inverse.
std::int64_t key_of_hash(std::uint64_t hash) {
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;
    std::uint64_t inverse = kMultiplier;
    for (int step = 0; step < 5; ++step) inverse *= 2 - kMultiplier * inverse;
    return static_cast<std::int64_t>(hash * inverse);
}

TEST(node_table_finds_what_it_holds_where_groups_overflow) {
    BookNodes nodes;
    NodeTable table;
    std::map<std::int64_t, NodeIndex> plain;
    std::uint64_t state = 11;
    for (int step = 0; step < 200'000; ++step) {
        // Three lines of the table, the last and the first among them, and tags that several keys have.
        const std::uint64_t home = next(state) % 3 == 0 ? 0 : 6 + next(state) % 2;
        const std::int64_t key = key_of_hash((home << 61) | ((next(state) % 5) << 32) | next(state) % 4);
        const auto known = plain.find(key);
        CHECK(table.find(key, nodes) == (known == plain.end() ? kNone : known->second));
        if (known != plain.end()) {
            table.erase(key, known->second);
            nodes.give_back(known->second);
            plain.erase(known);
        } else if (plain.size() < 36) {
            const NodeIndex index = nodes.take();
            nodes[index].key = key;
            table.insert(key, index);
            plain[key] = index;
        }
        CHECK(table.size() == plain.size());
    }
    int near = 0;
    for (const auto& [key, index] : plain) {
        CHECK(table.find(key, nodes) == index && table.guess(key) != kNone);
        const NodeIndex guess = table.guess_near(key, kNone);
        CHECK(guess == kNone || guess == table.guess(key));
        near += guess == kNone ? 0 : 1;
    }
    CHECK(near > 0);
    CHECK(table.guess_near(key_of_hash(std::uint64_t{1} << 62), 77) == 77);
    std::size_t visited = 0;
    table.for_each([&](NodeIndex index) { visited += plain.contains(nodes[index].key) ? 1 : 0; });
    CHECK(visited == plain.size());
}

TEST(book_keeps_price_then_time_through_random_adds_and_removes) {
    BookNodes nodes;
    OrderBook book(nodes);
    std::map<std::pair<std::int64_t, int>, OrderIndex> plain;  // asks: price, arrival
    std::uint64_t state = 7;
    for (int arrival = 0; arrival < 20'000; ++arrival) {
        if (plain.size() > 300 || (next(state) % 3 == 0 && !plain.empty())) {
            auto victim = plain.begin();
            std::advance(victim, static_cast<std::ptrdiff_t>(next(state) % plain.size()));
            book.remove(victim->second);
            nodes.give_back(victim->second);
            plain.erase(victim);
            continue;
        }
        const OrderIndex index = nodes.take_order();
        nodes[index].lots = {1};
        nodes[index].word = BookNode::word_of(Side::sell, 1);
        const auto near = static_cast<std::int64_t>(next(state) % 60) + 1;
        const PriceTicks price{next(state) % 4 == 0 ? near * (kPriceTicksMax / 60) : near};
        book.add(index, price);
        plain[{price.value, arrival}] = index;
    }
    auto expected = plain.begin();
    book.for_each(Side::sell, [&](OrderIndex index) { CHECK((expected++)->second == index); });
    CHECK(expected == plain.end());
    CHECK(book.best_price(Side::sell).value == plain.begin()->first.first);
}

TEST(values_saturate_and_never_wrap) {
    const Valuation coins{ValueKind::index, 1'000'000'000'000, 1'000'000'000, 0};
    CHECK(coins.value({kQuantityLotsMax}, {1}, 1'000'000'000'000) == std::numeric_limits<std::int64_t>::max());
    const Valuation dollars{ValueKind::fixed_usd, 10'000'000'000, 500'000'000, 0};
    CHECK(dollars.value({3}, {1}, 0) == 30'000'000);
    const Valuation priced{ValueKind::price, 1'000'000, 500'000'000, 0};
    CHECK(priced.value({2}, {119'000}, 0) == 119'000'000);
}
