#include "long_replay.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "service_desk.hpp"

using namespace parley;

namespace {

constexpr std::int64_t kInputsPerGroup = 500;
constexpr std::int64_t kGroupsPerLife = 400;
constexpr std::size_t kEventsPerDrain = 65'536;

/// A folder of its own that goes with the object.
struct Folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("parley-replay-" + std::to_string(::getpid()));
    Folder() { std::filesystem::remove_all(path); }
    ~Folder() { std::filesystem::remove_all(path); }
};

Service::Options long_options() {
    Service::Options options;
    options.segment_bytes = std::uint64_t{8} << 20;
    options.snapshot_interval = 150'000;
    return options;
}

std::shared_ptr<PosixStorage> open_folder(const Folder& folder) {
    return std::make_shared<PosixStorage>(folder.path, true);
}

/// The next group to both; what is released is drained, as a publisher does.
void feed(Service& service, Engine& twin, RandomDay& day, std::int64_t inputs, std::uint64_t& sequence) {
    std::vector<Event> said;
    for (std::int64_t i = 0; i < inputs; ++i) {
        const auto step = day.next();
        push(service, step);
        twin.apply(++sequence, step.payload, said);
        said.clear();
    }
    service.step();
    while (service.drain(kEventsPerDrain, said)) {
    }
}

bool is_same(const char* what, const std::string& hash, std::uint64_t sequence, const std::string& wanted,
             std::uint64_t wanted_sequence) {
    const bool same = hash == wanted && sequence == wanted_sequence;
    std::printf("%-32s %s at %llu\n", what, hash.c_str(), static_cast<unsigned long long>(sequence));
    if (!same) std::printf("    differs from %s at %llu\n", wanted.c_str(), static_cast<unsigned long long>(wanted_sequence));
    return same;
}

}  // namespace

bool replay_long(std::uint64_t seed, std::int64_t inputs) {
    const Folder folder;
    RandomDay day(seed);
    Engine twin;
    std::uint64_t sequence = 0;
    std::int64_t lives = 0;
    for (std::int64_t left = inputs; left > 0; ++lives) {
        Service service(open_folder(folder), long_options());
        for (std::int64_t group = 0; group < kGroupsPerLife && left > 0; ++group) {
            const std::int64_t now = std::min(left, kInputsPerGroup);
            feed(service, twin, day, now, sequence);
            left -= now;
        }
        if (service.state() != "ready" || hash_of(service) != twin.state_hash()) {
            std::printf("life %lld: %s\n", static_cast<long long>(lives), service.state().c_str());
            return false;
        }
    }
    const std::string wanted = twin.state_hash();
    std::printf("%-32s %s at %llu, %lld lives\n", "without a journal", wanted.c_str(),
                static_cast<unsigned long long>(sequence), static_cast<long long>(lives));
    const auto disk = open_folder(folder);
    const Replay genesis = replay_folder(*disk, true);
    const Replay snapshot = replay_folder(*disk, false);
    bool is_right = is_same("replayed from the first record", genesis.state_hash, genesis.journal_sequence, wanted, sequence);
    is_right &= is_same("from the newest snapshot", snapshot.state_hash, snapshot.journal_sequence, wanted, sequence);
    Service again(disk, long_options());
    is_right &= is_same("recovered", hash_of(again), again.journal_sequence(), wanted, sequence);
    return is_right && again.event_number() == twin.event_number();
}
