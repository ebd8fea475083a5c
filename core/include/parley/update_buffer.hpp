#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <vector>

#include "parley/feed_update.hpp"

namespace parley {

inline constexpr std::size_t kUpdatesPerMessageMax = 262'144;

/// What the updates of one message have in common.
struct MessageHeader {
    TimeNs venue_time_ns = 0;
    TimeNs receive_time_ns = 0;
    std::int64_t first_sequence = 0;
    std::int64_t last_sequence = 0;
    std::int64_t previous_sequence = 0;
    std::uint32_t instrument_slot = 0;
    bool is_snapshot = false;
    bool is_side_unknown = false;
};

/// Where decoders write. It grows to the longest message that came and is used again, so that it allocates nothing
/// in the long run.
class UpdateBuffer {
public:
    UpdateBuffer() : updates_(1'024) {}

    void clear() noexcept { size_ = start_ = 0; }
    [[nodiscard]] std::span<const FeedUpdate> updates() const noexcept { return {updates_.data(), size_}; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Updates of the message that is not finished yet.
    [[nodiscard]] std::size_t open() const noexcept { return size_ - start_; }

    /// Room for at least one more update, for callers that write many; empty where the message has more than we take.
    [[nodiscard]] std::span<FeedUpdate> room() {
        if (size_ == updates_.size() && !grow()) return {};
        return {updates_.data() + size_, updates_.size() - size_};
    }
    /// The first `count` of the updates in the room are written.
    void commit(std::size_t count) noexcept {
        assert(count <= updates_.size() - size_);
        size_ += count;
    }

    /// False where the message has more updates than we take.
    [[nodiscard]] bool push(UpdateKind kind, Side side, std::int64_t price_ticks, std::int64_t quantity_lots) {
        if (size_ == updates_.size() && !grow()) return false;
        FeedUpdate& update = updates_[size_++];
        update.price_ticks = price_ticks;
        update.quantity_lots = quantity_lots;
        update.kind = kind;
        update.side = side;
        return true;
    }

    /// Ends a message: every update since the last end gets the header, the last one its flag.
    void finish(const MessageHeader& header) noexcept {
        if (start_ == size_) return;
        const auto flags = static_cast<std::uint16_t>((header.is_snapshot ? kIsSnapshot : 0) |
                                                      (header.is_side_unknown ? kIsSideUnknown : 0));
        for (std::size_t at = start_; at != size_; ++at) {
            FeedUpdate& update = updates_[at];
            update.venue_time_ns = header.venue_time_ns;
            update.receive_time_ns = header.receive_time_ns;
            update.first_sequence = header.first_sequence;
            update.last_sequence = header.last_sequence;
            update.previous_sequence = header.previous_sequence;
            update.instrument_slot = header.instrument_slot;
            update.flags = flags;
        }
        updates_[size_ - 1].flags = flags | kIsLastOfMessage;
        start_ = size_;
    }

    void drop_open() noexcept { size_ = start_; }

private:
    [[nodiscard]] bool grow() {
        if (updates_.size() >= kUpdatesPerMessageMax) return false;
        updates_.resize(std::min(updates_.size() * 2, kUpdatesPerMessageMax));
        return true;
    }

    std::vector<FeedUpdate> updates_;
    std::size_t size_ = 0;
    std::size_t start_ = 0;
};

}  // namespace parley
