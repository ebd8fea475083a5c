#include "parley/svi.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace parley {

double svi_total_variance(const SviParameters& p, double k) noexcept {
    const double x = k - p.m;
    return p.a + p.b * (p.rho * x + std::sqrt(x * x + p.sigma * p.sigma));
}

SviPoint svi_point(const SviParameters& p, double k) noexcept {
    const double x = k - p.m;
    const double root = std::sqrt(x * x + p.sigma * p.sigma);
    const double w = p.a + p.b * (p.rho * x + root);
    const double slope = p.b * (p.rho + x / root);
    const double curvature = p.b * p.sigma * p.sigma / (root * root * root);
    const double skew = 1.0 - 0.5 * k * slope / w;
    return {w, skew * skew - 0.25 * slope * slope * (1.0 / w + 0.25) + 0.5 * curvature};
}

namespace {

constexpr std::size_t kUnknowns = 5;
constexpr double kRhoMax = 0.9995;
constexpr double kVarianceMin = 1e-10;
constexpr double kCostConverged = 1e-7;
constexpr double kDampingMax = 1e12;

using Vector = std::array<double, kUnknowns>;
using Matrix = std::array<Vector, kUnknowns>;

// Unconstrained coordinates: (a, ln b, artanh(rho / rho_max), m, ln sigma).
Vector to_free(const SviParameters& p) noexcept {
    const double rho = std::clamp(p.rho / kRhoMax, -0.999999, 0.999999);
    return {p.a, std::log(std::max(p.b, 1e-8)), std::atanh(rho), p.m, std::log(std::max(p.sigma, 1e-6))};
}

SviParameters from_free(const Vector& v) noexcept {
    return {v[0], std::exp(std::clamp(v[1], -25.0, 5.0)), kRhoMax * std::tanh(v[2]), v[3],
            std::exp(std::clamp(v[4], -15.0, 5.0))};
}

struct SlopeVector {
    double value;
    Vector slope;
};

// w(k) and its derivatives by (a, b, rho, m, sigma).
SlopeVector variance_slopes(const SviParameters& p, double k) noexcept {
    const double x = k - p.m;
    const double root = std::sqrt(x * x + p.sigma * p.sigma);
    return {p.a + p.b * (p.rho * x + root),
            {1.0, p.rho * x + root, p.b * x, -p.b * (p.rho + x / root), p.b * p.sigma / root}};
}

// g(k) and its derivatives by (a, b, rho, m, sigma), by the chain rule through w, w' and w''.
SlopeVector density_slopes(const SviParameters& p, double k) noexcept {
    const SlopeVector w = variance_slopes(p, k);
    const double x = k - p.m;
    const double s2 = p.sigma * p.sigma;
    const double root2 = x * x + s2;
    const double root = std::sqrt(root2);
    const double root3 = root2 * root;
    const double root5 = root3 * root2;
    const double value = std::max(w.value, kVarianceMin);
    const double first = p.b * (p.rho + x / root);
    const double second = p.b * s2 / root3;
    const Vector first_slope = {0.0, p.rho + x / root, p.b, -second, -p.b * x * p.sigma / root3};
    const Vector second_slope = {0.0, s2 / root3, 0.0, 3.0 * p.b * s2 * x / root5,
                                 p.b * p.sigma * (2.0 * root2 - 3.0 * s2) / root5};
    const double skew = 1.0 - 0.5 * k * first / value;
    const double by_value = skew * k * first / (value * value) + 0.25 * first * first / (value * value);
    const double by_first = -skew * k / value - 0.5 * first * (1.0 / value + 0.25);
    SlopeVector g{skew * skew - 0.25 * first * first * (1.0 / value + 0.25) + 0.5 * second, {}};
    for (std::size_t i = 0; i < kUnknowns; ++i) {
        g.slope[i] = by_value * w.slope[i] + by_first * first_slope[i] + 0.5 * second_slope[i];
    }
    return g;
}

// Sums the normal equations of weighted residuals.
struct NormalEquations {
    Matrix square{};
    Vector gradient{};
    double cost = 0.0;

    void add(double residual, double weight, const Vector& slope) noexcept {
        cost += 0.5 * residual * residual;
        for (std::size_t i = 0; i < kUnknowns; ++i) {
            gradient[i] += residual * weight * slope[i];
            for (std::size_t j = 0; j <= i; ++j) {
                square[i][j] += weight * weight * slope[i] * slope[j];
            }
        }
    }

