#pragma once

#include <filesystem>
#include <utility>

#include "parley/storage.hpp"

namespace parley {

/// A file descriptor that closes itself.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int value) noexcept : value_(value) {}
    Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~Descriptor();

    [[nodiscard]] int value() const noexcept { return value_; }

private:
    int value_ = -1;
};

/// A folder of a disk.
class PosixStorage final : public Storage {
public:
    /// Makes the folder if `is_made`. Throws std::system_error.
    PosixStorage(std::filesystem::path folder, bool is_made);

    [[nodiscard]] std::unique_ptr<StorageFile> open(const std::string& name, OpenMode mode) override;
    [[nodiscard]] std::optional<std::vector<std::uint8_t>> read(const std::string& name) const override;
    [[nodiscard]] std::vector<std::uint8_t> read_start(const std::string& name, std::size_t most) const override;
    [[nodiscard]] bool exists(const std::string& name) const override;
    [[nodiscard]] std::vector<std::string> list() const override;
    void rename(const std::string& from, const std::string& to) override;
    void remove(const std::string& name) override;
    void sync_directory() override;
    [[nodiscard]] std::unique_ptr<StorageLock> lock(LockMode mode) override;
    [[nodiscard]] std::string place() const override { return folder_.string(); }

private:
    std::filesystem::path folder_;
};

}  // namespace parley
