#include <cerrno>
#include <set>
#include <system_error>

#include "check.hpp"
#include "parley/memory_storage.hpp"

using namespace parley;

namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string text_of(const MemoryStorage& storage, const std::string& name) {
    const auto bytes = storage.read(name);
    return bytes ? std::string(bytes->begin(), bytes->end()) : "none";
}

}  // namespace

TEST(what_was_synced_survives_a_power_loss_and_the_rest_in_whole_in_part_or_not_at_all) {
    MemoryStorage storage;
    const auto file = storage.open("a", OpenMode::create_new);
    file->write_at(0, bytes_of("safe"));
    file->sync();
    storage.sync_directory();
    file->write_at(4, bytes_of("xyz"));
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) seen.insert(text_of(*storage.after_power_loss(seed), "a"));
    CHECK((seen == std::set<std::string>{"safe", "safex", "safexy", "safexyz"}));
    CHECK(text_of(storage, "a") == "safexyz");
}

TEST(a_name_that_was_not_synced_may_be_gone_or_old_after_a_power_loss) {
    MemoryStorage storage;
    const auto put = [&](const std::string& name, const std::string& text) {
        const auto file = storage.open(name, OpenMode::create);
        file->write_at(0, bytes_of(text));
        file->sync();
    };
    put("old", "1");
    storage.sync_directory();
    put("new", "2");
    storage.rename("new", "old");
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 100; ++seed) seen.insert(text_of(*storage.after_power_loss(seed), "old"));
    CHECK((seen == std::set<std::string>{"1", "2"}));
    storage.sync_directory();
    CHECK(text_of(*storage.after_power_loss(0), "old") == "2");
}

TEST(writes_of_a_failed_sync_read_back_and_are_lost_with_the_power_whatever_is_synced_later) {
    MemoryStorage storage;
    const auto file = storage.open("a", OpenMode::create_new);
    storage.sync_directory();
    storage.set_on_operation([](const DiskOperation& operation) {
        return DiskFault{operation.kind == DiskOperation::Kind::sync ? EIO : 0, 0};
    });
    file->write_at(0, bytes_of("gone"));
    int error = 0;
    try {
        file->sync();
    } catch (const std::system_error& failure) {
        error = failure.code().value();
    }
    CHECK(error == EIO);
    storage.set_on_operation({});
    file->sync();
    CHECK(text_of(storage, "a") == "gone");
    for (std::uint64_t seed = 0; seed < 20; ++seed) CHECK(text_of(*storage.after_power_loss(seed), "a").empty());
}

TEST(a_full_disk_takes_a_part_of_a_write) {
    MemoryStorage storage;
    const auto file = storage.open("a", OpenMode::create_new);
    storage.set_on_operation([](const DiskOperation&) { return DiskFault{ENOSPC, 2}; });
    bool has_failed = false;
    try {
        file->write_at(0, bytes_of("four"));
    } catch (const std::system_error& failure) {
        has_failed = failure.code().value() == ENOSPC;
    }
    CHECK(has_failed);
    CHECK(text_of(storage, "a") == "fo");
}

TEST(nothing_works_without_power_and_the_lock_is_free_afterwards) {
    MemoryStorage storage;
    const auto held = storage.lock(LockMode::if_free);
    CHECK(held != nullptr);
    CHECK(storage.lock(LockMode::if_free) == nullptr);
    storage.lose_power();
    bool is_off = false;
    try {
        static_cast<void>(storage.list());
    } catch (const PowerIsOff&) {
        is_off = true;
    }
    CHECK(is_off);
    storage.restore_power(1);
    CHECK(storage.lock(LockMode::if_free) != nullptr);
}
