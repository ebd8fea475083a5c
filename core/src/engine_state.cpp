#include <algorithm>
#include <cstdio>
#include <string>

#include "parley/engine.hpp"

namespace parley {
namespace {

/// Changes whenever the order or meaning of saved fields does. An engine writes the newest and reads two more: a journal
/// whose head went under a snapshot of the build before starts without that build.
constexpr std::int64_t kStateVersion = 6;
/// The one before orders left for other venues.
constexpr std::int64_t kVersionWithoutRoutes = 5;
/// The one before sessions of the gateway entered orders: without the id of the last of them.
constexpr std::int64_t kVersionWithoutEntered = 4;

/// Pointers to the items that exist, sorted by id.
template <typename Items, typename Get>
auto sorted_by_id(const Items& items, Get&& get) {
    std::vector<decltype(get(*items.begin()))> sorted;
    for (const auto& item : items) {
        if (get(item) != nullptr) sorted.push_back(get(item));
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    return sorted;
}

}  // namespace

void Engine::save(std::vector<std::uint8_t>& bytes) const {
    Writer writer(bytes);
    writer.numbers(kStateVersion, journal_sequence_, event_number_, command_sequence_, next_execution_id_,
                   market_time_ns_, alive_at_ns_, next_arrival_, last_entered_);
    for (const CoinIndex& coin : coins_) writer.numbers(coin.price_micros, coin.is_jumped);
    save_accounts(writer);
    save_instruments(writer);
    finished_orders_.save(writer);
    save_positions(writer);
    controls_.save(writer);
    order_controls_.save(writer, control_terms());
    save_margin(writer);
    save_reservations(writer);
    finished_blocks_.save(writer);
    save_routes(writer);
}

void Engine::load(std::span<const std::uint8_t> bytes) {
    Reader reader(bytes);
    const std::int64_t version = reader.number();
    if (version < kVersionWithoutEntered || version > kStateVersion) {
        throw BadEncoding("its state is of version " + std::to_string(version) + ", this build reads versions " +
                          std::to_string(kVersionWithoutEntered) + " to " + std::to_string(kStateVersion));
    }
    journal_sequence_ = static_cast<std::uint64_t>(reader.number());
    event_number_ = reader.number();
    command_sequence_ = reader.number();
    next_execution_id_ = reader.number();
    market_time_ns_ = reader.number();
    alive_at_ns_ = reader.number();
    next_arrival_ = static_cast<std::uint64_t>(reader.number());
    last_entered_ = version == kVersionWithoutEntered ? kEnteredOrdersFrom : reader.number();
    if (last_entered_ < kEnteredOrdersFrom || last_entered_ >= kEnteredOrdersEnd) {
        throw BadEncoding("entered orders are out of their range");
    }
    for (CoinIndex& coin : coins_) {
        coin.price_micros = reader.number();
        coin.is_jumped = reader.flag();
    }
    load_accounts(reader);
    load_instruments(reader);
    finished_orders_.load(reader);
    load_positions(reader);
    controls_.load(reader);
    order_controls_.load(reader, control_terms());
    load_margin(reader);
    load_reservations(reader);
    finished_blocks_.load(reader);
    if (version > kVersionWithoutRoutes) load_routes(reader);
    if (!reader.at_end()) throw BadEncoding("state is longer than it should be");
}

std::string Engine::state_hash() const {
    std::vector<std::uint8_t> bytes;
    save(bytes);
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

void Engine::save_accounts(Writer& writer) const {
    const auto sorted = sorted_by_id(accounts_, [](const Account& account) { return &account; });
    writer.number(static_cast<std::int64_t>(sorted.size()));
    for (const Account* account : sorted) {
        writer.numbers(account->id, account->firm_id, account->desk_id, account->limits.size());
        for (const auto& [coin, limits] : account->limits) {
            writer.numbers(coin, limits.max_order_quantity_lots, limits.max_order_value_micros,
                           limits.max_position_lots, limits.max_position_value_micros,
                           limits.price_collar_basis_points);
        }
    }
}

void Engine::load_accounts(Reader& reader) {
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const AccountId id = reader.number();
        const Slot known = find_account(id);
        Account& account = accounts_[known == kNone ? add_account(id) : known];
        account.firm_id = reader.number();
        account.desk_id = reader.number();
        for (std::int64_t coins = reader.number(); coins > 0; --coins) {
            const std::int64_t coin = reader.number();
            Limits limits;
            limits.max_order_quantity_lots = reader.number();
            limits.max_order_value_micros = reader.number();
            limits.max_position_lots = reader.number();
            limits.max_position_value_micros = reader.number();
            limits.price_collar_basis_points = reader.number();
            account.limits.set(coin, limits);
        }
    }
}

void Engine::save_instruments(Writer& writer) const {
    const auto sorted = sorted_by_id(instruments_, [](const auto& instrument) { return instrument.get(); });
    writer.number(static_cast<std::int64_t>(sorted.size()));
    for (const Instrument* instrument : sorted) {
        writer.number(instrument->id);
        writer.text(instrument->name);
        writer.text(instrument->terms_json);
        const Valuation& valuation = instrument->valuation;
        writer.numbers(valuation.kind, valuation.lot_nanos, valuation.tick_nanos, valuation.collar_floor_ticks,
                       instrument->coin, instrument->expiry_at_ns, instrument->reference.mark.value,
                       instrument->reference.at_ns, instrument->reference.is_crossed, instrument->venue_id, instrument->is_delivered);
        save_book(writer, *instrument);
    }
}

void Engine::load_instruments(Reader& reader) {
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const Slot slot = add_instrument(reader.number());
        Instrument& instrument = *instruments_[slot];
        instrument.name = reader.text();
        instrument.terms_json = reader.text();
        instrument.valuation.kind = reader.below<ValueKind>(enumerators(ValueKind{}));
        instrument.valuation.lot_nanos = reader.number();
        instrument.valuation.tick_nanos = reader.number();
        instrument.valuation.collar_floor_ticks = reader.number();
        instrument.coin = reader.below<std::int64_t>(kCoinsMax);
        instrument.expiry_at_ns = reader.number();
        instrument.reference.mark.value = reader.number();
        instrument.reference.at_ns = reader.number();
        instrument.reference.is_crossed = reader.flag();
        instrument.venue_id = reader.number();
        instrument.is_delivered = reader.flag();
        load_book(reader, slot);
    }
}

void Engine::save_positions(Writer& writer) const {
    const auto sorted = holdings();
    writer.number(static_cast<std::int64_t>(sorted.size()));
    for (const Holding& holding : sorted) {
        writer.numbers(holding.account_id, holding.instrument_id, holding.position.lots,
                       holding.position.buy_working, holding.position.sell_working);
    }
}

void Engine::load_positions(Reader& reader) {
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const Slot account = find_account(reader.number());
        const Slot instrument = find_instrument(reader.number());
        if (account == kNone || instrument == kNone) throw BadEncoding("position of an unknown account or instrument");
        Position& held = positions_[positions_.find_or_add(account, instrument)].position;
        held.lots = reader.number();
        held.buy_working = reader.number();
        held.sell_working = reader.number();
    }
}

void Engine::save_reservations(Writer& writer) const {
    writer.number(static_cast<std::int64_t>(reservations_.size()));
    for (const auto& [id, legs] : reservations_) {
        writer.numbers(id, legs.size());
        for (BlockLeg leg : legs) codec::put_fields(writer, leg);
    }
}

void Engine::load_reservations(Reader& reader) {
    for (std::int64_t count = reader.number(); count > 0; --count) {
        auto& legs = reservations_[reader.number()];
        legs.resize(reader.below<std::size_t>(kBlockLegsMax + 1));
        for (BlockLeg& leg : legs) codec::get_fields(reader, leg);
    }
}

}  // namespace parley
