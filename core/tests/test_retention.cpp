#include "check.hpp"
#include "parley/snapshot.hpp"
#include "service_desk.hpp"

using namespace parley;

namespace {

constexpr std::size_t kInputs = 1'600;

Service::Options keeping_little(std::uint64_t snapshot_interval) {
    Service::Options options;  // one segment an epoch, so that nothing but the interval brings a snapshot
    options.snapshot_interval = snapshot_interval;
    options.retained_segments = 1;
    return options;
}

/// Steps after each input, so that snapshots come at multiples of the interval.
void play_singly(Service& service, const Day& day, std::size_t end) {
    RandomDay choices(1);
    play(service, day, end, 1, choices);
}

/// Whether a restarted service can say every event behind those that inputs up to `released` caused.
bool says_events_behind(const Day& day, const Disk& disk, std::size_t released) {
    Service service(disk, keeping_little(100));
    const std::int64_t last = service.event_number();
    std::int64_t number = day.events[released] + 1;
    CHECK(number <= last);
    try {
        while (number <= last) {
            const auto events = service.events_from(number, 1'000);
            if (events.empty() || events.front().number != number) return false;
            number = events.back().number + 1;
        }
    } catch (const EventsReleased&) {
        return false;
    }
    return day.explains(service);
}

}  // namespace

TEST(what_shows_that_a_kept_snapshot_belongs_to_the_journal_is_kept_over_epochs_without_inputs) {
    const Day day(kInputs);
    const auto disk = std::make_shared<MemoryStorage>();
    play_singly(*std::make_unique<Service>(disk, keeping_little(100)), day, 1'000);
    for (int epoch = 2; epoch <= 3; ++epoch) Service idle(disk, keeping_little(100));
    {
        Service service(disk, keeping_little(100));
        service.release_events(day.events[1'000]);
        play_singly(service, day, 1'100);
        CHECK(read_chain(*disk).holds(1, 1'000));
    }
    CHECK(says_events_behind(day, disk, 1'000));
    CHECK(says_events_behind(day, disk, 1'000));
    Service service(disk, keeping_little(100));
    service.release_events(day.events[1'100]);
    play_singly(service, day, 1'600);
    CHECK(!read_chain(*disk).seals.contains(1));
    CHECK(read_chain(*disk).segments.front().epoch == 4);
}

TEST(a_snapshot_of_an_epoch_without_inputs_of_its_own_is_used_after_further_such_epochs) {
    const Day day(kInputs);
    const auto disk = std::make_shared<MemoryStorage>();
    play_singly(*std::make_unique<Service>(disk, keeping_little(900)), day, 1'000);
    Service(disk, keeping_little(900)).stop();
    for (int epoch = 3; epoch <= 6; ++epoch) {
        Service idle(disk, keeping_little(900));
        CHECK(idle.recovery().starts_with("state at 1000, 0 records replayed"));
        CHECK(day.explains(idle));
    }
}

TEST(a_snapshot_of_no_epoch_of_the_journal_is_not_what_the_released_events_are_kept_behind) {
    const Day day(kInputs);
    const auto disk = std::make_shared<MemoryStorage>();
    play_singly(*std::make_unique<Service>(disk, keeping_little(500)), day, 600);
    static_cast<void>(disk->open(claim_name(2), OpenMode::create_new));  // taken, and never begun
    {
        Service service(disk, keeping_little(500));
        play_singly(service, day, 900);
        const auto stray = service.read([](const Engine& engine) { return encode_snapshot(engine, 2); });
        write_snapshot(*disk, 2, 900, stray);
        service.release_events(day.events[900]);
        play_singly(service, day, 1'000);
    }
    CHECK(says_events_behind(day, disk, 900));
}
