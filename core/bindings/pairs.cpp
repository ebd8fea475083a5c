#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "parley/pairs_backtest.hpp"
#include "pricing_arrays.hpp"
#include "signal_nodes.hpp"

namespace {

namespace nb = nanobind;
using namespace nanobind::literals;
using namespace parley;

using parley::bindings::TermsTuple;
using parley::bindings::to_terms;
using TimeArray = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

constexpr std::int64_t kWide = 1'000'000'000'000'000'000;

PairsBacktestSettings settings_of(std::uint32_t open_max, std::int64_t order_value_max_usd, std::int64_t open_risk_max_usd,
                                  std::size_t trade_from, double cost_basis_points) {
    PairsBacktestSettings settings;
    settings.trader.open_max = open_max;
    settings.limits = {kQuantityLotsMax, order_value_max_usd * 1'000'000, kQuantityLotsMax, kWide, 1'000};
    settings.caps.max_order_value_micros = order_value_max_usd * 1'000'000;
    settings.caps.max_open_risk_micros = open_risk_max_usd * 1'000'000;
    settings.caps.max_working_orders = static_cast<std::int64_t>(kPairsMax) * 2;
    settings.trade_from = trade_from;
    settings.cost_basis_points = cost_basis_points;
    return settings;
}

parley::bindings::OutputArray to_array(const std::vector<double>& values) {
    auto out = parley::bindings::make_output(values.size());
    std::copy(values.begin(), values.end(), out.data());
    return out;
}

nb::dict to_dict(const PairsBacktestResult& result) {
    nb::dict answer;
    answer["equity"] = to_array(result.equity);
    answer["gross"] = to_array(result.gross);
    answer["pair_profit"] = to_array(result.pair_profit);
    answer["trades"] = result.trades;
    answer["costs"] = result.costs;
    answer["turnover"] = result.turnover;
    answer["refusals"] = result.refusals;
    answer["unfilled"] = result.unfilled;
    return answer;
}

nb::dict backtest(SignalGraph& graph, const std::vector<TermsTuple>& pairs, const TimeArray& at_ns, const Matrix& prices,
                  std::uint32_t open_max, std::int64_t order_value_max_usd, std::int64_t open_risk_max_usd,
                  std::size_t trade_from, double cost_basis_points) {
    parley::bindings::require_size("prices", prices, "at_ns", at_ns.shape(0));
    parley::bindings::require_finite("cost_basis_points", cost_basis_points);
    if (prices.shape(1) != graph.instruments()) throw nb::value_error("prices need one column per instrument");
    std::vector<PairTerms> terms;
    std::vector<std::uint32_t> nodes;
    for (const TermsTuple& fields : pairs) {
        terms.push_back(to_terms(fields));
        nodes.push_back(std::get<8>(fields));
        if (nodes.back() >= graph.size()) throw nb::index_error("the graph has no such node");
    }
    const PairFault fault = PairsTrader::check(terms, graph.instruments());
    if (fault != PairFault::none) throw nb::value_error(std::string(to_text(fault)).c_str());
    const auto settings = settings_of(open_max, order_value_max_usd, open_risk_max_usd, trade_from, cost_basis_points);
    PairsBacktestResult result;
    {
        const nb::gil_scoped_release released;
        result = run_pairs_backtest(graph, terms, nodes, {at_ns.data(), at_ns.shape(0)}, prices.data(), settings);
    }
    return to_dict(result);
}

}  // namespace

void bind_pairs(nb::module_& module) {
    module.def("backtest_pairs", &backtest, "graph"_a, "pairs"_a, "at_ns"_a, "prices"_a, "open_max"_a,
               "order_value_max_usd"_a, "open_risk_max_usd"_a, "trade_from"_a, "cost_basis_points"_a,
               "Pairs as (first, second, first_lots, second_lots, entry, exit, stop, timeout_ns, node of the z-score) over "
               "bars of prices in dollars, one row per time, one column per instrument, NaN a gap. Signals of a bar trade "
               "at the next one's price. Returns equity and gross per bar, pair_profit, trades, costs, turnover in "
               "dollars, refusals, unfilled. Raises ValueError with the fault's name. Releases the GIL.");
}
