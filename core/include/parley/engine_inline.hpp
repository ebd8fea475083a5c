#pragma once

// What the engine does for every command. Included by engine.hpp.

#include "parley/engine.hpp"

namespace parley {

template <typename... Values>
Event& Engine::emit(EventKind kind, Reason reason, Values... values) {
    static_assert(sizeof...(Values) <= Event::kValuesMax);
    Event& event = events_->emplace_back();
    event.number = ++event_number_;
    event.journal_sequence = journal_sequence_;
    event.at_ns = now_ns_;
    event.command_sequence = answering_;
    std::size_t at = 0;
    ((event.values[at++] = static_cast<std::int64_t>(values)), ...);
    event.index = ++index_;
    event.kind = kind;
    event.reason = reason;
    return event;
}

inline void Engine::begin_record(std::uint64_t journal_sequence, TimeNs now_ns, std::vector<Event>& events) {
    now_ns_ = now_ns;
    journal_sequence_ = journal_sequence;
    answering_ = 0;
    index_ = 0;
    events_ = &events;
    if (!expiries_.empty() && expiries_.begin()->first <= now_ns_) expire();
}

inline bool Engine::is_trading(const Instrument& instrument) const noexcept {
    return !instrument.is_delivered && (instrument.expiry_at_ns <= 0 || market_time_ns_ < instrument.expiry_at_ns);
}

/// Whether nothing can be said against the market that the instrument is measured by: few comparisons where its quote is
/// fresh. Otherwise the whole of risk::check_reference says.
inline bool Engine::is_measured(const Instrument& instrument) const noexcept {
    const Reference& reference = instrument.reference;
    const CoinIndex& index = coins_[instrument.coin];
    const TimeNs age_ns = now_ns_ - reference.at_ns;
    const bool is_fresh = age_ns <= kReferenceAgeMaxNs && age_ns >= -kReferenceAheadMaxNs;
    if (is_fresh && reference.mark.value >= 0 && !reference.is_crossed && !index.is_jumped &&
        (instrument.valuation.kind != ValueKind::index || index.price_micros > 0)) {
        return true;
    }
    return !risk::check_reference(reference, index, instrument.valuation, alive_at_ns_, now_ns_);
}

/// Whether the limits along the path let the order pass, whatever its scopes have counted. `worst`: the largest position
/// in its direction if it and everything that works were filled. False says nothing.
inline bool Engine::is_within(const ControlPath& path, const Instrument& instrument, Side side, Lots lots,
                              PriceTicks price, std::int64_t worst) const noexcept {
    if (!path.is_plain || !is_measured(instrument)) return false;
    const Valuation& valuation = instrument.valuation;
    const Micros index = coins_[instrument.coin].price_micros;
    const PriceTicks mark = instrument.reference.mark;
    const bool is_near = (price - mark).value * sign(side) <= 0;
    if (!is_near && risk::check_collar(side, price, valuation, mark, path.collar_basis_points)) return false;
    if (lots.value > path.max_quantity_lots || worst > path.max_position_lots) return false;
    const double value = static_cast<double>(lots.value) * valuation.rough_value(price, index);
    const double worst_value = static_cast<double>(worst) * valuation.rough_value(mark, index);
    if (value > path.max_value_micros || (worst > 0 && worst_value > path.max_position_value_micros)) return false;
    return valuation.kind == ValueKind::fixed_usd || index > 0;
}

}  // namespace parley
