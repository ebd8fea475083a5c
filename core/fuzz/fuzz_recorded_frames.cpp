#include <cstdint>
#include <string_view>

#include "fuzz.hpp"
#include "parley/recorded_frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    parley::VenueFeed feed(parley::Venue::binance_spot);
    FUZZ_INSIST(feed.list_instrument("BTCUSDT", {2, 1}, {8, 1}) == 0);
    const std::string_view lines(reinterpret_cast<const char*>(bytes), size);
    const parley::RecordedFrames played = parley::apply_recorded_frames(feed, lines, 0);
    FUZZ_INSIST(played.bytes <= size && played.lines_refused <= played.lines);
    return 0;
}
