#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace parley {

/// How long one step of the engine service took, all its turns together and the longest. One thread counts at a time.
class StageTime {
public:
    void add(std::chrono::steady_clock::duration took) noexcept {
        const auto ns = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
        total_ns_.store(total_ns() + ns, std::memory_order_relaxed);
        if (ns > most_ns()) most_ns_.store(ns, std::memory_order_relaxed);
    }
    void clear() noexcept {
        total_ns_.store(0, std::memory_order_relaxed);
        most_ns_.store(0, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t total_ns() const noexcept { return total_ns_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t most_ns() const noexcept { return most_ns_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> total_ns_ = 0;
    std::atomic<std::uint64_t> most_ns_ = 0;
};

/// Where the wall time of a service goes: idle, write, wait, apply, release and snapshot are turns of the engine thread,
/// sync of whoever syncs beside it.
struct ServiceTimes {
    StageTime idle;      ///< nothing to do
    StageTime write;     ///< stamping, CRC, copy into the page cache
    StageTime sync;      ///< fdatasync, with the look for another epoch and the mark
    StageTime wait;      ///< of the engine thread for a sync
    StageTime apply;     ///< the engine
    StageTime release;   ///< events to whoever drains them, and the signal
    StageTime snapshot;  ///< the copy of the state, which holds the engine up

    void clear() noexcept {
        for (StageTime* stage : {&idle, &write, &sync, &wait, &apply, &release, &snapshot}) stage->clear();
    }
};

/// Counts the time of its scope.
class Stopwatch {
public:
    explicit Stopwatch(StageTime& stage) noexcept : stage_(stage) {}
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;
    ~Stopwatch() { stage_.add(std::chrono::steady_clock::now() - started_); }

private:
    StageTime& stage_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace parley
