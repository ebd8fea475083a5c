#include "parley/recorded_frames.hpp"

#include <charconv>

namespace parley {

namespace {

bool apply_line(VenueFeed& feed, std::string_view line, std::uint32_t slot) {
    TimeNs receive_time_ns = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), receive_time_ns);
    if (error != std::errc{} || receive_time_ns < 0) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (!line.starts_with(' ')) return false;
    return feed.apply_frame(line.substr(1), receive_time_ns, slot).error == FeedError::none;
}

}  // namespace

RecordedFrames apply_recorded_frames(VenueFeed& feed, std::string_view lines, std::uint32_t slot) {
    RecordedFrames played;
    for (auto end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n', played.bytes)) {
        const std::string_view line = lines.substr(played.bytes, end - played.bytes);
        played.bytes = end + 1;
        ++played.lines;
        if (!apply_line(feed, line, slot)) ++played.lines_refused;
    }
    return played;
}

}  // namespace parley
