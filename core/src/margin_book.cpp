#include "parley/margin_book.hpp"

#include <algorithm>
#include <cmath>

namespace parley {

using margin::Held;
using margin::Lanes;

MarginBook::Coin& MarginBook::coin(std::int64_t id) {
    const auto at = static_cast<std::size_t>(id);
    if (at >= coins_.size()) coins_.resize(at + 1);
    if (!coins_[at]) coins_[at] = std::make_unique<Coin>();
    return *coins_[at];
}

const MarginBook::CoinAccount* MarginBook::find(const Coin& coin, Slot account) const noexcept {
    if (account >= coin.places.size() || coin.places[account] == kNoPlace) return nullptr;
    return &coin.accounts[coin.places[account]];
}

MarginBook::CoinAccount& MarginBook::coin_account(Coin& coin, Slot account) {
    if (account >= coin.places.size()) coin.places.resize(account + 1, kNoPlace);
    if (coin.places[account] == kNoPlace) {
        coin.places[account] = static_cast<std::uint32_t>(coin.accounts.size());
        coin.accounts.emplace_back().account = account;
        coin.touched.push_back(0);
    }
    return coin.accounts[coin.places[account]];
}

std::uint8_t MarginBook::find_expiry(const Coin& coin, TimeNs at_ns) noexcept {
    for (std::size_t i = 0; i < coin.expiries.size(); ++i) {
        if (coin.expiries[i].at_ns == at_ns) return static_cast<std::uint8_t>(i);
    }
    return kNoExpiry;
}

std::uint8_t MarginBook::add_expiry(Coin& coin, TimeNs at_ns) {
    std::uint8_t at = find_expiry(coin, at_ns);
    if (at != kNoExpiry) return at;
    at = find_expiry(coin, 0);
    if (at == kNoExpiry) {
        if (coin.expiries.size() >= kExpiriesMax) return kNoExpiry;
        at = static_cast<std::uint8_t>(coin.expiries.size());
        coin.expiries.emplace_back();
    }
    coin.expiries[at] = {at_ns, {}, {}};
    return at;
}

void MarginBook::describe(Slot slot, const Listed& listed, const DescribeInstrument& terms) {
    if (slot >= instruments_.size()) instruments_.resize(slot + 1);
    Instrument& instrument = instruments_[slot];
    instrument = {};
    instrument.id = listed.id;
    instrument.expiry_at_ns = listed.expiry_at_ns;
    instrument.coin = listed.coin;
    instrument.lot = listed.lot;
    instrument.tick = listed.tick;
    instrument.kind = terms.margin_kind;
    instrument.is_inverse = terms.is_inverse;
    instrument.is_call = terms.is_call;
    instrument.strike = terms.strike;
    instrument.venue_id = terms.venue_id;
    if (terms.margin_kind != MarginKind::option && terms.margin_kind != MarginKind::future) return;
    Coin& its = coin(listed.coin);
    instrument.expiry = add_expiry(its, listed.expiry_at_ns);
    if (instrument.expiry != kNoExpiry) its.expiries[instrument.expiry].members.push_back(slot);
}

void MarginBook::forget_instrument(Slot slot) {
    if (!is_described(slot)) return;
    Instrument& instrument = instruments_[slot];
    Coin& its = coin(instrument.coin);
    for (const std::uint32_t place : instrument.holders) {
        CoinAccount& held = its.accounts[place];
        std::erase_if(held.entries, [slot](const Entry& entry) { return entry.instrument == slot; });
        arrange(held);
        for (Holding& holding : held.holdings) renew_sum(held, holding);
        renew_totals(held);
    }
    if (instrument.expiry != kNoExpiry) {
        Expiry& expiry = its.expiries[instrument.expiry];
        std::erase(expiry.members, slot);
        if (expiry.members.empty()) expiry = {};
    }
    instrument = {};
}

void MarginBook::set_parameters(const SetMarginParameters& input) {
    Coin& its = coin(input.coin_id);
    its.maintenance_haircut = input.maintenance_haircut;
    its.initial_haircut = input.initial_haircut;
    its.stable_price = input.stable_price;
    its.confidence = input.confidence;
    ++its.revision;
}

void MarginBook::set_inputs(const SetMarginInputs& input, std::span<const MarginExpiry> expiries,
                            std::span<const MarginMark> marks, const FlatMap<Slot>& instrument_slots) {
    Coin& its = coin(input.coin_id);
    its.spot = input.spot;
    ++its.revision;
    for (const MarginMark& mark : marks) {
        const Slot* slot = instrument_slots.find(static_cast<std::uint64_t>(mark.instrument_id));
        if (slot == nullptr || !is_described(*slot) || instruments_[*slot].coin != input.coin_id) continue;
        instruments_[*slot].forward = mark.forward;
        instruments_[*slot].volatility = mark.volatility;
    }
    std::uint64_t changed = 0;
    for (const MarginExpiry& row : expiries) {
        const std::uint8_t at = find_expiry(its, row.expiry_at_ns);
        if (at == kNoExpiry || row.expiry_at_ns == 0) continue;
        its.expiries[at].terms = margin::expiry_terms(row.years, row.rate);
        changed |= std::uint64_t{1} << at;
        for (const Slot member : its.expiries[at].members) price(its, instruments_[member]);
    }
    for (const MarginMark& mark : marks) {
        const Slot* slot = instrument_slots.find(static_cast<std::uint64_t>(mark.instrument_id));
        if (slot == nullptr || !is_described(*slot) || instruments_[*slot].coin != input.coin_id) continue;
        Instrument& instrument = instruments_[*slot];
        const bool is_done = instrument.expiry != kNoExpiry && (changed >> instrument.expiry & 1) != 0;
        if (!is_done) price(its, instrument);
    }
    renew_touched(its);
}

/// Values an instrument anew, and remembers which sums hold it.
void MarginBook::price(Coin& its, Instrument& instrument) noexcept {
    const bool was_priced = instrument.is_priced;
    std::uint64_t bits = kTotalsBit;
    if (instrument.kind == MarginKind::option) {
        if (instrument.expiry == kNoExpiry) return;
        const margin::ExpiryTerms& terms = its.expiries[instrument.expiry].terms;
        instrument.is_priced = terms.years > 0.0 && instrument.forward > 0.0 && its.spot > 0.0;
        if (!instrument.is_priced) return;
        margin::value_option(
            {instrument.forward, instrument.strike, instrument.volatility, instrument.lot, instrument.is_call}, terms,
            instrument.values);
        bits = std::uint64_t{1} << instrument.expiry | (was_priced ? 0 : kTotalsBit);
    } else {
        const bool has_terms = instrument.kind != MarginKind::future ||
                               (instrument.expiry != kNoExpiry && its.expiries[instrument.expiry].terms.years > 0.0);
        instrument.is_priced = instrument.forward > 0.0 && its.spot > 0.0 && has_terms;
    }
    for (const std::uint32_t place : instrument.holders) its.touched[place] |= bits;
}

/// Accounts in the order of their places: one pass through memory, over what was touched only.
void MarginBook::renew_touched(Coin& its) noexcept {
    for (std::size_t place = 0; place < its.touched.size(); ++place) {
        const std::uint64_t bits = its.touched[place];
        if (bits == 0) continue;
        its.touched[place] = 0;
        CoinAccount& held = its.accounts[place];
        for (Holding& holding : held.holdings) {
            if ((bits >> holding.expiry & 1) != 0) renew_sum(held, holding);
        }
        if ((bits & kTotalsBit) != 0) renew_totals(held);
    }
}

MarginBook::Entry MarginBook::key_of(const Instrument& instrument, Slot slot) noexcept {
    Entry entry;
    const bool is_option = instrument.kind == MarginKind::option && instrument.expiry != kNoExpiry;
    entry.order_time = is_option ? instrument.expiry_at_ns : std::numeric_limits<TimeNs>::max();
    entry.id = instrument.id;
    entry.instrument = slot;
    entry.expiry = instrument.expiry;
    return entry;
}

namespace {

constexpr auto kByOrder = [](const auto& a, const auto& b) {
    return a.order_time != b.order_time ? a.order_time < b.order_time : a.id < b.id;
};

}  // namespace

const MarginBook::Entry* MarginBook::find_entry(const CoinAccount& held, Slot instrument) const noexcept {
    const Entry key = key_of(instruments_[instrument], instrument);
    const auto at = std::lower_bound(held.entries.begin(), held.entries.end(), key, kByOrder);
    return at != held.entries.end() && at->instrument == instrument ? &*at : nullptr;
}

/// An entry stays until its instrument is forgotten: without lots it adds nothing.
MarginBook::Entry& MarginBook::entry_of(Coin& its, CoinAccount& held, Slot slot) {
    Instrument& instrument = instruments_[slot];
    const Entry key = key_of(instrument, slot);
    const auto at = std::lower_bound(held.entries.begin(), held.entries.end(), key, kByOrder);
    if (at != held.entries.end() && at->instrument == slot) return *at;
    const auto index = at - held.entries.begin();
    held.entries.insert(at, key);
    instrument.holders.push_back(its.places[held.account]);
    arrange(held);
    return held.entries[static_cast<std::size_t>(index)];
}

/// Gives every expiry that has options a holding, and each holding its entries.
void MarginBook::arrange(CoinAccount& held) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < held.entries.size();) {
        const Entry& first = held.entries[i];
        if (first.order_time == std::numeric_limits<TimeNs>::max()) break;
        while (at < held.holdings.size() && held.holdings[at].at_ns < first.order_time) {
            held.holdings.erase(held.holdings.begin() + static_cast<std::ptrdiff_t>(at));
        }
        if (at == held.holdings.size() || held.holdings[at].at_ns != first.order_time) {
            held.holdings.insert(held.holdings.begin() + static_cast<std::ptrdiff_t>(at), Holding{});
        }
        Holding& holding = held.holdings[at++];
        holding.at_ns = first.order_time;
        holding.expiry = first.expiry;
        holding.begin = static_cast<std::uint32_t>(i);
        while (i < held.entries.size() && held.entries[i].order_time == holding.at_ns) ++i;
        holding.end = static_cast<std::uint32_t>(i);
    }
    held.holdings.erase(held.holdings.begin() + static_cast<std::ptrdiff_t>(at), held.holdings.end());
}

