#include "parley/pool_curve.hpp"

#include <algorithm>
#include <cmath>

namespace parley {
namespace {

/// Room for what a double rounds: no quantity reaches the very end of a range or of a reserve.
constexpr double kInside = 1.0 - 1e-12;
constexpr double kRatioScale = 0x1p-96;

}  // namespace

double t_of_cost(double marginal_cost) noexcept {
    return marginal_cost > 0 ? -1.0 / std::sqrt(marginal_cost) : 1.0 / std::sqrt(-marginal_cost);
}

/// What one decision needs of a pool. s is the square root of the price, quote units a unit, before the fee.
struct PoolCurve::Terms {
    double sign;       ///< 1 buy, -1 sell
    double keep;       ///< 1 less the pool's fee
    double root_k;     ///< s = sqrt(|marginal cost|) * root_k
    double s_limit;    ///< where the worst price of a trade is reached
    double units_max;  ///< asked

    Terms(const RouteOrder& order, std::uint32_t fee_ppm, double charge, double limit) noexcept
        : sign(order.side == Side::buy ? 1.0 : -1.0),
          keep(1.0 - fee_ppm * 1e-6),
          root_k(sign > 0 ? std::sqrt(keep / (1.0 + charge)) : 1.0 / std::sqrt(keep * (1.0 - charge))),
          units_max(static_cast<double>(order.quantity_units)) {
        s_limit = sign > 0 ? (limit > 0 ? std::sqrt(limit * keep) * kInside : HUGE_VAL)
                           : (limit > 0 ? std::sqrt(limit / keep) / kInside : 0.0);
    }
    [[nodiscard]] double t(double s) const noexcept { return -sign * root_k / s; }
};

void PoolCurve::start(const Terms& terms) noexcept {
    count_ = 0;
    units_max_ = 0;
    sign_ = terms.sign;
}

/// Adds a range of constant liquidity; whether the next one may follow.
bool PoolCurve::add(const Terms& terms, double s_begin, double s_end, double liquidity) noexcept {
    const double stop = terms.sign > 0 ? std::min(s_end, terms.s_limit) : std::max(s_end, terms.s_limit);
    const bool is_ahead = terms.sign > 0 ? stop > s_begin : stop < s_begin;
    if (!is_ahead) return s_begin == s_end;
    if (liquidity > 0) {
        Segment& segment = segments_[count_];
        segment.t_begin = terms.t(s_begin);
        segment.t_end = terms.t(stop);
        segment.slope = liquidity / terms.root_k / (terms.sign > 0 ? 1.0 : terms.keep);
        segment.units_begin = units_max_;
        segment.cost_begin = count_ == 0 ? 0.0 : cost(units_max_);
        if (count_ == 0) best_price_ = s_begin * s_begin * (terms.sign > 0 ? 1.0 / terms.keep : terms.keep);
        units_max_ += segment.slope * (segment.t_end - segment.t_begin);
        ++count_;
    }
    return stop == s_end && count_ < kPoolSegmentsMax && units_max_ < terms.units_max;
}

void PoolCurve::build(const RouteV2& source, const RouteOrder& order, double charge, double limit) noexcept {
    const Terms terms(order, source.pool->fee_ppm, charge, limit);
    start(terms);
    const PoolTokens& tokens = source.tokens;
    const double reserve0 = source.pool->reserve0.to_double();
    const double reserve1 = source.pool->reserve1.to_double();
    const double base = (tokens.base_is_token0 ? reserve0 : reserve1) / static_cast<double>(tokens.base_scale);
    const double quote = (tokens.base_is_token0 ? reserve1 : reserve0) / static_cast<double>(tokens.quote_scale);
    const double s = std::sqrt(quote / base);
    const double room = 0x1p112 / static_cast<double>(tokens.base_scale) - base;
    // Twice what is asked: the end of a range is known less exactly than the quantity within it.
    const double most = std::min(2.0 * terms.units_max, (terms.sign > 0 ? base : room) * kInside);
    const double end = terms.sign > 0 ? base - most : base + most * terms.keep;
    const double liquidity = std::sqrt(base * quote);
    (void)add(terms, s, liquidity / end, liquidity);
    units_max_ *= kInside;
}

void PoolCurve::build(const RouteV3& source, const RouteOrder& order, double charge, double limit) noexcept {
    const uniswap_v3::Pool& pool = *source.pool;
    const Terms terms(order, pool.fee_ppm(), charge, limit);
    start(terms);
    const PoolTokens& tokens = source.tokens;
    const double base_scale = static_cast<double>(tokens.base_scale);
    const double quote_scale = static_cast<double>(tokens.quote_scale);
    const double stretch = std::sqrt(base_scale / quote_scale);
    const double shrink = 1.0 / std::sqrt(base_scale * quote_scale);
    const auto root = [&](const Uint256& ratio) {
        const double r = ratio.to_double() * kRatioScale;
        return (tokens.base_is_token0 ? r : 1.0 / r) * stretch;
    };
    const bool is_down = (order.side == Side::sell) == tokens.base_is_token0;
    const auto ticks = pool.ticks();
    auto next = std::upper_bound(ticks.begin(), ticks.end(), pool.tick(),
                                 [](std::int32_t at, const uniswap_v3::Tick& tick) { return at < tick.tick; });
    Uint256 liquidity = pool.liquidity();
    double s = root(pool.sqrt_price());
    while (is_down ? next != ticks.begin() : next != ticks.end()) {
        const uniswap_v3::Tick& tick = is_down ? *--next : *next++;
        const double end = root(tick.sqrt_price);
        if (!add(terms, s, end, liquidity.to_double() * shrink)) break;
        s = end;
        const Wide net = is_down ? -tick.liquidity_net : tick.liquidity_net;
        const Uint256 size = Uint256::from(static_cast<Uint128>(net < 0 ? -net : net));
        bool carry = false;
        liquidity = net < 0 ? liquidity - size : wide::add(liquidity, size, carry);
    }
    units_max_ *= kInside;
}

PoolCurve::At PoolCurve::at(double t) const noexcept {
    for (std::size_t index = 0; index < count_; ++index) {
        const Segment& segment = segments_[index];
        if (t >= segment.t_end) continue;
        if (t <= segment.t_begin) return {segment.units_begin, 0.0};
        return {segment.units_begin + segment.slope * (t - segment.t_begin), segment.slope};
    }
    return {units_max_, 0.0};
}

const PoolCurve::Segment& PoolCurve::segment_of(double units) const noexcept {
    std::size_t index = 0;
    while (index + 1 < count_ && segments_[index + 1].units_begin < units) ++index;
    return segments_[index];
}

double PoolCurve::t_of(double units) const noexcept {
    const Segment& segment = segment_of(units);
    return segment.t_begin + (units - segment.units_begin) / segment.slope;
}

double PoolCurve::cost(double units) const noexcept {
    const Segment& segment = segment_of(units);
    const double moved = (units - segment.units_begin) / segment.slope;
    // slope * (1/t_begin - 1/t) without the difference of two near numbers
    const double t = segment.t_begin + moved;
    return segment.cost_begin + sign_ * (units - segment.units_begin) / (segment.t_begin * t);
}

}  // namespace parley
