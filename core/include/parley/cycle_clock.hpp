#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace parley {

/// The processor's time-stamp counter, held against the steady clock: some 10 ns a reading. Invariant on every x86 of the
/// last decade; other machines read the steady clock.
class CycleClock {
public:
    /// Takes `calibration` of wall time.
    explicit CycleClock(std::chrono::milliseconds calibration = std::chrono::milliseconds(50)) {
        const auto begin = std::chrono::steady_clock::now();
        const std::uint64_t first = now();
        while (std::chrono::steady_clock::now() - begin < calibration) {
        }
        const std::uint64_t last = now();
        const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begin;
        ns_per_cycle_ = elapsed.count() / static_cast<double>(last - first);
    }

    [[nodiscard]] static std::uint64_t now() noexcept {
#if defined(__x86_64__)
        unsigned int processor = 0;
        return __rdtscp(&processor);
#else
        return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
    }
    [[nodiscard]] double nanoseconds(std::uint64_t cycles) const noexcept {
        return static_cast<double>(cycles) * ns_per_cycle_;
    }

private:
    double ns_per_cycle_ = 1.0;
};

}  // namespace parley
