#include "parley/uint256.hpp"

namespace parley {
namespace {

std::size_t used_limbs(const std::uint64_t* limbs, std::size_t count) noexcept {
    while (count > 0 && limbs[count - 1] == 0) --count;
    return count;
}

wide::Divided divide_by_limb(const wide::Product& numerator, std::size_t count, std::uint64_t divisor) noexcept {
    wide::Divided out;
    std::uint64_t remainder = 0;
    for (std::size_t at = count; at-- > 0;) {
        const Uint128 part = (Uint128{remainder} << 64) | numerator[at];
        out.quotient[at] = static_cast<std::uint64_t>(part / divisor);
        remainder = static_cast<std::uint64_t>(part % divisor);
    }
    out.is_exact = remainder == 0;
    return out;
}

/// Divisor and dividend shifted so that the divisor's highest bit is set (step D1).
struct Normalized {
    std::array<std::uint64_t, 9> u{};
    std::array<std::uint64_t, 4> v{};
    std::size_t m = 0;  ///< limbs of the dividend
    std::size_t n = 0;  ///< limbs of the divisor, at least two

    Normalized(const wide::Product& numerator, std::size_t dividend_limbs, const Uint256& d, std::size_t divisor_limbs)
        : m(dividend_limbs), n(divisor_limbs) {
        const auto shift = static_cast<unsigned>(std::countl_zero(d.limbs[n - 1]));
        const auto carried = [shift](std::uint64_t low) { return shift == 0 ? 0 : low >> (64 - shift); };
        for (std::size_t at = n; at-- > 0;) v[at] = (d.limbs[at] << shift) | (at > 0 ? carried(d.limbs[at - 1]) : 0);
        u[m] = carried(numerator[m - 1]);
        for (std::size_t at = m; at-- > 0;) u[at] = (numerator[at] << shift) | (at > 0 ? carried(numerator[at - 1]) : 0);
    }

    /// The digit guessed from the three highest limbs: right, or one too large (step D3).
    [[nodiscard]] std::uint64_t guess(std::size_t j) const noexcept {
        const Uint128 top = (Uint128{u[j + n]} << 64) | u[j + n - 1];
        Uint128 digit = top / v[n - 1];
        Uint128 rest = top % v[n - 1];
        while ((digit >> 64) != 0 || digit * v[n - 2] > ((rest << 64) | u[j + n - 2])) {
            --digit;
            rest += v[n - 1];
            if ((rest >> 64) != 0) break;
        }
        return static_cast<std::uint64_t>(digit);
    }
    /// u -= digit * v at place j; whether it went below zero (step D4).
    bool subtract(std::size_t j, std::uint64_t digit) noexcept {
        std::uint64_t carry = 0;
        std::uint64_t borrow = 0;
        for (std::size_t at = 0; at < n; ++at) {
            const Uint128 product = Uint128{digit} * v[at] + carry;
            carry = static_cast<std::uint64_t>(product >> 64);
            const Uint128 difference = Uint128{u[at + j]} - static_cast<std::uint64_t>(product) - borrow;
            u[at + j] = static_cast<std::uint64_t>(difference);
            borrow = static_cast<std::uint64_t>(difference >> 64) & 1U;
        }
        const Uint128 difference = Uint128{u[j + n]} - carry - borrow;
        u[j + n] = static_cast<std::uint64_t>(difference);
        return (difference >> 64) != 0;
    }
    /// Takes back one subtraction too many (step D6).
    void add_back(std::size_t j) noexcept {
        std::uint64_t carry = 0;
        for (std::size_t at = 0; at < n; ++at) {
            const Uint128 sum = Uint128{u[at + j]} + v[at] + carry;
            u[at + j] = static_cast<std::uint64_t>(sum);
            carry = static_cast<std::uint64_t>(sum >> 64);
        }
        u[j + n] += carry;
    }
};

}  // namespace

wide::Divided wide::divide(const Product& numerator, const Uint256& denominator) noexcept {
    assert(!denominator.is_zero());
    const std::size_t m = used_limbs(numerator.data(), numerator.size());
    const std::size_t n = used_limbs(denominator.limbs.data(), denominator.limbs.size());
    if (n == 1) return divide_by_limb(numerator, m, denominator.limbs[0]);
    if (m < n) return {Product{}, m == 0};
    Divided out;
    Normalized at(numerator, m, denominator, n);
    for (std::size_t j = m - n + 1; j-- > 0;) {
        std::uint64_t digit = at.guess(j);
        if (at.subtract(j, digit)) {
            --digit;
            at.add_back(j);
        }
        out.quotient[j] = digit;
    }
    out.is_exact = used_limbs(at.u.data(), n) == 0;
    return out;
}

std::optional<Uint256> mul_div(const Uint256& a, const Uint256& b, const Uint256& d, Rounding rounding) noexcept {
    if (d.is_zero()) return std::nullopt;
    const wide::Divided divided = wide::divide(wide::multiply(a, b), d);
    const auto& q = divided.quotient;
    if ((q[4] | q[5] | q[6] | q[7]) != 0) return std::nullopt;
    const Uint256 quotient{q[3], q[2], q[1], q[0]};
    if (rounding == Rounding::down || divided.is_exact) return quotient;
    return checked_add(quotient, 1);
}

Uint256 divide(const Uint256& a, const Uint256& d, Rounding rounding) noexcept {
    const auto quotient = mul_div(a, 1, d, rounding);
    assert(quotient);
    return *quotient;
}

}  // namespace parley
