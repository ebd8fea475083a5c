#include "parley/black76.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "parley/black76_kernel.hpp"

// One clone of each loop per instruction set, chosen when the library is loaded (which needs glibc).
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if __GNUC__ >= 12
#define PARLEY_VECTOR_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define PARLEY_VECTOR_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#endif
#else
#define PARLEY_VECTOR_CLONES
#endif

// Inputs and outputs do not overlap: the compiler need not ask.
#if defined(__GNUC__) && !defined(__clang__)
#define PARLEY_INDEPENDENT _Pragma("GCC ivdep")
#else
#define PARLEY_INDEPENDENT
#endif

namespace parley {

PARLEY_VECTOR_CLONES void black76_price(const OptionArrays& options, double* price) noexcept {
    const double* forward = options.forward;
    const double* strike = options.strike;
    const double* years = options.years;
    const double* volatility = options.volatility;
    const std::uint8_t* is_call = options.is_call;
    PARLEY_INDEPENDENT
    for (std::size_t i = 0; i < options.size; ++i) {
        price[i] = black76::price(forward[i], strike[i], years[i], volatility[i], is_call[i] != 0);
    }
}

PARLEY_VECTOR_CLONES void black76_greeks(const OptionArrays& options, const GreekArrays& greeks) noexcept {
    const double* forward = options.forward;
    const double* strike = options.strike;
    const double* years = options.years;
    const double* volatility = options.volatility;
    const std::uint8_t* is_call = options.is_call;
    double* price = greeks.price;
    double* delta = greeks.delta;
    double* gamma = greeks.gamma;
    double* vega = greeks.vega;
    double* theta = greeks.theta;
    PARLEY_INDEPENDENT
    for (std::size_t i = 0; i < options.size; ++i) {
        const auto g = black76::greeks(forward[i], strike[i], years[i], volatility[i], is_call[i] != 0);
        price[i] = g.price;
        delta[i] = g.delta;
        gamma[i] = g.gamma;
        vega[i] = g.vega;
        theta[i] = g.theta;
    }
}

PARLEY_VECTOR_CLONES void black_scholes_price(const OptionArrays& options, const RateArrays& rates,
                                              double* price) noexcept {
    const double* spot = options.forward;
    const double* strike = options.strike;
    const double* years = options.years;
    const double* volatility = options.volatility;
    const std::uint8_t* is_call = options.is_call;
    const double* rate = rates.rate;
    const double* dividend_yield = rates.dividend_yield;
    PARLEY_INDEPENDENT
    for (std::size_t i = 0; i < options.size; ++i) {
        const double forward = spot[i] * math::exponential((rate[i] - dividend_yield[i]) * years[i]);
        const double discount = math::exponential(-rate[i] * years[i]);
        price[i] = discount * black76::price(forward, strike[i], years[i], volatility[i], is_call[i] != 0);
    }
}

PARLEY_VECTOR_CLONES void black_scholes_greeks(const OptionArrays& options, const RateArrays& rates,
                                               const GreekArrays& greeks, double* rho) noexcept {
    const double* spot = options.forward;
    const double* strike = options.strike;
    const double* years = options.years;
    const double* volatility = options.volatility;
    const std::uint8_t* is_call = options.is_call;
    const double* rate = rates.rate;
    const double* dividend_yield = rates.dividend_yield;
    double* price = greeks.price;
    double* delta = greeks.delta;
    double* gamma = greeks.gamma;
    double* vega = greeks.vega;
    double* theta = greeks.theta;
    PARLEY_INDEPENDENT
    for (std::size_t i = 0; i < options.size; ++i) {
        const double carry = math::exponential((rate[i] - dividend_yield[i]) * years[i]);
        const double discount = math::exponential(-rate[i] * years[i]);
        const double forward = spot[i] * carry;
        const auto g = black76::greeks(forward, strike[i], years[i], volatility[i], is_call[i] != 0);
        const double value = discount * g.price;
        const double delta_value = discount * g.delta * forward;  // spot * delta
        price[i] = value;
        delta[i] = discount * carry * g.delta;
        gamma[i] = discount * carry * carry * g.gamma;
        vega[i] = discount * g.vega;
        theta[i] = (rate[i] * value - (rate[i] - dividend_yield[i]) * delta_value) / 365.0 + discount * g.theta;
        rho[i] = years[i] * (delta_value - value);
    }
}

namespace {

constexpr std::size_t kBlock = 64;
constexpr int kIterationsMax = 40;
constexpr double kConverged = 1e-6;  // relative change: the error after a third-order step is its cube
constexpr double kTinyTarget = 1e-9;  // at the money, below this, c(s) = s phi(0) to the last digit

// A block of out-of-the-money calls struck at 1 / exp(x) on 1, x <= 0: the unknown is the total volatility s.
// Left of the inflection point s^2 = 2|x| the equation is ln c(s) = ln target in 1 / s^2, right of it
// ln(1 - c(s)) = ln(1 - target) in s: both nearly linear, one-signed in curvature, so Halley's steps stay in order.
struct ImpliedBlock {
    std::array<double, kBlock> x, target, complement, s, log_goal, sign, change;
};

PARLEY_VECTOR_CLONES void start_block(ImpliedBlock& block) noexcept {
    PARLEY_INDEPENDENT
    for (std::size_t i = 0; i < kBlock; ++i) {
        const double x = block.x[i];
        const double target = block.target[i];
        const double complement = block.complement[i];
        const double inflection = std::sqrt(-2.0 * x);
        // at the inflection d1 = 0 and d2 = -inflection; the slope there is phi(0), the steepest
        const double at_inflection = 0.5 - math::kInverseSqrtTwoPi * math::mills_ratio(inflection);
        const double guess = inflection + (target - at_inflection) * math::kSqrtTwoPi;
        const bool low = guess < inflection;
        block.sign[i] = low ? -1.0 : 1.0;
        block.s[i] = low ? inflection : guess;
        block.log_goal[i] = math::logarithm(low ? target : complement);
    }
}

// One Halley step of every lane, and its relative change of s.
PARLEY_VECTOR_CLONES void step_block(ImpliedBlock& block) noexcept {
    PARLEY_INDEPENDENT
    for (std::size_t i = 0; i < kBlock; ++i) {
        const double s = block.s[i];
        const double sign = block.sign[i];
        const double d1 = block.x[i] / s + 0.5 * s;
        const double d2 = d1 - s;
        const double mills1 = math::mills_ratio(d1 < 0.0 ? -d1 : d1);
        const double h = mills1 + sign * math::mills_ratio(-d2);
        const double slope = -sign / h;
        const double f = math::logarithm(h) - 0.5 * d1 * d1 - math::kLogSqrtTwoPi - block.log_goal[i];
        const double curvature = slope * d1 * d2 / s - slope * slope;
        // low lanes step in v = 1 / s^2, high ones in s
        const bool low = sign < 0.0;
        const double cube = s * s * s;
        const double slope_v = -0.5 * cube * slope;
        const double curvature_v = 0.25 * cube * cube * curvature + 0.75 * cube * s * s * slope;
        const double slope_used = low ? slope_v : slope;
        const double curvature_used = low ? curvature_v : curvature;
        const double inverse_square = 1.0 / (s * s);
        const double from = low ? inverse_square : s;
        const double newton = f / slope_used;
        const double correction = 1.0 - 0.5 * newton * curvature_used / slope_used;
        const double moved = from - newton / (correction < 0.3 ? 0.3 : correction);
        const double to = moved < 0.25 * from ? 0.25 * from : moved;
        const double root = std::sqrt(1.0 / to);
        const double next = low ? root : to;
        const double difference = next - s;
        block.change[i] = (difference < 0.0 ? -difference : difference) / s;
        block.s[i] = next;
    }
}

void solve_block(ImpliedBlock& block) noexcept {
    start_block(block);
    for (int iteration = 0; iteration < kIterationsMax; ++iteration) {
        step_block(block);
        const bool is_done = std::all_of(block.change.begin(), block.change.end(),
                                         [](double change) { return change <= kConverged; });
        if (is_done) {
            return;
        }
    }
}

}  // namespace

void black76_implied_volatility(const OptionArrays& options, double* volatility) noexcept {
    ImpliedBlock block{};
    std::array<double, kBlock> special{};  // the answer where there is nothing to solve; infinity where there is
    for (std::size_t start = 0; start < options.size; start += kBlock) {
        const std::size_t count = std::min(kBlock, options.size - start);
        for (std::size_t j = 0; j < kBlock; ++j) {
            const std::size_t i = start + std::min(j, count - 1);
            const double forward = options.forward[i];
            const double strike = options.strike[i];
            const double low = std::min(forward, strike);
            const double moneyness = options.is_call[i] != 0 ? forward - strike : strike - forward;
            const double otm = options.volatility[i] - std::max(moneyness, 0.0);
            const bool is_valid = black76::is_valid(forward, strike, options.years[i], 0.0) &&
                                  options.years[i] > 0.0 && otm >= 0.0 && otm < low;
            const bool is_tiny = low == std::max(forward, strike) && otm < kTinyTarget * low;
            const double tiny = otm / low * math::kSqrtTwoPi / std::sqrt(options.years[i]);
            special[j] = !is_valid ? std::nan("") : otm == 0.0 || is_tiny ? tiny : INFINITY;
            const bool is_open = special[j] == INFINITY;
            block.x[j] = is_open ? std::log(low / std::max(forward, strike)) : -0.5;
            block.target[j] = is_open ? otm / low : 0.1;
            block.complement[j] = is_open ? (low - otm) / low : 0.9;
        }
        solve_block(block);
        for (std::size_t j = 0; j < count; ++j) {
            const double solved = block.s[j] / std::sqrt(options.years[start + j]);
            volatility[start + j] = special[j] == INFINITY ? solved : special[j];
        }
    }
}

}  // namespace parley
