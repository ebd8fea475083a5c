#pragma once
// Portfolio margin of one coin's book, in the form of Derive's PM2 (public documentation of Derive, "PM2"):
//   margin = mark-to-market + cash + f * minimum PnL - contingencies
// over spot and volatility scenarios, damped tails, two skew scenarios and a forward contingency per expiry.
// All money in US dollars, positions in coins, time in years.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace parley {

enum class VolatilityShock : std::uint8_t { up, none, down, linear_skew, absolute_skew };

struct MarginScenario {
    double spot_shock;  // factor on spot and forwards
    VolatilityShock volatility;
    double damping;
    std::string_view name;
};

inline constexpr std::size_t kMarginScenarios = 33;
// The scenarios in order; the forward contingency is scenario number kMarginScenarios.
[[nodiscard]] const std::array<MarginScenario, kMarginScenarios>& margin_scenarios() noexcept;
inline constexpr std::string_view kForwardContingencyName = "forward contingency";

// One row per option. rate discounts the undiscounted Black-76 value to spot money: value * exp(-rate * years).
struct MarginOptions {
    std::span<const double> forward, strike, years, volatility, amount, rate;
    std::span<const std::uint8_t> is_call;
};

// Futures and perpetuals: signed coins, and years to expiry (0 for a perpetual). Their value is in `cash`.
struct MarginLinear {
    std::span<const double> coins, years;
};

struct MarginAccount {
    double spot;
    double cash;              // dollars, with the unrealized PnL of futures and perpetuals
    double collateral_coins;  // coin balance; below zero it is a debt and its haircut is zero
    double maintenance_haircut;
    double initial_haircut;  // on top of maintenance
    double stable_price;     // dollars of one stable coin
    double confidence;       // of the prices, 0 to 1
};

struct PortfolioMargin {
    double mark_to_market;  // options and collateral
    double initial;         // net: below zero nothing new may be opened
    double maintenance;     // net: below zero the account is liquidated
    double minimum_pnl;
    std::size_t worst;  // number of the worst scenario
    std::array<double, kMarginScenarios + 1> pnl;
    double maintenance_contingency;
    double initial_contingency;
    double initial_factor;
};

[[nodiscard]] PortfolioMargin portfolio_margin(const MarginAccount& account, const MarginOptions& options,
                                               const MarginLinear& linear);

}  // namespace parley
