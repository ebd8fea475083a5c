// Bounds of an order's margin: what nearly every order passes on, without a look at the scenarios.

#include <algorithm>
#include <cmath>
#include <limits>

#include "parley/margin_book.hpp"
#include "parley/portfolio_margin_parameters.hpp"

namespace parley {
namespace {

/// Far more than what rounding takes of the largest number that an exact margin is computed with.
constexpr double kRounding = 1e-9;
/// Dollars: what rounding to parts of a total takes, of an account and of one change.
constexpr double kPartsOfAll = 1e-3, kPartsOfOne = 1e-6;

constexpr double above_zero(double value) noexcept { return value > 0.0 ? value : 0.0; }

}  // namespace

double MarginBook::peg_factor(const Coin& its) noexcept {
    return 1.0 + margin::kPegFactor * above_zero(margin::kPegThreshold - its.stable_price);
}

/// Of what an option's coins are worth, where prices are not to be trusted.
double MarginBook::gross_rate(const Coin& its) noexcept {
    return its.confidence >= margin::kConfidenceThreshold ? 0.0 : 1.0 - its.confidence;
}

void MarginBook::renew_quick(const Instrument& instrument, const margin::ExpiryTerms& terms, Slot slot) noexcept {
    Quick& quick = quick_[slot];
    quick.fall = margin::find_fall(instrument.values, terms);
    quick.now = instrument.values.at[margin::kUnchanged];
    quick.lot = instrument.lot;
    quick.lot_tick = instrument.lot * instrument.tick;
    quick.coin = static_cast<std::int32_t>(instrument.coin);
    quick.is_inverse = instrument.is_inverse;
    quick.is_ready = true;
}

bool MarginBook::is_clear(Slot account, Slot slot, std::int64_t lots, PriceTicks price) const noexcept {
    if (slot >= quick_.size() || !quick_[slot].is_ready) return false;
    const Account& owner = *accounts_[account];
    if (owner.floor_revision != revision_) renew_floor(account);
    const double loss = loss_of(quick_[slot], static_cast<double>(lots), static_cast<double>(price.value));
    if (owner.floor >= loss) return true;
    if (owner.is_floor_near) return false;
    renew_floor(account);
    return owner.floor >= loss;
}

/// What an order of signed lots may take off the net initial margin at most, were it filled at its price: the premium
/// that it pays, less what it buys, what the worst of all scenarios may take and what contingencies may grow by.
double MarginBook::loss_of(const Quick& quick, double lots, double price) const noexcept {
    const Coin& its = *coins_[static_cast<std::size_t>(quick.coin)];
    const bool is_sold = lots < 0.0;
    const double amount = std::fabs(lots), coins = amount * quick.lot * its.spot;
    const double factor = peg_factor(its);
    const double premium = lots * price * quick.lot_tick * (quick.is_inverse ? its.spot : 1.0);
    double loss = premium - lots * quick.now;
    loss += factor * amount * (is_sold ? quick.fall.sold : quick.fall.bought);
    loss += coins * (gross_rate(its) + (is_sold ? margin::kShortOptionMaintenance : 0.0));
    if (quick.is_inverse) {
        const double haircut = its.maintenance_haircut + its.initial_haircut;
        loss += factor * margin::linear_move_max() * std::fabs(premium) + haircut * above_zero(-premium);
    }
    return loss + kRounding * (amount * quick.fall.most + std::fabs(premium) + coins);
}

void MarginBook::renew_floor(Slot account) const noexcept {
    const Account& owner = *accounts_[account];
    owner.floor = find_floor(account);
    owner.floor_revision = revision_;
    owner.is_floor_near = true;
}

/// The margin, less what rounding may make of it; where something is not priced, no order is clear.
double MarginBook::find_floor(Slot account) const noexcept {
    double sum = accounts_[account]->cash, magnitude = std::fabs(sum);
    for (const auto& its : coins_) {
        const CoinAccount* held = its ? find(*its, account) : nullptr;
        if (held == nullptr) continue;
        if (held->unpriced_options + held->unpriced_others > 0) return -std::numeric_limits<double>::infinity();
        sum += initial_of(*its, *held);
        magnitude += magnitude_of(*its, *held);
    }
    return sum - kRounding * magnitude - kPartsOfAll;
}

double MarginBook::magnitude_of(const Coin& its, const CoinAccount& held) noexcept {
    double magnitude = margin::magnitude_of(total_of(its, held));
    for (const Part& part : held.parts) {
        const Holding& holding = holding_of(its, part);
        if (holding.magnitude == kUnknown) holding.magnitude = margin::magnitude_of(holding.sum);
        magnitude += holding.magnitude;
    }
    const Totals& totals = held.totals;
    const double coins = std::fabs(held.coins) + std::fabs(totals.inverse_entry) + std::fabs(totals.inverse_mark) +
                         totals.inverse_gross + totals.inverse_buys + totals.inverse_sells + totals.gross_options;
    return magnitude + coins * its.spot + std::fabs(totals.linear_profit) + std::fabs(totals.linear_exposure) +
           totals.linear_gross + totals.linear_buys + totals.linear_sells;
}

/// What works more of an option lowers the margin by no more than this; anything else has it renewed.
void MarginBook::lower_floor(Account& owner, const Entry& before, const Entry& after) const noexcept {
    if (owner.floor_revision != revision_) return;
    const Quick& quick = quick_[after.instrument];
    if (!quick.is_ready || after.lots != before.lots) {
        owner.floor_revision = 0;
        return;
    }
    const Coin& its = *coins_[static_cast<std::size_t>(quick.coin)];
    const double bought = above_zero(after.buys - before.buys), sold = above_zero(after.sells - before.sells);
    const double moved = std::fabs(after.buys - before.buys) + std::fabs(after.sells - before.sells);
    const double coins = quick.lot * its.spot;
    owner.floor -= peg_factor(its) * (bought * quick.fall.bought + sold * quick.fall.sold) +
                   coins * (gross_rate(its) * moved + margin::kShortOptionMaintenance * sold) +
                   kRounding * moved * (quick.fall.most + coins) + kPartsOfOne;
    owner.is_floor_near = false;
}

}  // namespace parley
