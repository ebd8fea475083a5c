#include "parley/margin_book.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace parley {

using margin::Held;
using margin::Lanes;

namespace {

/// More coins than a lot can have that is told in 64 bits of billionths.
constexpr double kLotMax = 9e9;

}  // namespace

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
    coin.expiries[at] = {at_ns, {}, {}, {}};
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
    instrument.lot_nanos = std::llround(std::min(listed.lot, kLotMax) * 1e9);
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
        const Entry* gone = find_entry(held, slot);
        if (gone != nullptr && gone->works != kNoPlace) held.free_works.push_back(gone->works);
        std::erase_if(held.entries, [slot](const Entry& entry) { return entry.instrument == slot; });
        arrange(held);
        for (Holding& holding : held.holdings) renew_sum(held, holding);
        add_up(its, held);
        recount(held);
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
        for (const Slot member : its.expiries[at].members) price(its, member);
    }
    for (const MarginMark& mark : marks) {
        const Slot* slot = instrument_slots.find(static_cast<std::uint64_t>(mark.instrument_id));
        if (slot == nullptr || !is_described(*slot) || instruments_[*slot].coin != input.coin_id) continue;
        Instrument& instrument = instruments_[*slot];
        const bool is_done = instrument.expiry != kNoExpiry && (changed >> instrument.expiry & 1) != 0;
        if (!is_done) price(its, *slot);
    }
    renew_touched(its);
}

/// Values an instrument anew, and remembers which sums hold it.
void MarginBook::price(Coin& its, Slot slot) noexcept {
    Instrument& instrument = instruments_[slot];
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
        bits = std::uint64_t{1} << instrument.expiry;
        if (!was_priced) note_priced(its, instrument, slot);
    } else {
        const bool has_terms = instrument.kind != MarginKind::future ||
                               (instrument.expiry != kNoExpiry && its.expiries[instrument.expiry].terms.years > 0.0);
        instrument.is_priced = instrument.forward > 0.0 && its.spot > 0.0 && has_terms;
    }
    for (const std::uint32_t place : instrument.holders) its.touched[place] |= bits;
}

void MarginBook::note_priced(Coin& its, const Instrument& instrument, Slot slot) noexcept {
    for (const std::uint32_t place : instrument.holders) {
        CoinAccount& held = its.accounts[place];
        const Entry* entry = find_entry(held, slot);
        if (entry != nullptr && !entry->is_empty()) --held.unpriced_options;
    }
}

/// Accounts in the order of their places: one pass through memory, over what was touched only.
void MarginBook::renew_touched(Coin& its) noexcept {
    for (std::size_t place = 0; place < its.touched.size(); ++place) {
        const std::uint64_t touched = its.touched[place];
        if (touched == 0) continue;
        its.touched[place] = 0;
        renew_account(its, its.accounts[place], touched);
    }
    for (Expiry& expiry : its.expiries) expiry.summed = expiry.terms;
}

/// Where less than half is touched, its old part of the total is taken out and its new one put in; where more, all is
/// added up. Either gives the same bits.
void MarginBook::renew_account(const Coin& its, CoinAccount& held, std::uint64_t touched) noexcept {
    const auto count = static_cast<std::size_t>(std::popcount(touched & ~kTotalsBit));
    const bool is_anew = 2 * count >= held.holdings.size();
    for (Holding& holding : held.holdings) {
        if ((touched >> holding.expiry & 1) == 0) continue;
        if (is_anew) {
            renew_sum(held, holding);
        } else {
            move_sum(its, held, holding);
        }
        for (std::size_t i = holding.begin; i < holding.end; ++i) {
            const Entry& entry = held.entries[i];
            if (!entry.is_working()) continue;
            if (!is_anew) margin::add_part(held.works[entry.works], -1.0, held.total);
            find_works(its, held, entry);
            if (!is_anew) margin::add_part(held.works[entry.works], 1.0, held.total);
        }
    }
    if (count > 0 && is_anew) add_up(its, held);
    if ((touched & kTotalsBit) != 0) renew_others(held);
    held.revision = 0;
}

/// The sum of a holding anew, and the total with it.
void MarginBook::move_sum(const Coin& its, CoinAccount& held, Holding& holding) const noexcept {
    const Expiry& expiry = its.expiries[holding.expiry];
    margin::add_profits(holding.sum, expiry.summed, -1.0, held.total);
    renew_sum(held, holding);
    margin::add_profits(holding.sum, expiry.terms, 1.0, held.total);
}

void MarginBook::find_works(const Coin& its, CoinAccount& held, const Entry& entry) const noexcept {
    margin::find_worst(instruments_[entry.instrument].values, its.expiries[entry.expiry].terms, entry.buys, entry.sells,
                       held.works[entry.works]);
}

