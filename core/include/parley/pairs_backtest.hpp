#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "parley/pairs.hpp"
#include "parley/signal_graph.hpp"

namespace parley {

struct PairsBacktestSettings {
    PairsTrader::Settings trader;
    Limits limits;
    ScopeLimits caps;               ///< of the strategy
    std::size_t trade_from = 0;     ///< first bar whose signals may trade; bars before it only fill the windows
    double cost_basis_points = 0.0; ///< of the price, paid on each order: half spread, fee and impact
    double tick = 0.01;             ///< dollars
};

/// Dollars at the end of each bar; a lot is a share.
struct PairsBacktestResult {
    std::vector<double> equity;        ///< all pairs
    std::vector<double> gross;         ///< absolute value held
    std::vector<double> pair_profit;   ///< of each pair at the end, open positions at the last price
    std::vector<std::int64_t> trades;  ///< orders of each pair
    double costs = 0.0;
    double turnover = 0.0;
    std::uint64_t refusals = 0;
    std::uint64_t unfilled = 0;        ///< orders for which the next bar had no price
};

/// The strategy over bars: signals at the end of a bar, orders filled at the price of the next one less costs, through
/// the same graph, state machine and gate as live. `prices` has one row per time and a column per instrument, NaN is a
/// gap; `zscores` is each pair's node. Limit prices are not looked at: the next bar is bought as it comes.
[[nodiscard]] PairsBacktestResult run_pairs_backtest(SignalGraph& graph, const std::vector<PairTerms>& pairs,
                                                     std::span<const std::uint32_t> zscores,
                                                     std::span<const std::int64_t> at_ns, const double* prices,
                                                     const PairsBacktestSettings& settings);

}  // namespace parley
