// Records with fields of fixed width: what they say, and that a journal in numbers of any length says the same.

#include <algorithm>
#include <limits>
#include <vector>

#include "check.hpp"
#include "parley/engine.hpp"
#include "random_day.hpp"

using namespace parley;

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

template <typename Input>
Bytes fixed(TimeNs now_ns, const Input& input) {
    Bytes bytes;
    bytes.reserve(128);  // more than a record takes
    Writer writer(bytes);
    codec::encode(writer, now_ns, input);
    return bytes;
}

template <typename Input>
Bytes numbers(TimeNs now_ns, const Input& input) {
    Bytes bytes;
    bytes.reserve(128);  // more than a record takes
    Writer writer(bytes);
    codec::encode_numbers(writer, now_ns, input);
    return bytes;
}

template <typename Input>
Bytes again_in_numbers(const Bytes& payload) {
    Input input;
    const TimeNs now_ns = codec::decode_fixed(payload, input);
    return numbers(now_ns, input);
}

/// The record as journals held it before there were fixed ones.
Bytes in_numbers(const Bytes& payload) {
    switch (static_cast<InputKind>(payload.front())) {
        case InputKind::amend_order_fixed:
            return again_in_numbers<AmendOrder>(payload);
        case InputKind::cancel_order_fixed:
            return again_in_numbers<CancelOrder>(payload);
        case InputKind::place_order_fixed:
            return again_in_numbers<PlaceOrder>(payload);
        default:
            return payload;
    }
}

PlaceOrder some_order() {
    PlaceOrder order;
    order.command_sequence = 1;
    order.valid_until_ns = kMost;
    order.order_id = kLeast;
    order.account_id = -1;
    order.user_id = 0x0102030405060708;
    order.desk_id = 5;
    order.firm_id = 6;
    order.instrument_id = 7;
    order.side = Side::sell;
    order.order_type = OrderType::stop_limit;
    order.time_in_force = TimeInForce::day;
    order.quantity = {8};
    order.price = {9};
    order.is_reduce_only = true;
    return order;
}

bool is_refused(const Bytes& payload) {
    Engine engine;
    std::vector<Event> events;
    try {
        engine.apply(1, payload, events);
    } catch (const BadEncoding&) {
        return events.empty() && engine.command_sequence() == 0;
    }
    return false;
}

bool are_same(const std::vector<Event>& a, const std::vector<Event>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Event& one, const Event& other) {
        return one.kind == other.kind && one.reason == other.reason && one.values == other.values &&
               one.number == other.number && one.at_ns == other.at_ns && one.index == other.index &&
               one.command_sequence == other.command_sequence && one.journal_sequence == other.journal_sequence;
    });
}

}  // namespace

TEST(a_fixed_record_has_each_field_at_its_place) {
    const Bytes cancel = fixed(0x0102030405060708, CancelOrder{3, -2});
    const Bytes expected{56, 8, 7, 6, 5, 4, 3, 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    CHECK(cancel == expected);
    CHECK(fixed(1, AmendOrder{}).size() == 49 && fixed(1, AmendOrder{}).front() == 55);
    CHECK(fixed(1, some_order()).size() == 94 && fixed(1, some_order()).front() == 57);
}

TEST(a_fixed_record_reads_as_what_was_written) {
    PlaceOrder order = some_order(), read;
    CHECK(codec::decode_fixed(fixed(kLeast, order), read) == kLeast);
    CHECK(read.fields() == order.fields());
    AmendOrder amend{kLeast, kMost, -1, {kLeast}, {kMost}}, amended;
    CHECK(codec::decode_fixed(fixed(kMost, amend), amended) == kMost);
    CHECK(amended.fields() == amend.fields());
}

TEST(a_fixed_record_of_another_length_or_without_such_an_enumerator_is_refused) {
    const std::vector<Bytes> records{fixed(1, AmendOrder{1, 1, 5, {1}, {1}}), fixed(1, CancelOrder{1, 5}),
                                     fixed(1, some_order())};
    for (const Bytes& record : records) {
        CHECK(!is_refused(record));
        for (std::size_t size = 0; size < record.size(); ++size) {
            CHECK(is_refused(Bytes(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size))));
        }
        Bytes longer = record;
        longer.push_back(0);
        CHECK(is_refused(longer));
    }
    constexpr std::size_t enumerators = 1 + 9 * 8;
    for (const auto& [at, bound] : {std::pair{enumerators, 2}, {enumerators + 1, 5}, {enumerators + 2, 5},
                                    {records[2].size() - 2, 2}, {records[2].size() - 1, 2}}) {
        Bytes wrong = records[2];
        wrong[at] = static_cast<std::uint8_t>(bound);
        CHECK(is_refused(wrong));
        wrong[at] = static_cast<std::uint8_t>(bound - 1);
        CHECK(!is_refused(wrong));
    }
}

TEST(a_day_in_numbers_does_what_the_same_day_in_fixed_records_does) {
    constexpr int resting = 6'000;
    RandomDay day(17, resting);
    Engine old_journal, mixed, grouped;
    std::vector<Event> old_events, mixed_events, grouped_events;
    std::vector<Bytes> records;
    for (std::size_t step = 0; step < 20'000; ++step) {
        records.push_back(day.next().payload);
        const Bytes old_record = in_numbers(records.back());
        old_journal.apply(step + 1, old_record, old_events);
        if (step % 3 == 0) records.back() = old_record;
        mixed.apply(step + 1, records.back(), mixed_events);
    }
    grouped.apply_group(1, std::vector<Engine::Payload>(records.begin(), records.end()), grouped_events);
    CHECK(old_events.size() > 15'000);
    CHECK(are_same(old_events, mixed_events) && are_same(old_events, grouped_events));
    CHECK(old_journal.state_hash() == mixed.state_hash());
    CHECK(old_journal.state_hash() == grouped.state_hash());
}