void MarginBook::add_up(const Coin& its, CoinAccount& held) const noexcept {
    held.total = {};
    for (const Holding& holding : held.holdings) {
        margin::add_profits(holding.sum, its.expiries[holding.expiry].terms, 1.0, held.total);
        for (std::size_t i = holding.begin; i < holding.end; ++i) {
            const Entry& entry = held.entries[i];
            if (entry.is_working()) margin::add_part(held.works[entry.works], 1.0, held.total);
        }
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

void MarginBook::EntryIndex::renew(std::span<const Entry> entries) {
    std::size_t size = 16;
    while (size < 2 * entries.size()) size *= 2;
    at_.assign(size, kNoPlace);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        std::size_t at = home(entries[i].instrument);
        while (at_[at] != kNoPlace) at = (at + 1) & (size - 1);
        at_[at] = static_cast<std::uint32_t>(i);
    }
}

std::uint32_t MarginBook::EntryIndex::find(std::span<const Entry> entries, Slot instrument) const noexcept {
    if (at_.empty()) return kNoPlace;
    for (std::size_t at = home(instrument); at_[at] != kNoPlace; at = (at + 1) & (at_.size() - 1)) {
        if (entries[at_[at]].instrument == instrument) return at_[at];
    }
    return kNoPlace;
}

double MarginBook::Entry::worst_lots() const noexcept {
    const double longest = std::fabs(lots + buys), shortest = std::fabs(lots - sells);
    return longest > shortest ? longest : shortest;
}

const MarginBook::Entry* MarginBook::find_entry(const CoinAccount& held, Slot instrument) const noexcept {
    const std::uint32_t at = held.index.find(held.entries, instrument);
    return at == kNoPlace ? nullptr : &held.entries[at];
}

/// An entry stays until its instrument is forgotten: without lots it adds nothing.
MarginBook::Entry& MarginBook::entry_of(Coin& its, CoinAccount& held, Slot slot) {
    const std::uint32_t known = held.index.find(held.entries, slot);
    if (known != kNoPlace) return held.entries[known];
    Instrument& instrument = instruments_[slot];
    const Entry key = key_of(instrument, slot);
    const auto at = std::lower_bound(held.entries.begin(), held.entries.end(), key, kByOrder);
    const auto index = at - held.entries.begin();
    held.entries.insert(at, key);
    instrument.holders.push_back(its.places[held.account]);
    arrange(held);
    return held.entries[static_cast<std::size_t>(index)];
}

/// Gives every expiry that has options a holding, and each holding its entries.
void MarginBook::arrange(CoinAccount& held) {
    held.index.renew(held.entries);
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
    held.holding_of.fill(kNoExpiry);
    for (std::size_t i = 0; i < held.holdings.size(); ++i) {
        held.holding_of[held.holdings[i].expiry] = static_cast<std::uint8_t>(i);
    }
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
            if (entry.lots == 0.0) continue;
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
    const Entry before = entry;
    entry.lots = static_cast<double>(position.lots);
    entry.buys = static_cast<double>(position.buy_working);
    entry.sells = static_cast<double>(position.sell_working);
    held.revision = 0;
    const Instrument& instrument = instruments_[slot];
    if (instrument.kind != MarginKind::option) return renew_others(held);
    count_option(instrument, before, entry, held);
    if (entry.expiry == kNoExpiry) return;
    if (entry.lots != before.lots) move_sum(its, held, held.holdings[held.holding_of[entry.expiry]]);
    if (entry.buys != before.buys || entry.sells != before.sells) move_works(its, held, entry, before.is_working());
}

void MarginBook::move_works(const Coin& its, CoinAccount& held, Entry& entry, bool was_working) const {
    if (was_working) margin::add_part(held.works[entry.works], -1.0, held.total);
    if (!entry.is_working()) return;
    if (entry.works == kNoPlace && !held.free_works.empty()) {
        entry.works = held.free_works.back();
        held.free_works.pop_back();
    } else if (entry.works == kNoPlace) {
        entry.works = static_cast<std::uint32_t>(held.works.size());
        held.works.emplace_back();
    }
    find_works(its, held, entry);
    margin::add_part(held.works[entry.works], 1.0, held.total);
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

/// Coins of options are whole billionths: what an entry adds can be taken away again.
void MarginBook::count_option(const Instrument& instrument, const Entry& before, const Entry& after,
                              CoinAccount& held) noexcept {
    const auto change = [&](double from, double to) {
        return Wide{static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from)} * instrument.lot_nanos;
    };
    held.short_nanos += change(before.short_lots(), after.short_lots());
    held.gross_nanos += change(before.worst_lots(), after.worst_lots());
    held.totals.short_coins = static_cast<double>(held.short_nanos) * 1e-9;
    held.totals.gross_options = static_cast<double>(held.gross_nanos) * 1e-9;
    if (instrument.is_priced || before.is_empty() == after.is_empty()) return;
    held.unpriced_options += after.is_empty() ? -1U : 1U;
}

void MarginBook::recount(CoinAccount& held) const noexcept {
    held.short_nanos = held.gross_nanos = 0;
    held.unpriced_options = 0;
    held.totals.short_coins = held.totals.gross_options = 0.0;
    for (const Entry& entry : held.entries) {
        const Instrument& instrument = instruments_[entry.instrument];
        if (instrument.kind == MarginKind::option) count_option(instrument, {}, entry, held);
    }
    renew_others(held);
}

/// Everything that is no option: from nothing, in the order of ids.
void MarginBook::renew_others(CoinAccount& held) const noexcept {
    Totals totals;
    totals.short_coins = held.totals.short_coins;
    totals.gross_options = held.totals.gross_options;
    held.unpriced_others = 0;
    held.has_futures = false;
    const std::size_t first = held.holdings.empty() ? 0 : held.holdings.back().end;
    for (std::size_t i = first; i < held.entries.size(); ++i) {
        const Entry& entry = held.entries[i];
        const Instrument& instrument = instruments_[entry.instrument];
        if (instrument.kind == MarginKind::option || entry.is_empty()) continue;
        if (!instrument.is_priced) ++held.unpriced_others;
        held.has_futures = held.has_futures || instrument.kind == MarginKind::future;
        count(instrument, entry, totals);
    }
    held.totals = totals;
    held.revision = 0;
}

void MarginBook::count(const Instrument& instrument, const Entry& entry, Totals& totals) noexcept {
    const double worst = entry.worst_lots();
    const double dollars = instrument.lot * instrument.forward;
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
