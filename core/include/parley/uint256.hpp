#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley {

__extension__ using Uint128 = unsigned __int128;

/// An unsigned integer of 256 bits, least significant limb first: the word of the machine the pools run on.
struct Uint256 {
    std::array<std::uint64_t, 4> limbs{};

    constexpr Uint256() noexcept = default;
    constexpr Uint256(std::uint64_t low) noexcept : limbs{low, 0, 0, 0} {}  // NOLINT: a number is a number
    constexpr Uint256(std::uint64_t high3, std::uint64_t high2, std::uint64_t high1, std::uint64_t low) noexcept
        : limbs{low, high1, high2, high3} {}
    [[nodiscard]] static constexpr Uint256 from(Uint128 value) noexcept {
        return {0, 0, static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)};
    }
    [[nodiscard]] static constexpr Uint256 most() noexcept { return {~0ULL, ~0ULL, ~0ULL, ~0ULL}; }
    /// 2^bit; `bit` below 256.
    [[nodiscard]] static constexpr Uint256 power_of_two(unsigned bit) noexcept {
        Uint256 out;
        out.limbs[bit / 64] = 1ULL << (bit % 64);
        return out;
    }

    [[nodiscard]] constexpr bool is_zero() const noexcept { return (limbs[0] | limbs[1] | limbs[2] | limbs[3]) == 0; }
    [[nodiscard]] constexpr unsigned bit_width() const noexcept {
        for (unsigned at = 4; at-- > 0;) {
            if (limbs[at] != 0) return at * 64 + static_cast<unsigned>(std::bit_width(limbs[at]));
        }
        return 0;
    }
    [[nodiscard]] constexpr bool fits(unsigned bits) const noexcept { return bit_width() <= bits; }
    /// The nearest double, within one unit in the last place.
    [[nodiscard]] constexpr double to_double() const noexcept {
        return static_cast<double>(limbs[3]) * 0x1p192 + static_cast<double>(limbs[2]) * 0x1p128 +
               static_cast<double>(limbs[1]) * 0x1p64 + static_cast<double>(limbs[0]);
    }

    friend constexpr bool operator==(const Uint256&, const Uint256&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const Uint256& a, const Uint256& b) noexcept {
        for (std::size_t at = 4; at-- > 1;) {
            if (a.limbs[at] != b.limbs[at]) return a.limbs[at] <=> b.limbs[at];
        }
        return a.limbs[0] <=> b.limbs[0];
    }
};

namespace wide {

/// a + b modulo 2^256; `carry` becomes whether it wrapped.
[[nodiscard]] constexpr Uint256 add(const Uint256& a, const Uint256& b, bool& carry) noexcept {
    Uint256 out;
    std::uint64_t over = 0;
    for (std::size_t at = 0; at < 4; ++at) {
        const Uint128 sum = Uint128{a.limbs[at]} + b.limbs[at] + over;
        out.limbs[at] = static_cast<std::uint64_t>(sum);
        over = static_cast<std::uint64_t>(sum >> 64);
    }
    carry = over != 0;
    return out;
}

/// a - b of numbers where a is not below b.
[[nodiscard]] constexpr Uint256 subtract(const Uint256& a, const Uint256& b) noexcept {
    assert(a >= b);
    Uint256 out;
    std::uint64_t borrow = 0;
    for (std::size_t at = 0; at < 4; ++at) {
        const Uint128 difference = Uint128{a.limbs[at]} - b.limbs[at] - borrow;
        out.limbs[at] = static_cast<std::uint64_t>(difference);
        borrow = static_cast<std::uint64_t>(difference >> 64) & 1U;
    }
    return out;
}

using Product = std::array<std::uint64_t, 8>;

/// All 512 bits of a * b.
[[nodiscard]] constexpr Product multiply(const Uint256& a, const Uint256& b) noexcept {
    Product out{};
    for (std::size_t i = 0; i < 4; ++i) {
        if (a.limbs[i] == 0) continue;
        std::uint64_t carry = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            const Uint128 sum = Uint128{a.limbs[i]} * b.limbs[j] + out[i + j] + carry;
            out[i + j] = static_cast<std::uint64_t>(sum);
            carry = static_cast<std::uint64_t>(sum >> 64);
        }
        out[i + 4] = carry;
    }
    return out;
}

struct Divided {
    Product quotient{};
    bool is_exact = true;
};
/// Quotient of a 512-bit number by a 256-bit number that is not zero (Knuth, TAOCP 2, algorithm 4.3.1 D).
[[nodiscard]] Divided divide(const Product& numerator, const Uint256& denominator) noexcept;

}  // namespace wide

[[nodiscard]] constexpr std::optional<Uint256> checked_add(const Uint256& a, const Uint256& b) noexcept {
    bool carry = false;
    const Uint256 sum = wide::add(a, b, carry);
    return carry ? std::nullopt : std::optional(sum);
}
[[nodiscard]] constexpr std::optional<Uint256> checked_multiply(const Uint256& a, const Uint256& b) noexcept {
    const wide::Product product = wide::multiply(a, b);
    if ((product[4] | product[5] | product[6] | product[7]) != 0) return std::nullopt;
    return Uint256{product[3], product[2], product[1], product[0]};
}
[[nodiscard]] constexpr Uint256 operator-(const Uint256& a, const Uint256& b) noexcept { return wide::subtract(a, b); }

/// Bits shifted out are lost; `bits` below 256.
[[nodiscard]] constexpr Uint256 operator<<(const Uint256& a, unsigned bits) noexcept {
    Uint256 out;
    const std::size_t limbs = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t at = 4; at-- > limbs;) {
        out.limbs[at] = a.limbs[at - limbs] << rest;
        if (rest != 0 && at > limbs) out.limbs[at] |= a.limbs[at - limbs - 1] >> (64 - rest);
    }
    return out;
}
[[nodiscard]] constexpr Uint256 operator>>(const Uint256& a, unsigned bits) noexcept {
    Uint256 out;
    const std::size_t limbs = bits / 64;
    const unsigned rest = bits % 64;
    for (std::size_t at = 0; at + limbs < 4; ++at) {
        out.limbs[at] = a.limbs[at + limbs] >> rest;
        if (rest != 0 && at + limbs + 1 < 4) out.limbs[at] |= a.limbs[at + limbs + 1] << (64 - rest);
    }
    return out;
}

enum class Rounding : std::uint8_t { down, up };

/// a * b / d with the product in 512 bits; nothing when d is zero or the result has more than 256 bits.
[[nodiscard]] std::optional<Uint256> mul_div(const Uint256& a, const Uint256& b, const Uint256& d,
                                             Rounding rounding = Rounding::down) noexcept;
/// a / d; d is not zero.
[[nodiscard]] Uint256 divide(const Uint256& a, const Uint256& d, Rounding rounding = Rounding::down) noexcept;

}  // namespace parley
