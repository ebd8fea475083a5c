#include "check.hpp"
#include "service_desk.hpp"

using namespace parley;

namespace {

constexpr std::size_t kInputs = 4'000;
constexpr std::chrono::seconds kFlushMax{60};

Service::Options small_groups() {
    auto options = small_segments();
    options.queue_capacity = 100;
    return options;
}

/// Puts everything in as fast as it goes, so that groups are written while others are synced. False: it halted.
bool rush(Service& service, const Day& day) {
    try {
        for (std::size_t at = service.journal_sequence(); at < kInputs;) {
            try {
                push(service, day.steps[at]);
                ++at;
            } catch (const QueueFull&) {
                std::this_thread::yield();
            }
        }
    } catch (const EngineHalted&) {
        return false;
    }
    return service.flush(kFlushMax);
}

}  // namespace

TEST(groups_that_overlap_give_the_state_that_one_after_the_other_gives) {
    const Day day(kInputs);
    for (int round = 0; round < 5; ++round) {
        const auto disk = std::make_shared<MemoryStorage>();
        {
            Service service(disk, small_groups());
            service.start();
            CHECK(rush(service, day));
            CHECK(day.explains(service));
            CHECK(service.drain(kInputs * 4).events.size() == static_cast<std::size_t>(day.events[kInputs]));
            service.stop();
        }
        CHECK(replay_folder(*disk, true).state_hash == day.hashes[kInputs]);
    }
}

TEST(power_lost_under_overlapping_groups_loses_nothing_acknowledged) {
    const Day day(kInputs);
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const auto disk = std::make_shared<MemoryStorage>();
        std::int64_t command = 0, event = 0;
        {
            Service service(disk, small_groups());
            disk->set_on_operation([disk = disk.get(), end = disk->operations() + seed * 2](const auto& operation) {
                if (operation.number == end) disk->lose_power();
                return DiskFault{};
            });
            service.start();
            if (!rush(service, day)) ++lost;
            service.stop();
            command = service.command_sequence();
            event = service.event_number();
        }
        disk->set_on_operation({});
        disk->restore_power(seed);
        Service again(disk, small_segments());
        CHECK(again.command_sequence() >= command);
        CHECK(again.event_number() >= event);
        CHECK(day.explains(again));
    }
    CHECK(lost > 50);
}
