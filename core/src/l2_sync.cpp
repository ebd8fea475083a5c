#include "parley/l2_sync.hpp"

#include <cassert>

namespace parley {

SequenceRule sequence_rule(Venue venue) noexcept {
    switch (venue) {
        case Venue::binance_spot: return {SequenceLink::first_follows_last, true, 1};
        case Venue::binance_usdm: return {SequenceLink::names_previous, true, 0};
        case Venue::deribit: return {SequenceLink::names_previous, false, 0};
        case Venue::coinbase: return {SequenceLink::none, false, 0};
    }
    return {};
}

bool L2Sync::apply(std::span<const FeedUpdate> message) {
    assert(!message.empty());
    ++counts_.messages;
    return message[0].is_snapshot() ? apply_snapshot(message) : apply_delta(message);
}

void L2Sync::lose() noexcept {
    if (state_ == SyncState::live) open_gap();
}

void L2Sync::open_gap() noexcept {
    ++counts_.gaps;
    state_ = SyncState::gap;
    wants_snapshot_ = true;
    buffered_.clear();
}

/// Where a delta stands against what we have: the next one, one that we have already, or one beyond a hole. Levels are
/// absolute, so a delta that begins with what we have and ends with what is new may be applied whole.
L2Sync::Place L2Sync::place(const FeedUpdate& head) noexcept {
    if (rule_.link == SequenceLink::none) return Place::next;
    if (!is_bridged_ && rule_.is_snapshot_apart) return place_at_snapshot(head);
    const auto first = static_cast<std::uint64_t>(head.first_sequence);
    const auto last = static_cast<std::uint64_t>(head.last_sequence);
    const auto verdict = rule_.link == SequenceLink::names_previous
                             ? tracker_.observe_linked(static_cast<std::uint64_t>(head.previous_sequence), last)
                             : tracker_.observe(first, last - first + 1);
    if (verdict.step == SequenceStep::duplicate) return Place::past;
    return verdict.step == SequenceStep::gap ? Place::beyond : Place::next;
}

L2Sync::Place L2Sync::place_at_snapshot(const FeedUpdate& head) const noexcept {
    const std::int64_t bridge = last_sequence() + rule_.bridge;
    if (head.last_sequence < bridge) return Place::past;
    const bool names_snapshot =
        rule_.link == SequenceLink::names_previous && head.previous_sequence == last_sequence();
    return names_snapshot || head.first_sequence <= bridge ? Place::next : Place::beyond;
}

bool L2Sync::apply_snapshot(std::span<const FeedUpdate> message) {
    const std::int64_t sequence = message[0].last_sequence;
    if (rule_.is_snapshot_apart && state_ == SyncState::live && sequence <= last_sequence()) {
        ++counts_.snapshots_refused;
        return false;
    }
    ++counts_.snapshots;
    tracker_.reset(static_cast<std::uint64_t>(sequence) + 1);
    is_bridged_ = false;
    state_ = SyncState::live;
    wants_snapshot_ = false;
    change_book(message);
    replay_buffer();
    return true;
}

void L2Sync::replay_buffer() {
    std::vector<FeedUpdate> waiting;
    waiting.swap(buffered_);
    const std::span<const FeedUpdate> all(waiting);
    for (std::size_t start = 0; start != all.size();) {
        std::size_t end = start;
        while (end + 1 != all.size() && !all[end].is_last_of_message()) ++end;
        const auto message = all.subspan(start, end + 1 - start);
        start = end + 1;
        if (state_ == SyncState::live) {
            apply_delta(message);
        } else {
            buffer(message);
        }
    }
}

bool L2Sync::apply_delta(std::span<const FeedUpdate> message) {
    if (state_ != SyncState::live) {
        if (rule_.is_snapshot_apart) {
            buffer(message);
        } else {
            ++counts_.deltas_dropped;
        }
        return false;
    }
    switch (place(message[0])) {
        case Place::past:
            ++(is_bridged_ ? counts_.duplicates : counts_.deltas_dropped);
            return false;
        case Place::beyond:
            if (!is_bridged_ && rule_.is_snapshot_apart) ++counts_.snapshots_refused;
            open_gap();
            if (rule_.is_snapshot_apart) buffer(message);
            return false;
        case Place::next: break;
    }
    is_bridged_ = true;
    tracker_.reset(static_cast<std::uint64_t>(message[0].last_sequence) + 1);
    ++counts_.deltas_applied;
    change_book(message);
    return true;
}

void L2Sync::change_book(std::span<const FeedUpdate> message) {
    venue_time_ns_ = message[0].venue_time_ns;
    if (!book_.apply(message)) {
        ++counts_.overflows;
        open_gap();
    } else if (book_.is_crossed()) {
        ++counts_.crossed;
    }
}

void L2Sync::buffer(std::span<const FeedUpdate> message) {
    if (buffered_.size() + message.size() > kBufferedUpdatesMax) {
        ++counts_.overflows;
        buffered_.clear();
        wants_snapshot_ = true;
        if (message.size() > kBufferedUpdatesMax) return;
    }
    ++counts_.deltas_buffered;
    buffered_.insert(buffered_.end(), message.begin(), message.end());
}

}  // namespace parley
