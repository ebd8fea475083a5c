#pragma once
// One option, without a branch. Everything is taken from the out-of-the-money option of the same strike, whose price
// low * phi(d1) * (M(-d1) - M(-d2)), with the Mills ratio M, keeps full relative precision far out in the wings.

#include <cmath>
#include <cstdint>

#include "parley/black76_math.hpp"

namespace parley::black76 {

inline constexpr double kDeviationMin = 1e-150;  // total volatility at or below this is none

struct Shape {
    double low;          // min(forward, strike)
    double high;         // max(forward, strike)
    double d1, d2;       // of the call struck at high on low
    double mills1;       // M(|d1|)
    double mills2;       // M(|d2|)
    double low_density;  // low * phi(d1) = high * phi(d2)
    double otm_price;
};

[[nodiscard]] inline Shape shape(double forward, double strike, double deviation) noexcept {
    Shape s{};
    s.low = forward < strike ? forward : strike;
    s.high = forward < strike ? strike : forward;
    const double safe = deviation <= kDeviationMin ? kDeviationMin : deviation;
    const double ratio = math::logarithm(s.low / s.high) / safe;
    s.d1 = ratio + 0.5 * safe;
    s.d2 = ratio - 0.5 * safe;
    s.d1 = s.d1 < -1e100 ? -1e100 : s.d1;
    s.d2 = s.d2 < -1e100 ? -1e100 : s.d2;
    s.mills1 = math::mills_ratio(s.d1 < 0.0 ? -s.d1 : s.d1);
    s.mills2 = math::mills_ratio(-s.d2);
    s.low_density = s.low * math::kInverseSqrtTwoPi * math::exponential(-0.5 * s.d1 * s.d1);
    const double lower = s.low_density * (s.mills1 - s.mills2);
    const double upper = s.low - s.low_density * (s.mills1 + s.mills2);
    s.otm_price = s.d1 < 0.0 ? lower : upper;
    s.otm_price = deviation <= kDeviationMin ? 0.0 : s.otm_price;
    return s;
}

// forward and strike positive and finite; time and volatility not negative. False for NaN.
[[nodiscard]] inline bool is_valid(double forward, double strike, double years, double volatility) noexcept {
    return (forward > 0.0) & (forward < 1e300) & (strike > 0.0) & (strike < 1e300) & (years >= 0.0) &
           (volatility >= 0.0);
}

[[nodiscard]] inline double price(double forward, double strike, double years, double volatility,
                                  bool is_call) noexcept {
    const Shape s = shape(forward, strike, volatility * std::sqrt(years));
    const double moneyness = is_call ? forward - strike : strike - forward;
    const double value = s.otm_price + (moneyness > 0.0 ? moneyness : 0.0);
    return is_valid(forward, strike, years, volatility) ? value : std::nan("");
}

struct Greeks {
    double price, delta, gamma, vega, theta;
};

[[nodiscard]] inline Greeks greeks(double forward, double strike, double years, double volatility,
                                   bool is_call) noexcept {
    const double root = std::sqrt(years);
    const double deviation = volatility * root;
    const Shape s = shape(forward, strike, deviation);
    const bool none = deviation <= kDeviationMin;
    const bool is_above = forward > strike;
    const double density = none ? 0.0 : s.low_density;
    // tail: the smaller of N(d1) and N(-d1) of the real call, with full relative precision
    const double tail = s.low_density * (is_above ? s.mills2 : s.mills1) / forward;
    const double side = is_above ? 1.0 : s.d1;
    const double call_delta = side < 0.0 ? tail : 1.0 - tail;
    const double put_delta = side < 0.0 ? tail - 1.0 : -tail;
    const double moneyness = is_call ? forward - strike : strike - forward;
    const double safe = none ? 1.0 : deviation;
    // one select, then sums: a select for each result makes the compiler branch
    const double poison = is_valid(forward, strike, years, volatility) ? 0.0 : std::nan("");
    Greeks g{};
    g.price = s.otm_price + (moneyness > 0.0 ? moneyness : 0.0) + poison;
    g.delta = (is_call ? call_delta : put_delta) + poison;
    g.gamma = density / (forward * forward * safe) + poison;
    g.vega = density * root + poison;
    g.theta = -0.5 * density * volatility * volatility / safe / 365.0 + poison;
    return g;
}

}  // namespace parley::black76
