#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "check.hpp"
#include "parley/black76.hpp"
#include "parley/black76_math.hpp"
#include "parley/portfolio_margin.hpp"
#include "parley/svi.hpp"

using namespace parley;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool is_near(double found, double expected, double relative) {
    return std::fabs(found - expected) <= relative * std::fabs(expected);
}

struct OneOption {
    double forward, strike, years, volatility;
    std::uint8_t is_call;

    [[nodiscard]] OptionArrays arrays() const { return {&forward, &strike, &years, &volatility, &is_call, 1}; }
};

double price_of(const OneOption& option) {
    double price = 0.0;
    black76_price(option.arrays(), &price);
    return price;
}

}  // namespace

TEST(elementary_functions_agree_with_the_library) {
    for (double x = -700.0; x < 700.0; x += 0.377) {
        CHECK(is_near(math::exponential(x), std::exp(x), 1e-15));
        CHECK(is_near(math::logarithm(std::exp(x)), std::log(std::exp(x)), 1e-15));
    }
    for (double y = 0.0; y < 30.0; y += 0.0137) {
        const double expected = std::sqrt(std::acos(0.0)) * std::exp(0.5 * y * y) * std::erfc(y * std::sqrt(0.5));
        CHECK(is_near(math::mills_ratio(y), expected, 2e-13));
    }
    CHECK(std::isnan(math::exponential(kNan)));
    CHECK(std::isnan(math::logarithm(kNan)));
    CHECK(math::exponential(-1e9) == 0.0);
}

TEST(black76_at_the_money_is_its_closed_form) {
    // 100 (2 N(0.1) - 1), Abramowitz and Stegun table 26.1
    CHECK(is_near(price_of({100.0, 100.0, 1.0, 0.2, 1}), 7.965567455405796, 1e-14));
}

TEST(every_length_of_a_batch_gives_the_same_prices) {
    for (std::size_t size = 0; size < 70; ++size) {
        std::vector<double> forward(size), strike(size), years(size, 0.3), volatility(size, 0.6), price(size);
        std::vector<double> implied(size);
        std::vector<std::uint8_t> is_call(size);
        for (std::size_t i = 0; i < size; ++i) {
            forward[i] = 100.0;
            strike[i] = 60.0 + 2.0 * static_cast<double>(i);
            is_call[i] = i % 2;
        }
        black76_price({forward.data(), strike.data(), years.data(), volatility.data(), is_call.data(), size},
                      price.data());
        black76_implied_volatility({forward.data(), strike.data(), years.data(), price.data(), is_call.data(), size},
                                   implied.data());
        for (std::size_t i = 0; i < size; ++i) {
            CHECK(is_near(price[i], price_of({100.0, strike[i], 0.3, 0.6, is_call[i]}), 1e-13));
            CHECK(is_near(implied[i], 0.6, 1e-11));
        }
    }
}

TEST(a_bad_option_does_not_touch_its_neighbors) {
    std::array<double, 3> forward{100.0, kNan, 100.0}, strike{100.0, 100.0, -1.0}, years{1.0, 1.0, 1.0},
        volatility{0.2, 0.2, 0.2}, price{};
    const std::array<std::uint8_t, 3> is_call{1, 1, 1};
    black76_price({forward.data(), strike.data(), years.data(), volatility.data(), is_call.data(), 3}, price.data());
    CHECK(is_near(price[0], 7.965567455405796, 1e-14));
    CHECK(std::isnan(price[1]));
    CHECK(std::isnan(price[2]));
}

TEST(svi_fit_finds_a_slice_again) {
    const SviParameters truth{0.02, 0.12, -0.35, 0.03, 0.18};
    std::vector<double> k, bid, ask, mid, weight, light, floor;
    for (int i = -15; i <= 15; ++i) {
        k.push_back(0.04 * i);
        mid.push_back(svi_total_variance(truth, k.back()));
        bid.push_back(mid.back() * 0.999);
        ask.push_back(mid.back() * 1.001);
        weight.push_back(1000.0);
        light.push_back(100.0);
        floor.push_back(0.0);
    }
    const SviFit fit = svi_fit({k, bid, ask, mid, weight, light}, {k, floor, 1e-4, 30.0, 30.0},
                               {0.03, 0.1, 0.0, 0.0, 0.3});
    for (std::size_t i = 0; i < k.size(); ++i) {
        CHECK(is_near(svi_total_variance(fit.parameters, k[i]), mid[i], 1e-3));
    }
    CHECK(fit.density_lowest > 0.0);
}

TEST(svi_fit_survives_anything) {
    const std::vector<double> k{-0.1, 0.0, 0.1}, bad{kNan, 0.04, -1.0}, weight{1.0, 1.0, 1.0}, floor{0.0, 0.0, 0.0};
    const SviFit fit = svi_fit({k, bad, bad, bad, weight, weight}, {k, floor, 0.0, 1.0, 1.0},
                               {0.04, 0.1, 0.0, 0.0, 0.1});
    CHECK(fit.iterations <= kSviIterationsMax);
}

TEST(margin_of_a_perpetual_is_its_worst_move) {
    const std::vector<double> coins{1.0}, years{0.0};
    const PortfolioMargin margin =
        portfolio_margin({2000.0, 1000.0, 0.0, 0.0, 0.0, 1.0, 1.0}, MarginOptions{}, {coins, years});
    CHECK(is_near(margin.initial, 560.0, 1e-12));
    CHECK(is_near(margin.maintenance, 652.0, 1e-12));
    CHECK(margin_scenarios()[margin.worst].name == "spot -18 %, vol up");
}

TEST(a_nan_makes_the_margin_nan_and_is_the_worst) {
    const std::vector<double> forward{2000.0, 2000.0}, strike{2000.0, 2100.0}, years{0.1, 0.1}, rate{0.0, 0.0},
        volatility{0.6, kNan}, amount{-1.0, 1.0};
    const std::vector<std::uint8_t> is_call{1, 1};
    const PortfolioMargin margin = portfolio_margin(
        {2000.0, 1000.0, 0.0, 0.0, 0.0, 1.0, 1.0}, {forward, strike, years, volatility, amount, rate, is_call}, {});
    CHECK(std::isnan(margin.initial));
    CHECK(std::isnan(margin.pnl[margin.worst]));
}
