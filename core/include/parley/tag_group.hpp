#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parley {

/// Eight slots of a hash table in one cache line, compared at once (after the Swiss tables of Abseil).
struct alignas(64) TagGroup {
    static constexpr unsigned kPlaces = 8;

    std::uint32_t tags[kPlaces];  ///< 0: empty
    std::uint32_t nodes[kPlaces];

    /// One bit for each place with that tag.
    [[nodiscard]] unsigned holding(std::uint32_t tag) const noexcept {
#if defined(__SSE2__)
        const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
        const __m128i* four = reinterpret_cast<const __m128i*>(tags);
        const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(four), wanted);
        const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(four + 1), wanted);
        const __m128i words = _mm_packs_epi32(low, high);
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(words, _mm_setzero_si128())));
#else
        unsigned found = 0;
        for (unsigned place = 0; place < kPlaces; ++place) found |= unsigned{tags[place] == tag} << place;
        return found;
#endif
    }
    [[nodiscard]] bool is_full() const noexcept { return holding(0) == 0; }
    /// Of a group that is not full.
    [[nodiscard]] unsigned first_empty() const noexcept { return static_cast<unsigned>(std::countr_zero(holding(0))); }
    void set(unsigned place, std::uint32_t tag, std::uint32_t node) noexcept {
        tags[place] = tag;
        nodes[place] = node;
    }
};
static_assert(sizeof(TagGroup) == 64);

}  // namespace parley
