// What the gate remembers of the mark and the index beside an engine that has just been loaded and remembers nothing:
// every order and amendment gets the same answer from both.

#include <algorithm>
#include <vector>

#include "check.hpp"
#include "parley/engine.hpp"

using namespace parley;

namespace {

constexpr std::int64_t kMark = 10'000;
constexpr TimeNs kSecond = 1'000'000'000;
constexpr std::int64_t kInstruments = 3;

/// Orders, amendments, quotes, indices, limits and a clock that jumps, all around where the gate begins to refuse.
class Market {
public:
    explicit Market(std::uint64_t seed) : state_(seed) {}

    std::vector<std::uint8_t> next() {
        const int step = steps_++;
        if (step < kInstruments) return listing(step);
        if (step < kInstruments + 2) return limits(step - kInstruments + 1);
        if (below(40) == 0) now_ += (below(9) - 2) * kSecond;
        now_ += below(1'000);
        const auto dice = below(100);
        if (dice < 6) return quotes();
        if (dice < 8) return encode(SetIndex{0, 60'000'000'000 + below(50'000) * 1'000'000});
        if (dice < 9) return limits(1 + below(2));
        if (dice < 10) return encode(FeedHeartbeat{now_});
        if (dice < 35) return order();
        return amend();
    }

private:
    std::int64_t below(std::int64_t bound) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(bound));
    }
    template <typename Input>
    std::vector<std::uint8_t> encode(const Input& input) const {
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        codec::encode(writer, now_, input);
        return bytes;
    }

    std::vector<std::uint8_t> listing(std::int64_t at) const {
        ListInstrument listing;
        listing.instrument_id = at + 1;
        listing.value_kind = static_cast<ValueKind>(at);
        listing.lot_nanos = at == 0 ? 1'000'000'000 : 10'000;
        listing.tick_nanos = 1'000'000'000;
        listing.collar_floor_ticks = 3;
        return encode(listing);
    }
    /// So that each of the five refuses now and then.
    std::vector<std::uint8_t> limits(std::int64_t account) {
        SetLimits limits;
        limits.command_sequence = ++commands_;
        limits.account_id = account;
        const Micros most_held = below(8) == 0 ? 0 : 40'000'000 + below(90'000'000);
        limits.limits = {15 + below(10), 12'000'000 + below(12'000'000), 60 + below(60), most_held, 20 + below(30)};
        return encode(limits);
    }
    std::vector<std::uint8_t> quotes() {
        Quotes quotes;
        quotes.instrument_id = 1 + below(kInstruments);
        quotes.mark_ticks = below(12) == 0 ? -1 : kMark - 10 + below(20);
        quotes.add(Side::buy, {below(20) == 0 ? kMark + 300 : kMark - 300}, {1});
        quotes.add(Side::sell, {kMark + 300}, {1});
        auto bytes = encode(SetQuotes{now_});
        Writer writer(bytes);
        writer.number(1);
        codec::put_quotes(writer, quotes);
        return bytes;
    }
    std::int64_t price(Side side) { return kMark - sign(side) * (below(8) == 0 ? -below(70) : below(70)); }
    std::vector<std::uint8_t> order() {
        PlaceOrder order;
        order.command_sequence = ++commands_;
        order.valid_until_ns = now_;
        order.order_id = ++orders_;
        order.account_id = order.user_id = 1 + below(2);
        order.instrument_id = 1 + below(kInstruments);
        order.side = static_cast<Side>(below(2));
        order.quantity = {1 + below(24)};
        order.price = {price(order.side)};
        sides_.push_back(order.side);
        return encode(order);
    }
    std::vector<std::uint8_t> amend() {
        if (orders_ == 0) return order();
        AmendOrder amend;
        amend.command_sequence = ++commands_;
        amend.valid_until_ns = now_;
        amend.order_id = std::max<std::int64_t>(orders_ - below(60), 1);
        if (below(4) == 0) amend.quantity = {1 + below(24)};
        amend.price = {price(sides_[static_cast<std::size_t>(amend.order_id - 1)])};
        return encode(amend);
    }

    std::uint64_t state_;
    TimeNs now_ = 100 * kSecond;
    std::int64_t commands_ = 0;
    OrderId orders_ = 0;
    std::vector<Side> sides_;
    int steps_ = 0;
};

}  // namespace

TEST(an_engine_that_remembers_the_market_answers_like_one_that_does_not) {
    Market market(23);
    Engine engine;
    std::vector<Event> events, expected;
    std::vector<std::uint8_t> saved;
    std::vector<std::int64_t> seen(static_cast<std::size_t>(Reason::count));
    std::int64_t amended = 0;
    for (std::uint64_t sequence = 1; sequence <= 5'000; ++sequence) {
        const auto payload = market.next();
        saved.clear();
        engine.save(saved);
        Engine fresh;
        fresh.load(saved);
        events.clear();
        expected.clear();
        engine.apply(sequence, payload, events);
        fresh.apply(sequence, payload, expected);
        CHECK(events.size() == expected.size());
        for (std::size_t i = 0; i < std::min(events.size(), expected.size()); ++i) {
            CHECK(events[i].kind == expected[i].kind && events[i].reason == expected[i].reason);
            CHECK(events[i].values == expected[i].values);
            ++seen[static_cast<std::size_t>(events[i].reason)];
            amended += events[i].kind == EventKind::order_amended;
        }
    }
    CHECK(amended > 80);
    for (const Reason reason : {Reason::max_order_quantity, Reason::max_order_value, Reason::price_collar, Reason::position,
                                Reason::stale_or_jumped_market}) {
        CHECK(seen[static_cast<std::size_t>(reason)] > 20);
    }
}
