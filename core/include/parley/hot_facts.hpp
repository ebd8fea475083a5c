#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "parley/hot_path.hpp"

namespace parley {

enum class HotFactKind : std::uint8_t { order, report, ended, opened, lost, gap, refused, steered, over };

enum class HotSteering : std::uint8_t { disable, enable, unwind, entering_on, entering_off, gave_up };
[[nodiscard]] std::string_view to_text(HotSteering what) noexcept;
/// False where no steering has that name.
[[nodiscard]] bool parse(std::string_view text, HotSteering& what) noexcept;

/// One thing that a hot path did or heard. Which fields mean something follows from the kind; see HotDesk::take in Python.
struct HotFact {
    static constexpr std::size_t kBytesMax = 216;  ///< more than the longest answer of OUCH with options of ours

    HotFactKind kind{};
    std::uint8_t leg = 0;
    HotSteering steering{};
    std::uint16_t size = 0;         ///< of bytes
    std::uint32_t pair = 0;
    TimeNs at_ns = 0;
    std::uint64_t sequence = 0;     ///< of the report, of the feed, or the next of the session
    double zscore = 0.0;
    StrategyOrder order;
    Refusal refusal;
    std::array<std::uint8_t, kBytesMax> bytes{};  ///< of a report, or a text

    [[nodiscard]] std::string_view text() const noexcept {
        return {reinterpret_cast<const char*>(bytes.data()), size};
    }
    /// What is longer than there is room is cut.
    void put(std::span<const std::uint8_t> content) noexcept {
        size = static_cast<std::uint16_t>(std::min(content.size(), kBytesMax));
        std::memcpy(bytes.data(), content.data(), size);
    }
    void put(std::string_view content) noexcept {
        put({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    }
};

/// Facts from the path's thread to the one that journals them: one writes, one reads, neither waits.
class HotFacts {
public:
    explicit HotFacts(std::size_t capacity) : facts_(capacity) { assert((capacity & (capacity - 1)) == 0); }

    /// The writer's.
    [[nodiscard]] std::size_t room() const noexcept {
        return facts_.size() - (written_.load(std::memory_order_relaxed) - read_.load(std::memory_order_acquire));
    }
    /// The next fact, to be filled in before push(). There must be room.
    [[nodiscard]] HotFact& next() noexcept {
        HotFact& fact = facts_[written_.load(std::memory_order_relaxed) & (facts_.size() - 1)];
        fact.size = 0;
        return fact;
    }
    void push() noexcept { written_.store(written_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

    /// The reader's: nullptr where there is none.
    [[nodiscard]] const HotFact* front() const noexcept {
        const std::uint64_t at = read_.load(std::memory_order_relaxed);
        return at == written_.load(std::memory_order_acquire) ? nullptr : &facts_[at & (facts_.size() - 1)];
    }
    void pop() noexcept { read_.store(read_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

private:
    std::vector<HotFact> facts_;
    alignas(64) std::atomic<std::uint64_t> written_{0};
    alignas(64) std::atomic<std::uint64_t> read_{0};
};

}  // namespace parley
