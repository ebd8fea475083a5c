#pragma once
// Black (1976) on the forward, undiscounted, and generalized Black-Scholes on the spot, over arrays.
// Units: prices in the forward's currency per coin, time in years, volatility as a fraction (1.00 = 100 %),
// delta and gamma per coin, vega per 1.00 of volatility, theta per day of 1/365 year, rho per 1.00 of rate.
// Bad inputs (NaN, forward or strike not positive, negative time or volatility) give NaN in that place only.
// At expiry or zero volatility the value is the intrinsic one and gamma, vega and theta are 0.

#include <cstddef>
#include <cstdint>

namespace parley {

// One array per input, all of the same length.
struct OptionArrays {
    const double* forward;  // the spot, where the function is Black-Scholes
    const double* strike;
    const double* years;
    const double* volatility;  // the price, where the function looks for the volatility
    const std::uint8_t* is_call;
    std::size_t size;
};

struct GreekArrays {
    double* price;
    double* delta;
    double* gamma;
    double* vega;
    double* theta;
};

// Continuously compounded rate and dividend yield, as fractions a year.
struct RateArrays {
    const double* rate;
    const double* dividend_yield;
};

void black76_price(const OptionArrays& options, double* price) noexcept;
void black76_greeks(const OptionArrays& options, const GreekArrays& greeks) noexcept;

// Volatility at which black76_price gives the price; NaN where the price is outside its no-arbitrage bounds
// (below intrinsic value, or at or above the forward of a call, the strike of a put), and 0 at intrinsic value.
void black76_implied_volatility(const OptionArrays& options, double* volatility) noexcept;

void black_scholes_price(const OptionArrays& options, const RateArrays& rates, double* price) noexcept;
void black_scholes_greeks(const OptionArrays& options, const RateArrays& rates, const GreekArrays& greeks,
                          double* rho) noexcept;

}  // namespace parley
