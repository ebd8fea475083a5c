#include "parley/recorded_frames.hpp"

#include <charconv>

namespace parley {

namespace {

/// A line's receive time, taken off its front; negative where it has none.
TimeNs take_time(std::string_view& line) noexcept {
    TimeNs time = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), time);
    if (error != std::errc{} || end == line.data() + line.size() || *end != ' ') return -1;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
    return time;
}

}  // namespace

RecordedFrames apply_recorded_frames(VenueFeed& feed, std::string_view lines, std::uint32_t slot, TimeNs until_ns) {
    RecordedFrames played;
    for (auto end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n', played.bytes)) {
        std::string_view line = lines.substr(played.bytes, end - played.bytes);
        const TimeNs receive_time_ns = take_time(line);
        if (receive_time_ns > until_ns) break;
        played.bytes = end + 1;
        ++played.lines;
        const bool is_taken =
            receive_time_ns >= 0 && feed.apply_frame(line, receive_time_ns, slot).error == FeedError::none;
        if (!is_taken) ++played.lines_refused;
    }
    return played;
}

}  // namespace parley
