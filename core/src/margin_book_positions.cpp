// What each account holds and works, and the sums that follow from it.

#include <algorithm>
#include <cmath>

#include "parley/margin_book.hpp"

namespace parley {

using margin::Held;

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
    instrument.holders.push_back(held.place);
    arrange(its, held);
    return held.entries[static_cast<std::size_t>(index)];
}

/// Gives every expiry that has options a part, and each part its entries.
void MarginBook::arrange(Coin& its, CoinAccount& held) {
    held.index.renew(held.entries);
    std::size_t at = 0;
    for (std::size_t i = 0; i < held.entries.size();) {
        const Entry& first = held.entries[i];
        if (first.order_time == std::numeric_limits<TimeNs>::max()) break;
        while (at < held.parts.size() && held.parts[at].at_ns < first.order_time) drop_part(its, held, at);
        if (at == held.parts.size() || held.parts[at].at_ns != first.order_time) add_part(its, held, at, first);
        Part& part = held.parts[at++];
        part.begin = static_cast<std::uint32_t>(i);
        while (i < held.entries.size() && held.entries[i].order_time == part.at_ns) ++i;
        part.end = static_cast<std::uint32_t>(i);
    }
    while (held.parts.size() > at) drop_part(its, held, held.parts.size() - 1);
    held.part_of.fill(kNoExpiry);
    for (std::size_t i = 0; i < held.parts.size(); ++i) {
        held.part_of[held.parts[i].expiry] = static_cast<std::uint8_t>(i);
    }
}

void MarginBook::add_part(Coin& its, CoinAccount& held, std::size_t at, const Entry& first) {
    Expiry& expiry = its.expiries[first.expiry];
    Part part;
    part.at_ns = first.order_time;
    part.expiry = first.expiry;
    part.at = static_cast<std::uint32_t>(expiry.holdings.size());
    expiry.holdings.emplace_back();
    expiry.places.push_back(held.place);
    held.parts.insert(held.parts.begin() + static_cast<std::ptrdiff_t>(at), part);
}

/// The expiry's last holding takes the place of the one that goes.
void MarginBook::drop_part(Coin& its, CoinAccount& held, std::size_t at) {
    const Part gone = held.parts[at];
    Expiry& expiry = its.expiries[gone.expiry];
    const std::uint32_t last = expiry.places.back();
    if (last != held.place) {
        CoinAccount& other = its.accounts[last];
        other.parts[other.part_of[gone.expiry]].at = gone.at;
        expiry.holdings[gone.at] = expiry.holdings.back();
        expiry.places[gone.at] = last;
    }
    expiry.holdings.pop_back();
    expiry.places.pop_back();
    held.parts.erase(held.parts.begin() + static_cast<std::ptrdiff_t>(at));
}

/// From nothing, in the order of ids: equal positions give equal bits, whatever happened before.
void MarginBook::renew_sum(const CoinAccount& held, const Part& part, Holding& holding) const noexcept {
    constexpr std::size_t at_once = 32;
    std::array<Held, at_once> chunk;
    holding.sum = {};
    holding.magnitude = kUnknown;
    holding.count = holding.working = 0;
    for (std::size_t i = part.begin; i < part.end;) {
        std::size_t count = 0;
        for (; count < at_once && i < part.end; ++i) {
            const Entry& entry = held.entries[i];
            if (entry.is_working()) ++holding.working;
            if (entry.lots == 0.0) continue;
            if (holding.count < Holding::kRepeatedMax) {
                holding.lots[holding.count] = entry.lots;
                holding.instruments[holding.count] = entry.instrument;
            }
            ++holding.count;
            chunk[count++] = {&instruments_[entry.instrument].values, entry.lots};
        }
        margin::add_values({chunk.data(), count}, holding.sum);
    }
}

/// The same at other values of the same lots.
void MarginBook::revalue(const Coin& its, Holding& holding, std::uint32_t place, std::uint8_t expiry) const noexcept {
    if (holding.count > Holding::kRepeatedMax) {
        const CoinAccount& held = its.accounts[place];
        return renew_sum(held, held.parts[held.part_of[expiry]], holding);
    }
    std::array<Held, Holding::kRepeatedMax> lots;
    for (std::size_t i = 0; i < holding.count; ++i) {
        lots[i] = {&instruments_[holding.instruments[i]].values, holding.lots[i]};
    }
    holding.sum = {};
    holding.magnitude = kUnknown;
    margin::add_values({lots.data(), holding.count}, holding.sum);
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
    lower_floor(*accounts_[account], before, entry);
    if (instrument.kind != MarginKind::option) return renew_others(held);
    count_option(instrument, before, entry, held);
    if (entry.expiry == kNoExpiry) return;
    const Part& part = held.parts[held.part_of[entry.expiry]];
    its.expiries[part.expiry].holdings[part.at].working += (entry.is_working() ? 1U : 0U) - (before.is_working() ? 1U : 0U);
    if (entry.lots != before.lots) move_sum(its, held, part);
    if (entry.buys != before.buys || entry.sells != before.sells) move_works(its, held, entry, before.is_working());
}

void MarginBook::move_works(Coin& its, CoinAccount& held, Entry& entry, bool was_working) const {
    margin::Total& total = its.totals[held.place];
    if (was_working) margin::add_part(held.works[entry.works], -1.0, total);
    if (!entry.is_working()) return;
    if (entry.works == kNoPlace && !held.free_works.empty()) {
        entry.works = held.free_works.back();
        held.free_works.pop_back();
    } else if (entry.works == kNoPlace) {
        entry.works = static_cast<std::uint32_t>(held.works.size());
        held.works.emplace_back();
    }
    find_works(its, held, entry);
    margin::add_part(held.works[entry.works], 1.0, total);
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
    const std::size_t first = held.parts.empty() ? 0 : held.parts.back().end;
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
