#include "check.hpp"
#include "service_desk.hpp"

using namespace parley;

namespace {

Service::Options segments_of(std::uint64_t bytes) {
    auto options = small_segments();
    options.segment_bytes = bytes;
    return options;
}

Service::Options seizing(std::uint64_t bytes) {
    auto options = segments_of(bytes);
    options.lock = LockMode::seize;
    return options;
}

/// The old service stops before its `pause`-th write, another takes over and works, the old one goes on.
/// Returns false once the old one does not write so often.
bool check_takeover_at(const Day& day, std::uint64_t segment_bytes, std::uint64_t pause) {
    const auto disk = std::make_shared<MemoryStorage>();
    Service old(disk, segments_of(segment_bytes));
    RandomDay choices(pause);
    play(old, day, 800, 40, choices);
    std::unique_ptr<Service> fresh;
    std::uint64_t writes = 0;
    std::int64_t taken_over = 0;
    disk->set_on_operation([&](const DiskOperation&) {
        if (fresh || ++writes != pause) return DiskFault{};
        disk->set_on_operation({});
        const std::int64_t acknowledged = old.command_sequence();
        fresh = std::make_unique<Service>(disk, seizing(segment_bytes));
        taken_over = fresh->command_sequence();
        CHECK(taken_over >= acknowledged);
        play(*fresh, day, 1'100, 40, choices);
        return DiskFault{};
    });
    try {
        play(old, day, 1'050, 40, choices);
    } catch (const EngineHalted&) {
        CHECK(old.state() == "halted: fenced");
    }
    if (!fresh) return false;
    CHECK(old.command_sequence() <= taken_over);
    CHECK(day.explains(*fresh));
    CHECK(fresh->journal_sequence() == 1'100);
    play(*fresh, day, 1'200, 40, choices);
    fresh.reset();
    for (const bool has_lost_power : {false, true}) {
        const Disk left = has_lost_power ? Disk(disk->after_power_loss(pause)) : disk;
        Service last(left, seizing(segment_bytes));
        CHECK(last.journal_sequence() == 1'200);
        CHECK(day.explains(last));
    }
    return true;
}

}  // namespace

TEST(a_writer_that_sleeps_before_any_of_its_writes_can_acknowledge_nothing_after_a_takeover) {
    const Day day(1'300);
    for (const std::uint64_t segment_bytes : {131'072U, 8'192U}) {  // both writers fill several of the small ones
        std::uint64_t pause = 1;
        while (check_takeover_at(day, segment_bytes, pause)) ++pause;
        CHECK(pause > 40);
    }
}

TEST(a_follower_takes_over_where_it_stands) {
    const Day day(3'000);
    const auto disk = std::make_shared<MemoryStorage>();
    auto primary = std::make_unique<Service>(disk, small_segments());
    Follower follower(disk);
    RandomDay choices(9);
    for (std::size_t at = 100; at <= 2'000; at += 100) {
        play(*primary, day, at, 20, choices);
        static_cast<void>(follower.follow());
        CHECK(follower.engine().journal_sequence() == at);
        CHECK(follower.engine().state_hash() == day.hashes[at]);
    }
    play(*primary, day, 2'050, 20, choices);
    bool is_locked = false;
    try {
        Service early(follower, small_segments());
    } catch (const JournalLocked&) {
        is_locked = true;
    }
    CHECK(is_locked);
    primary.reset();
    Service standby(follower, small_segments());
    CHECK(standby.recovery().starts_with("state at 2000, 50 records replayed"));
    CHECK(day.explains(standby));
    play(standby, day, 3'000, 20, choices);
    CHECK(day.explains(standby));
    Follower next(disk);
    static_cast<void>(next.follow());
    CHECK(next.engine().state_hash() == day.hashes[3'000]);
}

TEST(a_follower_whose_records_were_removed_begins_anew_at_a_snapshot) {
    const Day day(4'000);
    const auto disk = std::make_shared<MemoryStorage>();
    auto options = small_segments();
    options.retained_segments = 1;
    Service primary(disk, options);
    Follower follower(disk);
    RandomDay choices(9);
    play(primary, day, 50, 20, choices);
    static_cast<void>(follower.follow());
    for (std::size_t at = 500; at <= 4'000; at += 500) {
        play(primary, day, at, 20, choices);
        primary.release_events(primary.event_number());
    }
    CHECK(read_chain(*disk).segments.front().first_sequence > 51);
    for (int i = 0; i < 5; ++i) static_cast<void>(follower.follow());
    CHECK(follower.engine().state_hash() == day.hashes[4'000]);
}
