#include <algorithm>
#include <bit>

#include "parley/margin_book.hpp"

namespace parley {
namespace {

void put(Writer& writer, double value) { writer.number(std::bit_cast<std::int64_t>(value)); }
double get(Reader& reader) { return std::bit_cast<double>(reader.number()); }

}  // namespace

/// What came from outside, and what executions moved. Sums and margins follow from it.
void MarginBook::save(Writer& writer, std::span<const AccountId> account_ids) const {
    writer.number(static_cast<std::int64_t>(coins_.size()));
    for (const auto& its : coins_) save_coin(writer, its.get());
    save_instruments(writer);
    std::vector<std::pair<AccountId, Slot>> sorted;
    for (Slot slot = 0; slot < accounts_.size(); ++slot) {
        if (accounts_[slot]) sorted.emplace_back(account_ids[slot], slot);
    }
    std::sort(sorted.begin(), sorted.end());
    writer.number(static_cast<std::int64_t>(sorted.size()));
    for (const auto& [id, slot] : sorted) {
        writer.number(id);
        save_account(writer, slot);
    }
}

void MarginBook::save_coin(Writer& writer, const Coin* its) const {
    static const Coin nothing;
    const Coin& saved = its == nullptr ? nothing : *its;
    for (const double value : {saved.spot, saved.maintenance_haircut, saved.initial_haircut, saved.stable_price,
                               saved.confidence}) {
        put(writer, value);
    }
    std::vector<const Expiry*> sorted;
    for (const Expiry& expiry : saved.expiries) {
        if (expiry.at_ns != 0) sorted.push_back(&expiry);
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->at_ns < b->at_ns; });
    writer.number(static_cast<std::int64_t>(sorted.size()));
    for (const Expiry* expiry : sorted) {
        writer.number(expiry->at_ns);
        put(writer, expiry->terms.years);
        put(writer, expiry->terms.rate);
    }
}

void MarginBook::save_instruments(Writer& writer) const {
    std::vector<const Instrument*> sorted;
    for (const Instrument& instrument : instruments_) {
        if (instrument.coin >= 0) sorted.push_back(&instrument);
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    writer.number(static_cast<std::int64_t>(sorted.size()));
    for (const Instrument* each : sorted) {
        DescribeInstrument terms{each->id, each->venue_id, each->kind, each->is_inverse, each->is_call, each->strike};
        codec::put_fields(writer, terms);
        put(writer, each->forward);
        put(writer, each->volatility);
    }
}

void MarginBook::save_account(Writer& writer, Slot slot) const {
    const Account& owner = *accounts_[slot];
    put(writer, owner.cash);
    writer.numbers(owner.forgotten_execution_id, owner.flows.size());
    for (const CashFlow& flow : owner.flows) {
        writer.numbers(flow.execution_id, flow.coin);
        put(writer, flow.cash);
        put(writer, flow.coins);
    }
    for (const auto& its : coins_) {
        const CoinAccount* held = its ? find(*its, slot) : nullptr;
        writer.number(held == nullptr ? 0 : 1);
        if (held == nullptr) continue;
        put(writer, held->coins);
        const auto is_entered = [](const Entry& entry) { return entry.entry != 0.0; };
        writer.number(std::count_if(held->entries.begin(), held->entries.end(), is_entered));
        for (const Entry& entry : held->entries) {
            if (!is_entered(entry)) continue;
            writer.number(entry.id);
            put(writer, entry.entry);
        }
    }
}

void MarginBook::load(Reader& reader, const FlatMap<Slot>& account_slots, const FlatMap<Slot>& instrument_slots,
                      std::span<const Listed> listed) {
    const auto coins = reader.below<std::int64_t>(kCoinsMax + 1);
    for (std::int64_t id = 0; id < coins; ++id) load_coin(reader, coin(id));
    for (std::int64_t count = reader.number(); count > 0; --count) {
        DescribeInstrument terms;
        codec::get_fields(reader, terms);
        const Slot* slot = instrument_slots.find(static_cast<std::uint64_t>(terms.instrument_id));
        if (slot == nullptr) throw BadEncoding("margin terms of an unknown instrument");
        describe(*slot, listed[*slot], terms);
        Instrument& instrument = instruments_[*slot];
        instrument.forward = get(reader);
        instrument.volatility = get(reader);
        price(coin(instrument.coin), *slot);
    }
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const Slot* slot = account_slots.find(static_cast<std::uint64_t>(reader.number()));
        if (slot == nullptr) throw BadEncoding("collateral of an unknown account");
        load_account(reader, *slot, instrument_slots);
    }
}

void MarginBook::load_coin(Reader& reader, Coin& its) {
    for (double* value : {&its.spot, &its.maintenance_haircut, &its.initial_haircut, &its.stable_price,
                          &its.confidence}) {
        *value = get(reader);
    }
    for (auto count = reader.below<std::size_t>(kExpiriesMax + 1); count > 0; --count) {
        const TimeNs at_ns = reader.number();
        const std::uint8_t at = add_expiry(its, at_ns);
        const double years = get(reader);
        const double rate = get(reader);
        if (at != kNoExpiry && years > 0.0) its.expiries[at].terms = its.expiries[at].summed = margin::expiry_terms(years, rate);
    }
}

void MarginBook::load_account(Reader& reader, Slot slot, const FlatMap<Slot>& instrument_slots) {
    if (slot >= accounts_.size()) accounts_.resize(slot + 1);
    accounts_[slot] = std::make_unique<Account>();
    Account& owner = *accounts_[slot];
    owner.cash = get(reader);
    owner.forgotten_execution_id = reader.number();
    for (auto count = reader.below<std::size_t>(kCashFlowsMax + 1); count > 0; --count) {
        CashFlow& flow = owner.flows.emplace_back();
        flow.execution_id = reader.number();
        flow.coin = reader.below<std::int64_t>(kCoinsMax);
        flow.cash = get(reader);
        flow.coins = get(reader);
    }
    for (const auto& its : coins_) {
        if (reader.number() == 0) continue;
        coin_account(*its, slot).coins = get(reader);
        for (std::int64_t count = reader.number(); count > 0; --count) {
            const Slot* instrument = instrument_slots.find(static_cast<std::uint64_t>(reader.number()));
            if (instrument == nullptr || !is_described(*instrument)) throw BadEncoding("entry of an unknown instrument");
            entry_of(*its, coin_account(*its, slot), *instrument).entry = get(reader);
        }
    }
}

}  // namespace parley
