#include "parley/strategy_gate.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley {

StrategyGate::StrategyGate(const Controls::Subject& owner, const Limits& limits, std::vector<Instrument> instruments)
    : owner_(owner), limits_(limits), instruments_(std::move(instruments)), passes_(instruments_.size()) {
    assert(owner.strategy_id != 0);
    dollar_.update(1'000'000);
    for (std::uint32_t at = 0; at < instruments_.size(); ++at) slots_[static_cast<std::uint64_t>(instruments_[at].id)] = at;
}

void StrategyGate::set_mark(std::uint32_t at, PriceTicks mark, bool is_crossed, TimeNs now_ns) {
    Instrument& instrument = instruments_[at];
    instrument.reference = {mark, now_ns, is_crossed};
    if (instrument.credit.lot_nanos == 0 && mark.value > 0) [[unlikely]] value_first(at, mark);
}

/// What an earlier life left is worth something to the scopes from its first mark on.
void StrategyGate::value_first(std::uint32_t at, PriceTicks mark) {
    settle();
    Instrument& instrument = instruments_[at];
    StrategyOrder none;
    none.instrument = at;
    const Position& held = instrument.position;
    order_controls_.change_position(facts_of(none), -held.lots, -held.buy_working, -held.sell_working);
    const Micros dollars = instrument.valuation.value({1}, mark, dollar_.price_micros);
    instrument.credit = {ValueKind::fixed_usd, saturate(Wide{dollars} * 1'000), 0,
                         instrument.valuation.collar_floor_ticks};
    order_controls_.change_position(facts_of(none), held.lots, held.buy_working, held.sell_working);
    room_revision_ = 0;
}

OrderFacts StrategyGate::facts_of(const StrategyOrder& order) const noexcept {
    const Instrument& instrument = instruments_[order.instrument];
    OrderFacts facts;
    facts.subject = owner_;
    facts.subject.instrument_id = instrument.id;
    facts.instrument = order.instrument;
    facts.order_id = order.order_id;
    facts.attribution.strategy_id = owner_.strategy_id;
    facts.side = order.side;
    facts.lots = order.lots;
    facts.price = order.price;
    facts.mark = instrument.reference.mark;
    facts.valuation = &instrument.credit;
    facts.covering = order_controls_.cover(facts.subject);
    return facts;
}

Refusal StrategyGate::ask(const StrategyOrder& order, TimeNs now_ns) {
    assert(order.instrument < instruments_.size());
    if (passes(order, now_ns)) {
        ++quick_passes_;
        --room_.messages;
        --passes_[order.instrument].room.messages;
        put_off(order, Step::message, now_ns);
        return {};
    }
    settle();
    const Refusal refusal = ask_all(order, now_ns);
    renew_room();
    renew_pass(order.instrument);
    return refusal;
}

Refusal StrategyGate::ask_all(const StrategyOrder& order, TimeNs now_ns) {
    if (const Refusal refusal = check_form(order)) return refusal;
    const Instrument& instrument = instruments_[order.instrument];
    OrderFacts facts = facts_of(order);
    facts.value = instrument.valuation.value(order.lots, order.price, dollar_.price_micros);
    if (const Refusal refusal = order_controls_.count_message(facts.covering, now_ns)) return refusal;
    if (const Refusal refusal = controls_.check(facts.subject)) return refusal;
    if (const Refusal refusal =
            risk::check_reference(instrument.reference, dollar_, instrument.valuation, alive_at_ns_, now_ns)) {
        return refusal;
    }
    if (const Refusal refusal = check_account(facts, instrument, now_ns)) return refusal;
    if (controls_.is_reducing(facts.subject)) {
        if (const Refusal refusal = risk::check_reducing(instrument.position, order.side, order.lots)) return refusal;
    }
    if (const Refusal refusal = order_controls_.check(facts, {&dollar_, 1}, now_ns)) return refusal;
    const Refusal refusal = check_margin(order);
    return order_controls_.is_overridden(facts, refusal.reason, now_ns) ? Refusal{} : refusal;
}

Refusal StrategyGate::check_form(const StrategyOrder& order) const noexcept {
    if (order.lots.value <= 0 || order.lots.value > kQuantityLotsMax) {
        return {Reason::invalid_quantity, order.lots.value, kQuantityLotsMax};
    }
    if (order.price.value <= 0 || order.price.value > kPriceTicksMax) {
        return {Reason::invalid_price, order.price.value, kPriceTicksMax};
    }
    const Instrument& instrument = instruments_[order.instrument];
    return instrument.is_halted ? Refusal{Reason::instrument_not_trading, instrument.id, 0} : Refusal{};
}

Refusal StrategyGate::check_account(const OrderFacts& facts, const Instrument& instrument,
                                    TimeNs now_ns) const noexcept {
    const auto holds = [&](const Refusal& refusal) {
        return refusal && !order_controls_.is_overridden(facts, refusal.reason, now_ns);
    };
    const PriceTicks bound = instrument.valuation.collar(facts.side, facts.mark, limits_.price_collar_basis_points);
    if (const Refusal refusal = risk::check_quantity(limits_, facts.lots); holds(refusal)) return refusal;
    if (const Refusal refusal = risk::check_collar(facts.side, facts.price, bound); holds(refusal)) return refusal;
    if (const Refusal refusal = risk::check_value(limits_, facts.value); holds(refusal)) return refusal;
    const Refusal refusal = risk::check_position(limits_, instrument.position, facts.side, facts.lots,
                                                 instrument.valuation, facts.mark, dollar_.price_micros);
    return holds(refusal) ? refusal : Refusal{};
}

void StrategyGate::hold(const StrategyOrder& order) {
    const Instrument& instrument = instruments_[order.instrument];
    instruments_[order.instrument].position.working(order.side) += order.lots.value;
    ++instruments_[order.instrument].working_orders;
    const double risk_micros = static_cast<double>(order.lots.value) * (static_cast<double>(instrument.credit.lot_nanos) * 1e-3);
    for (ControlRoom* room : {&room_, &passes_[order.instrument].room}) {
        --room->working_orders;
        room->risk_micros -= risk_micros;
    }
    note_margin_position(order.instrument);
    put_off(order, Step::hold, 0);
}

void StrategyGate::admit(const StrategyOrder& order, TimeNs now_ns) {
    const Instrument& instrument = instruments_[order.instrument];
    Pass& pass = passes_[order.instrument];
    --room_.orders;
    --pass.room.orders;
    pass.past[pass.orders++ % pass.past.size()] = {now_ns, order.price.value, sign(order.side) * order.lots.value};
    if (pass.period_collar_basis_points != kNoLimit) {
        const auto collar = [&](Side side) {
            return instrument.credit.collar(side, instrument.reference.mark, pass.period_collar_basis_points);
        };
        pass.buy_max = std::min(pass.buy_max, collar(Side::buy));
        pass.sell_min = std::max(pass.sell_min, collar(Side::sell));
    }
    put_off(order, Step::admit, now_ns);
}

void StrategyGate::replay(const StrategyOrder& order, TimeNs now_ns) {
    hold(order);
    put_off(order, Step::admit, now_ns);
    settle();
    ++own_revision_;
}

void StrategyGate::release(const StrategyOrder& order, Lots lots) {
    settle();
    change_working(order, -lots.value);
    room_revision_ = 0;
}

void StrategyGate::finish(const StrategyOrder& order) {
    settle();
    --instruments_[order.instrument].working_orders;
    order_controls_.count_orders(facts_of(order).subject, -1);
    renew_room();
    renew_pass(order.instrument);
}

void StrategyGate::fill(const StrategyOrder& order, const StrategyFill& execution, TimeNs now_ns) {
    settle();
    const std::int64_t signed_lots = sign(order.side) * execution.lots.value;
    if (margin_.is_margined(kAccount)) {
        const PriceTicks price = execution.price.value > 0 ? execution.price : order.price;
        margin_.execute(kAccount, order.instrument, signed_lots, price, execution.execution_id);
    }
    instruments_[order.instrument].position.lots += signed_lots;
    change_working(order, -execution.lots.value);
    const OrderFacts facts = facts_of(order);
    order_controls_.change_position(facts, signed_lots, 0, 0);
    static_cast<void>(order_controls_.count_execution(facts.subject, now_ns));
    room_revision_ = 0;
}

void StrategyGate::bust(const StrategyOrder& order, const StrategyFill& execution) {
    settle();
    const std::int64_t signed_lots = sign(order.side) * execution.lots.value;
    if (margin_.is_margined(kAccount)) {
        const PriceTicks price = execution.price.value > 0 ? execution.price : order.price;
        margin_.execute(kAccount, order.instrument, -signed_lots, price, execution.execution_id);
    }
    instruments_[order.instrument].position.lots -= signed_lots;
    order_controls_.change_position(facts_of(order), -signed_lots, 0, 0);
    note_margin_position(order.instrument);
    room_revision_ = 0;
}

/// Into the scopes from `first` on, which were not there before.
void StrategyGate::seed_scopes(OrderControls::Slot first) {
    if (first == order_controls_.size()) return;
    StrategyOrder none;
    for (none.instrument = 0; none.instrument < instruments_.size(); ++none.instrument) {
        const Instrument& instrument = instruments_[none.instrument];
        order_controls_.seed(facts_of(none), instrument.position, instrument.working_orders, first);
    }
}

void StrategyGate::change_working(const StrategyOrder& order, std::int64_t lots) {
    instruments_[order.instrument].position.working(order.side) += lots;
    note_margin_position(order.instrument);
    count_working(order, lots);
}

void StrategyGate::count_working(const StrategyOrder& order, std::int64_t lots) {
    const bool is_buy = order.side == Side::buy;
    order_controls_.change_position(facts_of(order), 0, is_buy ? lots : 0, is_buy ? 0 : lots);
}

}  // namespace parley
