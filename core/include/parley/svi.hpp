#pragma once
// Raw SVI (Gatheral 2004): total variance w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2)), k = ln(K / F).
// Butterfly condition after Gatheral and Jacquier (2014), arXiv:1204.0646: g(k) >= 0.

#include <cstddef>
#include <span>

namespace parley {

struct SviParameters {
    double a, b, rho, m, sigma;
};

struct SviPoint {
    double variance;
    double density;  // g(k): proportional to the risk-neutral density where w > 0
};

[[nodiscard]] double svi_total_variance(const SviParameters& p, double k) noexcept;
[[nodiscard]] SviPoint svi_point(const SviParameters& p, double k) noexcept;

// Quotes of one expiry in total variance. bid may be -infinity and ask +infinity where a side is missing.
// outside_weight: of the distance outside [bid, ask]; mid_weight: of the distance to mid.
struct SviQuotes {
    std::span<const double> k, bid, ask, mid, outside_weight, mid_weight;
};

// Where the slice must be free of arbitrage: g >= density_min, and w >= floor (the earlier expiry's variance).
// The weights of the two penalties are the caller's, per unit of g and per unit of relative total variance.
struct SviGrid {
    std::span<const double> k, floor;
    double density_min;
    double density_weight;
    double floor_weight;
};

struct SviFit {
    SviParameters parameters;
    double cost;            // half the sum of squares, penalties included
    double density_lowest;  // of g on the grid
    double excess_lowest;   // of w - floor on the grid
    int iterations;
};

inline constexpr int kSviIterationsMax = 120;

// Levenberg-Marquardt from `start`, with b and sigma kept positive and |rho| < 1. The penalties push, they do not
// promise: read density_lowest and excess_lowest.
[[nodiscard]] SviFit svi_fit(const SviQuotes& quotes, const SviGrid& grid, const SviParameters& start) noexcept;

}  // namespace parley
