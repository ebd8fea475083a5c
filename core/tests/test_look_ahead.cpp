#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <vector>

#include "check.hpp"
#include "parley/engine.hpp"
#include "parley/recent_ids.hpp"
#include "random_day.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

bool is_same(const Event& a, const Event& b) {
    return a.number == b.number && a.journal_sequence == b.journal_sequence && a.at_ns == b.at_ns &&
           a.command_sequence == b.command_sequence && a.values == b.values && a.index == b.index && a.kind == b.kind &&
           a.reason == b.reason && (a.texts == nullptr) == (b.texts == nullptr) &&
           (a.texts == nullptr || *a.texts == *b.texts);
}

bool are_same(const std::vector<Event>& a, const std::vector<Event>& b) {
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); ++i) same = is_same(a[i], b[i]);
    return same;
}

/// Enough orders come to rest for the engine to look ahead, which it does not before.
constexpr int kResting = 9'000;

std::vector<std::vector<std::uint8_t>> make_records(std::size_t count) {
    RandomDay day(3, kResting);
    std::vector<std::vector<std::uint8_t>> records;
    for (std::size_t i = 0; i < count; ++i) records.push_back(day.next().payload);
    return records;
}

}  // namespace

TEST(a_group_does_what_its_records_do_one_by_one) {
    const auto records = make_records(60'000);
    Engine single, grouped;
    std::vector<Event> expected, actual;
    std::uint64_t state = 5;
    std::size_t most = 0;
    for (std::size_t begin = 0; begin < records.size();) {
        const std::size_t size = std::min<std::size_t>(next(state) % 90, records.size() - begin);
        const std::vector<Engine::Payload> group(records.begin() + static_cast<std::ptrdiff_t>(begin),
                                                 records.begin() + static_cast<std::ptrdiff_t>(begin + size));
        for (std::size_t i = 0; i < size; ++i) single.apply(begin + i + 1, group[i], expected);
        grouped.apply_group(begin + 1, group, actual);
        begin += size;
        if (begin % 500 < size) most = std::max(most, grouped.working_orders().size());
    }
    CHECK(expected.size() > 40'000);
    CHECK(most > 6'000);  // so that it began to look ahead on the way
    CHECK(are_same(expected, actual));
    CHECK(single.state_hash() == grouped.state_hash());
}

TEST(a_record_that_cannot_be_decoded_stops_its_group_where_it_would_stop_alone) {
    const auto records = make_records(kResting + 200);
    std::uint64_t state = 7;
    for (std::size_t damaged = kResting + 100; damaged < kResting + 140; ++damaged) {
        auto changed = records;
        auto& payload = changed[damaged];
        payload.resize(1 + next(state) % (payload.size() - 1));
        if (damaged % 2 == 0) payload.insert(payload.end(), records[damaged].begin(), records[damaged].end());
        Engine single, grouped;
        std::vector<Event> expected, actual;
        std::string why, group_why;
        try {
            for (std::size_t i = 0; i < changed.size(); ++i) single.apply(i + 1, changed[i], expected);
        } catch (const BadEncoding& error) {
            why = error.what();
        }
        try {
            grouped.apply_group(1, std::vector<Engine::Payload>(changed.begin(), changed.end()), actual);
        } catch (const BadEncoding& error) {
            group_why = error.what();
        }
        CHECK(!why.empty() && why == group_why);
        CHECK(are_same(expected, actual));
        CHECK(single.state_hash() == grouped.state_hash());
    }
}

TEST(recent_ids_agree_with_a_queue_and_a_map) {
    constexpr std::size_t capacity = 100;
    RecentIds recent(capacity);
    std::deque<std::int64_t> order;
    std::map<std::int64_t, std::uint8_t> outcomes;
    std::uint64_t state = 3;
    for (int step = 0; step < 100'000; ++step) {
        const auto id = static_cast<std::int64_t>(next(state) % 400) - 50;
        const auto outcome = static_cast<std::uint8_t>(next(state));
        if (!outcomes.contains(id)) {
            if (order.size() == capacity) {
                outcomes.erase(order.front());
                order.pop_front();
            }
            order.push_back(id);
        }
        outcomes[id] = outcome;
        recent.remember(id, outcome);
        const auto asked = static_cast<std::int64_t>(next(state) % 400) - 50;
        const std::uint8_t* found = recent.find(asked);
        CHECK((found != nullptr) == outcomes.contains(asked));
        CHECK(found == nullptr || *found == outcomes[asked]);
    }
    std::vector<std::uint8_t> saved, plain, again;
    Writer writer(saved), plainly(plain), anew(again);
    recent.save(writer);
    plainly.number(static_cast<std::int64_t>(order.size()));
    for (const std::int64_t id : order) plainly.numbers(id, outcomes[id]);
    CHECK(saved == plain);
    RecentIds loaded(capacity);
    Reader reader(saved);
    loaded.load(reader);
    loaded.save(anew);
    CHECK(again == saved);
}

TEST(a_number_reads_the_same_wherever_its_record_ends) {
    std::uint64_t state = 9;
    for (int bits = 0; bits < 64; ++bits) {
        for (int sign = 0; sign < 2; ++sign) {
            const auto size = static_cast<std::int64_t>(next(state) >> 1 | std::uint64_t{1} << bits >> 1);
            const std::int64_t number = sign == 0 ? size : -size;
            std::vector<std::uint8_t> bytes;
            Writer(bytes).number(number);
            const std::size_t length = bytes.size();
            for (int behind = 0; behind < 12; ++behind, bytes.push_back(0xff)) {
                Reader reader(bytes);
                CHECK(reader.number() == number);
                CHECK(reader.at_end() == (bytes.size() == length));
            }
        }
    }
    const std::vector<std::uint8_t> endless(12, 0x80);
    bool is_refused = false;
    try {
        static_cast<void>(Reader(endless).number());
    } catch (const BadEncoding&) {
        is_refused = true;
    }
    CHECK(is_refused);
}
