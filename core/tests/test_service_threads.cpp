// An engine service with everything around it at once: two threads that put in, one that drains, one that reads old
// events and the state. Meaningful under the thread sanitizer, true everywhere.

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "check.hpp"
#include "parley/engine_service.hpp"
#include "parley/memory_storage.hpp"

using namespace parley;

namespace {

constexpr std::int64_t kCommands = 2'000;
constexpr int kHeartbeats = 2'000;

EngineService::Options small() {
    EngineService::Options options;
    options.segment_bytes = 1 << 14;
    options.snapshot_interval = 500;
    options.is_synced = false;
    return options;
}

void push_commands(EngineService& service) {
    for (std::int64_t sequence = 1; sequence <= kCommands;) {
        try {
            service.queue().push_command(sequence, [&](Writer& writer) {
                codec::encode(writer, 0, RefuseCommand{sequence, "place:1", "malformed", 0, 0});
            });
            ++sequence;
        } catch (const QueueFull&) {
            std::this_thread::yield();
        }
    }
}

void push_heartbeats(EngineService& service) {
    for (int beat = 0; beat < kHeartbeats; ++beat) {
        service.queue().push([&](Writer& writer) { codec::encode(writer, 0, FeedHeartbeat{beat}); });
    }
}

void drain_all(EngineService& service, std::int64_t& next) {
    while (next <= kCommands) {
        const auto drained = service.drain(64);
        for (const Event& event : drained.events) CHECK(event.number == next++);
        if (drained.events.empty()) std::this_thread::yield();
    }
}

void look_around(EngineService& service, const std::atomic<bool>& is_done) {
    while (!is_done) {
        const auto events = service.events_from(1, 10);
        if (!events.empty()) CHECK(events.front().number == 1);
        service.read([](const Engine& engine) { CHECK(engine.command_sequence() <= kCommands); });
        CHECK(service.state() == "running");
    }
}

}  // namespace

TEST(service_takes_releases_and_regenerates_from_many_threads) {
    const auto storage = std::make_shared<MemoryStorage>();
    std::string hash;
    {
        EngineService service(storage, small());
        service.start();
        std::atomic<bool> is_done = false;
        std::int64_t next = 1;
        std::thread reader([&] { look_around(service, is_done); });
        std::thread drainer([&] { drain_all(service, next); });
        std::thread commands([&] { push_commands(service); });
        push_heartbeats(service);
        commands.join();
        drainer.join();
        is_done = true;
        reader.join();
        CHECK(service.flush(std::chrono::milliseconds(60'000)));
        CHECK(service.journal_sequence() == kCommands + kHeartbeats);
        hash = service.read([](const Engine& engine) { return engine.state_hash(); });
        service.stop();
    }
    const Replay replay = replay_folder(*storage, true);
    CHECK(replay.state_hash == hash);
    CHECK(replay.event_number == kCommands);
}
