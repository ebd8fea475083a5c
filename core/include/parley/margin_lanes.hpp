#pragma once
// The scenarios of the portfolio margin side by side: one lane each, so that one pass of vector code does them all.
// No result depends on the width of the vectors: every lane is computed for itself, and nothing is contracted.

#include <cstddef>
#include <span>

#include "parley/portfolio_margin.hpp"

namespace parley::margin {

/// The scenarios, filled up to whole vectors; lanes beyond the scenarios hold zero.
inline constexpr std::size_t kLanes = 40;
static_assert(kLanes >= kMarginScenarios && kLanes % 8 == 0);
/// Scenarios that say what an option is worth now, and with its forward 4.5 % up and down.
inline constexpr std::size_t kUnchanged = 11;
inline constexpr std::size_t kForwardUp = 8;
inline constexpr std::size_t kForwardDown = 14;

struct alignas(64) Lanes {
    double at[kLanes] = {};
};

/// What all options of one expiry share. `owned` and `owed` discount a shocked value against the account.
struct ExpiryTerms {
    double years = 0.0;
    double rate = 0.0;
    double owned = 0.0;
    double owed = 0.0;
    double discount = 0.0;  ///< exp(-rate * years)
    double volatility_up = 0.0;
    double volatility_down = 0.0;
    double skew_cap = 0.0;
    double skew_width = 0.0;
    double contingency = 0.0;  ///< weight of a forward that moves against spot
};

/// years > 0 and the rate finite.
[[nodiscard]] ExpiryTerms expiry_terms(double years, double rate) noexcept;

struct OptionTerms {
    double forward = 0.0;
    double strike = 0.0;
    double volatility = 0.0;
    double coins = 0.0;  ///< of one lot
    bool is_call = false;
};

/// Dollars of one lot under every scenario.
void value_option(const OptionTerms& option, const ExpiryTerms& expiry, Lanes& values) noexcept;

struct Held {
    const Lanes* values;
    double lots;
};

/// Adds held lots, in the order given.
void add_values(std::span<const Held> held, Lanes& sum) noexcept;
/// Adds the profits of an expiry whose options are worth `sum`.
void add_profits(const Lanes& sum, const ExpiryTerms& expiry, Lanes& profits) noexcept;
/// Adds, in each lane alone, the worst of nothing, all that is bought and all that is sold being filled at its value.
void add_worst(const Lanes& values, const ExpiryTerms& expiry, double bought, double sold, Lanes& profits) noexcept;
/// The same of `dollars` that move with spot.
void add_worst_linear(double bought, double sold, Lanes& profits) noexcept;
/// Least profit over the scenarios; `dollars` move with spot.
[[nodiscard]] double least_profit(const Lanes& profits, double dollars) noexcept;
/// least_profit after `lots` more of `values` in an expiry worth `sum` so far.
[[nodiscard]] double least_profit_with(const Lanes& profits, const Lanes& sum, const Lanes& values, double lots,
                                       const ExpiryTerms& expiry, double dollars) noexcept;
/// What an expiry may lose when its forward moves against spot; never above zero. `futures`: dollars of its futures.
[[nodiscard]] double forward_loss(double up, double down, double unchanged, const ExpiryTerms& expiry,
                                  double futures) noexcept;

}  // namespace parley::margin