const MarginBook::Holding* MarginBook::find_holding(const CoinAccount& held, std::uint8_t expiry) noexcept {
    for (const Holding& holding : held.holdings) {
        if (holding.expiry == expiry) return &holding;
    }
    return nullptr;
}

/// From nothing, in the order of ids: equal positions give equal bits, whatever happened before.
void MarginBook::renew_sum(const CoinAccount& held, Holding& holding) const noexcept {
    constexpr std::size_t at_once = 32;
    std::array<Held, at_once> chunk;
    holding.sum = {};
    for (std::size_t i = holding.begin; i < holding.end;) {
        std::size_t count = 0;
        for (; count < at_once && i < holding.end; ++i) {
            const Entry& entry = held.entries[i];
            chunk[count++] = {&instruments_[entry.instrument].values, entry.lots};
        }
        margin::add_values({chunk.data(), count}, holding.sum);
    }
}

void MarginBook::begin(Slot account, Slot slot, std::int64_t lots) {
    if (!is_described(slot)) return;
    const Instrument& instrument = instruments_[slot];
    if (instrument.kind != MarginKind::future && instrument.kind != MarginKind::perpetual) return;
    if (!instrument.is_priced) return;
    Coin& its = coin(instrument.coin);
    const double each =
        instrument.is_inverse ? instrument.lot / instrument.forward : instrument.lot * instrument.forward;
    entry_of(its, coin_account(its, account), slot).entry = static_cast<double>(lots) * each;
}

