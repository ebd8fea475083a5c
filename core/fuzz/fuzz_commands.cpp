// The command decoder: payloads as the journal holds them, arbitrary bytes in each. Every payload is applied or refused
// with BadEncoding; what was applied can be saved, loaded and saved again to the same bytes.

#include "fuzz.hpp"
#include "parley/engine.hpp"

namespace {

using namespace parley;

constexpr std::size_t kPayloadsMax = 64;

void insist_on_round_trip(const Engine& engine) {
    std::vector<std::uint8_t> saved, again;
    engine.save(saved);
    Engine twin;
    twin.load(saved);
    twin.save(again);
    FUZZ_INSIST(saved == again);
    FUZZ_INSIST(twin.state_hash() == engine.state_hash());
}

void insist_on_events(const std::vector<Event>& events, std::int64_t first_number, std::uint64_t sequence) {
    for (std::size_t at = 0; at < events.size(); ++at) {
        FUZZ_INSIST(events[at].number == first_number + static_cast<std::int64_t>(at));
        FUZZ_INSIST(events[at].index == at + 1 && events[at].journal_sequence == sequence);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Engine engine;
    std::vector<Event> events;
    fuzz::Pieces pieces({data, size});
    for (std::uint64_t sequence = 1; sequence <= kPayloadsMax && !pieces.empty(); ++sequence) {
        const std::int64_t next_event = engine.event_number() + 1;
        events.clear();
        try {
            engine.apply(sequence, pieces.take(), events);
        } catch (const BadEncoding&) {
            return 0;  // a journal that holds such a record is damaged: nothing is applied after it
        }
        insist_on_events(events, next_event, sequence);
    }
    insist_on_round_trip(engine);
    return 0;
}
