#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "parley/engine.hpp"
#include "parley/journal.hpp"

namespace parley {

/// Most records that one call of follow applies, so that its caller can look around in between.
inline constexpr std::size_t kFollowedAtOnceMax = 100'000;

/// A second engine that reads a journal while another writes it. It changes no file, and applies only what the writer
/// knows to be on disk.
class Follower {
public:
    /// Throws JournalDamaged, std::system_error.
    explicit Follower(std::shared_ptr<Storage> storage);

    /// Applies what has become durable since. Returns how many records. Begins anew at the newest snapshot where the
    /// writer has removed what was to be read next. Throws JournalDamaged, std::system_error.
    std::size_t follow();
    /// A number that changes with every sign of life of the writer.
    [[nodiscard]] std::uint64_t lease() const;

    [[nodiscard]] const Engine& engine() const noexcept { return *engine_; }
    [[nodiscard]] std::unique_ptr<Engine> release_engine() noexcept { return std::move(engine_); }
    [[nodiscard]] const std::shared_ptr<Storage>& storage() const noexcept { return storage_; }

private:
    void begin();
    [[nodiscard]] bool find_place();
    [[nodiscard]] std::uint64_t readable_through() const;
    [[nodiscard]] std::size_t apply_from(std::span<const std::uint8_t> bytes, std::uint64_t through);

    std::shared_ptr<Storage> storage_;
    std::unique_ptr<Engine> engine_;
    std::vector<Event> events_;
    Segment segment_;
    std::unique_ptr<StorageFile> file_;
    std::uint64_t offset_ = 0;
    std::vector<std::uint8_t> buffer_;
};

}  // namespace parley
