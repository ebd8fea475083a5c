#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "parley/hot_path.hpp"

namespace parley::bench {

/// A made market for pairs: symbols whose prices share a factor and come back to it, as MoldUDP64 packets of ITCH. Most
/// packets move the quote of one symbol by replacing its best orders, the rest take or add size at the touch. The same
/// seed gives the same bytes.
struct PairsFeed {
    std::vector<std::uint8_t> bytes;
    std::vector<std::size_t> ends;   ///< of each packet
    std::size_t opening = 0;         ///< packets that only list the symbols and fill the books

    [[nodiscard]] std::size_t size() const noexcept { return ends.size(); }
    [[nodiscard]] std::span<const std::uint8_t> operator[](std::size_t packet) const noexcept {
        const std::size_t begin = packet == 0 ? 0 : ends[packet - 1];
        return {bytes.data() + begin, bytes.data() + ends[packet]};
    }
};

struct PairsFeedShape {
    std::uint64_t seed = 1;
    std::uint32_t symbols = 250;
    std::size_t packets = 200'000;
};

[[nodiscard]] PairsFeed make_pairs_feed(const PairsFeedShape& shape);

/// Pairs over those symbols, z-scores over `window` quotes, every control of the gate in force and wide enough.
[[nodiscard]] HotPathConfig make_pairs_config(std::uint32_t symbols, std::uint32_t pairs, std::uint32_t window);
void set_every_control(HotPath& path, TimeNs duplicate_window_ns = 1);

}  // namespace parley::bench
