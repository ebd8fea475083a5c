#include "parley/strategy_gate.hpp"

#include <cassert>
#include <utility>

namespace parley {

StrategyGate::StrategyGate(const Controls::Subject& owner, const Limits& limits, std::vector<Instrument> instruments)
    : owner_(owner), limits_(limits), instruments_(std::move(instruments)) {
    assert(owner.strategy_id != 0);
    dollar_.update(1'000'000);
}

void StrategyGate::set_mark(std::uint32_t at, PriceTicks mark, bool is_crossed, TimeNs now_ns) noexcept {
    Instrument& instrument = instruments_[at];
    instrument.reference = {mark, now_ns, is_crossed};
    if (instrument.credit.lot_nanos != 0 || mark.value <= 0) return;
    const Micros dollars = instrument.valuation.value({1}, mark, dollar_.price_micros);
    instrument.credit = {ValueKind::fixed_usd, saturate(Wide{dollars} * 1'000), 0,
                         instrument.valuation.collar_floor_ticks};
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
    return order_controls_.check(facts, {&dollar_, 1}, now_ns);
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
    change_working(order, order.lots.value);
    order_controls_.count_orders(facts_of(order).subject, 1);
}

void StrategyGate::admit(const StrategyOrder& order, TimeNs now_ns) { order_controls_.admit(facts_of(order), now_ns); }

void StrategyGate::release(const StrategyOrder& order, Lots lots) { change_working(order, -lots.value); }

void StrategyGate::finish(const StrategyOrder& order) { order_controls_.count_orders(facts_of(order).subject, -1); }

void StrategyGate::fill(const StrategyOrder& order, Lots lots, TimeNs now_ns) {
    change_working(order, -lots.value);
    const std::int64_t signed_lots = sign(order.side) * lots.value;
    instruments_[order.instrument].position.lots += signed_lots;
    const OrderFacts facts = facts_of(order);
    order_controls_.change_position(facts, signed_lots, 0, 0);
    static_cast<void>(order_controls_.count_execution(facts.subject, now_ns));
}

void StrategyGate::change_working(const StrategyOrder& order, std::int64_t lots) {
    instruments_[order.instrument].position.working(order.side) += lots;
    const bool is_buy = order.side == Side::buy;
    order_controls_.change_position(facts_of(order), 0, is_buy ? lots : 0, is_buy ? 0 : lots);
}

}  // namespace parley
