#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace parley {

/// An open file of a Storage. Writes reach the disk with sync(), or perhaps earlier, or perhaps in part.
/// Every call throws std::system_error where the disk fails; after a failed sync it is unknown what is on disk.
class StorageFile {
public:
    StorageFile() = default;
    StorageFile(const StorageFile&) = delete;
    StorageFile& operator=(const StorageFile&) = delete;
    virtual ~StorageFile() = default;

    /// Writes all of it. A hole before `offset` reads as zeros.
    virtual void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
    /// Returns how many bytes there were: fewer than asked for only at the end of the file.
    [[nodiscard]] virtual std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const = 0;
    /// Makes content and size durable (fdatasync), but not the file's name: see Storage::sync_directory.
    virtual void sync() = 0;
    virtual void truncate(std::uint64_t size) = 0;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
};

/// Held until it is destroyed or its process ends.
class StorageLock {
public:
    StorageLock() = default;
    StorageLock(const StorageLock&) = delete;
    StorageLock& operator=(const StorageLock&) = delete;
    virtual ~StorageLock() = default;
};

enum class OpenMode : std::uint8_t { read, write, create, create_new };
enum class LockMode : std::uint8_t {
    if_free,
    /// Also from a holder that still lives: it keeps its lock, but of a file that no longer has the name.
    seize,
};

/// A folder of files, as journal and snapshots need it. The seam at which tests and the simulator put a disk of their
/// own: PosixStorage is a folder of a real disk, MemoryStorage one that loses power, fails and tears writes on demand.
/// New, renamed and removed names are durable after sync_directory(). Calls may come from any thread.
/// Every call throws std::system_error where the disk fails.
class Storage {
public:
    Storage() = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    virtual ~Storage() = default;

    [[nodiscard]] virtual std::unique_ptr<StorageFile> open(const std::string& name, OpenMode mode) = 0;
    /// The whole file; nothing where there is none.
    [[nodiscard]] virtual std::optional<std::vector<std::uint8_t>> read(const std::string& name) const = 0;
    /// Its first bytes, up to `most`; none where there is no such file.
    [[nodiscard]] virtual std::vector<std::uint8_t> read_start(const std::string& name, std::size_t most) const = 0;
    [[nodiscard]] virtual bool exists(const std::string& name) const = 0;
    /// Names of all files, sorted.
    [[nodiscard]] virtual std::vector<std::string> list() const = 0;
    virtual void rename(const std::string& from, const std::string& to) = 0;
    /// Nothing happens where there is none.
    virtual void remove(const std::string& name) = 0;
    virtual void sync_directory() = 0;
    /// Nothing where another holds it.
    [[nodiscard]] virtual std::unique_ptr<StorageLock> lock(LockMode mode) = 0;
    /// For messages.
    [[nodiscard]] virtual std::string place() const = 0;
};

}  // namespace parley
