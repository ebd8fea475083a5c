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

/// The bytes of a snapshot whose state says that it is of version 1, else unchanged, and whole.
std::vector<std::uint8_t> state_of_version_1(const MemoryStorage& disk, const SnapshotFile& file) {
    constexpr std::size_t kHeaderBytes = 48, kChecksumAt = 40;
    auto bytes = *disk.read(file.name);
    bytes[kHeaderBytes] = 2;  // 1, as a number of the engine's state is encoded
    const std::span<const std::uint8_t> all(bytes);
    const auto crc = crc32c(all.subspan(kHeaderBytes), crc32c(all.first(kChecksumAt)));
    journal_format::put(bytes.data() + kChecksumAt, std::uint64_t{crc});
    return bytes;
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

TEST(restarts_without_inputs_leave_no_file_behind) {
    const Day day(kInputs);
    const auto disk = std::make_shared<MemoryStorage>();
    play_singly(*std::make_unique<Service>(disk, keeping_little(900)), day, 1'000);
    {
        Service idle(disk, keeping_little(900));
    }
    const std::size_t files = disk->list().size();
    for (int restart = 0; restart < 5; ++restart) {
        Service idle(disk, keeping_little(900));
        CHECK(disk->list().size() == files);
        CHECK(day.explains(idle));
    }
    Service(disk, keeping_little(900)).stop();  // writes a snapshot, which needs its epoch
    const std::size_t with_snapshot = disk->list().size();
    for (int restart = 0; restart < 5; ++restart) {
        disk->lose_power();
        disk->restore_power(static_cast<std::uint64_t>(restart));
        Service idle(disk, keeping_little(900));
        CHECK(disk->list().size() <= with_snapshot + 1);
        CHECK(idle.recovery().starts_with("state at 1000, 0 records replayed"));
        CHECK(day.explains(idle));
    }
    CHECK(says_events_behind(day, disk, 10));
}

TEST(a_snapshot_of_another_state_version_names_both_and_what_to_do) {
    const Day day(kInputs);
    const auto disk = std::make_shared<MemoryStorage>();
    {
        Service service(disk, keeping_little(500));
        service.release_events(day.events[1'000]);
        play_singly(service, day, 1'100);
        service.stop();
    }
    for (const auto& file : list_snapshots(*disk)) {
        auto state = state_of_version_1(*disk, file);
        disk->remove(file.name);
        write_snapshot(*disk, file.epoch, file.sequence, state);
    }
    {
        Service service(disk, keeping_little(500));
        CHECK(service.recovery().find("its state is of version 1, this build reads versions ") != std::string::npos);
        CHECK(day.explains(service));
    }
    disk->remove(segment_name(1, 1));
    std::string said;
    try {
        Service service(disk, keeping_little(500));
    } catch (const JournalDamaged& damage) {
        said = damage.what();
    }
    CHECK(said.starts_with("journal damaged at sequence 1: its segment is missing; snapshot 1100 passed over: "));
    CHECK(said.find("of version 1, this build reads versions ") != std::string::npos);
    CHECK(said.find("start the one that wrote it") != std::string::npos);
}
