#include "parley/tight_level.hpp"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace parley {

namespace {

constexpr std::size_t kPlaces = 9;  // of the point: 0 to 8 digits before it
constexpr std::uint8_t kNowhere = 0x80;

using Gather = std::uint8_t[kPlaces][16];

struct GatherTables {
    Gather by_decimals[kTightDecimalsMax + 1];
};

/// Digits before the point end at place 7, the first `decimals` digits behind it end at place 15.
constexpr GatherTables make_gather_tables() noexcept {
    GatherTables tables{};
    for (std::size_t decimals = 0; decimals <= kTightDecimalsMax; ++decimals) {
        for (std::size_t point = 0; point < kPlaces; ++point) {
            for (std::size_t place = 0; place < 8; ++place) {
                const bool is_digit = place + point >= 8;
                tables.by_decimals[decimals][point][place] =
                    is_digit ? static_cast<std::uint8_t>(place + point - 8) : kNowhere;
                const bool is_fraction = place + decimals >= 8;
                const std::size_t from = point + 1 + place + decimals - 8;
                tables.by_decimals[decimals][point][8 + place] =
                    is_fraction && from < 16 ? static_cast<std::uint8_t>(from) : kNowhere;
            }
        }
    }
    return tables;
}

constexpr GatherTables kGather = make_gather_tables();

[[nodiscard]] inline bool finish_units(std::uint64_t value, const TightScale& scale, std::int64_t& units) noexcept {
    units = static_cast<std::int64_t>(value);
    if (scale.step == 1) return true;
    if (units % scale.step != 0) return false;
    units /= scale.step;
    return true;
}

[[nodiscard]] inline bool is_between(const char* at) noexcept { return std::memcmp(at, "\",\"", 3) == 0; }
[[nodiscard]] inline bool is_start(const char* at) noexcept { return std::memcmp(at, "[\"", 2) == 0; }
[[nodiscard]] inline bool is_end(const char* at) noexcept { return std::memcmp(at, "\"]", 2) == 0; }

/// Bytes of the number at `at`, up to a quote, and of its part before the point; 16 where there is no quote near.
struct Extent {
    int length;
    int point;
};

#if defined(__SSE2__)

[[nodiscard]] inline std::uint64_t low_bytes(int count) noexcept {
    return count == 8 ? ~0ULL : (1ULL << (8 * count)) - 1;
}

[[nodiscard]] inline bool is_written_otherwise(Extent extent) noexcept {
    return static_cast<unsigned>(extent.point - 1) > 7 || extent.length == 16 || extent.point + 1 == extent.length;
}

/// Length of the number; 0 where it needs the slow way.
[[nodiscard]] inline int parse_portable(const char* at, const TightScale& scale, std::int64_t& units) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto quotes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))));
    const auto points = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'))));
    const int length = std::countr_zero(quotes | 0x10000U);
    const Extent extent{length, std::countr_zero(points | (1U << length))};
    const int fraction = length - extent.point - (extent.point < length ? 1 : 0);
    if (is_written_otherwise(extent) || fraction > 8) return 0;
    const std::uint64_t front = (swar::load(at + extent.point - 8) ^ swar::kZeros) & (~0ULL << (64 - 8 * extent.point));
    const std::uint64_t back = (swar::load(at + extent.point + 1) ^ swar::kZeros) & low_bytes(fraction);
    if (!swar::are_digits(front) || !swar::are_digits(back)) return 0;
    std::uint64_t value = swar::number(front) * scale.whole;
    if (scale.decimals == 0) {
        if (back != 0) return 0;
    } else {
        if (scale.decimals < 8 && (back >> (8 * scale.decimals)) != 0) return 0;
        value += swar::number(back << (64 - 8 * scale.decimals));
    }
    return finish_units(value, scale, units) ? length : 0;
}

