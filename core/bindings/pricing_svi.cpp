#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>

#include <cstddef>
#include <tuple>

#include "parley/svi.hpp"
#include "pricing_arrays.hpp"

namespace {

using namespace parley::bindings;
using namespace nanobind::literals;
using Parameters = std::tuple<double, double, double, double, double>;

parley::SviParameters to_parameters(const Parameters& p) {
    const auto& [a, b, rho, m, sigma] = p;
    require_finite("a", a);
    require_finite("b", b);
    require_finite("rho", rho);
    require_finite("m", m);
    require_finite("sigma", sigma);
    return {a, b, rho, m, sigma};
}

OutputArray total_variance(const InputArray& k, double a, double b, double rho, double m, double sigma) {
    OutputArray out = make_output(k.shape(0));
    for (std::size_t i = 0; i < k.shape(0); ++i) {
        out.data()[i] = parley::svi_total_variance({a, b, rho, m, sigma}, k.data()[i]);
    }
    return out;
}

OutputArray density(const InputArray& k, double a, double b, double rho, double m, double sigma) {
    OutputArray out = make_output(k.shape(0));
    for (std::size_t i = 0; i < k.shape(0); ++i) {
        out.data()[i] = parley::svi_point({a, b, rho, m, sigma}, k.data()[i]).density;
    }
    return out;
}

// (parameters, cost, lowest g, lowest w - floor, iterations)
std::tuple<Parameters, double, double, double, int> fit(
    const InputArray& k, const InputArray& bid, const InputArray& ask, const InputArray& mid,
    const InputArray& outside_weight, const InputArray& mid_weight, const InputArray& grid, const InputArray& floor,
    double density_min, double density_weight, double floor_weight, const Parameters& start) {
    const std::size_t n = k.shape(0);
    require_size("bid", bid, "k", n);
    require_size("ask", ask, "k", n);
    require_size("mid", mid, "k", n);
    require_size("outside_weight", outside_weight, "k", n);
    require_size("mid_weight", mid_weight, "k", n);
    require_size("floor", floor, "grid", grid.shape(0));
    const parley::SviQuotes quotes{to_span(k),   to_span(bid),            to_span(ask),
                                   to_span(mid), to_span(outside_weight), to_span(mid_weight)};
    const parley::SviGrid wings{to_span(grid), to_span(floor), density_min, density_weight, floor_weight};
    const auto first = to_parameters(start);
    parley::SviFit found{};
    {
        const nb::gil_scoped_release release;
        found = parley::svi_fit(quotes, wings, first);
    }
    const auto& p = found.parameters;
    return {{p.a, p.b, p.rho, p.m, p.sigma}, found.cost, found.density_lowest, found.excess_lowest, found.iterations};
}

}  // namespace

void bind_svi(nanobind::module_& module) {
    module.def("svi_total_variance", &total_variance, "k"_a, "a"_a, "b"_a, "rho"_a, "m"_a, "sigma"_a,
               "Raw SVI total variance at log-moneyness k.");
    module.def("svi_density", &density, "k"_a, "a"_a, "b"_a, "rho"_a, "m"_a, "sigma"_a,
               "Gatheral and Jacquier's g(k); a slice is free of butterfly arbitrage where it is not negative.");
    module.def("svi_fit", &fit, "k"_a, "bid"_a, "ask"_a, "mid"_a, "outside_weight"_a, "mid_weight"_a, "grid"_a,
               "floor"_a, "density_min"_a, "density_weight"_a, "floor_weight"_a, "start"_a,
               "One Levenberg-Marquardt fit of raw SVI to bid and ask total variances, with penalties on the grid: "
               "((a, b, rho, m, sigma), cost, lowest g, lowest w - floor, iterations).");
}
