#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "parley/huge_array.hpp"

namespace parley {

/// Blocks of entries of doubling sizes out of one array of fixed size: class 1 has `kSmallest` entries, each further class
/// twice as many. A block given back waits for the next one of its class. Nothing allocates.
template <typename Entry, std::uint32_t kSmallest>
class BlockStore {
public:
    static constexpr std::uint32_t kClasses = 26;

    explicit BlockStore(std::size_t entries_max) : entries_(entries_max + kSmallest), used_(kSmallest) {}

    [[nodiscard]] static constexpr std::uint32_t capacity_of(std::uint32_t block_class) noexcept {
        return block_class == 0 ? 0 : kSmallest << (block_class - 1);
    }

    [[nodiscard]] Entry* at(std::uint32_t begin) noexcept { return &entries_[begin]; }
    [[nodiscard]] const Entry* at(std::uint32_t begin) const noexcept { return &entries_[begin]; }

    /// Begin of a block, 0 where there is none left.
    [[nodiscard]] std::uint32_t take(std::uint32_t block_class) noexcept {
        if (block_class >= kClasses) return 0;
        if (const std::uint32_t begin = free_[block_class]; begin != 0) {
            std::memcpy(&free_[block_class], &entries_[begin], sizeof(std::uint32_t));
            return begin;
        }
        if (entries_.capacity() - used_ < capacity_of(block_class)) return 0;
        const auto begin = static_cast<std::uint32_t>(used_);
        used_ += capacity_of(block_class);
        return begin;
    }

    void give_back(std::uint32_t begin, std::uint32_t block_class) noexcept {
        std::memcpy(&entries_[begin], &free_[block_class], sizeof(std::uint32_t));
        free_[block_class] = begin;
    }

private:
    static_assert(sizeof(Entry) >= sizeof(std::uint32_t));

    HugeArray<Entry> entries_;  ///< the first block is nobody's: a begin of 0 says none
    std::size_t used_;
    std::array<std::uint32_t, kClasses> free_{};
};

}  // namespace parley
