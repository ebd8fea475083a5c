#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "parley/portfolio_margin.hpp"
#include "pricing_arrays.hpp"

namespace {

using namespace parley::bindings;
using namespace nanobind::literals;

std::string scenario_name(std::size_t number) {
    return std::string(number < parley::kMarginScenarios ? parley::margin_scenarios()[number].name
                                                         : parley::kForwardContingencyName);
}

std::vector<std::string> scenario_names() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= parley::kMarginScenarios; ++i) {
        names.push_back(scenario_name(i));
    }
    return names;
}

parley::PortfolioMargin portfolio_margin(double spot, double cash, double collateral_coins,
                                         const InputArray& forward, const InputArray& strike,
                                         const InputArray& years, const InputArray& volatility,
                                         const FlagArray& is_call, const InputArray& amount, const InputArray& rate,
                                         const InputArray& linear_coins, const InputArray& linear_years,
                                         double maintenance_haircut, double initial_haircut, double stable_price,
                                         double confidence) {
    const std::size_t n = forward.shape(0);
    require_size("strike", strike, "forward", n);
    require_size("years", years, "forward", n);
    require_size("volatility", volatility, "forward", n);
    require_size("is_call", is_call, "forward", n);
    require_size("amount", amount, "forward", n);
    require_size("rate", rate, "forward", n);
    require_size("linear_years", linear_years, "linear_coins", linear_coins.shape(0));
    const parley::MarginAccount account{spot,         cash,       collateral_coins, maintenance_haircut, initial_haircut,
                                        stable_price, confidence};
    const parley::MarginOptions options{to_span(forward), to_span(strike), to_span(years),      to_span(volatility),
                                        to_span(amount),  to_span(rate),   {flags(is_call), n}};
    const parley::MarginLinear linear{to_span(linear_coins), to_span(linear_years)};
    const nb::gil_scoped_release release;
    return parley::portfolio_margin(account, options, linear);
}

OutputArray scenario_pnl(const parley::PortfolioMargin& margin) {
    OutputArray out = make_output(margin.pnl.size());
    std::copy(margin.pnl.begin(), margin.pnl.end(), out.data());
    return out;
}

}  // namespace

void bind_margin(nanobind::module_& module) {
    using parley::PortfolioMargin;
    nanobind::class_<PortfolioMargin>(module, "PortfolioMargin",
                                      "Margin of one coin's book, in dollars; initial and maintenance are net.")
        .def_ro("mark_to_market", &PortfolioMargin::mark_to_market)
        .def_ro("initial", &PortfolioMargin::initial)
        .def_ro("maintenance", &PortfolioMargin::maintenance)
        .def_ro("minimum_pnl", &PortfolioMargin::minimum_pnl)
        .def_ro("maintenance_contingency", &PortfolioMargin::maintenance_contingency)
        .def_ro("initial_contingency", &PortfolioMargin::initial_contingency)
        .def_ro("initial_factor", &PortfolioMargin::initial_factor)
        .def_ro("worst_index", &PortfolioMargin::worst)
        .def_prop_ro("worst_scenario", [](const PortfolioMargin& margin) { return scenario_name(margin.worst); })
        .def_prop_ro("scenario_pnl", &scenario_pnl, nanobind::rv_policy::move);
    module.def("margin_scenario_names", &scenario_names, "Names of the scenarios, in the order of scenario_pnl.");
    module.def("portfolio_margin", &portfolio_margin, nanobind::kw_only(), "spot"_a, "cash"_a, "collateral_coins"_a,
               "forward"_a, "strike"_a, "years"_a, "volatility"_a, "is_call"_a, "amount"_a, "rate"_a,
               "linear_coins"_a, "linear_years"_a, "maintenance_haircut"_a = 0.0, "initial_haircut"_a = 0.0,
               "stable_price"_a = 1.0, "confidence"_a = 1.0,
               "Portfolio margin of one coin's options, futures, perpetuals and collateral.");
}
