#include "parley/uniswap_v2.hpp"

namespace parley {

const char* text(AmmError error) noexcept {
    switch (error) {
        case AmmError::none:
            return "none";
        case AmmError::amount_is_zero:
            return "amount is zero";
        case AmmError::insufficient_liquidity:
            return "insufficient liquidity";
        case AmmError::reserve_out_of_range:
            return "reserve is zero or has more than 112 bits";
        case AmmError::tick_out_of_range:
            return "tick out of range";
        case AmmError::price_out_of_range:
            return "price out of range";
        case AmmError::price_limit:
            return "price limit on the wrong side of the price";
        case AmmError::fee_out_of_range:
            return "fee out of range";
        case AmmError::liquidity_out_of_range:
            return "liquidity out of range";
        case AmmError::overflow:
            return "overflow";
        case AmmError::too_many_ticks:
            return "too many initialized ticks";
    }
    return "unknown";
}

AmmError UniswapV2Pool::check() const noexcept {
    if (fee_ppm >= kFeeDenominator) return AmmError::fee_out_of_range;
    const auto is_good = [](const Uint256& reserve) { return !reserve.is_zero() && reserve.fits(kReserveBits); };
    return is_good(reserve0) && is_good(reserve1) ? AmmError::none : AmmError::reserve_out_of_range;
}

// Products of a 112-bit reserve, a 112-bit amount and a 20-bit fee stay below 2^256, so that only what comes in has to
// be bounded first.
Amm<Uint256> UniswapV2Pool::amount_out(bool zero_for_one, const Uint256& amount_in) const noexcept {
    if (const AmmError error = check(); error != AmmError::none) return error;
    if (amount_in.is_zero()) return AmmError::amount_is_zero;
    const Uint256& reserve_in = zero_for_one ? reserve0 : reserve1;
    const Uint256& reserve_out = zero_for_one ? reserve1 : reserve0;
    const auto after = checked_add(reserve_in, amount_in);
    if (!after || !after->fits(kReserveBits)) return AmmError::overflow;
    const Uint256 with_fee = *checked_multiply(amount_in, kFeeDenominator - fee_ppm);
    const Uint256 whole = *checked_add(*checked_multiply(reserve_in, kFeeDenominator), with_fee);
    const Uint256 out = *mul_div(with_fee, reserve_out, whole);
    return out.is_zero() ? Amm<Uint256>(AmmError::insufficient_liquidity) : Amm<Uint256>(out);
}

Amm<Uint256> UniswapV2Pool::amount_in(bool zero_for_one, const Uint256& amount_out) const noexcept {
    if (const AmmError error = check(); error != AmmError::none) return error;
    if (amount_out.is_zero()) return AmmError::amount_is_zero;
    const Uint256& reserve_in = zero_for_one ? reserve0 : reserve1;
    const Uint256& reserve_out = zero_for_one ? reserve1 : reserve0;
    if (amount_out >= reserve_out) return AmmError::insufficient_liquidity;
    const Uint256 left = *checked_multiply(reserve_out - amount_out, kFeeDenominator - fee_ppm);
    const auto needed = mul_div(reserve_in, *checked_multiply(amount_out, kFeeDenominator), left);
    const auto in = needed ? checked_add(*needed, 1) : std::nullopt;
    const auto after = in ? checked_add(reserve_in, *in) : std::nullopt;
    if (!after || !after->fits(kReserveBits)) return AmmError::overflow;
    return *in;
}

Amm<Uint256> UniswapV2Pool::swap_exact_in(bool zero_for_one, const Uint256& amount_in) noexcept {
    const auto out = amount_out(zero_for_one, amount_in);
    if (!out) return out;
    Uint256& reserve_in = zero_for_one ? reserve0 : reserve1;
    Uint256& reserve_out = zero_for_one ? reserve1 : reserve0;
    reserve_in = *checked_add(reserve_in, amount_in);
    reserve_out = reserve_out - *out;
    return out;
}

Amm<Uint256> UniswapV2Pool::swap_exact_out(bool zero_for_one, const Uint256& amount_out) noexcept {
    const auto in = amount_in(zero_for_one, amount_out);
    if (!in) return in;
    Uint256& reserve_in = zero_for_one ? reserve0 : reserve1;
    Uint256& reserve_out = zero_for_one ? reserve1 : reserve0;
    reserve_in = *checked_add(reserve_in, *in);
    reserve_out = reserve_out - amount_out;
    return in;
}

namespace {

/// 10^6 times the balance after a swap, less the fee on what came in.
Amm<Uint256> adjusted(const Uint256& reserve, const Uint256& in, const Uint256& out, std::uint32_t fee_ppm) noexcept {
    if (out >= reserve) return AmmError::insufficient_liquidity;
    const auto balance = checked_add(reserve - out, in);
    if (!balance || !balance->fits(kReserveBits)) return AmmError::overflow;
    return *checked_multiply(*balance, kFeeDenominator) - *checked_multiply(in, fee_ppm);
}

}  // namespace

Amm<bool> UniswapV2Pool::keeps_product(const Uint256& in0, const Uint256& in1, const Uint256& out0,
                                       const Uint256& out1) const noexcept {
    if (const AmmError error = check(); error != AmmError::none) return error;
    if (out0.is_zero() && out1.is_zero()) return AmmError::amount_is_zero;
    const auto balance0 = adjusted(reserve0, in0, out0, fee_ppm);
    const auto balance1 = adjusted(reserve1, in1, out1, fee_ppm);
    if (!balance0) return balance0.error;
    if (!balance1) return balance1.error;
    const auto before = wide::multiply(*checked_multiply(reserve0, kFeeDenominator),
                                       *checked_multiply(reserve1, kFeeDenominator));
    const auto after = wide::multiply(*balance0, *balance1);
    for (std::size_t at = after.size(); at-- > 0;) {
        if (after[at] != before[at]) return after[at] > before[at];
    }
    return true;
}

}  // namespace parley
