#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>

#include <cstddef>
#include <tuple>

#include "parley/black76.hpp"
#include "pricing_arrays.hpp"

void bind_margin(nanobind::module_& module);
void bind_svi(nanobind::module_& module);

namespace {

using namespace parley::bindings;
using namespace nanobind::literals;
using Five = std::tuple<OutputArray, OutputArray, OutputArray, OutputArray, OutputArray>;
using Six = std::tuple<OutputArray, OutputArray, OutputArray, OutputArray, OutputArray, OutputArray>;

// `first` and `fourth` name the arrays that differ between the functions.
parley::OptionArrays to_options(const char* first, const InputArray& forward, const InputArray& strike,
                                const InputArray& years, const char* fourth, const InputArray& volatility,
                                const FlagArray& is_call) {
    const std::size_t size = forward.shape(0);
    require_size("strike", strike, first, size);
    require_size("years", years, first, size);
    require_size(fourth, volatility, first, size);
    require_size("is_call", is_call, first, size);
    return {forward.data(), strike.data(), years.data(), volatility.data(), flags(is_call), size};
}

OutputArray black76_price(const InputArray& forward, const InputArray& strike, const InputArray& years,
                          const InputArray& volatility, const FlagArray& is_call) {
    const auto options = to_options("forward", forward, strike, years, "volatility", volatility, is_call);
    OutputArray price = make_output(options.size);
    without_gil(options.size, [&] { parley::black76_price(options, price.data()); });
    return price;
}

Five black76_greeks(const InputArray& forward, const InputArray& strike, const InputArray& years,
                    const InputArray& volatility, const FlagArray& is_call) {
    const auto options = to_options("forward", forward, strike, years, "volatility", volatility, is_call);
    const std::size_t n = options.size;
    Five out{make_output(n), make_output(n), make_output(n), make_output(n), make_output(n)};
    auto& [price, delta, gamma, vega, theta] = out;
    const parley::GreekArrays greeks{price.data(), delta.data(), gamma.data(), vega.data(), theta.data()};
    without_gil(n, [&] { parley::black76_greeks(options, greeks); });
    return out;
}

OutputArray black76_implied_volatility(const InputArray& price, const InputArray& forward, const InputArray& strike,
                                       const InputArray& years, const FlagArray& is_call) {
    const auto options = to_options("forward", forward, strike, years, "price", price, is_call);
    OutputArray volatility = make_output(options.size);
    without_gil(options.size, [&] { parley::black76_implied_volatility(options, volatility.data()); });
    return volatility;
}

parley::RateArrays to_rates(std::size_t size, const InputArray& rate, const InputArray& dividend_yield) {
    require_size("rate", rate, "spot", size);
    require_size("dividend_yield", dividend_yield, "spot", size);
    return {rate.data(), dividend_yield.data()};
}

OutputArray black_scholes_price(const InputArray& spot, const InputArray& strike, const InputArray& years,
                                const InputArray& volatility, const FlagArray& is_call, const InputArray& rate,
                                const InputArray& dividend_yield) {
    const auto options = to_options("spot", spot, strike, years, "volatility", volatility, is_call);
    const auto rates = to_rates(options.size, rate, dividend_yield);
    OutputArray price = make_output(options.size);
    without_gil(options.size, [&] { parley::black_scholes_price(options, rates, price.data()); });
    return price;
}

Six black_scholes_greeks(const InputArray& spot, const InputArray& strike, const InputArray& years,
                         const InputArray& volatility, const FlagArray& is_call, const InputArray& rate,
                         const InputArray& dividend_yield) {
    const auto options = to_options("spot", spot, strike, years, "volatility", volatility, is_call);
    const auto rates = to_rates(options.size, rate, dividend_yield);
    const std::size_t n = options.size;
    Six out{make_output(n), make_output(n), make_output(n), make_output(n), make_output(n), make_output(n)};
    auto& [price, delta, gamma, vega, theta, rho] = out;
    const parley::GreekArrays greeks{price.data(), delta.data(), gamma.data(), vega.data(), theta.data()};
    without_gil(n, [&] { parley::black_scholes_greeks(options, rates, greeks, rho.data()); });
    return out;
}

}  // namespace

void bind_pricing(nanobind::module_& module) {
    module.def("black76_price", &black76_price, "forward"_a, "strike"_a, "years"_a, "volatility"_a, "is_call"_a,
               "Undiscounted Black-76 prices, in the forward's currency per coin.");
    module.def("black76_greeks", &black76_greeks, "forward"_a, "strike"_a, "years"_a, "volatility"_a, "is_call"_a,
               "(price, delta, gamma, vega per 1.00 of volatility, theta per day), undiscounted.");
    module.def("black76_implied_volatility", &black76_implied_volatility, "price"_a, "forward"_a, "strike"_a,
               "years"_a, "is_call"_a,
               "Volatility that gives the price; NaN where the price is outside its no-arbitrage bounds.");
    module.def("black_scholes_price", &black_scholes_price, "spot"_a, "strike"_a, "years"_a, "volatility"_a,
               "is_call"_a, "rate"_a, "dividend_yield"_a, "Generalized Black-Scholes prices.");
    module.def("black_scholes_greeks", &black_scholes_greeks, "spot"_a, "strike"_a, "years"_a, "volatility"_a,
               "is_call"_a, "rate"_a, "dividend_yield"_a,
               "(price, delta, gamma, vega per 1.00 of volatility, theta per day, rho per 1.00 of rate).");
    bind_svi(module);
    bind_margin(module);
}
