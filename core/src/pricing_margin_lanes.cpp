#include <algorithm>
#include <cmath>

#include "parley/black76_kernel.hpp"
#include "parley/margin_lanes.hpp"
#include "parley/portfolio_margin_parameters.hpp"
#include "parley/vector_clones.hpp"

namespace parley::margin {
namespace {

/// Vectors enough that one least need not wait for another.
constexpr std::size_t kBlock = 12;
static_assert(kLanes % kBlock == 0 && kBlock % 4 == 0);
/// Larger than any profit: what no least may be.
constexpr double kNoProfit = 1e300;

/// The scenarios by lane. damping is zero in the skew scenarios, whose change counts as a loss (skew one).
struct Shocks {
    alignas(64) double spot[kLanes];
    alignas(64) double damping[kLanes];
    alignas(64) double skew[kLanes];
    alignas(64) double linear[kLanes];
    alignas(64) double unused[kLanes];
    std::size_t volatility[kLanes];
};

Shocks make_shocks() noexcept {
    Shocks shocks{};
    for (std::size_t i = 0; i < kLanes; ++i) {
        const bool is_used = i < kMarginScenarios;
        const MarginScenario scenario = is_used ? margin_scenarios()[i] : margin_scenarios()[kUnchanged];
        const bool is_skew =
            scenario.volatility == VolatilityShock::linear_skew || scenario.volatility == VolatilityShock::absolute_skew;
        shocks.spot[i] = scenario.spot_shock;
        shocks.volatility[i] = static_cast<std::size_t>(scenario.volatility);
        shocks.damping[i] = is_used && !is_skew ? scenario.damping : 0.0;
        shocks.skew[i] = is_used && is_skew ? scenario.damping : 0.0;
        shocks.linear[i] = is_used ? (scenario.spot_shock - 1.0) * scenario.damping : 0.0;
        shocks.unused[i] = is_used ? 0.0 : kNoProfit;
    }
    return shocks;
}

const Shocks kShocks = make_shocks();
const double kLinearMoveMax = std::fabs(*std::max_element(
    std::begin(kShocks.linear), std::end(kShocks.linear), [](double a, double b) { return std::fabs(a) < std::fabs(b); }));

inline double discounted(double value, const ExpiryTerms& expiry) noexcept {
    return value * (value >= 0.0 ? expiry.owned : expiry.owed);
}

/// Profit in lane `i` of an expiry worth `value` after the shock and `now` before.
inline double profit(double value, double now, double owned, double owed, std::size_t i) noexcept {
    const double change = value - now;
    const double loss = change < 0.0 ? -change : change;
    const double after = value * (value >= 0.0 ? owned : owed);
    return kShocks.damping[i] * (after - now) - kShocks.skew[i] * loss;
}

/// All that adds up over expiries, of one.
[[gnu::always_inline]] inline void find_profits(const Lanes& sum, const ExpiryTerms& expiry, double* profits) noexcept {
    const double now = sum.at[kUnchanged], owned = expiry.owned, owed = expiry.owed;
    for (std::size_t i = 0; i < kLanes; ++i) profits[i] = profit(sum.at[i], now, owned, owed, i);
    profits[kForwardLoss] = forward_loss(sum.at[kForwardUp], sum.at[kForwardDown], now, expiry, 0.0);
    profits[kOptionsValue] = now;
}

inline double lesser(double a, double b) noexcept { return a < b ? a : b; }

inline double least_of(const double* lanes) noexcept {
    double block[kBlock];
    for (std::size_t j = 0; j < kBlock; ++j) block[j] = lanes[j];
    for (std::size_t i = kBlock; i < kLanes; i += kBlock) {
        for (std::size_t j = 0; j < kBlock; ++j) block[j] = lesser(block[j], lanes[i + j]);
    }
    for (std::size_t i = 4; i < kBlock; i += 4) {
        for (std::size_t j = 0; j < 4; ++j) block[j] = lesser(block[j], block[i + j]);
    }
    return lesser(lesser(block[0], block[1]), lesser(block[2], block[3]));
}

/// Most that one part of a total counts for, dollars.
constexpr double kPartMax = 0x1p41;
/// A number added and taken away again leaves its neighbor's whole sixteens, or 2^-34ths.
constexpr double kRoundHigh = 0x1.8p56;
constexpr double kRoundLow = 0x1.8p18;

/// Whole sixteens of a number and the rest of it.
inline void round_parts(double part, double& upper, double& lower) noexcept {
    const double above = part < -kPartMax ? -kPartMax : part;
    const double kept = above > kPartMax ? kPartMax : above;
    upper = (kept + kRoundHigh) - kRoundHigh;
    lower = ((kept - upper) + kRoundLow) - kRoundLow;
}

inline void add_rounded(double part, double times, double& high, double& low) noexcept {
    double upper, lower;
    round_parts(part, upper, lower);
    high += times * upper;
    low += times * lower;
}

inline double linear_profit(const Linear& linear, std::size_t i) noexcept {
    const double moved = kShocks.linear[i];
    return linear.held * moved + lesser(0.0, lesser(linear.bought * moved, -linear.sold * moved));
}

}  // namespace

ExpiryTerms expiry_terms(double years, double rate) noexcept {
    const double days = std::max(years * kDaysAYear, 1.0);
    const double root = std::sqrt(years);
    const double multiple = math::exponential((days <= 30.0 ? 0.3 : 0.13) * math::logarithm(30.0 / days));
    ExpiryTerms terms;
    terms.years = years;
    terms.rate = rate;
    terms.owned = 0.98 * math::exponential(-0.1 * years);
    terms.owed = std::min(math::exponential(rate * years), 1.02 * math::exponential(0.1 * years));
    terms.discount = math::exponential(-rate * years);
    terms.volatility_up = 1.0 + 0.5 * multiple;
    terms.volatility_down = std::max(0.0, 1.0 - 0.275 * multiple);
    terms.skew_cap = std::max(0.0, 0.25 - 0.1 * root);
    terms.skew_width = std::max(0.01, 2.4 * root);
    terms.contingency = 0.5 + 2.0 * years;
    return terms;
}

PARLEY_CLONED void value_option(const OptionTerms& option, const ExpiryTerms& expiry, Lanes& values) noexcept {
    const double k = math::logarithm(option.strike / option.forward);
    const double cap = expiry.skew_cap;
    const auto skewed = [&](double by) { return 1.0 + std::clamp(by * cap / expiry.skew_width, -cap, cap); };
    // numbered as VolatilityShock
    const double volatilities[] = {std::max(kVolatilityFloor, option.volatility * expiry.volatility_up),
                                   option.volatility, option.volatility * expiry.volatility_down,
                                   option.volatility * skewed(k), option.volatility * skewed(std::fabs(k))};
    double forward[kLanes], strike[kLanes], years[kLanes], volatility[kLanes], price[kLanes];
    std::uint8_t is_call[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) {
        forward[i] = option.forward * kShocks.spot[i];
        volatility[i] = volatilities[kShocks.volatility[i]];
        strike[i] = option.strike;
        years[i] = expiry.years;
        is_call[i] = option.is_call ? 1 : 0;
    }
    const double scale = option.coins * expiry.discount;
    for (std::size_t i = 0; i < kLanes; ++i) {
        price[i] = black76::price(forward[i], strike[i], years[i], volatility[i], is_call[i] != 0);
    }
    for (std::size_t i = 0; i < kLanes; ++i) values.at[i] = scale * price[i];
    for (std::size_t i = kMarginScenarios; i < kLanes; ++i) values.at[i] = 0.0;
}

PARLEY_CLONED void add_values(std::span<const Held> held, Lanes& sum) noexcept {
    Lanes total = sum;
    for (const Held& each : held) {
        const double* values = each.values->at;
        for (std::size_t i = 0; i < kLanes; ++i) total.at[i] += each.lots * values[i];
    }
    sum = total;
}

PARLEY_CLONED void add_part(const Lanes& part, double times, Total& total) noexcept {
    for (std::size_t i = 0; i < kLanes; ++i) add_rounded(part.at[i], times, total.high.at[i], total.low.at[i]);
}

PARLEY_CLONED void add_profits(const Lanes& sum, const ExpiryTerms& expiry, Total& total) noexcept {
    alignas(64) double profits[kLanes];
    find_profits(sum, expiry, profits);
    for (std::size_t i = 0; i < kLanes; ++i) add_rounded(profits[i], 1.0, total.high.at[i], total.low.at[i]);
}

PARLEY_CLONED void move_profits(const Lanes& before, const ExpiryTerms& was, const Lanes& sum, const ExpiryTerms& is,
                                Total& total) noexcept {
    alignas(64) double out[kLanes], in[kLanes];
    find_profits(before, was, out);
    find_profits(sum, is, in);
    for (std::size_t i = 0; i < kLanes; ++i) {
        double upper_out, lower_out, upper_in, lower_in;
        round_parts(out[i], upper_out, lower_out);
        round_parts(in[i], upper_in, lower_in);
        total.high.at[i] += upper_in - upper_out;
        total.low.at[i] += lower_in - lower_out;
    }
}

PARLEY_CLONED void find_worst(const Lanes& values, const ExpiryTerms& expiry, double bought, double sold,
                              Lanes& worst) noexcept {
    const double now = values.at[kUnchanged], owned = expiry.owned, owed = expiry.owed;
    for (std::size_t i = 0; i < kLanes; ++i) {
        const double buys = profit(bought * values.at[i], bought * now, owned, owed, i);
        const double sells = profit(-sold * values.at[i], -sold * now, owned, owed, i);
        worst.at[i] = lesser(0.0, lesser(buys, sells));
    }
    const double up = values.at[kForwardUp], down = values.at[kForwardDown];
    worst.at[kForwardLoss] = lesser(forward_loss(bought * up, bought * down, bought * now, expiry, 0.0),
                                    forward_loss(-sold * up, -sold * down, -sold * now, expiry, 0.0));
}

PARLEY_CLONED double least_profit(const Total& profits, const Linear& linear) noexcept {
    alignas(64) double after[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) {
        after[i] = profits.high.at[i] + profits.low.at[i] + linear_profit(linear, i) + kShocks.unused[i];
    }
    return least_of(after);
}

PARLEY_CLONED double least_profit_with(const Total& profits, const Lanes& sum, const Lanes& values, double lots,
                                       const ExpiryTerms& expiry, const Linear& linear) noexcept {
    const double owned = expiry.owned, owed = expiry.owed;
    const double now = sum.at[kUnchanged];
    const double then = now + lots * values.at[kUnchanged];
    Lanes after;
    for (std::size_t i = 0; i < kLanes; ++i) {
        const double before = profit(sum.at[i], now, owned, owed, i);
        const double filled = profit(sum.at[i] + lots * values.at[i], then, owned, owed, i);
        after.at[i] = profits.high.at[i] + profits.low.at[i] - before + filled + linear_profit(linear, i) +
                      kShocks.unused[i];
    }
    return least_of(after.at);
}

PARLEY_CLONED Fall find_fall(const Lanes& values, const ExpiryTerms& expiry) noexcept {
    const double now = values.at[kUnchanged], owned = expiry.owned, owed = expiry.owed;
    Lanes bought, sold, most;
    for (std::size_t i = 0; i < kLanes; ++i) {
        const double value = values.at[i];
        const double change = value - now, loss = kShocks.skew[i] * (change < 0.0 ? -change : change);
        const double first = kShocks.damping[i] * (owned * value - now), second = kShocks.damping[i] * (owed * value - now);
        bought.at[i] = lesser(first, second) - loss;
        sold.at[i] = lesser(-first, -second) - loss;
        most.at[i] = -value;
    }
    Fall fall{-least_of(bought.at), -least_of(sold.at), -least_of(most.at)};
    for (const double value : {values.at[kForwardUp], values.at[kForwardDown]}) {
        for (const double slope : {owned, owed}) {
            const double change = expiry.contingency * (slope * value - now);
            fall.bought = std::max(fall.bought, -change);
            fall.sold = std::max(fall.sold, change);
        }
    }
    fall.bought = std::max(fall.bought, 0.0);
    fall.sold = std::max(fall.sold, 0.0);
    return fall;
}

PARLEY_CLONED double magnitude_of(const Lanes& sum) noexcept {
    Lanes below;
    for (std::size_t i = 0; i < kLanes; ++i) below.at[i] = sum.at[i] < 0.0 ? sum.at[i] : -sum.at[i];
    return -least_of(below.at);
}

PARLEY_CLONED double magnitude_of(const Total& total) noexcept {
    Lanes below;
    for (std::size_t i = 0; i < kLanes; ++i) {
        const double value = total.high.at[i] + total.low.at[i];
        below.at[i] = value < 0.0 ? value : -value;
    }
    return -least_of(below.at);
}

double linear_move_max() noexcept { return kLinearMoveMax; }

double forward_loss(double up, double down, double unchanged, const ExpiryTerms& expiry, double futures) noexcept {
    const double move = futures * kForwardShock;
    const double worst =
        lesser(discounted(up, expiry) - unchanged + move, discounted(down, expiry) - unchanged - move);
    return expiry.contingency * lesser(0.0, worst);
}

}  // namespace parley::margin
