#include <algorithm>
#include <cmath>
#include <utility>

#include "parley/margin_book.hpp"
#include "parley/portfolio_margin_parameters.hpp"

namespace parley {

using margin::Lanes;

namespace {

const Lanes kNothing;

double forward_loss_of(const Lanes& sum, double lots, const margin::ExpiryTerms& terms, double futures) noexcept {
    return margin::forward_loss(lots * sum.at[margin::kForwardUp], lots * sum.at[margin::kForwardDown],
                                lots * sum.at[margin::kUnchanged], terms, futures);
}

Micros to_micros(double dollars) noexcept {
    constexpr double most = 9e12;
    return static_cast<Micros>(std::floor(std::fmin(std::fmax(dollars, -most), most) * 1e6));
}

}  // namespace

double MarginBook::net_initial(const Coin& its, const Totals& totals, double least_profit) noexcept {
    const double collateral = std::max(0.0, totals.coins) * its.spot;
    const double gross = totals.inverse_gross * its.spot + totals.linear_gross;
    double contingency = (margin::kPerpetualMaintenance + margin::kPerpetualInitial) * gross +
                         margin::kShortOptionMaintenance * totals.short_coins * its.spot +
                         (its.maintenance_haircut + its.initial_haircut) * collateral;
    if (!(its.confidence >= margin::kConfidenceThreshold)) {
        contingency += (1.0 - its.confidence) * (gross + totals.gross_options * its.spot);
    }
    const double factor = 1.0 + margin::kPegFactor * std::max(0.0, margin::kPegThreshold - its.stable_price);
    const double unrealized = (totals.inverse_entry - totals.inverse_mark) * its.spot + totals.linear_profit;
    const double value = totals.options_value + totals.coins * its.spot + unrealized;
    return value + factor * least_profit - contingency;
}

/// Dollars, at spot, of the dated futures of an expiry.
double MarginBook::futures_dollars(const Coin& its, const CoinAccount& held, std::uint8_t expiry) const noexcept {
    double dollars = 0.0;
    for (auto entry = held.entries.rbegin(); entry != held.entries.rend(); ++entry) {
        if (entry->order_time != std::numeric_limits<TimeNs>::max()) break;
        const Instrument& instrument = instruments_[entry->instrument];
        if (instrument.kind != MarginKind::future || entry->expiry != expiry) continue;
        dollars += instrument.is_inverse ? entry->entry * its.spot : entry->lots * instrument.lot * instrument.forward;
    }
    return dollars;
}

void MarginBook::renew(const Coin& its, const CoinAccount& held) const noexcept {
    held.forward_losses = held.has_futures ? losses_with_futures(its, held) : total_of(its, held).at(margin::kForwardLoss);
    const Totals totals = totals_of(its, held);
    const double least = margin::least_profit(total_of(its, held), linear_of(its, totals));
    held.initial = net_initial(its, totals, std::min(held.forward_losses, least));
    held.revision = its.revision;
}

/// The total has them, but those of futures move with spot.
double MarginBook::forward_losses_of(const Coin& its, const CoinAccount& held) const noexcept {
    if (!held.has_futures) return total_of(its, held).at(margin::kForwardLoss);
    if (held.revision != its.revision) renew(its, held);
    return held.forward_losses;
}

/// In the order of expiries, then those in which only futures are held, then what works at its worst.
double MarginBook::losses_with_futures(const Coin& its, const CoinAccount& held) const noexcept {
    double losses = 0.0;
    for (const Part& part : held.parts) {
        losses += forward_loss_of(holding_of(its, part).sum, 1.0, its.expiries[part.expiry].terms,
                                  futures_dollars(its, held, part.expiry));
    }
    for (std::uint8_t expiry = 0; expiry < its.expiries.size(); ++expiry) {
        if (held.part_of[expiry] != kNoExpiry) continue;
        const double dollars = futures_dollars(its, held, expiry);
        if (dollars != 0.0) losses += forward_loss_of(kNothing, 1.0, its.expiries[expiry].terms, dollars);
    }
    return losses + working_losses(its, held);
}

double MarginBook::working_losses(const Coin& its, const CoinAccount& held) const noexcept {
    double losses = 0.0;
    for (const Entry& entry : held.entries) {
        if (!entry.is_working() || entry.expiry == kNoExpiry) continue;
        const Instrument& instrument = instruments_[entry.instrument];
        if (instrument.kind == MarginKind::option) {
            losses += held.works[entry.works].at[margin::kForwardLoss];
            continue;
        }
        const double lot = instrument.is_inverse ? instrument.lot * its.spot / instrument.forward
                                                 : instrument.lot * instrument.forward;
        const double most = std::max(entry.buys, entry.sells) * lot;
        losses += forward_loss_of(kNothing, 1.0, its.expiries[entry.expiry].terms, most);
    }
    return losses;
}

MarginBook::Totals MarginBook::totals_of(const Coin& its, const CoinAccount& held) noexcept {
    Totals totals = held.totals;
    totals.coins = held.coins;
    totals.options_value = total_of(its, held).at(margin::kOptionsValue);
    return totals;
}

double MarginBook::initial_of(const Coin& its, const CoinAccount& held) const noexcept {
    if (held.revision != its.revision) renew(its, held);
    return held.initial;
}

double MarginBook::initial(Slot account) const {
    double sum = accounts_[account]->cash;
    for (const auto& its : coins_) {
        const CoinAccount* held = its ? find(*its, account) : nullptr;
        if (held != nullptr) sum += initial_of(*its, *held);
    }
    return sum;
}

Refusal MarginBook::check(Slot account, Slot slot, std::int64_t lots, PriceTicks price) const {
    if (!is_margined(account) || is_clear(account, slot, lots, price)) return {};
    Headroom found = headroom_after(account, slot, lots, price);
    if (!found.is_priced) return {Reason::stale_or_jumped_market, -1, 0};
    if (found.after >= 0.0) return {};
    found = headroom(account, slot, lots, price);
    if (found.after >= found.before) return {};
    return {Reason::margin_headroom, to_micros(found.after), 0};
}

MarginBook::Headroom MarginBook::headroom(Slot account, Slot slot, std::int64_t lots, PriceTicks price) const {
    Headroom headroom = headroom_after(account, slot, lots, price);
    if (headroom.is_priced) headroom.before = initial(account);
    return headroom;
}

MarginBook::Headroom MarginBook::headroom_after(Slot account, Slot slot, std::int64_t lots, PriceTicks price) const {
    if (!is_described(slot) || !instruments_[slot].is_priced) return {0.0, 0.0, false};
    const Instrument& instrument = instruments_[slot];
    const Coin& its = *coins_[static_cast<std::size_t>(instrument.coin)];
    double others = accounts_[account]->cash;
    for (const auto& each : coins_) {
        const CoinAccount* held = each ? find(*each, account) : nullptr;
        if (held == nullptr) continue;
        if (held->unpriced_options + held->unpriced_others > 0) return {0.0, 0.0, false};
        if (each.get() != &its) others += initial_of(*each, *held);
    }
    static const CoinAccount empty;
    const CoinAccount* held = find(its, account);
    double cash = 0.0;
    const double after = initial_with(its, held == nullptr ? empty : *held, slot, static_cast<double>(lots),
                                      static_cast<double>(price.value) * instrument.tick, cash);
    return {others + cash + after, 0.0, true};
}

/// Net initial margin of the coin after a fill; `cash`: dollars that the fill moves.
double MarginBook::initial_with(const Coin& its, const CoinAccount& held, Slot slot, double lots, double price,
                                double& cash) const noexcept {
    const Instrument& instrument = instruments_[slot];
    const Entry* found = find_entry(held, slot);
    const Entry before = found == nullptr ? key_of(instrument, slot) : *found;
    Entry after = before;
    const auto [dollars, coins] = trade(instrument, after, lots, price);
    after.lots += lots;
    cash = dollars;
    Totals totals = totals_of(its, held);
    totals.coins += coins;
    if (instrument.kind == MarginKind::option) {
        totals.short_coins += (after.short_lots() - before.short_lots()) * instrument.lot;
        totals.gross_options += (after.worst_lots() - before.worst_lots()) * instrument.lot;
        return initial_with_option(its, held, before, lots, totals);
    }
    Totals counted;
    count(instrument, after, counted);
    totals.add(counted, 1.0);
    counted = {};
    count(instrument, before, counted);
    totals.add(counted, -1.0);
    const double least = margin::least_profit(total_of(its, held), linear_of(its, totals));
    double losses = forward_losses_of(its, held);
    if (instrument.kind == MarginKind::future) losses += forward_change(its, held, before, after);
    return net_initial(its, totals, std::min(losses, least));
}

double MarginBook::initial_with_option(const Coin& its, const CoinAccount& held, const Entry& before, double lots,
                                       Totals totals) const noexcept {
    const Lanes& values = instruments_[before.instrument].values;
    const margin::ExpiryTerms& terms = its.expiries[before.expiry].terms;
    const Holding* holding = find_holding(its, held, before.expiry);
    const Lanes& sum = holding == nullptr ? kNothing : holding->sum;
    totals.options_value += lots * values.at[margin::kUnchanged];
    const double least =
        margin::least_profit_with(total_of(its, held), sum, values, lots, terms, linear_of(its, totals));
    const double futures = held.has_futures ? futures_dollars(its, held, before.expiry) : 0.0;
    const auto filled = [&](std::size_t lane) { return sum.at[lane] + lots * values.at[lane]; };
    const double losses = forward_losses_of(its, held) - forward_loss_of(sum, 1.0, terms, futures) +
                          margin::forward_loss(filled(margin::kForwardUp), filled(margin::kForwardDown),
                                               filled(margin::kUnchanged), terms, futures);
    return net_initial(its, totals, std::min(losses, least));
}

/// By how much the loss of an expiry's forward changes with a trade in its future.
double MarginBook::forward_change(const Coin& its, const CoinAccount& held, const Entry& before,
                                  const Entry& after) const noexcept {
    const Instrument& instrument = instruments_[before.instrument];
    const margin::ExpiryTerms& terms = its.expiries[instrument.expiry].terms;
    const Holding* holding = find_holding(its, held, instrument.expiry);
    const Lanes& sum = holding == nullptr ? kNothing : holding->sum;
    const double futures = futures_dollars(its, held, instrument.expiry);
    const double moved = instrument.is_inverse ? (after.entry - before.entry) * its.spot
                                               : (after.lots - before.lots) * instrument.lot * instrument.forward;
    return forward_loss_of(sum, 1.0, terms, futures + moved) - forward_loss_of(sum, 1.0, terms, futures);
}

/// A future's average entry stays when it is closed; what closing realizes moves dollars (linear) or coins (inverse).
std::pair<double, double> MarginBook::trade(const Instrument& instrument, Entry& entry, double lots,
                                            double price) noexcept {
    if (instrument.kind == MarginKind::option) {
        const double premium = lots * instrument.lot * price;
        return instrument.is_inverse ? std::pair(0.0, -premium) : std::pair(-premium, 0.0);
    }
    if (instrument.kind == MarginKind::spot) return {-lots * instrument.lot * price, lots * instrument.lot};
    const double each = instrument.is_inverse ? instrument.lot / price : instrument.lot * price;
    const bool is_closing = entry.lots * lots < 0.0;
    const double closed = is_closing ? std::copysign(std::min(std::fabs(lots), std::fabs(entry.lots)), lots) : 0.0;
    double moved = 0.0;
    if (is_closing) {
        const double share = -entry.entry * closed / entry.lots;
        moved = share + closed * each;
        entry.entry = std::fabs(closed) == std::fabs(entry.lots) ? 0.0 : entry.entry - share;
    }
    entry.entry += (lots - closed) * each;
    return instrument.is_inverse ? std::pair(0.0, moved) : std::pair(-moved, 0.0);
}

void MarginBook::execute(Slot account, Slot slot, std::int64_t lots, PriceTicks price, std::int64_t execution_id) {
    if (!is_margined(account) || !is_described(slot)) return;
    const Instrument& instrument = instruments_[slot];
    Coin& its = coin(instrument.coin);
    CoinAccount& held = coin_account(its, account);
    Entry& entry = entry_of(its, held, slot);
    const auto [cash, coins] =
        trade(instrument, entry, static_cast<double>(lots), static_cast<double>(price.value) * instrument.tick);
    Account& owner = *accounts_[account];
    owner.floor_revision = 0;
    owner.cash += cash;
    held.coins += coins;
    held.revision = 0;
    if (owner.flows.size() == kCashFlowsMax) {
        owner.forgotten_execution_id = owner.flows.front().execution_id;
        owner.flows.pop_front();
    }
    owner.flows.push_back({execution_id, instrument.coin, cash, coins});
}

Refusal MarginBook::set_collateral(Slot account, const SetCollateral& command, std::span<const CoinBalance> balances) {
    if (account >= accounts_.size()) accounts_.resize(account + 1);
    if (!accounts_[account]) accounts_[account] = std::make_unique<Account>();
    Account& owner = *accounts_[account];
    if (command.last_execution_id < owner.forgotten_execution_id) {
        return {Reason::collateral_outdated, command.last_execution_id, owner.forgotten_execution_id};
    }
    owner.floor_revision = 0;
    owner.cash = static_cast<double>(command.cash_micros) * 1e-6;
    for (const auto& its : coins_) {
        if (!its || find(*its, account) == nullptr) continue;
        CoinAccount& held = coin_account(*its, account);
        held.coins = 0.0;
        held.revision = 0;
    }
    for (const CoinBalance& balance : balances) {
        CoinAccount& held = coin_account(coin(balance.coin_id), account);
        held.coins = static_cast<double>(balance.coin_nanos) * 1e-9;
        held.revision = 0;
    }
    std::erase_if(owner.flows, [&](const CashFlow& flow) { return flow.execution_id <= command.last_execution_id; });
    for (const CashFlow& flow : owner.flows) {
        owner.cash += flow.cash;
        coin_account(coin(flow.coin), account).coins += flow.coins;
    }
    return {};
}

}  // namespace parley
