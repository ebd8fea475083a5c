#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "parley/feed_update.hpp"

namespace parley {

inline constexpr int kDecimalDigitsMax = 18;

/// The size of one unit, a tick or a lot, as step x 10^-decimals: 0.0005 is {4, 5}, 0.01 is {2, 1}, 10 is {0, 10}.
struct DecimalScale {
    std::int32_t decimals = 0;
    std::int64_t step = 1;

    friend bool operator==(const DecimalScale&, const DecimalScale&) = default;
};

struct DecimalResult {
    std::int64_t units = 0;
    const char* end = nullptr;  ///< behind the number; where it is wrong, if there is an error
    FeedError error = FeedError::none;
};

/// The number of decimal text at `at`, in units of the scale, exactly: no floating point on the way. Takes sign,
/// fraction and exponent as JSON allows them. `excess_digits` where it is not a whole number of units.
[[nodiscard]] DecimalResult parse_decimal(const char* at, const char* end, DecimalScale scale) noexcept;

/// The scale whose unit is `text`, a positive decimal such as "0.0005". False where it is not one.
[[nodiscard]] bool parse_scale(std::string_view text, DecimalScale& scale) noexcept;

inline constexpr std::int64_t kPowersOfTen[19] = {1,
                                                  10,
                                                  100,
                                                  1'000,
                                                  10'000,
                                                  100'000,
                                                  1'000'000,
                                                  10'000'000,
                                                  100'000'000,
                                                  1'000'000'000,
                                                  10'000'000'000,
                                                  100'000'000'000,
                                                  1'000'000'000'000,
                                                  10'000'000'000'000,
                                                  100'000'000'000'000,
                                                  1'000'000'000'000'000,
                                                  10'000'000'000'000'000,
                                                  100'000'000'000'000'000,
                                                  1'000'000'000'000'000'000};

namespace swar {

inline constexpr std::uint64_t kZeros = 0x3030303030303030ULL;

[[nodiscard]] inline std::uint64_t load(const char* at) noexcept {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

/// Whether each of the eight bytes is a digit's value, 0 to 9.
[[nodiscard]] inline bool are_digits(std::uint64_t digits) noexcept {
    return (((digits + 0x7676767676767676ULL) | digits) & 0x8080808080808080ULL) == 0;
}

/// Eight digit values, the most significant in the lowest byte, as a number.
[[nodiscard]] inline std::uint64_t number(std::uint64_t digits) noexcept {
    digits = digits * 10 + (digits >> 8);
    constexpr std::uint64_t mask = 0x000000ff000000ffULL;
    return (((digits & mask) * (100 + (1'000'000ULL << 32))) + (((digits >> 16) & mask) * (1 + (10'000ULL << 32)))) >> 32;
}

}  // namespace swar
}  // namespace parley
