#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "parley/block_store.hpp"
#include "parley/units.hpp"

namespace parley {

/// One price of one side: its key (rising towards the best) and where its level lies.
struct LadderEntry {
    std::uint32_t key;
    std::uint32_t level;
};

/// The prices of one side of one book, sorted with the best at the end, where nearly everything happens.
struct Ladder {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    std::uint32_t block_class = 0;
    std::uint32_t best_key = 0;  ///< of the last entry; means nothing in an empty ladder
};

/// Prices of both sides rise towards the best as keys.
[[nodiscard]] constexpr std::uint32_t ladder_key(Side side, std::uint32_t price) noexcept {
    return side == Side::buy ? price : ~price;
}

/// Ladders of many books. A ladder that outgrows its block moves into one twice as large.
class LadderStore {
public:
    explicit LadderStore(std::size_t entries_max) : blocks_(entries_max) {}

    struct Place {
        std::uint32_t at = 0;  ///< index inside the ladder, where the key is or belongs
        bool is_found = false;
    };

    [[nodiscard]] Place find(const Ladder& ladder, std::uint32_t key) const noexcept {
        if (key > ladder.best_key || ladder.size == 0) return {ladder.size, false};
        const LadderEntry* first = blocks_.at(ladder.begin);
        const LadderEntry* at = first + ladder.size;
        if (ladder.size > kNear && at[-kNear].key > key) {
            at = std::upper_bound(first, at - kNear, key,
                                  [](std::uint32_t value, const LadderEntry& entry) { return value < entry.key; });
        } else {
            while (at != first && at[-1].key > key) --at;
        }
        const auto index = static_cast<std::uint32_t>(at - first);
        if (index != 0 && at[-1].key == key) return {index - 1, true};
        return {index, false};
    }

    /// False where the store is full: then nothing changed.
    [[nodiscard]] bool insert(Ladder& ladder, std::uint32_t at, LadderEntry entry) noexcept {
        if (ladder.size == Blocks::capacity_of(ladder.block_class) && !grow(ladder)) return false;
        LadderEntry* place = blocks_.at(ladder.begin) + at;
        std::memmove(place + 1, place, (ladder.size - at) * sizeof(LadderEntry));
        *place = entry;
        if (at == ladder.size++) ladder.best_key = entry.key;
        return true;
    }

    void erase(Ladder& ladder, std::uint32_t at) noexcept {
        assert(at < ladder.size);
        LadderEntry* place = blocks_.at(ladder.begin) + at;
        std::memmove(place, place + 1, (ladder.size - at - 1) * sizeof(LadderEntry));
        if (at == --ladder.size && at != 0) ladder.best_key = place[-1].key;
    }

    /// The entry `from_best` places away from the best.
    [[nodiscard]] const LadderEntry& entry(const Ladder& ladder, std::uint32_t from_best) const noexcept {
        assert(from_best < ladder.size);
        return blocks_.at(ladder.begin)[ladder.size - 1 - from_best];
    }

    /// Room for that many more entries; false where the store is full: then nothing is lost.
    [[nodiscard]] bool reserve(Ladder& ladder, std::uint32_t entries) noexcept {
        while (Blocks::capacity_of(ladder.block_class) < ladder.size + entries) {
            if (!grow(ladder)) return false;
        }
        return true;
    }

private:
    using Blocks = BlockStore<LadderEntry, 8>;
    static constexpr std::int32_t kNear = 16;

    [[nodiscard]] bool grow(Ladder& ladder) noexcept {
        const std::uint32_t begin = blocks_.take(ladder.block_class + 1);
        if (begin == 0) return false;
        if (ladder.size > 0) {
            std::memcpy(blocks_.at(begin), blocks_.at(ladder.begin), ladder.size * sizeof(LadderEntry));
            blocks_.give_back(ladder.begin, ladder.block_class);
        }
        ladder.begin = begin;
        ++ladder.block_class;
        return true;
    }

    Blocks blocks_;
};

}  // namespace parley
