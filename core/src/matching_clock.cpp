#include "matching_clock.hpp"

#include <chrono>
#include <cmath>
#include <ctime>

namespace parley::bench {

std::int64_t processor_ns() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

double nanoseconds_per_cycle() {
    using std::chrono::steady_clock;
    static const double measured = [] {
        const auto start = steady_clock::now();
        const std::uint64_t first = cycles();
        while (steady_clock::now() - start < std::chrono::milliseconds(20)) {
        }
        const std::uint64_t last = cycles();
        const std::chrono::duration<double, std::nano> elapsed = steady_clock::now() - start;
        return elapsed.count() / static_cast<double>(last - first);
    }();
    return measured;
}

void Laps::report(Result& result) {
    if (laps_.empty()) return;
    const double scale = nanoseconds_per_cycle();
    const auto at = [&](std::vector<std::uint32_t>& sorted, double part) {
        const auto index = static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * part);
        return static_cast<std::int64_t>(std::lround(sorted[index] * scale));
    };
    std::sort(laps_.begin(), laps_.end());
    result.p50_ns = at(laps_, 0.5);
    result.p99_ns = at(laps_, 0.99);
    result.p999_ns = at(laps_, 0.999);
    constexpr std::size_t kEmptyLaps = 10'001;
    laps_.clear();
    begin();
    while (laps_.size() < kEmptyLaps) end();
    std::sort(laps_.begin(), laps_.end());
    result.clock_ns = at(laps_, 0.5);
}

}  // namespace parley::bench
