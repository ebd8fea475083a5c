#pragma once

#include <cstddef>
#include <cstdint>

#include "parley/decimal_ticks.hpp"
#include "parley/feed_update.hpp"

namespace parley {

/// A scale as the fast readers want it. Usable up to kTightDecimalsMax decimals.
struct TightScale {
    explicit TightScale(DecimalScale scale) noexcept;

    std::int64_t step;
    std::uint64_t whole;             ///< units that make 1, before the step
    std::int32_t decimals;
    const std::uint8_t (*gather)[16];  ///< by the place of the point: where each of 8 + 8 digits stands
};

inline constexpr std::int32_t kTightDecimalsMax = 8;
/// Bytes before a level and from its start on that a reader may touch, whatever stands there.
inline constexpr std::ptrdiff_t kTightBehind = 8;
inline constexpr std::ptrdiff_t kTightAhead = 40;

/// Reads a level as Binance writes it, ["price","lots"] without white space and with at most 8 + 8 digits, at `at`: the
/// place behind it, or null where it is written otherwise or is not a whole number of units.
using ReadTightLevel = const char* (*)(const char* at, const TightScale& price, const TightScale& lots,
                                       FeedUpdate& update) noexcept;

/// The fastest reader of this processor, chosen when it is asked for first; null where there is none.
[[nodiscard]] ReadTightLevel tight_level_reader() noexcept;
/// Both readers by themselves, so that tests can hold one against the other; null where the processor lacks it.
[[nodiscard]] ReadTightLevel tight_level_reader_portable() noexcept;
[[nodiscard]] ReadTightLevel tight_level_reader_avx2() noexcept;

}  // namespace parley
