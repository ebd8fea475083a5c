#include <cerrno>

#include "check.hpp"
#include "service_desk.hpp"

using namespace parley;

namespace {

constexpr std::size_t kInputs = 10'000;
/// Each so many boundaries the recovery is interrupted too, and a recovered service goes on.
constexpr std::uint64_t kInterruptedEvery = 29;

struct Acknowledged {
    std::uint64_t sequence;
    std::int64_t command;
    std::int64_t event;
};

void check_recovery(const Day& day, const Disk& disk, const Acknowledged& acknowledged, bool goes_on) {
    Service service(disk, small_segments());
    CHECK(service.command_sequence() >= acknowledged.command);
    CHECK(service.event_number() >= acknowledged.event);
    CHECK(day.explains(service));
    if (!goes_on) return;
    RandomDay choices(acknowledged.sequence);
    play(service, day, std::min<std::size_t>(service.journal_sequence() + 100, day.steps.size()), 20, choices);
    CHECK(service.state() == "ready");
    CHECK(day.explains(service));
}

/// Power goes once more in the middle of the recovery, at one of its own writes.
void check_interrupted_recovery(const Day& day, const Disk& disk, const Acknowledged& acknowledged,
                                std::uint64_t chance) {
    disk->set_on_operation([&, first = disk->operations()](const DiskOperation& operation) {
        if (operation.number - first > chance % 12) disk->lose_power();
        return DiskFault{};
    });
    bool has_recovered = true;
    try {
        Service service(disk, small_segments());
    } catch (const PowerIsOff&) {
        has_recovered = false;
    }
    disk->set_on_operation({});
    if (!has_recovered) disk->restore_power(chance);
    check_recovery(day, disk, acknowledged, true);
}

Acknowledged acknowledged_by(Service& service) {
    return {service.journal_sequence(), service.command_sequence(), service.event_number()};
}

}  // namespace

TEST(power_lost_at_every_write_of_ten_thousand_inputs_loses_nothing_acknowledged) {
    const Day day(kInputs);
    const auto disk = std::make_shared<MemoryStorage>();
    Service service(disk, small_segments());
    std::uint64_t boundaries = 0;
    disk->set_on_operation([&](const DiskOperation& operation) {
        ++boundaries;
        const Disk survivor = disk->after_power_loss(operation.number);
        if (operation.number % kInterruptedEvery == 0) {
            check_interrupted_recovery(day, survivor, acknowledged_by(service), operation.number);
        } else {
            check_recovery(day, survivor, acknowledged_by(service), false);
        }
        return DiskFault{};
    });
    RandomDay choices(17);
    play(service, day, kInputs, 20, choices);
    disk->set_on_operation({});
    CHECK(service.journal_sequence() == kInputs);
    CHECK(day.explains(service));
    CHECK(boundaries > 2'500);
    std::printf("     power lost at %llu writes\n", static_cast<unsigned long long>(boundaries));
}

TEST(a_failed_sync_halts_acknowledges_nothing_and_is_never_taken_for_done) {
    const Day day(600);
    for (const int error : {EIO, ENOSPC}) {
        for (std::uint64_t failing = 1; failing < 60; failing += 3) {
            const auto disk = std::make_shared<MemoryStorage>();
            Acknowledged acknowledged{};
            {
                Service service(disk, small_segments());
                RandomDay choices(failing);
                std::uint64_t syncs = 0;
                disk->set_on_operation([&](const DiskOperation& operation) {
                    const bool is_counted = error == EIO ? operation.kind == DiskOperation::Kind::sync
                                                         : operation.kind == DiskOperation::Kind::write;
                    if (!is_counted || ++syncs < failing) return DiskFault{};
                    if (syncs == failing) acknowledged = acknowledged_by(service);
                    return DiskFault{error, operation.bytes / 2};
                });
                try {
                    play(service, day, 600, 20, choices);
                    CHECK(false);
                } catch (const EngineHalted&) {
                    CHECK(service.state() == "halted: journal");
                }
                CHECK(service.command_sequence() == acknowledged.command);
                CHECK(service.event_number() == acknowledged.event);
            }
            disk->set_on_operation({});
            check_recovery(day, disk, acknowledged, true);  // reads what perhaps only the page cache has
            disk->restore_power(failing);
            check_recovery(day, disk, acknowledged, true);
        }
    }
}

TEST(a_write_beyond_which_power_was_lost_is_written_again_before_anything_follows) {
    const Day day(200);
    const auto disk = std::make_shared<MemoryStorage>();
    RandomDay choices(5);
    {
        Service service(disk, small_segments());
        play(service, day, 100, 20, choices);
        disk->set_on_operation([](const DiskOperation& operation) {
            return DiskFault{operation.kind == DiskOperation::Kind::sync ? EIO : 0, 0};
        });
        for (std::size_t i = 100; i < 110; ++i) push(service, day.steps[i]);
        service.step();
        CHECK(service.state() == "halted: journal");
    }
    disk->set_on_operation({});
    Service again(disk, small_segments());
    CHECK(again.journal_sequence() == 110);
    CHECK(again.recovery().find("10 written again") != std::string::npos);
    const Disk survivor = disk->after_power_loss(1);
    Service third(survivor, small_segments());
    CHECK(third.journal_sequence() == 110);
    CHECK(day.explains(third));
}
