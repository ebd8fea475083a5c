#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "parley/conflation.hpp"
#include "parley/feed_instruments.hpp"
#include "parley/l2_sync.hpp"
#include "parley/update_buffer.hpp"
#include "parley/venue_json.hpp"

namespace parley {

struct FeedCounts {
    std::int64_t frames = 0;
    std::int64_t frames_ignored = 0;  ///< of other instruments or subjects
    std::int64_t frames_refused = 0;  ///< malformed
    std::int64_t updates = 0;
    std::int64_t trades = 0;
    std::int64_t quotes = 0;
    std::int64_t heartbeats = 0;
    std::int64_t updates_refused = 0;    ///< of unknown slots or kinds, or of a message without an end
    std::int64_t connection_gaps = 0;    ///< holes in the counter of the connection
    std::int64_t connection_duplicates = 0;
};

/// One connection to one venue: frames or normalized updates in, books out. Not thread safe; knows no clock.
class VenueFeed {
public:
    /// Without a venue the rule is that of recorded files: no links between deltas, snapshots in the stream.
    explicit VenueFeed(std::optional<Venue> venue)
        : venue_(venue), rule_(venue ? sequence_rule(*venue) : SequenceRule{}) {}

    [[nodiscard]] std::uint32_t list_instrument(std::string_view symbol, DecimalScale price_tick, DecimalScale lot);
    [[nodiscard]] const FeedInstruments& instruments() const noexcept { return instruments_; }
    [[nodiscard]] const L2Sync& sync(std::uint32_t slot) const noexcept { return syncs_[slot]; }
    [[nodiscard]] const FeedCounts& counts() const noexcept { return counts_; }

    /// Decodes only. `slot` names the instrument of a REST answer. What it returns stands until the next call.
    Decoded decode(std::string_view frame, TimeNs receive_time_ns, std::uint32_t slot = kNoSlot);
    [[nodiscard]] std::span<const FeedUpdate> updates() const noexcept { return buffer_.updates(); }
    /// Decodes, and applies what came out.
    Decoded apply_frame(std::string_view frame, TimeNs receive_time_ns, std::uint32_t slot = kNoSlot);
    /// Applies whole messages; the number of updates taken. Updates that nobody could have decoded are refused.
    std::size_t apply(std::span<const FeedUpdate> updates);

    /// Slots whose book needs a snapshot that was not asked for yet; asking once is enough.
    void take_snapshot_wishes(std::vector<std::uint32_t>& slots);
    /// A new connection: its counter begins anew, and what was sent between the two is lost.
    void reconnect() noexcept;
    [[nodiscard]] Conflation& conflation() noexcept { return conflation_; }

private:
    [[nodiscard]] bool follow_connection(std::int64_t sequence) noexcept;
    bool apply_message(std::span<const FeedUpdate> message);

    std::optional<Venue> venue_;
    SequenceRule rule_;
    FeedInstruments instruments_;
    std::vector<L2Sync> syncs_;
    UpdateBuffer buffer_;
    Conflation conflation_;
    SequenceTracker connection_;
    FeedCounts counts_;
};

}  // namespace parley
