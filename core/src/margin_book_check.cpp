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

/// Profits of everything held, in the order of expiries, then what works at its worst.
void MarginBook::renew(const Coin& its, const CoinAccount& held) const noexcept {
    held.profits = {};
    held.forward_losses = 0.0;
    held.options_value = 0.0;
    std::uint64_t with_options = 0;
    for (const Holding& holding : held.holdings) {
        const margin::ExpiryTerms& terms = its.expiries[holding.expiry].terms;
        margin::add_profits(holding.sum, terms, held.profits);
        held.options_value += holding.sum.at[margin::kUnchanged];
        held.forward_losses += forward_loss_of(holding.sum, 1.0, terms, futures_dollars(its, held, holding.expiry));
        with_options |= std::uint64_t{1} << holding.expiry;
    }
    add_futures(its, held, with_options);
    add_working(its, held);
    const Totals totals = totals_of(held);
    const double least = margin::least_profit(held.profits, linear_dollars(its, totals));
    held.initial = net_initial(its, totals, std::min(held.forward_losses, least));
    held.revision = its.revision;
}

/// Forwards of expiries in which only futures are held.
void MarginBook::add_futures(const Coin& its, const CoinAccount& held, std::uint64_t with_options) const noexcept {
    for (std::uint8_t expiry = 0; expiry < its.expiries.size(); ++expiry) {
        if ((with_options >> expiry & 1) != 0 || !held.has_futures) continue;
        const double dollars = futures_dollars(its, held, expiry);
        if (dollars != 0.0) held.forward_losses += forward_loss_of(kNothing, 1.0, its.expiries[expiry].terms, dollars);
    }
}

void MarginBook::add_working(const Coin& its, const CoinAccount& held) const noexcept {
    for (const Entry& entry : held.entries) {
        if (entry.buys == 0.0 && entry.sells == 0.0) continue;
        const Instrument& instrument = instruments_[entry.instrument];
        if (entry.expiry == kNoExpiry) continue;
        const margin::ExpiryTerms& terms = its.expiries[entry.expiry].terms;
        if (instrument.kind == MarginKind::option) {
            margin::add_worst(instrument.values, terms, entry.buys, entry.sells, held.profits);
            held.forward_losses += std::min(forward_loss_of(instrument.values, entry.buys, terms, 0.0),
                                            forward_loss_of(instrument.values, -entry.sells, terms, 0.0));
        } else {
            const double lot = instrument.is_inverse ? instrument.lot * its.spot / instrument.forward
                                                     : instrument.lot * instrument.forward;
            const double most = std::max(entry.buys, entry.sells) * lot;
            held.forward_losses += forward_loss_of(kNothing, 1.0, terms, most);
        }
    }
    const Totals& totals = held.totals;
    const double buys = totals.linear_buys + totals.inverse_buys * its.spot;
    const double sells = totals.linear_sells + totals.inverse_sells * its.spot;
    if (buys != 0.0 || sells != 0.0) margin::add_worst_linear(buys, sells, held.profits);
}

MarginBook::Totals MarginBook::totals_of(const CoinAccount& held) noexcept {
    Totals totals = held.totals;
    totals.coins = held.coins;
    totals.options_value = held.options_value;
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

MarginBook::Headroom MarginBook::headroom(Slot account, Slot slot, std::int64_t lots, PriceTicks price) const {
    Headroom headroom;
    if (!is_described(slot) || !instruments_[slot].is_priced) return {0.0, 0.0, false};
    const Instrument& instrument = instruments_[slot];
    double others = accounts_[account]->cash;
    for (const auto& its : coins_) {
        const CoinAccount* held = its ? find(*its, account) : nullptr;
        if (held == nullptr) continue;
        if (held->unpriced > 0) return {0.0, 0.0, false};
        const double initial = initial_of(*its, *held);
        headroom.before += initial;
        if (its != coins_[static_cast<std::size_t>(instrument.coin)]) others += initial;
    }
    headroom.before += accounts_[account]->cash;
    const Coin& its = *coins_[static_cast<std::size_t>(instrument.coin)];
    const CoinAccount* held = find(its, account);
    static const CoinAccount empty;
    double cash = 0.0;
    const double after = initial_with(its, held == nullptr ? empty : *held, slot, static_cast<double>(lots),
                                      static_cast<double>(price.value) * instrument.tick, cash);
    headroom.after = others + cash + after;
    return headroom;
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
    CoinAccount delta;  // what the entry counts for, before and after
    count(after, delta);
    Totals totals = totals_of(held);
    totals.add(delta.totals, 1.0);
    delta.totals = {};
    count(before, delta);
    totals.add(delta.totals, -1.0);
    totals.coins += coins;
    if (instrument.kind == MarginKind::option) return initial_with_option(its, held, slot, lots, totals);
    const double least = margin::least_profit(held.profits, linear_dollars(its, totals));
    double losses = held.forward_losses;
    if (instrument.kind == MarginKind::future) losses += forward_change(its, held, before, after);
    return net_initial(its, totals, std::min(losses, least));
}

double MarginBook::initial_with_option(const Coin& its, const CoinAccount& held, Slot slot, double lots,
                                       Totals totals) const noexcept {
    const Instrument& instrument = instruments_[slot];
    const margin::ExpiryTerms& terms = its.expiries[instrument.expiry].terms;
    const Holding* holding = find_holding(held, instrument.expiry);
    const Lanes& sum = holding == nullptr ? kNothing : holding->sum;
    totals.options_value += lots * instrument.values.at[margin::kUnchanged];
    const double least = margin::least_profit_with(held.profits, sum, instrument.values, lots, terms,
                                                   linear_dollars(its, totals));
    const double futures = futures_dollars(its, held, instrument.expiry);
    const auto filled = [&](std::size_t lane) { return sum.at[lane] + lots * instrument.values.at[lane]; };
    const double losses = held.forward_losses - forward_loss_of(sum, 1.0, terms, futures) +
                          margin::forward_loss(filled(margin::kForwardUp), filled(margin::kForwardDown),
                                               filled(margin::kUnchanged), terms, futures);
    return net_initial(its, totals, std::min(losses, least));
}

/// By how much the loss of an expiry's forward changes with a trade in its future.
double MarginBook::forward_change(const Coin& its, const CoinAccount& held, const Entry& before,
                                  const Entry& after) const noexcept {
    const Instrument& instrument = instruments_[before.instrument];
    const margin::ExpiryTerms& terms = its.expiries[instrument.expiry].terms;
    const Holding* holding = find_holding(held, instrument.expiry);
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
