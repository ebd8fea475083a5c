#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "parley/venue_feed.hpp"

namespace parley {

struct RecordedFrames {
    std::size_t bytes = 0;  ///< taken: up to the end of the last whole line
    std::int64_t lines = 0;
    std::int64_t lines_refused = 0;
};

/// Applies lines of "<receive time in nanoseconds> <frame>", each ended by a line feed, to the feed: those received at
/// `until_ns` or before, up to the first one after it.
RecordedFrames apply_recorded_frames(VenueFeed& feed, std::string_view lines, std::uint32_t slot,
                                     TimeNs until_ns = std::numeric_limits<TimeNs>::max());

}  // namespace parley
