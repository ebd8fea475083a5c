#include "check.hpp"
#include "parley/engine.hpp"
#include "random_day.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

}  // namespace

TEST(an_engine_loaded_from_a_snapshot_goes_on_like_the_one_that_was_saved) {
    RandomDay day;
    Engine live;
    std::vector<Event> events, twin_events;
    std::uint64_t sequence = 0;
    const auto apply = [&](Engine& engine, const std::vector<std::uint8_t>& payload, std::vector<Event>& said) {
        engine.apply(sequence, payload, said);
    };
    for (int step = 0; step <= 4; ++step, ++sequence) apply(live, day.next().payload, events);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::uint8_t> saved;
        live.save(saved);
        Engine twin;
        twin.load(saved);
        CHECK(twin.state_hash() == live.state_hash());
        for (int step = 0; step < 200; ++step) {
            const auto payload = day.next().payload;
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
    RandomDay day;
    std::uint64_t state = 11;
    for (int step = 0; step < 3'000; ++step) {
        Engine engine;
        std::vector<Event> events;
        engine.apply(1, RandomDay::listing(), events);
        auto payload = day.next().payload;
        payload.resize(next(state) % (payload.size() + 1));
        if (!payload.empty()) payload[next(state) % payload.size()] ^= static_cast<std::uint8_t>(next(state));
        try {
            engine.apply(2, payload, events);
        } catch (const BadEncoding&) {
            continue;
        }
    }
}
