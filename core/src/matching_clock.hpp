#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "parley/matching_bench.hpp"

namespace parley::bench {

/// Processor time of this thread: what other processes do on a shared machine does not count.
[[nodiscard]] std::int64_t processor_ns() noexcept;

/// The cycle counter after all before it is done.
[[nodiscard]] inline std::uint64_t cycles() noexcept {
    __builtin_ia32_lfence();
    return __builtin_ia32_rdtsc();
}

/// Nanoseconds per cycle of the counter, measured once against the system's clock.
[[nodiscard]] double nanoseconds_per_cycle();

/// Cycles between the ends of single commands.
class Laps {
public:
    explicit Laps(std::size_t count) : laps_(count) { laps_.clear(); }
    void begin() noexcept { last_ = cycles(); }
    void end() {
        const std::uint64_t now = cycles();
        laps_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(now - last_, 0xffffffff)));
        last_ = now;
    }
    /// Percentiles, and what an empty lap costs.
    void report(Result& result);

private:
    std::vector<std::uint32_t> laps_;
    std::uint64_t last_ = 0;
};

/// Runs [begin, end): four fifths at once for the mean, the rest with a clock at every command. `run(begin, end,
/// after)` applies the commands and calls `after()` behind each.
template <typename Run>
void measure(Result& result, std::size_t begin, std::size_t end, Run&& run) {
    const std::size_t middle = begin + (end - begin) * 4 / 5;
    const std::int64_t start = processor_ns();
    run(begin, middle, [] {});
    const std::int64_t stop = processor_ns();
    result.nanoseconds_per_command = static_cast<double>(stop - start) / static_cast<double>(middle - begin);
    Laps laps(end - middle);
    laps.begin();
    run(middle, end, [&] { laps.end(); });
    laps.report(result);
}

}  // namespace parley::bench
