#pragma once

#include <cstdint>
#include <limits>

namespace parley {

/// What a range of sequence numbers is to those seen before.
enum class SequenceStep : std::uint8_t {
    next,       ///< begins where the last one ended: take all of it
    overlap,    ///< begins with numbers seen before and ends with new ones: skip `skip`, take the rest
    duplicate,  ///< every number was seen before: drop it
    gap,        ///< numbers are missing before it: recover, or give them up with reset()
};

struct SequenceVerdict {
    SequenceStep step = SequenceStep::next;
    std::uint64_t skip = 0;           ///< numbers at the start that were seen before
    std::uint64_t missing_first = 0;  ///< with gap: first number missing
    std::uint64_t missing_count = 0;  ///< with gap: how many

    friend constexpr bool operator==(const SequenceVerdict&, const SequenceVerdict&) noexcept = default;
};

/// Gaps, duplicates and restarts of one numbered stream, the same for every feed. A gap does not move the tracker: what
/// comes after it stays a gap until the missing numbers arrive or reset() says where to go on. No clock, no memory.
class SequenceTracker {
public:
    /// Where the first number is not known, the first range observed starts the stream.
    constexpr SequenceTracker() noexcept = default;
    constexpr explicit SequenceTracker(std::uint64_t expected) noexcept : expected_(expected), is_started_(true) {}

    /// Judges the numbers [first, first + count) and moves behind them unless they follow a gap.
    constexpr SequenceVerdict observe(std::uint64_t first, std::uint64_t count = 1) noexcept {
        if (!is_started_) reset(first);
        const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - first;
        const std::uint64_t end = first + (count < room ? count : room);
        if (first > expected_) {
            ++gaps_;
            return {SequenceStep::gap, 0, expected_, first - expected_};
        }
        if (end <= expected_ && first != expected_) {
            duplicates_ += end - first;
            return {SequenceStep::duplicate, end - first, 0, 0};
        }
        const std::uint64_t skip = expected_ - first;
        duplicates_ += skip;
        expected_ = end;
        return {skip == 0 ? SequenceStep::next : SequenceStep::overlap, skip, 0, 0};
    }

    /// For feeds whose updates name the last number before them (Deribit's prev_change_id, Binance's pu).
    constexpr SequenceVerdict observe_linked(std::uint64_t previous, std::uint64_t last) noexcept {
        if (!is_started_) reset(previous + 1);
        if (previous + 1 == expected_ && last >= previous) {
            expected_ = last + 1;
            return {};
        }
        if (last < expected_) {
            ++duplicates_;
            return {SequenceStep::duplicate, 1, 0, 0};
        }
        if (previous + 1 < expected_) {
            ++duplicates_;
            const std::uint64_t skip = expected_ - previous - 1;
            expected_ = last + 1;
            return {SequenceStep::overlap, skip, 0, 0};
        }
        ++gaps_;
        return {SequenceStep::gap, 0, expected_, previous + 1 - expected_};
    }

    /// Goes on at `expected`: after a snapshot, a new session, or numbers given up.
    constexpr void reset(std::uint64_t expected) noexcept {
        expected_ = expected;
        is_started_ = true;
    }

    [[nodiscard]] constexpr std::uint64_t expected() const noexcept { return expected_; }
    [[nodiscard]] constexpr bool is_started() const noexcept { return is_started_; }
    [[nodiscard]] constexpr std::uint64_t gaps() const noexcept { return gaps_; }              ///< verdicts
    [[nodiscard]] constexpr std::uint64_t duplicates() const noexcept { return duplicates_; }  ///< numbers

private:
    std::uint64_t expected_ = 0;
    std::uint64_t gaps_ = 0;
    std::uint64_t duplicates_ = 0;
    bool is_started_ = false;
};

}  // namespace parley
