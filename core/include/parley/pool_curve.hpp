#pragma once

#include <array>
#include <cstddef>

#include "parley/route_order.hpp"

namespace parley {

inline constexpr std::size_t kPoolSegmentsMax = 64;

/// What a pool sells or buys at which marginal price, charges included. With marginal cost m (negative for a sale) and
/// t = -1/sqrt(m) for a purchase, 1/sqrt(-m) for a sale, a constant product gives quantity in proportion to t, and
/// liquidity in ranges a chain of such pieces: the sum of several pools is piecewise linear, and its inverse cheap.
class PoolCurve {
public:
    struct Segment {
        double t_begin, t_end;
        double slope;  ///< units for one of t
        double units_begin;
        double cost_begin;
    };
    struct At {
        double units;
        double slope;
    };

    /// `charge` is a fraction of the notional, `limit` the worst price of a trade (0: none) in quote units a unit.
    void build(const RouteV2& source, const RouteOrder& order, double charge, double limit) noexcept;
    void build(const RouteV3& source, const RouteOrder& order, double charge, double limit) noexcept;

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] double t_begin() const noexcept { return segments_[0].t_begin; }
    [[nodiscard]] double t_end() const noexcept { return segments_[count_ - 1].t_end; }
    [[nodiscard]] double units_max() const noexcept { return units_max_; }
    /// The best price of a trade, the pool's fee included, before charges.
    [[nodiscard]] double best_price() const noexcept { return best_price_; }
    /// Units offered up to a marginal cost.
    [[nodiscard]] At at(double t) const noexcept;
    [[nodiscard]] double t_of(double units) const noexcept;
    /// What the first `units` cost; negative for a sale.
    [[nodiscard]] double cost(double units) const noexcept;

private:
    struct Terms;
    void start(const Terms& terms) noexcept;
    bool add(const Terms& terms, double s_begin, double s_end, double liquidity) noexcept;
    [[nodiscard]] const Segment& segment_of(double units) const noexcept;

    std::array<Segment, kPoolSegmentsMax> segments_;
    std::size_t count_ = 0;
    double sign_ = 1;
    double units_max_ = 0;
    double best_price_ = 0;
};

/// t of a marginal cost, and back.
[[nodiscard]] double t_of_cost(double marginal_cost) noexcept;
[[nodiscard]] inline double cost_of_t(double t) noexcept { return (t < 0 ? 1.0 : -1.0) / (t * t); }

}  // namespace parley
