#pragma once

// What the engine does for every command. Included by engine.hpp.

#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

template <typename... Values>
Event& Engine::emit(EventKind kind, Reason reason, Values... values) {
    static_assert(sizeof...(Values) <= Event::kValuesMax);
    if (events_->size() == events_->capacity()) [[unlikely]] make_room_for_events();
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

/// Changes with everything that paths are put together from, and when the clock went back.
inline std::uint64_t Engine::paths_revision() const noexcept {
    if (now_ns_ < paths_at_ns_) ++paths_revision_;
    paths_at_ns_ = now_ns_;
    return paths_revision_ + order_controls_.revision() + controls_.revision();
}

inline ControlPath& Engine::path_of(OrderIndex index) {
    const OrderDetails& details = nodes_.details(index);
    const Owner& owner = details.owner;
    ControlPath& known = paths_.at(details.path);
    const ControlPath::Key key{nodes_[index].account(), details.instrument, owner.user_id, owner.desk_id,
                               owner.strategy_id};
    const bool is_there = known.revision == paths_revision() && known.key == key;
    return is_there ? known : find_path(index);
}

/// Whether nothing can be said against the market that the instrument is measured by, with what follows from it in the
/// path.
inline bool Engine::is_measured(ControlPath& path, const Instrument& instrument) const noexcept {
    const std::uint64_t revision = std::max(instrument.reference.revision, coins_[instrument.coin].revision);
    const bool is_known = path.market_revision == revision && now_ns_ >= path.fresh_from_ns && now_ns_ <= path.fresh_until_ns;
    return is_known || measure(path, instrument);
}

/// Whether the limits along the path let the order pass, whatever its scopes have counted. `worst`: the largest position
/// in its direction if it and everything that works were filled. False says nothing.
inline bool Engine::is_within(ControlPath& path, const Instrument& instrument, Side side, Lots lots, PriceTicks price,
                              std::int64_t worst) const noexcept {
    if (!path.is_plain || !is_measured(path, instrument)) return false;
    const bool is_near = side == Side::buy ? price <= path.buy_until : price >= path.sell_until;
    if (!is_near && !is_in_collar(path, instrument, side, price)) return false;
    if (lots.value > path.max_quantity_lots || worst > path.max_worst_lots) return false;
    const double lot_value = path.lot_value_micros + path.tick_value_micros * static_cast<double>(price.value);
    return static_cast<double>(lots.value) * lot_value <= path.max_value_micros;
}

}  // namespace parley
