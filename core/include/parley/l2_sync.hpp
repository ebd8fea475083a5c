#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "parley/feed_sequence.hpp"
#include "parley/feed_update.hpp"
#include "parley/l2_book.hpp"
#include "parley/venue_json.hpp"

namespace parley {

inline constexpr std::size_t kBufferedUpdatesMax = 65'536;  ///< deltas kept while a snapshot is awaited, per instrument

/// How a delta names the one before it.
enum class SequenceLink : std::uint8_t {
    none,                ///< it does not: order is the transport's
    first_follows_last,  ///< its first sequence is the last one before, plus 1
    names_previous,      ///< it names the last sequence before it
};

/// What a venue promises of its sequences, as data: one machine serves all.
struct SequenceRule {
    SequenceLink link = SequenceLink::none;
    /// The snapshot comes beside the stream, so that deltas must be kept until it is there.
    bool is_snapshot_apart = false;
    /// The first delta after a snapshot of sequence s must cover s + bridge: deltas that end before are in it already.
    std::int64_t bridge = 0;
};

[[nodiscard]] SequenceRule sequence_rule(Venue venue) noexcept;

enum class SyncState : std::uint8_t {
    syncing,  ///< no snapshot yet
    live,     ///< the book is the venue's
    gap,      ///< something is missing: the book stands still and must not be traded on until the next snapshot
};

struct SyncCounts {
    std::int64_t messages = 0;           ///< of the book: snapshots and deltas
    std::int64_t deltas_applied = 0;
    std::int64_t deltas_buffered = 0;
    std::int64_t deltas_dropped = 0;     ///< older than the snapshot, or unusable before one
    std::int64_t duplicates = 0;
    std::int64_t gaps = 0;
    std::int64_t snapshots = 0;
    std::int64_t snapshots_refused = 0;  ///< too old to be joined to the deltas we have, or behind the live book
    std::int64_t crossed = 0;            ///< messages that left the live book crossed
    std::int64_t overflows = 0;          ///< the buffer was full and began anew, or a side of the book was
};

/// One instrument: its book, and where its sequence stands. Deterministic; knows no clock and no venue.
class L2Sync {
public:
    explicit L2Sync(SequenceRule rule) noexcept : rule_(rule) {}

    /// Takes one message of the book, a snapshot or a delta. True if the book changed.
    bool apply(std::span<const FeedUpdate> message);
    /// Something was lost on the way that the messages themselves cannot show.
    void lose() noexcept;

    [[nodiscard]] const L2Book& book() const noexcept { return book_; }
    [[nodiscard]] SyncState state() const noexcept { return state_; }
    [[nodiscard]] bool is_stale() const noexcept { return state_ != SyncState::live; }
    [[nodiscard]] const SyncCounts& counts() const noexcept { return counts_; }
    /// The venue's sequence up to which the book is known; 0 before the first snapshot.
    [[nodiscard]] std::int64_t last_sequence() const noexcept {
        return tracker_.is_started() ? static_cast<std::int64_t>(tracker_.expected()) - 1 : 0;
    }
    [[nodiscard]] TimeNs venue_time_ns() const noexcept { return venue_time_ns_; }
    /// Whether a snapshot is needed that nobody has been asked for; asking clears it.
    [[nodiscard]] bool take_snapshot_wish() noexcept {
        const bool is_wished = wants_snapshot_;
        wants_snapshot_ = false;
        return is_wished;
    }
    [[nodiscard]] bool wants_snapshot() const noexcept { return wants_snapshot_; }

private:
    enum class Place : std::uint8_t { next, past, beyond };

    [[nodiscard]] Place place(const FeedUpdate& head) noexcept;
    [[nodiscard]] Place place_at_snapshot(const FeedUpdate& head) const noexcept;
    bool apply_snapshot(std::span<const FeedUpdate> message);
    bool apply_delta(std::span<const FeedUpdate> message);
    void replay_buffer();
    void change_book(std::span<const FeedUpdate> message);
    void buffer(std::span<const FeedUpdate> message);
    void open_gap() noexcept;

    SequenceRule rule_;
    L2Book book_;
    SyncState state_ = SyncState::syncing;
    bool wants_snapshot_ = true;
    bool is_bridged_ = false;  // a delta has been joined to the snapshot
    SequenceTracker tracker_;
    TimeNs venue_time_ns_ = 0;
    std::vector<FeedUpdate> buffered_;
    SyncCounts counts_;
};

}  // namespace parley
