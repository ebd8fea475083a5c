#pragma once

#include <span>
#include <utility>
#include <vector>

#include "parley/uniswap.hpp"

namespace parley {

/// Concentrated liquidity: Adams, Zinsmeister, Salem, Keefer, Robinson, "Uniswap v3 Core" (2021), section 6. Prices
/// are square roots of token 1 per token 0 in Q64.96, amounts raw token units, fees millionths. Every result is the
/// integer the contracts compute, their rounding included: what comes in is rounded up, what leaves down. The protocol's
/// own share of the fee, which changes no swapped amount, is not modeled.
namespace uniswap_v3 {

inline constexpr std::int32_t kTickMax = 887'272;
inline constexpr std::int32_t kTicksInitializedMax = 4'096;
inline constexpr unsigned kSqrtPriceBits = 160;
inline constexpr unsigned kLiquidityBits = 128;

/// sqrt(1.0001^tick) * 2^96, rounded up.
[[nodiscard]] Amm<Uint256> sqrt_ratio_at_tick(std::int32_t tick) noexcept;
/// The greatest tick whose ratio is not above `sqrt_price`.
[[nodiscard]] Amm<std::int32_t> tick_at_sqrt_ratio(const Uint256& sqrt_price) noexcept;
[[nodiscard]] const Uint256& sqrt_ratio_min() noexcept;
[[nodiscard]] const Uint256& sqrt_ratio_max() noexcept;

/// L * (1/sqrt(a) - 1/sqrt(b)) and L * (sqrt(b) - sqrt(a)): whitepaper 6.14 and 6.16; the order of a and b is free.
[[nodiscard]] Amm<Uint256> amount0_delta(Uint256 a, Uint256 b, const Uint256& liquidity, Rounding rounding) noexcept;
[[nodiscard]] Amm<Uint256> amount1_delta(Uint256 a, Uint256 b, const Uint256& liquidity, Rounding rounding) noexcept;
/// The price after `amount` came in, or went out.
[[nodiscard]] Amm<Uint256> next_price_from_input(const Uint256& sqrt_price, const Uint256& liquidity,
                                                 const Uint256& amount, bool zero_for_one) noexcept;
[[nodiscard]] Amm<Uint256> next_price_from_output(const Uint256& sqrt_price, const Uint256& liquidity,
                                                  const Uint256& amount, bool zero_for_one) noexcept;

struct Step {
    Uint256 sqrt_price;  ///< after the step
    Uint256 amount_in;   ///< without the fee
    Uint256 amount_out;
    Uint256 fee;
};
/// One swap within a range of constant liquidity, to `target` at most. `amount` is what comes in, fee included, or what
/// is to go out.
[[nodiscard]] Amm<Step> swap_step(const Uint256& sqrt_price, const Uint256& target, const Uint256& liquidity,
                                  const Uint256& amount, bool is_exact_in, std::uint32_t fee_ppm) noexcept;

struct Tick {
    std::int32_t tick = 0;
    Wide liquidity_net = 0;  ///< added when the price rises through the tick
    Uint256 liquidity_gross;
    Uint256 sqrt_price;
};

struct Swap {
    Uint256 amount_in;   ///< fee included
    Uint256 amount_out;
    Uint256 sqrt_price;  ///< after the swap
    Uint256 liquidity;
    Uint256 fee_growth;  ///< of the token that came in, a unit of liquidity, in Q128, added by this swap
    std::int32_t tick = 0;
    std::int32_t ticks_crossed = 0;
};

class Pool {
public:
    /// Checked by `check()`; `tick_spacing` between 1 and 16,383.
    Pool(std::uint32_t fee_ppm, std::int32_t tick_spacing, const Uint256& sqrt_price) noexcept;
    [[nodiscard]] AmmError check() const noexcept;

    /// Adds liquidity between two ticks: (amount 0, amount 1) that come in, rounded up. Nothing changes on an error.
    Amm<std::pair<Uint256, Uint256>> add_position(std::int32_t lower, std::int32_t upper, const Uint256& liquidity);
    /// What a swap would do. `limit` is the price it stops at.
    [[nodiscard]] Amm<Swap> quote(bool zero_for_one, bool is_exact_in, const Uint256& amount,
                                  const Uint256& limit) const noexcept;
    Amm<Swap> swap(bool zero_for_one, bool is_exact_in, const Uint256& amount, const Uint256& limit) noexcept;

    [[nodiscard]] const Uint256& sqrt_price() const noexcept { return sqrt_price_; }
    [[nodiscard]] const Uint256& liquidity() const noexcept { return liquidity_; }
    [[nodiscard]] std::int32_t tick() const noexcept { return tick_; }
    [[nodiscard]] std::uint32_t fee_ppm() const noexcept { return fee_ppm_; }
    [[nodiscard]] std::int32_t tick_spacing() const noexcept { return tick_spacing_; }
    /// Initialized ticks, ascending.
    [[nodiscard]] std::span<const Tick> ticks() const noexcept { return ticks_; }

private:
    struct Next {
        std::int32_t tick;
        const Tick* initialized;  ///< null where a word of the bitmap ends first
    };
    struct Progress;
    [[nodiscard]] Next next_tick(std::int32_t tick, bool zero_for_one) const noexcept;
    [[nodiscard]] Amm<bool> advance(Progress& at, bool zero_for_one, bool is_exact_in,
                                    const Uint256& limit) const noexcept;
    [[nodiscard]] AmmError settle(Progress& at, const Next& next, const Uint256& before, const Uint256& next_price,
                                  bool zero_for_one) const noexcept;
    void update_tick(std::int32_t tick, const Uint256& liquidity, bool is_upper);

    std::uint32_t fee_ppm_;
    std::int32_t tick_spacing_;
    Uint256 sqrt_price_;
    Uint256 liquidity_;
    std::int32_t tick_ = 0;
    AmmError error_ = AmmError::none;
    std::vector<Tick> ticks_;
};

}  // namespace uniswap_v3
}  // namespace parley