void MarginBook::set_position(Slot account, Slot slot, const Position& position) {
    if (!is_margined(account) || !is_described(slot)) return;
    Coin& its = coin(instruments_[slot].coin);
    CoinAccount& held = coin_account(its, account);
    if (position.empty() && find_entry(held, slot) == nullptr) return;
    Entry& entry = entry_of(its, held, slot);
    const auto lots = static_cast<double>(position.lots);
    const bool is_moved = lots != entry.lots;
    entry.lots = lots;
    entry.buys = static_cast<double>(position.buy_working);
    entry.sells = static_cast<double>(position.sell_working);
    if (is_moved && entry.order_time != std::numeric_limits<TimeNs>::max()) {
        for (Holding& holding : held.holdings) {
            if (holding.expiry == entry.expiry) renew_sum(held, holding);
        }
    }
    renew_totals(held);
}

void MarginBook::Totals::add(const Totals& other, double times) noexcept {
    short_coins += times * other.short_coins;
    gross_options += times * other.gross_options;
    inverse_entry += times * other.inverse_entry;
    inverse_mark += times * other.inverse_mark;
    inverse_gross += times * other.inverse_gross;
    linear_profit += times * other.linear_profit;
    linear_exposure += times * other.linear_exposure;
    linear_gross += times * other.linear_gross;
}

void MarginBook::renew_totals(CoinAccount& held) const noexcept {
    held.totals = {};
    held.unpriced = 0;
    held.has_futures = false;
    for (const Entry& entry : held.entries) count(entry, held);
    held.revision = 0;
}

void MarginBook::count(const Entry& entry, CoinAccount& held) const noexcept {
    const Instrument& instrument = instruments_[entry.instrument];
    if (entry.lots == 0.0 && entry.buys == 0.0 && entry.sells == 0.0) return;
    if (!instrument.is_priced) ++held.unpriced;
    const double longest = std::fabs(entry.lots + entry.buys), shortest = std::fabs(entry.lots - entry.sells);
    const double worst = longest > shortest ? longest : shortest;
    Totals& totals = held.totals;
    if (instrument.kind == MarginKind::option) {
        totals.short_coins += std::max(0.0, entry.sells - entry.lots) * instrument.lot;
        totals.gross_options += worst * instrument.lot;
        return;
    }
    const double dollars = instrument.lot * instrument.forward;
    held.has_futures = held.has_futures || instrument.kind == MarginKind::future;
    if (instrument.kind == MarginKind::spot) {
        totals.linear_buys += entry.buys * dollars;
        totals.linear_sells += entry.sells * dollars;
    } else if (instrument.is_inverse) {
        const double coins = instrument.is_priced ? instrument.lot / instrument.forward : 0.0;
        totals.inverse_entry += entry.entry;
        totals.inverse_mark += entry.lots * coins;
        totals.inverse_gross += std::fabs(entry.entry) + (worst - std::fabs(entry.lots)) * coins;
        totals.inverse_buys += entry.buys * coins;
        totals.inverse_sells += entry.sells * coins;
    } else {
        totals.linear_exposure += entry.lots * dollars;
        totals.linear_profit += entry.lots * dollars - entry.entry;
        totals.linear_gross += worst * dollars;
        totals.linear_buys += entry.buys * dollars;
        totals.linear_sells += entry.sells * dollars;
    }
}

}  // namespace parley
