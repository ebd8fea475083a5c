#pragma once
// Elementary functions without branches, calls or tables, so that a compiler turns loops over them into vector code.
// All take NaN to NaN.

#include <bit>
#include <cstdint>

namespace parley::math {

inline constexpr double kInverseSqrtTwoPi = 0.39894228040143267794;
inline constexpr double kLogSqrtTwoPi = 0.91893853320467274178;
inline constexpr double kSqrtTwoPi = 2.50662827463100050242;
inline constexpr double kExponentMin = -708.0;
inline constexpr double kExponentMax = 709.0;

// exp(x) to 1 ulp or so for x in [-708, 709]; 0 below, clamped above.
[[nodiscard]] inline double exponential(double x) noexcept {
    constexpr double log2_e = 1.44269504088896340736;
    constexpr double ln2_high = 6.93147180369123816490e-01;
    constexpr double ln2_low = 1.90821492927058770002e-10;
    constexpr double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it leaves the rounded integer in the low bits
    double clamped = x < kExponentMin ? kExponentMin : x;
    clamped = clamped > kExponentMax ? kExponentMax : clamped;
    const double shifted = clamped * log2_e + magic;
    const double n = shifted - magic;
    const double r = (clamped - n * ln2_high) - n * ln2_low;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    const std::uint64_t exponent = (std::bit_cast<std::uint64_t>(shifted) + 1023U) << 52U;
    const double value = p * std::bit_cast<double>(exponent);
    return x < kExponentMin ? 0.0 : value;
}

// Natural logarithm of a positive normal number to 1 ulp or so; anything else gives a number without meaning or NaN.
[[nodiscard]] inline double logarithm(double x) noexcept {
    constexpr double ln2_high = 6.93147180369123816490e-01;
    constexpr double ln2_low = 1.90821492927058770002e-10;
    constexpr std::uint64_t sqrt_half_bits = 0x3fe6a09e00000000ULL;
    constexpr std::uint64_t one_bits = 0x3ff0000000000000ULL;
    constexpr std::uint64_t mantissa_mask = 0x000fffffffffffffULL;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x) + (one_bits - sqrt_half_bits);
    // 2^52 + 2^51 as a double whose low bits take a small signed integer: an exact int-to-double without a cast
    const std::uint64_t biased = (bits >> 52U) | 0x4330000000000000ULL;
    const double n = std::bit_cast<double>(biased) - (4503599627370496.0 + 1023.0);
    const double m = std::bit_cast<double>((bits & mantissa_mask) + sqrt_half_bits);
    const double s = (m - 1.0) / (m + 1.0);
    const double z = s * s;
    double p = 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    const double log_m = 2.0 * s + 2.0 * s * z * p;
    const double value = n * ln2_high + (log_m + n * ln2_low);
    return x == x ? value : x;
}

// Mills ratio N(-y) / phi(y) of the normal law for y >= 0, to 5e-16 relative: (1 + y) M(y) is a polynomial of degree
// 22 in (y - 5) / (y + 5), interpolated at Chebyshev points with 50 digits.
[[nodiscard]] inline double mills_ratio(double y) noexcept {
    const double inverse = 1.0 / ((y + 5.0) * (y + 1.0));
    const double t = (y - 5.0) * (y + 1.0) * inverse;
    double ratio = -7.220468933838077e-10;
    ratio = ratio * t + 5.521952049909824e-09;
    ratio = ratio * t + 9.17324390274628e-09;
    ratio = ratio * t + -6.378123004923263e-08;
    ratio = ratio * t + -6.60819095905981e-08;
    ratio = ratio * t + 4.7228001965691223e-07;
    ratio = ratio * t + 3.2080148978532577e-07;
    ratio = ratio * t + -3.259601117780117e-06;
    ratio = ratio * t + -1.7654796981266064e-07;
    ratio = ratio * t + 2.2699265505116747e-05;
    ratio = ratio * t + -2.4805722916854004e-05;
    ratio = ratio * t + -0.00013437030920955515;
    ratio = ratio * t + 0.000457043883828555;
    ratio = ratio * t + 1.952966007993713e-05;
    ratio = ratio * t + -0.0042012903206647455;
    ratio = ratio * t + 0.01634823142841026;
    ratio = ratio * t + -0.03802659218690675;
    ratio = ratio * t + 0.061505045827842685;
    ratio = ratio * t + -0.06617760077902805;
    ratio = ratio * t + 0.025072179302116387;
    ratio = ratio * t + 0.07778159886873598;
    ratio = ratio * t + -0.22948753825211862;
    ratio = ratio * t + 1.1568486282918946;
    return ratio * (y + 5.0) * inverse;
}

}  // namespace parley::math