const char* read_portable(const char* at, const TightScale& price, const TightScale& lots, FeedUpdate& update) noexcept {
    if (!is_start(at)) return nullptr;
    const int price_length = parse_portable(at + 2, price, update.price_ticks);
    const char* middle = at + 2 + price_length;
    if (price_length == 0 || !is_between(middle)) return nullptr;
    const int lots_length = parse_portable(middle + 3, lots, update.quantity_lots);
    const char* last = middle + 3 + lots_length;
    return lots_length == 0 || !is_end(last) ? nullptr : last + 2;
}

#endif

#if defined(__x86_64__)

#define PARLEY_AVX2 gnu::target("avx2,bmi,bmi2")

constexpr std::array<std::uint8_t, 32> kFirst = {255, 255, 255, 255, 255, 255, 255, 255,
                                                 255, 255, 255, 255, 255, 255, 255, 255};

/// The same with a byte shuffle: the digits go to their places in one register and become two numbers at once.
[[nodiscard, PARLEY_AVX2]] inline int parse_avx2(const char* at, const TightScale& scale, std::int64_t& units) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto quotes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))));
    const auto points = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'))));
    const int length = std::countr_zero(quotes | 0x10000U);
    const Extent extent{length, std::countr_zero(points | (1U << length))};
    if (is_written_otherwise(extent)) return 0;
    const __m128i is_inside = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kFirst.data() + 16 - length));
    const __m128i digits = _mm_and_si128(_mm_xor_si128(bytes, _mm_set1_epi8('0')), is_inside);
    const __m128i gather = _mm_loadu_si128(reinterpret_cast<const __m128i*>(scale.gather[extent.point]));
    const __m128i placed = _mm_shuffle_epi8(digits, gather);
    const auto zeros = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_setzero_si128())));
    const unsigned excess = (zeros ^ 0xffffU) >> (extent.point + 1 + scale.decimals);
    const __m128i nine = _mm_set1_epi8(9);
    const auto good = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(placed, nine), nine)));
    if (((good ^ 0xffffU) | excess) != 0) return 0;
    const __m128i tens = _mm_maddubs_epi16(placed, _mm_set1_epi16(0x010a));
    const __m128i hundreds = _mm_madd_epi16(tens, _mm_set1_epi32(0x00010064));
    const __m128i packed = _mm_packus_epi32(hundreds, hundreds);
    const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_madd_epi16(packed, _mm_set1_epi32(0x00012710))));
    return finish_units((both & 0xffffffffU) * scale.whole + (both >> 32), scale, units) ? length : 0;
}

[[PARLEY_AVX2]] const char* read_avx2(const char* at, const TightScale& price, const TightScale& lots,
                                  FeedUpdate& update) noexcept {
    if (!is_start(at)) return nullptr;
    const int price_length = parse_avx2(at + 2, price, update.price_ticks);
    const char* middle = at + 2 + price_length;
    if (price_length == 0 || !is_between(middle)) return nullptr;
    const int lots_length = parse_avx2(middle + 3, lots, update.quantity_lots);
    const char* last = middle + 3 + lots_length;
    return lots_length == 0 || !is_end(last) ? nullptr : last + 2;
}

#endif

}  // namespace

TightScale::TightScale(DecimalScale scale) noexcept
    : step(scale.step),
      whole(scale.decimals <= kTightDecimalsMax ? static_cast<std::uint64_t>(kPowersOfTen[scale.decimals]) : 0),
      decimals(scale.decimals),
      gather(scale.decimals <= kTightDecimalsMax ? kGather.by_decimals[scale.decimals] : nullptr) {}

ReadTightLevel tight_level_reader_portable() noexcept {
#if defined(__SSE2__)
    return read_portable;
#else
    return nullptr;
#endif
}

ReadTightLevel tight_level_reader_avx2() noexcept {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? read_avx2 : nullptr;
#else
    return nullptr;
#endif
}

ReadTightLevel tight_level_reader() noexcept {
    static const ReadTightLevel reader =
        tight_level_reader_avx2() != nullptr ? tight_level_reader_avx2() : tight_level_reader_portable();
    return reader;
}

}  // namespace parley
