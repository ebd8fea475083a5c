// The quick way through a strategy's gate: bounds that no control can refuse, and the counting that waits.

#include <algorithm>
#include <utility>

#include "parley/strategy_gate.hpp"

namespace parley {
namespace {

/// Bounds renewed with one settle(), beside those of the instruments that were traded.
constexpr std::size_t kRenewedPerSettle = 4;

}  // namespace

/// Whether the order may be one of the last again. Where more orders than are remembered fell within the window, it may.
bool StrategyGate::may_repeat(const Pass& pass, const StrategyOrder& order, TimeNs now_ns) noexcept {
    const std::int64_t signed_lots = sign(order.side) * order.lots.value;
    for (std::uint64_t back = 1; back <= pass.past.size(); ++back) {
        const PastOrder& past = pass.past[(pass.orders - back) % pass.past.size()];
        if (now_ns - past.at_ns >= pass.duplicate_window_ns) return false;
        if (past.price_ticks == order.price.value && past.signed_lots == signed_lots) return true;
    }
    return true;
}

bool StrategyGate::has_room(const ControlRoom& room, double risk_micros) const noexcept {
    return room.messages > 0 && room.working_orders > 0 && room.orders > 0 && risk_micros < room.risk_micros;
}

/// Whether no control can refuse the order. False says nothing.
bool StrategyGate::passes(const StrategyOrder& order, TimeNs now_ns) const {
    const Instrument& instrument = instruments_[order.instrument];
    const Pass& pass = passes_[order.instrument];
    const std::uint64_t in_force = revision();
    if (pass.revision != in_force || room_revision_ != in_force) return false;
    const bool is_buy = order.side == Side::buy;
    if (order.lots.value <= 0 || order.lots > pass.lots_max || instrument.is_halted) return false;
    if (is_buy ? order.price > pass.buy_max || order.price.value <= 0 : order.price < pass.sell_min) return false;
    if (may_repeat(pass, order, now_ns)) return false;
    const double risk_micros = static_cast<double>(order.lots.value) * (static_cast<double>(instrument.credit.lot_nanos) * 1e-3);
    if (!has_room(room_, risk_micros) || !has_room(pass.room, risk_micros)) return false;
    const Valuation& valuation = instrument.valuation;
    const Reference& reference = instrument.reference;
    if (risk::check_reference(reference, dollar_, valuation, alive_at_ns_, now_ns)) return false;
    if (valuation.value(order.lots, order.price, dollar_.price_micros) > pass.value_max) return false;
    if (risk::check_collar(order.side, order.price, valuation, reference.mark, limits_.price_collar_basis_points)) return false;
    if (risk::check_position(limits_, instrument.position, order.side, order.lots, valuation, reference.mark,
                             dollar_.price_micros)) {
        return false;
    }
    return !check_margin(order);
}

void StrategyGate::put_off(const StrategyOrder& order, Step step, TimeNs now_ns) {
    if (unsettled_count_ == kUnsettledMax) settle();
    unsettled_[unsettled_count_++] = {order, instruments_[order.instrument].reference.mark, now_ns, step};
}

void StrategyGate::settle() {
    for (std::size_t at = 0; at < unsettled_count_; ++at) {
        const Unsettled& each = unsettled_[at];
        OrderFacts facts = facts_of(each.order);
        facts.mark = each.mark;
        switch (each.step) {
            case Step::message: static_cast<void>(order_controls_.count_message(facts.covering, each.at_ns)); break;
            case Step::hold:
                count_working(each.order, each.order.lots.value);
                order_controls_.count_orders(facts.subject, 1);
                break;
            case Step::admit: order_controls_.admit(facts, each.at_ns); break;
        }
    }
    const std::size_t settled = std::exchange(unsettled_count_, 0);
    if (settled > 0 || room_revision_ != revision()) renew_room();
    for (std::size_t at = 0; at < settled; ++at) {
        if (unsettled_[at].step == Step::admit) renew_pass(unsettled_[at].order.instrument);
    }
    for (std::size_t at = 0; at < std::min(kRenewedPerSettle, passes_.size()); ++at) {
        next_renewed_ = next_renewed_ + 1 < passes_.size() ? next_renewed_ + 1 : 0;
        if (passes_[next_renewed_].revision != revision()) renew_pass(next_renewed_);
    }
}

void StrategyGate::renew_room() {
    Controls::Subject subject = owner_;
    subject.instrument_id = 0;
    room_ = order_controls_.room(order_controls_.cover(subject), {&dollar_, 1});
    room_revision_ = revision();
}

void StrategyGate::renew_pass(std::uint32_t at) {
    StrategyOrder order;
    order.order_id = 1;
    order.instrument = at;
    const OrderFacts facts = facts_of(order);
    const Instrument& instrument = instruments_[at];
    Pass& pass = passes_[at];
    ControlBounds bounds = order_controls_.bounds(facts);
    const bool is_barred = !bounds.is_permitted || controls_.check(facts.subject) || controls_.is_reducing(facts.subject);
    pass.lots_max = {is_barred ? 0 : std::min({bounds.lots_max.value, limits_.max_order_quantity_lots, kQuantityLotsMax})};
    pass.value_max = std::min(bounds.value_max, limits_.max_order_value_micros);
    pass.buy_max = {std::min(bounds.buy_max.value, kPriceTicksMax)};
    pass.sell_min = {std::max<std::int64_t>(bounds.sell_min.value, 1)};
    pass.duplicate_window_ns = bounds.duplicate_window_ns;
    pass.period_collar_basis_points = bounds.period_collar_basis_points;
    Controls::Subject own{};
    own.instrument_id = instrument.id;
    pass.room = order_controls_.room(order_controls_.cover(own), {&dollar_, 1});
    // Scopes that all orders share are in room_, and the scope of everything covers every subject.
    pass.revision = revision();
}

void StrategyGate::prefetch(std::uint32_t instrument) const noexcept {
    __builtin_prefetch(&passes_[instrument]);
    __builtin_prefetch(reinterpret_cast<const char*>(&passes_[instrument]) + 64);
    const auto* const at = reinterpret_cast<const char*>(&instruments_[instrument]);
    for (std::size_t line = 0; line < sizeof(Instrument); line += 64) __builtin_prefetch(at + line);
}

}  // namespace parley
