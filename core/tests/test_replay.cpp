#include "check.hpp"
#include "parley/engine.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

/// Payloads of a random day, one by one.
class Day {
public:
    std::vector<std::uint8_t> opening(int step) {
        if (step == 0) {
            ListInstrument listing;
            listing.instrument_id = 1;
            listing.name = listing.terms_json = "{}";
            listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
            return encode(listing);
        }
        SetLimits limits;
        limits.command_sequence = ++sequence_;
        limits.account_id = step;
        limits.limits = {100, 1LL << 50, 10'000, 1LL << 60, 5'000};
        return encode(limits);
    }

    std::vector<std::uint8_t> random() {
        const auto dice = next(state_) % 10;
        if (dice == 0) return quotes();
        if (dice < 3) return encode(CancelOrder{++sequence_, pick(orders_)});
        PlaceOrder order;
        order.command_sequence = ++sequence_;
        order.order_id = ++orders_;
        order.account_id = pick(3);
        order.instrument_id = 1;
        order.side = static_cast<Side>(next(state_) % 2);
        order.time_in_force = static_cast<TimeInForce>(next(state_) % 5 == 0);
        order.quantity = {pick(20)};
        order.price = {990 + pick(20)};
        return encode(order);
    }

private:
    std::int64_t pick(std::int64_t most) {
        return static_cast<std::int64_t>(next(state_) % static_cast<std::uint64_t>(most + 1)) + (most > 3 ? 0 : 1);
    }
    std::vector<std::uint8_t> quotes() {
        Quotes quotes;
        quotes.instrument_id = 1;
        quotes.mark_ticks = 1'000;
        for (int level = 0; level < 3; ++level) {
            quotes.add(Side::buy, {985 + pick(14)}, {pick(9)});
            quotes.add(Side::sell, {1'000 + pick(14)}, {pick(9)});
        }
        auto bytes = encode(SetQuotes{});
        Writer writer(bytes);
        writer.number(1);
        codec::put_quotes(writer, quotes);
        return bytes;
    }
    template <typename Input>
    static std::vector<std::uint8_t> encode(const Input& input) {
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        codec::encode(writer, 0, input);
        return bytes;
    }

    std::uint64_t state_ = 3;
    std::int64_t sequence_ = 0;
    std::int64_t orders_ = 0;
};

}  // namespace

TEST(an_engine_loaded_from_a_snapshot_goes_on_like_the_one_that_was_saved) {
    Day day;
    Engine live;
    std::vector<Event> events, twin_events;
    std::uint64_t sequence = 0;
    const auto apply = [&](Engine& engine, const std::vector<std::uint8_t>& payload, std::vector<Event>& said) {
        engine.apply(sequence, payload, said);
    };
    for (int step = 0; step <= 4; ++step, ++sequence) apply(live, day.opening(step), events);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::uint8_t> saved;
        live.save(saved);
        Engine twin;
        twin.load(saved);
        CHECK(twin.state_hash() == live.state_hash());
        for (int step = 0; step < 200; ++step) {
            const auto payload = day.random();
            ++sequence;
            events.clear();
            twin_events.clear();
            apply(live, payload, events);
            apply(twin, payload, twin_events);
            CHECK(events.size() == twin_events.size());
            for (std::size_t i = 0; i < events.size() && i < twin_events.size(); ++i) {
                CHECK(events[i].values == twin_events[i].values && events[i].number == twin_events[i].number);
            }
        }
        CHECK(twin.state_hash() == live.state_hash());
    }
    CHECK(live.event_number() > 3'000);
}

TEST(a_payload_cut_short_or_changed_never_does_harm) {
    Day day;
    std::uint64_t state = 11;
    for (int step = 0; step < 3'000; ++step) {
        Engine engine;
        std::vector<Event> events;
        engine.apply(1, day.opening(0), events);
        auto payload = day.random();
        payload.resize(next(state) % (payload.size() + 1));
        if (!payload.empty()) payload[next(state) % payload.size()] ^= static_cast<std::uint8_t>(next(state));
        try {
            engine.apply(2, payload, events);
        } catch (const BadEncoding&) {
            continue;
        }
    }
}
