#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "parley/storage.hpp"

namespace parley {

/// What is about to happen to a MemoryStorage; reads are not told.
struct DiskOperation {
    enum class Kind : std::uint8_t { write, sync, truncate, create, rename, remove, sync_directory };
    Kind kind;
    std::string name;
    /// Counts all operations of the storage from 1.
    std::uint64_t number;
    std::size_t bytes;
};

/// What the disk answers: with an error (an errno such as EIO or ENOSPC), of a write after its first `written` bytes.
struct DiskFault {
    int error = 0;
    std::size_t written = 0;
};

/// Everything fails with this once the power is off.
struct PowerIsOff : std::runtime_error {
    PowerIsOff() : std::runtime_error("the power is off") {}
};

/// A disk in memory for tests and for the simulator. What was written reads back at once (the page cache), but is
/// durable only after sync, and names only after sync_directory.
///
///   lose_power()     from now on every call throws PowerIsOff;
///   restore_power(s) each write that was not synced happened, not at all, or up to a byte within it; each name that
///                    was not synced is new or old: chosen by the seed;
///   crash()          the process died but not the machine: nothing is lost, locks are free.
///
/// A sync that fails leaves the writes unsynced in the page cache: they read back, and are lost with the power, also
/// after a later sync that succeeds (as Linux does it). Objects of before a power loss or crash must not be used again.
class MemoryStorage final : public Storage {
public:
    using OnOperation = std::function<DiskFault(const DiskOperation&)>;

    MemoryStorage() = default;

    [[nodiscard]] std::unique_ptr<StorageFile> open(const std::string& name, OpenMode mode) override;
    [[nodiscard]] std::optional<std::vector<std::uint8_t>> read(const std::string& name) const override;
    [[nodiscard]] std::vector<std::uint8_t> read_start(const std::string& name, std::size_t most) const override;
    [[nodiscard]] bool exists(const std::string& name) const override;
    [[nodiscard]] std::vector<std::string> list() const override;
    void rename(const std::string& from, const std::string& to) override;
    void remove(const std::string& name) override;
    void sync_directory() override;
    [[nodiscard]] std::unique_ptr<StorageLock> lock(LockMode mode) override;
    [[nodiscard]] std::string place() const override { return "memory"; }

    /// Called before each operation, without any lock held; may call lose_power. An empty function: no faults.
    void set_on_operation(OnOperation on_operation);
    [[nodiscard]] std::uint64_t operations() const;

    void lose_power();
    void restore_power(std::uint64_t seed);
    void crash();
    /// The disk as it would be after a power loss at this moment.
    [[nodiscard]] std::unique_ptr<MemoryStorage> after_power_loss(std::uint64_t seed) const;

    /// Changes bytes behind everyone's back, on the disk and in the page cache.
    void corrupt(const std::string& name, std::uint64_t offset, std::uint8_t mask);

private:
    friend class MemoryFile;

    using Bytes = std::vector<std::uint8_t>;
    struct Change {
        bool is_truncation;
        bool is_doomed;  // by a failed sync
        std::uint64_t offset;
        Bytes bytes;
    };
    struct Inode {
        Bytes cached;
        Bytes durable;
        std::vector<Change> changes;
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;
    struct NameChange {
        std::string name;
        std::shared_ptr<Inode> inode;  // null: removed
    };
    class Lock;

    void begin(DiskOperation::Kind kind, const std::string& name, std::size_t bytes, DiskFault& fault);
    void write(Inode& inode, const std::string& name, std::uint64_t offset, std::span<const std::uint8_t> bytes);
    void truncate(Inode& inode, const std::string& name, std::uint64_t size);
    void sync(Inode& inode, const std::string& name);
    void require_power() const;

    mutable std::mutex mutex_;
    Names names_;
    Names durable_names_;
    std::vector<std::vector<NameChange>> name_changes_;
    OnOperation on_operation_;
    std::uint64_t operations_ = 0;
    std::shared_ptr<int> lock_;
    bool has_power_ = true;
};

}  // namespace parley
