#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "parley/units.hpp"

namespace parley {

inline constexpr std::int64_t kPublicationsPerSecondMax = 20;
inline constexpr TimeNs kPublicationIntervalNs = 1'000'000'000 / kPublicationsPerSecondMax;

/// Decides which keys are due to be published: each at most once an interval, always with its latest state, however
/// often it changed in between. Time is an argument and must not run backwards; equal inputs give equal answers.
class Conflation {
public:
    explicit Conflation(TimeNs interval_ns = kPublicationIntervalNs) noexcept : interval_ns_(interval_ns) {}

    void mark_changed(std::uint32_t key) {
        if (key >= entries_.size()) entries_.resize(key + std::size_t{1});
        Entry& entry = entries_[key];
        if (entry.is_waiting) return;
        entry.is_waiting = true;
        waiting_.push_back(key);
    }

    /// Calls `publish(key)` for every changed key that was not published within the interval before `now`, in the order
    /// in which they changed first. The others wait.
    template <typename Publish>
    void publish_due(TimeNs now, Publish&& publish) {
        std::size_t kept = 0;
        for (const std::uint32_t key : waiting_) {
            Entry& entry = entries_[key];
            if (entry.has_published && now - entry.published_at < interval_ns_) {
                waiting_[kept++] = key;
                continue;
            }
            entry = {now, true, false};
            publish(key);
        }
        waiting_.resize(kept);
    }

    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    struct Entry {
        TimeNs published_at = 0;
        bool has_published = false;
        bool is_waiting = false;
    };

    TimeNs interval_ns_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> waiting_;
};

}  // namespace parley
