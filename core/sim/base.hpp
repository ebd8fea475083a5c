#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "parley/units.hpp"

namespace parley::sim {

inline constexpr TimeNs kMillisecond = 1'000'000;
inline constexpr TimeNs kSecond = 1'000 * kMillisecond;
inline constexpr TimeNs kHour = 3'600 * kSecond;

/// Everything random comes from one of these, and each from the seed: splitmix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
    std::int64_t between(std::int64_t least, std::int64_t most) noexcept {
        return least + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
    }
    std::size_t below(std::size_t bound) noexcept { return next() % bound; }
    bool chance(std::int64_t per_thousand) noexcept { return between(0, 999) < per_thousand; }
    Random fork() noexcept { return Random(next()); }

private:
    std::uint64_t state_;
};

/// Time of the simulated machines: a monotonic clock, and a wall clock that steps and slews against it.
class Clock {
public:
    [[nodiscard]] TimeNs monotonic() const noexcept { return monotonic_; }
    [[nodiscard]] TimeNs wall() const noexcept { return wall_; }
    void advance(TimeNs by) noexcept {
        monotonic_ += by;
        wall_ += by + by / 1'000'000 * slew_ppm_;
    }
    void jump(TimeNs by) noexcept { wall_ += by; }
    void slew(std::int64_t parts_per_million) noexcept { slew_ppm_ = parts_per_million; }

private:
    TimeNs monotonic_ = 0;
    TimeNs wall_ = 1'700'000'000 * kSecond;
    std::int64_t slew_ppm_ = 0;
};

enum class Fault : std::uint8_t {
    request_lost,
    answer_lost,
    request_late,
    request_doubled,
    pipeline_cut,
    valkey_killed,
    valkey_flushed,
    valkey_paused,
    entry_lost,
    gateway_killed,
    killed_before_journal,
    killed_after_sync,
    killed_before_publishing,
    killed_after_publishing,
    killed_after_projection,
    killed_at_disk_operation,
    power_lost,
    power_lost_at_disk_operation,
    write_failed,
    sync_failed,
    disk_full,
    byte_flipped,
    dispatcher_killed,
    commit_refused,
    commit_unknown,
    clock_jumped,
    clock_slewed,
    feed_doubled,
    feed_late,
    feed_silent,
    feed_crossed,
    queue_full,
    client_answer_lost,
    client_retried,
    command_malformed,
    count,
};

[[nodiscard]] std::string_view fault_name(Fault fault) noexcept;

class FaultCounts {
public:
    void fire(Fault fault) noexcept { ++counts_[static_cast<std::size_t>(fault)]; }
    [[nodiscard]] std::uint64_t of(Fault fault) const noexcept { return counts_[static_cast<std::size_t>(fault)]; }
    [[nodiscard]] std::uint64_t total() const noexcept;
    void add(const FaultCounts& other) noexcept;

private:
    std::array<std::uint64_t, static_cast<std::size_t>(Fault::count)> counts_{};
};

/// An oracle does not hold: the seed is a finding.
struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What happened, kept only when it will be printed: the same seed runs again to get it.
class Trace {
public:
    explicit Trace(bool is_kept) : is_kept_(is_kept) {}
    template <typename Write>
    void note(Write&& write) {
        ++count_;
        if (is_kept_) lines_.push_back("step " + std::to_string(step) + ": " + write());
    }
    [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    std::uint64_t step = 0;

private:
    bool is_kept_;
    std::uint64_t count_ = 0;
    std::vector<std::string> lines_;
};

/// What every part of the simulated world shares.
struct Context {
    Random random;
    Clock clock;
    FaultCounts faults;
    Trace trace;
    bool is_faulty = true;

    /// Whether this fault happens now; counted if so.
    bool strikes(Fault fault, std::int64_t per_thousand) {
        if (!is_faulty || !random.chance(per_thousand)) return false;
        faults.fire(fault);
        trace.note([&] { return "FAULT " + std::string(fault_name(fault)); });
        return true;
    }
};

inline void insist(bool holds, std::string_view oracle, const std::string& what) {
    if (!holds) throw Violation(std::string(oracle) + ": " + what);
}

}  // namespace parley::sim
