#include "parley/venue_feed.hpp"

#include <cassert>

namespace parley {

namespace {

constexpr std::int64_t kUnitsMax = kPowersOfTen[18];  // what decoders let through

bool is_in_range(std::int64_t value) noexcept { return value >= -kUnitsMax && value <= kUnitsMax; }

/// Whether every update belongs to the instrument of the first and has a side and a price that a book can hold.
bool is_sound(std::span<const FeedUpdate> message) noexcept {
    const FeedUpdate& head = message[0];
    bool is_good = head.first_sequence >= 0 && head.first_sequence <= head.last_sequence &&
                   head.last_sequence <= kUnitsMax && head.previous_sequence >= 0 && head.previous_sequence <= kUnitsMax;
    for (const FeedUpdate& update : message) {
        is_good &= update.instrument_slot == head.instrument_slot && static_cast<std::uint8_t>(update.side) < 2 &&
                   is_in_range(update.price_ticks) && update.quantity_lots >= 0;
    }
    return is_good;
}

}  // namespace

std::uint32_t VenueFeed::list_instrument(std::string_view symbol, DecimalScale price_tick, DecimalScale lot) {
    const std::uint32_t slot = instruments_.add(symbol, price_tick, lot);
    if (slot != kNoSlot) syncs_.emplace_back(rule_);
    return slot;
}

Decoded VenueFeed::decode(std::string_view frame, TimeNs receive_time_ns, std::uint32_t slot) {
    assert(venue_.has_value());
    ++counts_.frames;
    DecodeContext context{instruments_, buffer_, receive_time_ns, slot, -1};
    const Decoded decoded = decode_frame(*venue_, frame, context);
    if (decoded.error != FeedError::none) {
        ++counts_.frames_refused;
    } else if (decoded.is_ignored) {
        ++counts_.frames_ignored;
    }
    return decoded;
}

Decoded VenueFeed::apply_frame(std::string_view frame, TimeNs receive_time_ns, std::uint32_t slot) {
    const Decoded decoded = decode(frame, receive_time_ns, slot);
    if (decoded.error != FeedError::none) return decoded;
    if (decoded.connection_sequence >= 0 && !follow_connection(decoded.connection_sequence)) return decoded;
    apply(buffer_.updates());
    return decoded;
}

/// A hole in the counter of a connection may have held a delta of any book, so every book is stale. False for a
/// message that came before.
bool VenueFeed::follow_connection(std::int64_t sequence) noexcept {
    const auto number = static_cast<std::uint64_t>(sequence);
    const auto verdict = connection_.observe(number);
    if (verdict.step == SequenceStep::duplicate) {
        ++counts_.connection_duplicates;
        return false;
    }
    if (verdict.step == SequenceStep::gap) {
        ++counts_.connection_gaps;
        for (auto& sync : syncs_) sync.lose();
        connection_.reset(number + 1);
    }
    return true;
}

void VenueFeed::reconnect() noexcept {
    connection_ = SequenceTracker{};
    for (auto& sync : syncs_) sync.lose();
}

std::size_t VenueFeed::apply(std::span<const FeedUpdate> updates) {
    std::size_t taken = 0;
    std::size_t start = 0;
    for (std::size_t at = 0; at != updates.size(); ++at) {
        if (!updates[at].is_last_of_message()) continue;
        const auto message = updates.subspan(start, at + 1 - start);
        start = at + 1;
        if (apply_message(message)) taken += message.size();
    }
    counts_.updates += static_cast<std::int64_t>(taken);
    counts_.updates_refused += static_cast<std::int64_t>(updates.size() - taken);
    return taken;
}

bool VenueFeed::apply_message(std::span<const FeedUpdate> message) {
    const FeedUpdate& head = message[0];
    if (head.instrument_slot >= syncs_.size()) return false;
    switch (head.kind) {
        case UpdateKind::trade: ++counts_.trades; return true;
        case UpdateKind::quote: ++counts_.quotes; return true;
        case UpdateKind::heartbeat: ++counts_.heartbeats; return true;
        case UpdateKind::level:
        case UpdateKind::clear:
        case UpdateKind::advance: break;
        default: return false;
    }
    if (!is_sound(message)) return false;
    if (syncs_[head.instrument_slot].apply(message)) conflation_.mark_changed(head.instrument_slot);
    return true;
}

void VenueFeed::take_snapshot_wishes(std::vector<std::uint32_t>& slots) {
    for (std::uint32_t slot = 0; slot != syncs_.size(); ++slot) {
        if (syncs_[slot].take_snapshot_wish()) slots.push_back(slot);
    }
}

}  // namespace parley
