#include "parley/portfolio_margin.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "parley/black76.hpp"
#include "parley/portfolio_margin_parameters.hpp"

namespace parley {

namespace {

using enum VolatilityShock;

using namespace margin;

constexpr std::array<MarginScenario, kMarginScenarios> kScenarios{{
    {1.18, up, 1.0, "spot +18 %, vol up"},
    {1.135, up, 1.0, "spot +13.5 %, vol up"},
    {1.135, none, 1.0, "spot +13.5 %"},
    {1.135, down, 1.0, "spot +13.5 %, vol down"},
    {1.09, up, 1.0, "spot +9 %, vol up"},
    {1.09, none, 1.0, "spot +9 %"},
    {1.09, down, 1.0, "spot +9 %, vol down"},
    {1.045, up, 1.0, "spot +4.5 %, vol up"},
    {1.045, none, 1.0, "spot +4.5 %"},
    {1.045, down, 1.0, "spot +4.5 %, vol down"},
    {1.0, up, 1.0, "vol up"},
    {1.0, none, 1.0, "unchanged"},
    {1.0, down, 1.0, "vol down"},
    {0.955, up, 1.0, "spot -4.5 %, vol up"},
    {0.955, none, 1.0, "spot -4.5 %"},
    {0.955, down, 1.0, "spot -4.5 %, vol down"},
    {0.91, up, 1.0, "spot -9 %, vol up"},
    {0.91, none, 1.0, "spot -9 %"},
    {0.91, down, 1.0, "spot -9 %, vol down"},
    {0.865, up, 1.0, "spot -13.5 %, vol up"},
    {0.865, none, 1.0, "spot -13.5 %"},
    {0.865, down, 1.0, "spot -13.5 %, vol down"},
    {0.82, up, 1.0, "spot -18 %, vol up"},
    {0.34, up, 0.21, "tail spot -66 %"},
    {0.67, up, 0.42, "tail spot -33 %"},
    {1.5, up, 0.27, "tail spot +50 %"},
    {2.0, up, 0.13, "tail spot +100 %"},
    {3.0, up, 0.069, "tail spot +200 %"},
    {4.0, up, 0.046, "tail spot +300 %"},
    {5.0, up, 0.034, "tail spot +400 %"},
    {6.0, up, 0.027, "tail spot +500 %"},
    {1.0, linear_skew, 1.0, "skew"},
    {1.0, absolute_skew, 1.0, "smile"},
}};

double shocked_volatility(VolatilityShock shock, double volatility, double years, double log_moneyness) noexcept {
    if (shock == up || shock == down) {
        const double days = std::max(years * kDaysAYear, 1.0);
        const double multiple = std::pow(30.0 / days, days <= 30.0 ? 0.3 : 0.13);
        return shock == up ? std::max(0.40, volatility * (1.0 + 0.5 * multiple))
                           : volatility * std::max(0.0, 1.0 - 0.275 * multiple);
    }
    if (shock == none) {
        return volatility;
    }
    const double root = std::sqrt(years);
    const double cap = std::max(0.0, 0.25 - 0.1 * root);
    const double width = std::max(0.01, 2.4 * root);
    const double k = shock == linear_skew ? log_moneyness : std::fabs(log_moneyness);
    return volatility * (1.0 + std::clamp(k * cap / width, -cap, cap));
}

// Discount on a shocked value, against the account: what it owns is worth less, what it owes more.
double static_discount(double shocked_value, double rate, double years) noexcept {
    return shocked_value >= 0.0 ? 0.98 * std::exp(-0.1 * years)
                                : std::min(std::exp(rate * years), 1.02 * std::exp(0.1 * years));
}

// The options and futures of one coin, grouped by time to expiry.
class Book {
  public:
    Book(const MarginOptions& options, const MarginLinear& linear)
        : options_(options), linear_(linear), size_(options.strike.size()), forward_(size_), volatility_(size_),
          price_(size_), expiry_of_(size_) {
        for (std::size_t i = 0; i < size_; ++i) {
            expiry_of_[i] = expiry_number(options.years[i], options.rate[i]);
        }
        for (std::size_t i = 0; i < linear.coins.size(); ++i) {
            if (linear.years[i] > 0.0) {
                linear_expiry_.push_back(expiry_number(linear.years[i], 0.0));
            } else {
                linear_expiry_.push_back(kNoExpiry);
            }
        }
        unshocked_ = values(1.0, none);
    }

    [[nodiscard]] double mark_to_market() const noexcept {
        double sum = 0.0;
        for (const double value : unshocked_) {
            sum += value;
        }
        return sum;
    }

    // PnL of the options, discounted against the account; a skew scenario counts as a loss either way.
    [[nodiscard]] double option_pnl(const MarginScenario& scenario) {
        const std::vector<double> shocked = values(scenario.spot_shock, scenario.volatility);
        const bool is_skew = scenario.volatility == linear_skew || scenario.volatility == absolute_skew;
        double sum = 0.0;
        for (std::size_t e = 0; e < shocked.size(); ++e) {
            sum += is_skew ? -std::fabs(shocked[e] - unshocked_[e]) : expiry_pnl(shocked, e);
        }
        return sum * scenario.damping;
    }

