#pragma once

#include <cstdint>

#include "parley/flat_map.hpp"

namespace parley {

/// A set of numbers below 2^60 that finds the next larger member in a time that knows neither how many there are nor
/// how far apart: a tree of 64-bit words, one bit a branch, whose words lie in a hash map under depth and prefix
/// (after the x-fast trie of Willard, 1983). Neighbors share a word, so prices around the touch cost one look-up.
class PriceSet {
public:
    static constexpr std::uint64_t kNoRank = ~std::uint64_t{0};
    static constexpr unsigned kBits = 6;
    static constexpr unsigned kDepths = 10;
    static constexpr std::uint64_t kRanksMax = std::uint64_t{1} << (kBits * kDepths);

    void insert(std::uint64_t rank);
    void erase(std::uint64_t rank) noexcept;
    /// The smallest member above `rank`, or kNoRank.
    [[nodiscard]] std::uint64_t next(std::uint64_t rank) const noexcept;

private:
    [[nodiscard]] static std::uint64_t key(unsigned depth, std::uint64_t rank) noexcept {
        return ((rank >> (kBits * (depth + 1))) << 4) | depth;
    }
    [[nodiscard]] static unsigned branch(unsigned depth, std::uint64_t rank) noexcept {
        return static_cast<unsigned>(rank >> (kBits * depth)) & 63;
    }

    FlatMap<std::uint64_t> words_;
};

}  // namespace parley
