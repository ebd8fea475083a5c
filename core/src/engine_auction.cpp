#include <algorithm>
#include <cstdlib>

#include "parley/engine.hpp"

namespace parley {

void Engine::on(const SetInstrumentPhase& command) {
    const Slot slot = find_instrument(command.instrument_id);
    if (slot == kNone) {
        return refuse_command(command.command_id, {Reason::unknown_instrument, command.instrument_id, 0});
    }
    Instrument& instrument = *instruments_[slot];
    if (instrument.is_delivered) {
        return refuse_command(command.command_id, {Reason::instrument_not_trading, command.instrument_id, 0});
    }
    const bool opens = instrument.phase != InstrumentPhase::continuous && command.phase == InstrumentPhase::continuous;
    const Uncrossing done = opens ? uncross(slot) : Uncrossing{};
    change_phase(slot, command.phase, done);
    if (opens) trade_remainder(slot);
    reprice_pegs(slot);
    trigger_stops(slot);
}

void Engine::on(const SetPriceBands& command) {
    const Slot slot = find_instrument(command.instrument_id);
    if (slot == kNone) {
        return refuse_command(command.command_id, {Reason::unknown_instrument, command.instrument_id, 0});
    }
    const PriceBands& bands = command.bands;
    for (const std::int64_t width : {bands.static_basis_points, bands.dynamic_basis_points}) {
        if (width < 0 || width > kBasisPoints) return refuse_command(command.command_id, {Reason::invalid_terms, width, kBasisPoints});
    }
    if (bands.reference.value < 0 || bands.reference.value > kPriceTicksMax) {
        return refuse_command(command.command_id, {Reason::invalid_price, bands.reference.value, kPriceTicksMax});
    }
    instruments_[slot]->bands = bands;
    emit(EventKind::price_bands_set, Reason::none, command.instrument_id, bands.reference.value,
         bands.static_basis_points, bands.dynamic_basis_points, bands.pauses);
}

void Engine::change_phase(Slot slot, InstrumentPhase phase, const Uncrossing& done) {
    Instrument& instrument = *instruments_[slot];
    instrument.phase = phase;
    if (done.lots.value > 0 && instrument.bands.static_basis_points > 0) instrument.bands.reference = done.price;
    emit(EventKind::instrument_phase_changed, Reason::none, instrument.id, phase, done.price.value, done.lots.value);
}

Engine::Uncrossing Engine::indicative(InstrumentId id) const {
    const Slot slot = find_instrument(id);
    return slot == kNone ? Uncrossing{} : find_uncrossing(*instruments_[slot]);
}

/// The price at which most lots trade; then with the least imbalance, nearest to the reference, lowest.
Engine::Uncrossing Engine::find_uncrossing(const Instrument& instrument) const {
    const OrderBook& book = instrument.book;
    if (book.empty(Side::buy) || book.empty(Side::sell)) return {};
    const PriceTicks bid = book.best_price(Side::buy), ask = book.best_price(Side::sell);
    if (bid < ask) return {};
    std::map<PriceTicks, std::pair<Lots, Lots>> prices;
    book.for_each(Side::buy, [&](OrderIndex index) {
        if (nodes_.price(index) >= ask) prices[nodes_.price(index)].first += nodes_.leaves(index);
    });
    book.for_each(Side::sell, [&](OrderIndex index) {
        if (nodes_.price(index) <= bid) prices[nodes_.price(index)].second += nodes_.leaves(index);
    });
    Lots buys, sells;
    for (const auto& [price, lots] : prices) buys += lots.first;
    const std::int64_t last = instrument.last_price.value;
    const std::int64_t reference = last > 0 ? last : instrument.reference.mark.value;
    Uncrossing best;
    const auto rank = [&](const Uncrossing& at) {
        return std::tuple(-at.lots.value, std::abs(at.imbalance_lots), std::abs(at.price.value - reference));
    };
    for (const auto& [price, lots] : prices) {
        sells += lots.second;
        const Uncrossing at{price, std::min(buys, sells), (buys - sells).value};
        if (best.lots.value == 0 || rank(at) < rank(best)) best = at;
        buys -= lots.first;
    }
    return best;
}

/// Price before time on both sides, all at one price.
Engine::Uncrossing Engine::uncross(Slot slot) {
    Instrument& instrument = *instruments_[slot];
    Uncrossing done = find_uncrossing(instrument);
    Lots left = done.lots;
    while (left.value > 0 && instrument.book.crosses(Side::buy, done.price) &&
           instrument.book.crosses(Side::sell, done.price)) {
        trade_pair(slot, done.price, left);
    }
    done.lots -= left;
    return done;
}

/// Orders that an auction canceled may have stood between others that cross without them: of those the younger trades on.
void Engine::trade_remainder(Slot slot) {
    Instrument& instrument = *instruments_[slot];
    OrderBook& book = instrument.book;
    while (instrument.phase == InstrumentPhase::continuous && !book.empty(Side::buy) &&
           book.crosses(Side::buy, book.best_price(Side::buy))) {
        OrderIndex older = book.front(Side::buy), younger = book.front(Side::sell);
        if (nodes_.details(older).arrival > nodes_.details(younger).arrival) std::swap(older, younger);
        if (nodes_[younger].account() == kVenueSlot && nodes_[older].account() != kVenueSlot) std::swap(older, younger);
        if (nodes_[younger].account() == kVenueSlot) {
            book.remove(younger);
            release(younger);
            continue;
        }
        const SpecialTerms special = nodes_[younger].is_special() ? nodes_.special(younger) : SpecialTerms{};
        Incoming order = take_out(younger);
        enter(order, special);
    }
}

/// The younger order is the taker. Of two orders of one account the younger is canceled.
void Engine::trade_pair(Slot slot, PriceTicks price, Lots& left) {
    Instrument& instrument = *instruments_[slot];
    OrderIndex older = instrument.book.front(Side::buy), younger = instrument.book.front(Side::sell);
    if (nodes_.details(older).arrival > nodes_.details(younger).arrival) std::swap(older, younger);
    const Incoming taker = incoming_of(younger);
    const Slot maker = nodes_[older].account();
    if (taker.account == maker) {
        if (maker != kVenueSlot) return cancel(younger, Reason::self_match);
        instrument.book.remove(younger);
        return release(younger);
    }
    const Lots lots = std::min({nodes_[older].lots, nodes_[younger].lots, left});
    left -= lots;
    if (taker.account != kVenueSlot) {
        change_working(taker.position, taker.owner, taker.side, -lots.value);
    }
    report_trade(older, price, lots, taker);
    for (const OrderIndex index : {older, younger}) {
        if (instrument.book.fill(index, lots)) release(index);
    }
    enforce_reduce_only(maker, slot);
    enforce_reduce_only(taker.account, slot);
}

}  // namespace parley
