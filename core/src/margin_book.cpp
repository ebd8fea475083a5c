#include "parley/margin_book.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace parley {

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
        CoinAccount& held = coin.accounts.emplace_back();
        held.account = account;
        held.place = coin.places[account];
        coin.totals.emplace_back();
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
    coin.expiries[at].at_ns = at_ns;
    return at;
}

void MarginBook::describe(Slot slot, const Listed& listed, const DescribeInstrument& terms) {
    if (slot >= instruments_.size()) instruments_.resize(slot + 1);
    Instrument& instrument = instruments_[slot];
    instrument = {};
    ++revision_;
    quick_.resize(instruments_.size());
    quick_[slot] = {};
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
    Coin& its = coin(listed.coin);
    if (terms.margin_kind != MarginKind::option && terms.margin_kind != MarginKind::future) return;
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
        arrange(its, held);
        for (const Part& part : held.parts) renew_sum(held, part, its.expiries[part.expiry].holdings[part.at]);
        add_up(its, held);
        recount(held);
    }
    if (instrument.expiry != kNoExpiry) {
        Expiry& expiry = its.expiries[instrument.expiry];
        std::erase(expiry.members, slot);
        if (expiry.members.empty()) expiry = {};
    }
    instrument = {};
    quick_[slot] = {};
    ++revision_;
}

void MarginBook::set_parameters(const SetMarginParameters& input) {
    Coin& its = coin(input.coin_id);
    its.maintenance_haircut = input.maintenance_haircut;
    its.initial_haircut = input.initial_haircut;
    its.stable_price = input.stable_price;
    its.confidence = input.confidence;
    ++its.revision;
    ++revision_;
}

void MarginBook::set_inputs(const SetMarginInputs& input, std::span<const MarginExpiry> expiries,
                            std::span<const MarginMark> marks, const FlatMap<Slot>& instrument_slots) {
    Coin& its = coin(input.coin_id);
    its.spot = input.spot;
    ++its.revision;
    ++revision_;
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
        quick_[slot].is_ready = false;
        if (!instrument.is_priced) return;
        margin::value_option(
            {instrument.forward, instrument.strike, instrument.volatility, instrument.lot, instrument.is_call}, terms,
            instrument.values);
        renew_quick(instrument, terms, slot);
        bits = std::uint64_t{1} << instrument.expiry;
        if (!was_priced) note_priced(its, instrument, slot);
    } else {
        const bool has_terms = instrument.kind != MarginKind::future ||
                               (instrument.expiry != kNoExpiry && its.expiries[instrument.expiry].terms.years > 0.0);
        instrument.is_priced = instrument.forward > 0.0 && its.spot > 0.0 && has_terms;
    }
    its.any_touched |= bits;
    for (const std::uint32_t place : instrument.holders) its.touched[place] |= bits;
}

void MarginBook::note_priced(Coin& its, const Instrument& instrument, Slot slot) noexcept {
    for (const std::uint32_t place : instrument.holders) {
        CoinAccount& held = its.accounts[place];
        const Entry* entry = find_entry(held, slot);
        if (entry != nullptr && !entry->is_empty()) --held.unpriced_options;
    }
}

/// Expiry by expiry, each through holdings that follow one another in memory: what a move costs is in proportion to
/// those that it touches, whoever holds them.
void MarginBook::renew_touched(Coin& its) noexcept {
    for (std::size_t at = 0; at < its.expiries.size(); ++at) {
        Expiry& expiry = its.expiries[at];
        const std::uint64_t bit = std::uint64_t{1} << at;
        if ((its.any_touched & bit) != 0) {
            for (std::size_t i = 0; i < expiry.places.size(); ++i) {
                if ((its.touched[expiry.places[i]] & bit) != 0) renew_holding(its, expiry, i);
            }
        }
        expiry.summed = expiry.terms;
    }
    if ((its.any_touched & kTotalsBit) != 0) {
        for (std::size_t place = 0; place < its.touched.size(); ++place) {
            if ((its.touched[place] & kTotalsBit) != 0) renew_others(its.accounts[place]);
        }
    }
    if (its.any_touched != 0) std::fill(its.touched.begin(), its.touched.end(), 0);
    its.any_touched = 0;
}

/// Its old part of the total is taken out and its new one put in: the same bits as if all were added up.
void MarginBook::renew_holding(Coin& its, Expiry& expiry, std::size_t at) noexcept {
    const std::uint32_t place = expiry.places[at];
    Holding& holding = expiry.holdings[at];
    const margin::Lanes before = holding.sum;
    const auto number = static_cast<std::uint8_t>(&expiry - its.expiries.data());
    revalue(its, holding, place, number);
    margin::Total& total = its.totals[place];
    margin::move_profits(before, expiry.summed, holding.sum, expiry.terms, total);
    if (holding.working == 0) return;
    CoinAccount& held = its.accounts[place];
    const Part& part = held.parts[held.part_of[number]];
    for (std::size_t i = part.begin; i < part.end; ++i) {
        const Entry& entry = held.entries[i];
        if (!entry.is_working()) continue;
        margin::add_part(held.works[entry.works], -1.0, total);
        find_works(its, held, entry);
        margin::add_part(held.works[entry.works], 1.0, total);
    }
}

/// The sum of a part anew, and the total with it.
void MarginBook::move_sum(Coin& its, const CoinAccount& held, const Part& part) const noexcept {
    Expiry& expiry = its.expiries[part.expiry];
    Holding& holding = expiry.holdings[part.at];
    const margin::Lanes before = holding.sum;
    renew_sum(held, part, holding);
    margin::move_profits(before, expiry.summed, holding.sum, expiry.terms, its.totals[held.place]);
}

void MarginBook::find_works(const Coin& its, CoinAccount& held, const Entry& entry) const noexcept {
    margin::find_worst(instruments_[entry.instrument].values, its.expiries[entry.expiry].terms, entry.buys, entry.sells,
                       held.works[entry.works]);
}

void MarginBook::add_up(Coin& its, const CoinAccount& held) const noexcept {
    margin::Total& total = its.totals[held.place];
    total = {};
    for (const Part& part : held.parts) {
        margin::add_profits(holding_of(its, part).sum, its.expiries[part.expiry].terms, total);
        for (std::size_t i = part.begin; i < part.end; ++i) {
            const Entry& entry = held.entries[i];
            if (entry.is_working()) margin::add_part(held.works[entry.works], 1.0, total);
        }
    }
}

const margin::Total& MarginBook::total_of(const Coin& its, const CoinAccount& held) noexcept {
    static const margin::Total nothing;
    return held.place == kNoPlace ? nothing : its.totals[held.place];
}

}  // namespace parley
