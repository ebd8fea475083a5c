#include "parley/price_set.hpp"

#include <bit>
#include <cassert>

namespace parley {

void PriceSet::insert(std::uint64_t rank) {
    assert(rank < kRanksMax);
    for (unsigned depth = 0; depth < kDepths; ++depth) {
        std::uint64_t& word = words_[key(depth, rank)];
        const bool was_empty = word == 0;
        word |= std::uint64_t{1} << branch(depth, rank);
        if (!was_empty) return;
    }
}

void PriceSet::erase(std::uint64_t rank) noexcept {
    for (unsigned depth = 0; depth < kDepths; ++depth) {
        std::uint64_t& word = *words_.find(key(depth, rank));
        word &= ~(std::uint64_t{1} << branch(depth, rank));
        if (word != 0) return;
        words_.erase(key(depth, rank));
    }
}

std::uint64_t PriceSet::next(std::uint64_t rank) const noexcept {
    for (unsigned depth = 0; depth < kDepths; ++depth) {
        const std::uint64_t* word = words_.find(key(depth, rank));
        if (word == nullptr) continue;
        const unsigned at = branch(depth, rank);
        const std::uint64_t above = at == 63 ? 0 : *word >> (at + 1) << (at + 1);
        if (above == 0) continue;
        std::uint64_t found = (rank >> (kBits * (depth + 1)) << kBits) | static_cast<unsigned>(std::countr_zero(above));
        for (; depth > 0; --depth) {
            const std::uint64_t below = *words_.find((found << 4) | (depth - 1));
            found = (found << kBits) | static_cast<unsigned>(std::countr_zero(below));
        }
        return found;
    }
    return kNoRank;
}

}  // namespace parley
