#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <vector>

#include "parley/events.hpp"

namespace parley {

/// Events kept in memory after they were drained, so that a publisher that lost some gets them without a replay.
inline constexpr std::size_t kRecentEventsMax = 65'536;
/// Events not drained yet; the engine waits beyond it.
inline constexpr std::size_t kUndrainedEventsMax = 1'000'000;

/// Released events, in order, from the engine thread to whoever drains them.
class EventLog {
public:
    /// The next event released will have the number after `last`.
    void begin_after(std::int64_t last) {
        const std::lock_guard lock(mutex_);
        next_ = last + 1;
    }

    /// Moves the events in; `events` is empty afterwards.
    void release(std::vector<Event>& events) {
        const std::lock_guard lock(mutex_);
        events_.insert(events_.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
        events.clear();
        trim();
    }

    struct Drained {
        std::vector<Event> events;
        bool has_more;
    };
    [[nodiscard]] Drained drain(std::size_t count) {
        const std::lock_guard lock(mutex_);
        Drained drained{copy(next_, count), false};
        next_ += static_cast<std::int64_t>(drained.events.size());
        drained.has_more = undrained() > 0;
        trim();
        has_room_.notify_all();
        return drained;
    }

    /// Up to `count` events from `number` on, or nothing where they are no longer, or were never, held here.
    [[nodiscard]] std::optional<std::vector<Event>> from(std::int64_t number, std::size_t count) const {
        const std::lock_guard lock(mutex_);
        if (events_.empty() || number < events_.front().number || number > events_.back().number) return std::nullopt;
        return copy(number, count);
    }

    /// Waits a little while too much is undrained. False if it still is.
    bool wait_for_room(std::chrono::milliseconds most) {
        std::unique_lock lock(mutex_);
        return has_room_.wait_for(lock, most, [this] { return undrained() < kUndrainedEventsMax; });
    }

private:
    [[nodiscard]] std::size_t undrained() const noexcept {
        if (events_.empty()) return 0;
        const std::int64_t count = events_.back().number - next_ + 1;
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }

    [[nodiscard]] std::vector<Event> copy(std::int64_t number, std::size_t count) const {
        if (events_.empty() || number > events_.back().number) return {};
        const auto begin = events_.begin() + (number - events_.front().number);
        const auto available = static_cast<std::size_t>(events_.end() - begin);
        return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, available))};
    }

    void trim() {
        while (events_.size() > kRecentEventsMax && events_.front().number < next_) events_.pop_front();
    }

    mutable std::mutex mutex_;
    std::condition_variable has_room_;
    std::deque<Event> events_;
    std::int64_t next_ = 1;
};

}  // namespace parley
