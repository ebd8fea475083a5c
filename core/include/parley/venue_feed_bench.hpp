#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "parley/venue_json.hpp"

namespace parley::bench {

/// How long frames took. Means are of processor time, percentiles of single frames with the clock's own reads.
struct FrameTimes {
    double nanoseconds_per_frame = 0;
    std::int64_t p50_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
    std::int64_t frames = 0;
    std::int64_t updates = 0;  ///< decoded
    std::int64_t checksum = 0;  ///< of what was read, so that nothing is left out
};

/// Frames of one instrument, each a line, the first one a REST snapshot.
struct FrameWork {
    Venue venue;
    std::string_view symbol;
    DecimalScale price_tick;
    DecimalScale lot;
    std::vector<std::string_view> frames;
};

/// The floor: every byte looked at once for quotes and digits, digits gathered into numbers, nothing checked or kept.
[[nodiscard]] FrameTimes run_scan(const FrameWork& work);
/// Frames to normalized updates.
[[nodiscard]] FrameTimes run_decode(const FrameWork& work);
/// Frames to books: decoded, sequences checked, levels set.
[[nodiscard]] FrameTimes run_books(const FrameWork& work);

}  // namespace parley::bench
