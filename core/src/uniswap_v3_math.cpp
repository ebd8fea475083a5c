#include <cmath>
#include <cstdlib>
#include <utility>

#include "parley/uniswap_v3.hpp"

namespace parley::uniswap_v3 {
namespace {

/// 2^128 / sqrt(1.0001)^(2^bit), rounded to the nearest.
constexpr std::array<std::array<std::uint64_t, 2>, 20> kRatioOfBit{{
    {0xfffcb933bd6fad37, 0xaa2d162d1a594001}, {0xfff97272373d4132, 0x59a46990580e213a},
    {0xfff2e50f5f656932, 0xef12357cf3c7fdcc}, {0xffe5caca7e10e4e6, 0x1c3624eaa0941cd0},
    {0xffcb9843d60f6159, 0xc9db58835c926644}, {0xff973b41fa98c081, 0x472e6896dfb254c0},
    {0xff2ea16466c96a38, 0x43ec78b326b52861}, {0xfe5dee046a99a2a8, 0x11c461f1969c3053},
    {0xfcbe86c7900a88ae, 0xdcffc83b479aa3a4}, {0xf987a7253ac41317, 0x6f2b074cf7815e54},
    {0xf3392b0822b70005, 0x940c7a398e4b70f3}, {0xe7159475a2c29b74, 0x43b29c7fa6e889d9},
    {0xd097f3bdfd2022b8, 0x845ad8f792aa5825}, {0xa9f746462d870fdf, 0x8a65dc1f90e061e5},
    {0x70d869a156d2a1b8, 0x90bb3df62baf32f7}, {0x31be135f97d08fd9, 0x81231505542fcfa6},
    {0x09aa508b5b7a84e1, 0xc677de54f3e99bc9}, {0x005d6af8dedb8119, 0x6699c329225ee604},
    {0x00002216e584f5fa, 0x1ea926041bedfe98}, {0x00000000048a1703, 0x91f7dc42444e8fa2},
}};

/// The high half of a product of two numbers of 128 bits.
Uint128 multiply_high(Uint128 a, Uint128 b) noexcept {
    const wide::Product product = wide::multiply(Uint256::from(a), Uint256::from(b));
    return (Uint128{product[3]} << 64) | product[2];
}

/// (price << 96) in full, for the formulas that need it.
Uint256 shifted(const Uint256& liquidity) noexcept { return liquidity << 96U; }

Amm<Uint256> within_price(const std::optional<Uint256>& price) noexcept {
    if (!price || !price->fits(kSqrtPriceBits)) return AmmError::price_out_of_range;
    return *price;
}

/// L * price / (L +- amount * price), rounded up. Where that overflows on the way in, L / (L / price + amount).
Amm<Uint256> next_price_from_amount0(const Uint256& price, const Uint256& liquidity, const Uint256& amount,
                                     bool is_added) noexcept {
    if (amount.is_zero()) return price;
    const Uint256 numerator = shifted(liquidity);
    const auto product = checked_multiply(amount, price);
    if (!is_added) {
        if (!product || numerator <= *product) return AmmError::insufficient_liquidity;
        return within_price(mul_div(numerator, price, numerator - *product, Rounding::up));
    }
    const auto denominator = product ? checked_add(numerator, *product) : std::nullopt;
    if (denominator) return within_price(mul_div(numerator, price, *denominator, Rounding::up));
    const auto sum = checked_add(divide(numerator, price), amount);
    if (!sum) return AmmError::overflow;
    return within_price(divide(numerator, *sum, Rounding::up));
}

/// price +- amount / L, rounded down.
Amm<Uint256> next_price_from_amount1(const Uint256& price, const Uint256& liquidity, const Uint256& amount,
                                     bool is_added) noexcept {
    const auto quotient =
        mul_div(amount, Uint256::power_of_two(96), liquidity, is_added ? Rounding::down : Rounding::up);
    if (!quotient) return AmmError::overflow;
    if (is_added) return within_price(checked_add(price, *quotient));
    if (price <= *quotient) return AmmError::insufficient_liquidity;
    return price - *quotient;
}

}  // namespace

Amm<Uint256> sqrt_ratio_at_tick(std::int32_t tick) noexcept {
    if (tick < -kTickMax || tick > kTickMax) return AmmError::tick_out_of_range;
    const auto size = static_cast<std::uint32_t>(std::abs(tick));
    Uint128 product = 0;  // stands for 2^128 until a bit is met
    for (std::size_t bit = 0; bit < kRatioOfBit.size(); ++bit) {
        if (((size >> bit) & 1U) == 0) continue;
        const Uint128 factor = (Uint128{kRatioOfBit[bit][0]} << 64) | kRatioOfBit[bit][1];
        product = product == 0 ? factor : multiply_high(product, factor);
    }
    if (size == 0) return Uint256::power_of_two(96);
    const Uint256 below = Uint256::from(product);
    const Uint256 ratio = tick > 0 ? divide(Uint256::most(), below) : below;
    const Uint256 price = ratio >> 32U;
    return (ratio.limbs[0] & 0xffffffffU) == 0 ? price : *checked_add(price, 1);
}

const Uint256& sqrt_ratio_min() noexcept {
    static const Uint256 ratio = *sqrt_ratio_at_tick(-kTickMax);
    return ratio;
}

const Uint256& sqrt_ratio_max() noexcept {
    static const Uint256 ratio = *sqrt_ratio_at_tick(kTickMax);
    return ratio;
}

// The logarithm only guesses: the definition decides, so that the result is exact whatever the library rounds.
Amm<std::int32_t> tick_at_sqrt_ratio(const Uint256& sqrt_price) noexcept {
    if (sqrt_price < sqrt_ratio_min() || sqrt_price >= sqrt_ratio_max()) return AmmError::price_out_of_range;
    static const double ticks_per_log = 2.0 / std::log(1.0001);
    const double guess = std::floor(std::log(sqrt_price.to_double() * 0x1p-96) * ticks_per_log);
    auto tick = static_cast<std::int32_t>(guess);
    tick = tick < -kTickMax ? -kTickMax : tick >= kTickMax ? kTickMax - 1 : tick;
    while (*sqrt_ratio_at_tick(tick) > sqrt_price) --tick;
    while (*sqrt_ratio_at_tick(tick + 1) <= sqrt_price) ++tick;
    return tick;
}

Amm<Uint256> amount0_delta(Uint256 a, Uint256 b, const Uint256& liquidity, Rounding rounding) noexcept {
    if (a > b) std::swap(a, b);
    if (a.is_zero()) return AmmError::price_out_of_range;
    const auto quotient = mul_div(shifted(liquidity), b - a, b, rounding);
    if (!quotient) return AmmError::overflow;
    return divide(*quotient, a, rounding);
}

Amm<Uint256> amount1_delta(Uint256 a, Uint256 b, const Uint256& liquidity, Rounding rounding) noexcept {
    if (a > b) std::swap(a, b);
    const auto delta = mul_div(liquidity, b - a, Uint256::power_of_two(96), rounding);
    if (!delta) return AmmError::overflow;
    return *delta;
}

Amm<Uint256> next_price_from_input(const Uint256& sqrt_price, const Uint256& liquidity, const Uint256& amount,
                                   bool zero_for_one) noexcept {
    if (sqrt_price.is_zero() || !sqrt_price.fits(kSqrtPriceBits)) return AmmError::price_out_of_range;
    if (liquidity.is_zero() || !liquidity.fits(kLiquidityBits)) return AmmError::liquidity_out_of_range;
    return zero_for_one ? next_price_from_amount0(sqrt_price, liquidity, amount, true)
                        : next_price_from_amount1(sqrt_price, liquidity, amount, true);
}

Amm<Uint256> next_price_from_output(const Uint256& sqrt_price, const Uint256& liquidity, const Uint256& amount,
                                    bool zero_for_one) noexcept {
    if (sqrt_price.is_zero() || !sqrt_price.fits(kSqrtPriceBits)) return AmmError::price_out_of_range;
    if (liquidity.is_zero() || !liquidity.fits(kLiquidityBits)) return AmmError::liquidity_out_of_range;
    return zero_for_one ? next_price_from_amount1(sqrt_price, liquidity, amount, false)
                        : next_price_from_amount0(sqrt_price, liquidity, amount, false);
}

namespace {

/// One step in one direction: which token comes in decides which of the two deltas measures it.
struct Range {
    const Uint256& price;
    const Uint256& liquidity;
    bool zero_for_one;

