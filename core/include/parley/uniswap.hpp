#pragma once

#include <cstdint>

#include "parley/uint256.hpp"
#include "parley/units.hpp"

namespace parley {

/// Why a pool refuses; the words are those of the contracts' specifications.
enum class AmmError : std::uint8_t {
    none,
    amount_is_zero,
    insufficient_liquidity,
    reserve_out_of_range,
    tick_out_of_range,
    price_out_of_range,
    price_limit,
    fee_out_of_range,
    liquidity_out_of_range,
    overflow,
    too_many_ticks,
};
[[nodiscard]] const char* text(AmmError error) noexcept;

/// A value, or the error that stands in its place.
template <typename Value>
struct Amm {
    Value value{};
    AmmError error = AmmError::none;

    Amm(const Value& given) : value(given) {}        // NOLINT: reads as the value
    Amm(AmmError refused) : error(refused) {}        // NOLINT: or as the error
    [[nodiscard]] explicit operator bool() const noexcept { return error == AmmError::none; }
    [[nodiscard]] const Value& operator*() const noexcept { return value; }
    [[nodiscard]] const Value* operator->() const noexcept { return &value; }
};

inline constexpr std::uint32_t kFeeDenominator = 1'000'000;  ///< fees are counted in millionths (ppm)

}  // namespace parley
