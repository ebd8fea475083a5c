#pragma once

#include <memory>
#include <string>
#include <vector>

#include "parley/engine_service.hpp"
#include "parley/memory_storage.hpp"
#include "random_day.hpp"

/// A service that is stepped by hand on a disk in memory.
using Service = parley::EngineService;
using Disk = std::shared_ptr<parley::MemoryStorage>;

inline Service::Options small_segments() {
    Service::Options options;
    options.segment_bytes = 131'072;  // some 2,000 records
    options.snapshot_interval = 1'000;
    return options;
}

inline void push(Service& service, const RandomDay::Step& step) {
    const auto encode = [&](parley::Writer& writer) {
        for (const auto byte : step.payload) writer.byte(byte);
    };
    if (step.command_sequence > 0) {
        static_cast<void>(service.queue().push_command(step.command_sequence, encode));
    } else {
        service.queue().push(encode);
    }
}

inline std::string hash_of(Service& service) {
    return service.read([](const parley::Engine& engine) { return engine.state_hash(); });
}

/// The inputs of a random day, and the state and the events that a fresh engine has after each of them.
struct Day {
    std::vector<RandomDay::Step> steps;
    std::vector<std::string> hashes;
    std::vector<std::int64_t> events;

    explicit Day(std::size_t count, std::uint64_t seed = 3) {
        RandomDay day(seed);
        parley::Engine engine;
        std::vector<parley::Event> said;
        hashes.push_back(engine.state_hash());
        events.push_back(0);
        for (std::size_t i = 0; i < count; ++i) {
            steps.push_back(day.next());
            engine.apply(i + 1, steps.back().payload, said);
            said.clear();
            hashes.push_back(engine.state_hash());
            events.push_back(engine.event_number());
        }
    }

    /// Whether that is the state after a prefix of the inputs.
    [[nodiscard]] bool explains(Service& service) const {
        const auto sequence = service.journal_sequence();
        return sequence < hashes.size() && hash_of(service) == hashes[sequence] &&
               service.event_number() == events[sequence];
    }
};

/// Puts steps in until `end`, in groups of up to `most`, and steps after each.
inline void play(Service& service, const Day& day, std::size_t end, std::size_t most, RandomDay& choices) {
    for (std::size_t at = service.journal_sequence(); at < end;) {
        const std::size_t group = std::min(end - at, 1 + choices.random() % most);
        for (std::size_t i = 0; i < group; ++i) push(service, day.steps[at++]);
        service.step();
    }
}