    [[nodiscard]] Amm<Uint256> in(const Uint256& to) const noexcept {
        return zero_for_one ? amount0_delta(to, price, liquidity, Rounding::up)
                            : amount1_delta(price, to, liquidity, Rounding::up);
    }
    [[nodiscard]] Amm<Uint256> out(const Uint256& to) const noexcept {
        return zero_for_one ? amount1_delta(to, price, liquidity, Rounding::down)
                            : amount0_delta(price, to, liquidity, Rounding::down);
    }
};

Amm<Step> step_in(const Range& range, const Uint256& target, const Uint256& amount, std::uint32_t fee_ppm) noexcept {
    const Uint256 less_fee = *mul_div(amount, kFeeDenominator - fee_ppm, kFeeDenominator);
    const auto whole = range.in(target);
    if (!whole) return whole.error;
    Step step{target, *whole, {}, {}};
    if (less_fee < *whole) {
        const auto price = next_price_from_input(range.price, range.liquidity, less_fee, range.zero_for_one);
        if (!price) return price.error;
        step.sqrt_price = *price;
        if (*price != target) {
            const auto in = range.in(*price);
            if (!in) return in.error;
            step.amount_in = *in;
        }
    }
    const auto out = range.out(step.sqrt_price);
    if (!out) return out.error;
    step.amount_out = *out;
    // What does not reach the target leaves nothing behind: the rest of what came in is the fee.
    if (step.sqrt_price != target) {
        step.fee = amount - step.amount_in;
        return step;
    }
    const auto fee = mul_div(step.amount_in, fee_ppm, kFeeDenominator - fee_ppm, Rounding::up);
    if (!fee) return AmmError::overflow;
    step.fee = *fee;
    return step;
}

Amm<Step> step_out(const Range& range, const Uint256& target, const Uint256& amount, std::uint32_t fee_ppm) noexcept {
    const auto whole = range.out(target);
    if (!whole) return whole.error;
    Step step{target, {}, *whole, {}};
    if (amount < *whole) {
        const auto price = next_price_from_output(range.price, range.liquidity, amount, range.zero_for_one);
        if (!price) return price.error;
        step.sqrt_price = *price;
        if (*price != target) {
            const auto out = range.out(*price);
            if (!out) return out.error;
            step.amount_out = *out;
        }
    }
    const auto in = range.in(step.sqrt_price);
    if (!in) return in.error;
    step.amount_in = *in;
    if (step.amount_out > amount) step.amount_out = amount;
    const auto fee = mul_div(step.amount_in, fee_ppm, kFeeDenominator - fee_ppm, Rounding::up);
    if (!fee) return AmmError::overflow;
    step.fee = *fee;
    return step;
}

}  // namespace

Amm<Step> swap_step(const Uint256& sqrt_price, const Uint256& target, const Uint256& liquidity, const Uint256& amount,
                    bool is_exact_in, std::uint32_t fee_ppm) noexcept {
    if (fee_ppm >= kFeeDenominator) return AmmError::fee_out_of_range;
    if (!sqrt_price.fits(kSqrtPriceBits) || !target.fits(kSqrtPriceBits)) return AmmError::price_out_of_range;
    if (!liquidity.fits(kLiquidityBits)) return AmmError::liquidity_out_of_range;
    const Range range{sqrt_price, liquidity, sqrt_price >= target};
    return is_exact_in ? step_in(range, target, amount, fee_ppm) : step_out(range, target, amount, fee_ppm);
}

}  // namespace parley::uniswap_v3
