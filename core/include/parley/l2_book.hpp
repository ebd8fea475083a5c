#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "parley/feed_update.hpp"

namespace parley {

inline constexpr std::size_t kLevelsPerSideMax = 262'144;

struct Level {
    std::int64_t price_ticks = 0;
    std::int64_t quantity_lots = 0;

    friend bool operator==(const Level&, const Level&) = default;
};

/// One side of a book: its levels in one sorted array, the best at the end, where most of the changes are. Any 64-bit
/// price costs the same, so a range of 10^12 ticks needs no more memory than its levels. A search starts where the last
/// one ended, because the levels of a message come in order.
class L2Side {
public:
    explicit L2Side(Side side);

    /// Sets the lots at a price; 0 takes the level away. False where the side is full and the level is new.
    bool set(std::int64_t price_ticks, std::int64_t quantity_lots);
    void clear() noexcept { entries_.clear(); }
    /// The next search starts at the best level.
    void start_at_best() noexcept { hint_ = entries_.size(); }

    /// The bulk way of a snapshot: `append` in any order, then `settle`. Between them the side must not be read.
    bool append(std::int64_t price_ticks, std::int64_t quantity_lots);
    void settle();

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    /// The level at `depth`, 0 the best; `depth` must be below size().
    [[nodiscard]] Level at(std::size_t depth) const noexcept {
        const Entry& entry = entries_[entries_.size() - 1 - depth];
        return {entry.key * sign_, entry.lots};
    }
    /// The lots at a price; 0 where there is no level.
    [[nodiscard]] std::int64_t lots_at(std::int64_t price_ticks) const noexcept;

private:
    struct Entry {
        std::int64_t key;  // ascends towards the best: prices of bids, negative prices of asks
        std::int64_t lots;
    };

    [[nodiscard]] std::size_t find(std::int64_t key, std::size_t hint) const noexcept;
    void insert(std::size_t index, Entry entry);
    void erase(std::size_t index) noexcept;

    std::int64_t sign_;
    std::size_t hint_ = 0;
    std::vector<Entry> entries_;
};

/// A book of price levels for one instrument.
class L2Book {
public:
    L2Book() : sides_{L2Side(Side::buy), L2Side(Side::sell)} {}

    /// Applies one message: updates of kind `level`, and `clear` before those of a snapshot. Other kinds do not concern
    /// a book. False where a side is full; the levels beyond are then missing.
    bool apply(std::span<const FeedUpdate> message);
    void clear() noexcept {
        for (auto& side : sides_) side.clear();
    }

    [[nodiscard]] const L2Side& side(Side side) const noexcept { return sides_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] const L2Side& bids() const noexcept { return sides_[0]; }
    [[nodiscard]] const L2Side& asks() const noexcept { return sides_[1]; }
    /// Best bid at or above best ask: no book of one venue may stay so.
    [[nodiscard]] bool is_crossed() const noexcept {
        return !bids().empty() && !asks().empty() && bids().at(0).price_ticks >= asks().at(0).price_ticks;
    }

private:
    bool apply_snapshot(std::span<const FeedUpdate> message);

    L2Side sides_[2];
};

}  // namespace parley
