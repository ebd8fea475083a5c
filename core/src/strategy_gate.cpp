#include "parley/strategy_gate.hpp"

#include <cassert>
#include <utility>

namespace parley {

StrategyGate::StrategyGate(const Controls::Subject& owner, const Limits& limits, std::vector<Instrument> instruments)
    : owner_(owner), limits_(limits), instruments_(std::move(instruments)) {
    dollar_.update(1'000'000);
}

Refusal StrategyGate::check(const StrategyOrder& order, TimeNs now_ns) const noexcept {
    assert(order.instrument < instruments_.size());
    const Instrument& instrument = instruments_[order.instrument];
    if (order.lots.value <= 0 || order.lots.value > kQuantityLotsMax) {
        return {Reason::invalid_quantity, order.lots.value, kQuantityLotsMax};
    }
    if (order.price.value <= 0 || order.price.value > kPriceTicksMax) {
        return {Reason::invalid_price, order.price.value, kPriceTicksMax};
    }
    if (instrument.is_halted) return {Reason::instrument_not_trading, instrument.id, 0};
    Controls::Subject subject = owner_;
    subject.instrument_id = instrument.id;
    if (const Refusal refusal = controls_.check(subject)) return refusal;
    if (const Refusal refusal =
            risk::check_reference(instrument.reference, dollar_, instrument.valuation, alive_at_ns_, now_ns)) {
        return refusal;
    }
    if (const Refusal refusal = check_limits(instrument, order)) return refusal;
    if (!controls_.is_reducing(subject)) return {};
    return risk::check_reducing(instrument.position, order.side, order.lots);
}

Refusal StrategyGate::check_limits(const Instrument& instrument, const StrategyOrder& order) const noexcept {
    const PriceTicks mark = instrument.reference.mark;
    const PriceTicks bound = instrument.valuation.collar(order.side, mark, limits_.price_collar_basis_points);
    if (const Refusal refusal = risk::check_quantity(limits_, order.lots)) return refusal;
    if (const Refusal refusal = risk::check_collar(order.side, order.price, bound)) return refusal;
    const Micros value = instrument.valuation.value(order.lots, order.price, dollar_.price_micros);
    if (const Refusal refusal = risk::check_value(limits_, value)) return refusal;
    return risk::check_position(limits_, instrument.position, order.side, order.lots, instrument.valuation, mark,
                                dollar_.price_micros);
}

void StrategyGate::fill(const StrategyOrder& order, Lots lots) noexcept {
    release(order, lots);
    instruments_[order.instrument].position.lots += sign(order.side) * lots.value;
}

}  // namespace parley