    // From derivatives by the parameters to derivatives by the free coordinates.
    void rescale(const Vector& factor) noexcept {
        for (std::size_t i = 0; i < kUnknowns; ++i) {
            gradient[i] *= factor[i];
            for (std::size_t j = 0; j <= i; ++j) {
                square[i][j] *= factor[i] * factor[j];
            }
        }
    }
};

void add_quotes(NormalEquations& sums, const SviQuotes& quotes, const SviParameters& p) noexcept {
    for (std::size_t i = 0; i < quotes.k.size(); ++i) {
        const SlopeVector w = variance_slopes(p, quotes.k[i]);
        const double outside = w.value > quotes.ask[i]   ? w.value - quotes.ask[i]
                               : w.value < quotes.bid[i] ? w.value - quotes.bid[i]
                                                         : 0.0;
        if (outside != 0.0) {
            sums.add(outside * quotes.outside_weight[i], quotes.outside_weight[i], w.slope);
        }
        sums.add((w.value - quotes.mid[i]) * quotes.mid_weight[i], quotes.mid_weight[i], w.slope);
    }
}

void add_penalties(NormalEquations& sums, const SviGrid& grid, const SviParameters& p) noexcept {
    for (std::size_t i = 0; i < grid.k.size(); ++i) {
        const double floor = std::max(grid.floor[i], kVarianceMin);
        const SlopeVector w = variance_slopes(p, grid.k[i]);
        if (w.value < floor) {
            const double weight = grid.floor_weight / floor;
            sums.add((w.value - floor) * weight, weight, w.slope);
        }
        const SlopeVector g = density_slopes(p, grid.k[i]);
        if (g.value < grid.density_min) {
            sums.add((g.value - grid.density_min) * grid.density_weight, grid.density_weight, g.slope);
        }
    }
}

NormalEquations equations_at(const SviQuotes& quotes, const SviGrid& grid, const Vector& free) noexcept {
    const SviParameters p = from_free(free);
    NormalEquations sums;
    add_quotes(sums, quotes, p);
    add_penalties(sums, grid, p);
    const double rho = p.rho / kRhoMax;
    sums.rescale({1.0, p.b, kRhoMax * (1.0 - rho * rho), 1.0, p.sigma});
    return sums;
}

// Cholesky solution of (square + damping * diagonal) step = -gradient; false where it is not positive definite.
bool solve_damped(const NormalEquations& sums, double damping, Vector& step) noexcept {
    Matrix lower = sums.square;
    for (std::size_t i = 0; i < kUnknowns; ++i) {
        lower[i][i] += damping * lower[i][i] + 1e-12;
    }
    for (std::size_t i = 0; i < kUnknowns; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = lower[i][j];
            for (std::size_t k = 0; k < j; ++k) {
                sum -= lower[i][k] * lower[j][k];
            }
            if (i == j && !(sum > 0.0)) {
                return false;
            }
            lower[i][j] = i == j ? std::sqrt(sum) : sum / lower[j][j];
        }
    }
    for (std::size_t i = 0; i < kUnknowns; ++i) {
        step[i] = -sums.gradient[i];
        for (std::size_t k = 0; k < i; ++k) {
            step[i] -= lower[i][k] * step[k];
        }
        step[i] /= lower[i][i];
    }
    for (std::size_t i = kUnknowns; i-- > 0;) {
        for (std::size_t k = i + 1; k < kUnknowns; ++k) {
            step[i] -= lower[k][i] * step[k];
        }
        step[i] /= lower[i][i];
    }
    return true;
}

void read_constraints(SviFit& fit, const SviGrid& grid) noexcept {
    fit.density_lowest = std::numeric_limits<double>::infinity();
    fit.excess_lowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < grid.k.size(); ++i) {
        const SviPoint point = svi_point(fit.parameters, grid.k[i]);
        fit.density_lowest = std::min(fit.density_lowest, point.variance > 0.0 ? point.density : -1.0);
        fit.excess_lowest = std::min(fit.excess_lowest, point.variance - grid.floor[i]);
    }
}

}  // namespace

SviFit svi_fit(const SviQuotes& quotes, const SviGrid& grid, const SviParameters& start) noexcept {
    Vector at = to_free(start);
    NormalEquations sums = equations_at(quotes, grid, at);
    double damping = 1e-3;
    int iteration = 0;
    int calm = 0;
    for (; iteration < kSviIterationsMax && damping < kDampingMax && calm < 2; ++iteration) {
        Vector step{};
        Vector next = at;
        NormalEquations candidate;
        const bool is_solved = solve_damped(sums, damping, step);
        for (std::size_t i = 0; i < kUnknowns; ++i) {
            next[i] += step[i];
        }
        if (is_solved) {
            candidate = equations_at(quotes, grid, next);
        }
        if (!is_solved || !(candidate.cost < sums.cost)) {
            damping *= 6.0;
            continue;
        }
        calm = sums.cost - candidate.cost <= kCostConverged * sums.cost ? calm + 1 : 0;
        at = next;
        sums = candidate;
        damping = std::max(damping * 0.2, 1e-12);
    }
    SviFit fit{from_free(at), sums.cost, 0.0, 0.0, iteration};
    read_constraints(fit, grid);
    return fit;
}

}  // namespace parley
