#pragma once
// The scenarios of the portfolio margin side by side: one lane each, so that one pass of vector code does them all.
// No result depends on the width of the vectors: every lane is computed for itself, and nothing is contracted.

#include <cstddef>
#include <span>

#include "parley/portfolio_margin.hpp"

namespace parley::margin {

/// The scenarios, filled up to whole vectors; of values, the lanes beyond the scenarios hold zero.
inline constexpr std::size_t kLanes = 36;
/// Of profits, what else adds up over expiries: what forwards may lose, and what options are worth now.
inline constexpr std::size_t kForwardLoss = kMarginScenarios;
inline constexpr std::size_t kOptionsValue = kMarginScenarios + 1;
static_assert(kLanes > kOptionsValue && kLanes % 4 == 0);
/// Scenarios that say what an option is worth now, and with its forward 4.5 % up and down.
inline constexpr std::size_t kUnchanged = 11;
inline constexpr std::size_t kForwardUp = 8;
inline constexpr std::size_t kForwardDown = 14;

struct alignas(32) Lanes {
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
/// A sum of which parts can be taken out again, and that is the same to the bit in whatever order they came: every part
/// is rounded to whole sixteens of dollars and a rest in 2^-34 dollars, and sums of either are exact (after Demmel and
/// Nguyen, Fast Reproducible Floating-Point Summation, 2013). A part beyond 2^41 dollars counts as that much.
struct Total {
    Lanes high, low;
    [[nodiscard]] double at(std::size_t lane) const noexcept { return high.at[lane] + low.at[lane]; }
};

/// What one lot more, bought or sold, may take off the least profit at most, whatever else is held, and the most that it
/// is worth in any scenario. Profits of an expiry change by a slope between `owned` and `owed`, so that the bounds hold for
/// any number of lots at once.
struct Fall {
    double bought = 0.0, sold = 0.0, most = 0.0;
};
[[nodiscard]] Fall find_fall(const Lanes& values, const ExpiryTerms& expiry) noexcept;
/// The largest number of all lanes, without its sign: what rounding is a share of.
[[nodiscard]] double magnitude_of(const Lanes& sum) noexcept;
[[nodiscard]] double magnitude_of(const Total& total) noexcept;
/// Largest share of a dollar that moves with spot which a scenario takes or gives.
[[nodiscard]] double linear_move_max() noexcept;

/// Adds the profits of an expiry whose options are worth `sum`.
void add_profits(const Lanes& sum, const ExpiryTerms& expiry, Total& total) noexcept;
/// Takes out of the total the profits of an expiry as it was and puts in those as it is, in one pass: the same bits as if
/// they had been added alone.
void move_profits(const Lanes& before, const ExpiryTerms& was, const Lanes& sum, const ExpiryTerms& is,
                  Total& total) noexcept;
/// In each lane alone, the worst of nothing, all that is bought and all that is sold being filled at its value.
void find_worst(const Lanes& values, const ExpiryTerms& expiry, double bought, double sold, Lanes& worst) noexcept;
/// Adds a part `times` 1 or -1.
void add_part(const Lanes& part, double times, Total& total) noexcept;
/// Dollars that move with spot: held, and working, of which the worst of nothing and either side counts.
struct Linear {
    double held = 0.0, bought = 0.0, sold = 0.0;
};
/// Least profit over the scenarios.
[[nodiscard]] double least_profit(const Total& profits, const Linear& linear) noexcept;
/// least_profit after `lots` more of `values` in an expiry worth `sum` so far.
[[nodiscard]] double least_profit_with(const Total& profits, const Lanes& sum, const Lanes& values, double lots,
                                       const ExpiryTerms& expiry, const Linear& linear) noexcept;
/// What an expiry may lose when its forward moves against spot; never above zero. `futures`: dollars of its futures.
[[nodiscard]] double forward_loss(double up, double down, double unchanged, const ExpiryTerms& expiry,
                                  double futures) noexcept;

}  // namespace parley::margin
