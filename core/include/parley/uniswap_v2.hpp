#pragma once

#include "parley/uniswap.hpp"

namespace parley {

inline constexpr unsigned kReserveBits = 112;

/// A constant product pool: x * y does not fall, the fee taken from what comes in. Adams, Zinsmeister, Robinson,
/// "Uniswap v2 Core" (2020), sections 3.1 and 3.2.1. Amounts are raw token units, the fee is in millionths (3,000
/// there). Every result is the integer the contracts compute.
struct UniswapV2Pool {
    Uint256 reserve0;
    Uint256 reserve1;
    std::uint32_t fee_ppm = 3'000;

    /// Whether the reserves fit their 112 bits, none is zero, and the fee is below one.
    [[nodiscard]] AmmError check() const noexcept;
    /// The most that leaves for exactly `amount_in` (of token 0 if `zero_for_one`).
    [[nodiscard]] Amm<Uint256> amount_out(bool zero_for_one, const Uint256& amount_in) const noexcept;
    /// The least that has to come in for exactly `amount_out` (of token 1 if `zero_for_one`).
    [[nodiscard]] Amm<Uint256> amount_in(bool zero_for_one, const Uint256& amount_out) const noexcept;
    /// Moves the reserves; the other amount is returned. Nothing moves on an error.
    Amm<Uint256> swap_exact_in(bool zero_for_one, const Uint256& amount_in) noexcept;
    Amm<Uint256> swap_exact_out(bool zero_for_one, const Uint256& amount_out) noexcept;
    /// The condition a swap of the pair contract must meet in the end: product of the balances, less the fee on what
    /// came in, not below that of the reserves.
    [[nodiscard]] Amm<bool> keeps_product(const Uint256& in0, const Uint256& in1, const Uint256& out0,
                                          const Uint256& out1) const noexcept;
};

}  // namespace parley
