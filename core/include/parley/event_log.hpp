#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "parley/events.hpp"

namespace parley {

/// Events kept in memory after they were drained, so that a publisher that lost some gets them without a replay.
inline constexpr std::size_t kRecentEventsMax = 65'536;
/// Events not drained yet; the engine waits beyond it.
inline constexpr std::size_t kUndrainedEventsMax = 1'000'000;
inline constexpr std::size_t kEventsPerChunk = 1'024;
/// Chunks that lie ready to be filled again: a page that is warm costs no fault.
inline constexpr std::size_t kSpareChunksMax = 2 * kRecentEventsMax / kEventsPerChunk;

/// Released events, in order, from the engine thread to whoever drains them. One thread releases; what it has released
/// does not change until it is drained, so that events are copied in and out without holding the other side up.
class EventLog {
public:
    struct Drained {
        std::vector<Event> events;
        bool has_more;
    };

    /// The next event released will have the number after `last`.
    void begin_after(std::int64_t last) {
        const std::lock_guard lock(mutex_);
        next_ = first_ = last + 1;
    }

    /// Moves the events in; `events` is empty afterwards.
    void release(std::vector<Event>& events) {
        for (std::span<Event> rest(events); !rest.empty();) {
            const std::span<Event> room = room_for(rest.size());
            std::move(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(room.size()), room.begin());
            rest = rest.subspan(room.size());
            const std::lock_guard lock(mutex_);
            count_ += room.size();
        }
        events.clear();
        const std::lock_guard lock(mutex_);
        trim();
    }

    /// Replaces `into` by up to `count` events that were not drained before. Whether there are more.
    bool drain(std::size_t count, std::vector<Event>& into) {
        const std::lock_guard one_at_a_time(drain_mutex_);
        into.clear();
        std::int64_t at = next_;
        for (auto piece = peek(at, count); !piece.empty(); piece = peek(at, count - into.size())) {
            into.insert(into.end(), piece.begin(), piece.end());
            at += static_cast<std::int64_t>(piece.size());
        }
        const std::lock_guard lock(mutex_);
        next_ = at;
        trim();
        has_room_.notify_all();
        return undrained() > 0;
    }
    [[nodiscard]] Drained drain(std::size_t count) {
        Drained drained{{}, false};
        drained.has_more = drain(count, drained.events);
        return drained;
    }

    /// Up to `count` events from `number` on, or nothing where they are no longer, or were never, held here.
    [[nodiscard]] std::optional<std::vector<Event>> from(std::int64_t number, std::size_t count) const {
        const std::lock_guard lock(mutex_);
        if (number < first_ || number >= end()) return std::nullopt;
        std::vector<Event> events;
        for (auto piece = held(number, count); !piece.empty(); piece = held(number, count - events.size())) {
            events.insert(events.end(), piece.begin(), piece.end());
            number += static_cast<std::int64_t>(piece.size());
        }
        return events;
    }

    /// Waits a little while too much is undrained. False if it still is.
    bool wait_for_room(std::chrono::milliseconds most) {
        std::unique_lock lock(mutex_);
        return has_room_.wait_for(lock, most, [this] { return undrained() < kUndrainedEventsMax; });
    }

private:
    using Chunk = std::array<Event, kEventsPerChunk>;

    [[nodiscard]] std::int64_t end() const noexcept { return first_ + static_cast<std::int64_t>(count_); }
    [[nodiscard]] std::size_t undrained() const noexcept { return static_cast<std::size_t>(end() - next_); }

    /// Places behind the last event, of one chunk.
    [[nodiscard]] std::span<Event> room_for(std::size_t wanted) {
        const std::lock_guard lock(mutex_);
        if (count_ == chunks_.size() * kEventsPerChunk) {
            chunks_.push_back(spare_.empty() ? std::make_unique<Chunk>() : std::move(spare_.back()));
            if (!spare_.empty()) spare_.pop_back();
        }
        const std::size_t at = count_ % kEventsPerChunk;
        return std::span(*chunks_.back()).subspan(at, std::min(wanted, kEventsPerChunk - at));
    }

    [[nodiscard]] std::span<const Event> peek(std::int64_t number, std::size_t count) const {
        const std::lock_guard lock(mutex_);
        return held(number, count);
    }

    /// Up to `count` events from `number` on that lie in one chunk.
    [[nodiscard]] std::span<const Event> held(std::int64_t number, std::size_t count) const {
        if (number >= end()) return {};
        const auto at = static_cast<std::size_t>(number - first_);
        const std::size_t in_chunk = at % kEventsPerChunk;
        const std::size_t most = std::min({count, kEventsPerChunk - in_chunk, count_ - at});
        return std::span(std::as_const(*chunks_[at / kEventsPerChunk])).subspan(in_chunk, most);
    }

    void trim() {
        while (count_ >= kRecentEventsMax + kEventsPerChunk &&
               first_ + static_cast<std::int64_t>(kEventsPerChunk) <= next_) {
            if (spare_.size() < kSpareChunksMax) spare_.push_back(std::move(chunks_.front()));
            chunks_.pop_front();
            first_ += static_cast<std::int64_t>(kEventsPerChunk);
            count_ -= kEventsPerChunk;
        }
    }

    std::mutex drain_mutex_;  // whoever drains
    mutable std::mutex mutex_;
    std::condition_variable has_room_;
    std::deque<std::unique_ptr<Chunk>> chunks_;
    std::vector<std::unique_ptr<Chunk>> spare_;
    std::int64_t first_ = 1;  // number of the oldest event that is held
    std::size_t count_ = 0;
    std::int64_t next_ = 1;  // to be drained
};

}  // namespace parley