    // Moves of the forwards against spot: each expiry alone, its futures with its options.
    [[nodiscard]] double forward_contingency(double spot) {
        const std::vector<double> above = values(1.0 + kForwardShock, none);
        const std::vector<double> below = values(1.0 - kForwardShock, none);
        double sum = 0.0;
        for (std::size_t e = 0; e < years_.size(); ++e) {
            double futures = 0.0;
            for (std::size_t i = 0; i < linear_.coins.size(); ++i) {
                futures += linear_expiry_[i] == e ? linear_.coins[i] * spot * kForwardShock : 0.0;
            }
            const double worst = std::min(expiry_pnl(above, e) + futures, expiry_pnl(below, e) - futures);
            sum += (0.5 + 2.0 * years_[e]) * std::min(0.0, worst);
        }
        return sum;
    }

    [[nodiscard]] double short_options() const noexcept {
        double sum = 0.0;
        for (const double amount : options_.amount) {
            sum += std::max(0.0, -amount);
        }
        return sum;
    }

    [[nodiscard]] double gross_options() const noexcept {
        double sum = 0.0;
        for (const double amount : options_.amount) {
            sum += std::fabs(amount);
        }
        return sum;
    }

    [[nodiscard]] double gross_linear() const noexcept {
        double sum = 0.0;
        for (const double coins : linear_.coins) {
            sum += std::fabs(coins);
        }
        return sum;
    }

  private:
    static constexpr std::size_t kNoExpiry = static_cast<std::size_t>(-1);

    std::size_t expiry_number(double years, double rate) {
        for (std::size_t e = 0; e < years_.size(); ++e) {
            if (years_[e] == years) {
                rates_[e] = rate != 0.0 ? rate : rates_[e];
                return e;
            }
        }
        years_.push_back(years);
        rates_.push_back(rate);
        return years_.size() - 1;
    }

    [[nodiscard]] double expiry_pnl(const std::vector<double>& shocked, std::size_t expiry) const noexcept {
        const double discount = static_discount(shocked[expiry], rates_[expiry], years_[expiry]);
        return shocked[expiry] * discount - unshocked_[expiry];
    }

    // Value of each expiry's options under the shock.
    [[nodiscard]] std::vector<double> values(double spot_shock, VolatilityShock shock) {
        for (std::size_t i = 0; i < size_; ++i) {
            forward_[i] = options_.forward[i] * spot_shock;
            volatility_[i] = shocked_volatility(shock, options_.volatility[i], options_.years[i],
                                                std::log(options_.strike[i] / options_.forward[i]));
        }
        black76_price({forward_.data(), options_.strike.data(), options_.years.data(), volatility_.data(),
                       options_.is_call.data(), size_},
                      price_.data());
        std::vector<double> sums(years_.size(), 0.0);
        for (std::size_t i = 0; i < size_; ++i) {
            sums[expiry_of_[i]] += options_.amount[i] * price_[i] * std::exp(-options_.rate[i] * options_.years[i]);
        }
        return sums;
    }

    const MarginOptions& options_;
    const MarginLinear& linear_;
    std::size_t size_;
    std::vector<double> forward_, volatility_, price_;
    std::vector<std::size_t> expiry_of_, linear_expiry_;
    std::vector<double> years_, rates_;
    std::vector<double> unshocked_;
};

// A NaN is worse than everything: it must not hide behind a comparison.
bool is_worse(double candidate, double worst) noexcept { return !std::isnan(worst) && !(candidate >= worst); }

}  // namespace

const std::array<MarginScenario, kMarginScenarios>& margin_scenarios() noexcept { return kScenarios; }

PortfolioMargin portfolio_margin(const MarginAccount& account, const MarginOptions& options,
                                 const MarginLinear& linear) {
    Book book(options, linear);
    double net_coins = account.collateral_coins;
    for (const double coins : linear.coins) {
        net_coins += coins;
    }
    PortfolioMargin result{};
    result.pnl.fill(0.0);
    for (std::size_t i = 0; i < kMarginScenarios; ++i) {
        const MarginScenario& scenario = kScenarios[i];
        const double linear_pnl = net_coins * account.spot * (scenario.spot_shock - 1.0) * scenario.damping;
        result.pnl[i] = book.option_pnl(scenario) + linear_pnl;
    }
    result.pnl[kMarginScenarios] = book.forward_contingency(account.spot);
    result.worst = kMarginScenarios;  // the forward contingency, unless a scenario is worse
    for (std::size_t i = 0; i < kMarginScenarios; ++i) {
        result.worst = is_worse(result.pnl[i], result.pnl[result.worst]) ? i : result.worst;
    }
    result.minimum_pnl = result.pnl[result.worst];

    const double collateral = std::max(0.0, account.collateral_coins) * account.spot;
    const double gross_linear = book.gross_linear();
    result.maintenance_contingency = kPerpetualMaintenance * gross_linear * account.spot +
                                     kShortOptionMaintenance * book.short_options() * account.spot +
                                     account.maintenance_haircut * collateral;
    result.initial_contingency =
        kPerpetualInitial * gross_linear * account.spot + account.initial_haircut * collateral;
    if (!(account.confidence >= kConfidenceThreshold)) {
        result.initial_contingency +=
            (1.0 - account.confidence) * (gross_linear + book.gross_options()) * account.spot;
    }
    result.initial_factor = 1.0 + kPegFactor * std::max(0.0, kPegThreshold - account.stable_price);
    result.mark_to_market = book.mark_to_market() + account.collateral_coins * account.spot;
    const double value = result.mark_to_market + account.cash;
    result.maintenance = value + kMaintenanceFactor * result.minimum_pnl - result.maintenance_contingency;
    result.initial = value + result.initial_factor * result.minimum_pnl - result.maintenance_contingency -
                     result.initial_contingency;
    return result;
}

}  // namespace parley
