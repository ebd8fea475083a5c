// The portfolio margin of a strategy's account.

#include "parley/strategy_gate.hpp"

namespace parley {

void StrategyGate::describe(std::uint32_t at, TimeNs expiry_at_ns, const DescribeInstrument& terms) {
    const Instrument& instrument = instruments_[at];
    margin_.describe(at,
                     {instrument.id, expiry_at_ns, 0, static_cast<double>(instrument.valuation.lot_nanos) * 1e-9,
                      static_cast<double>(instrument.valuation.tick_nanos) * 1e-9},
                     terms);
    note_margin_position(at);
}

void StrategyGate::set_margin_inputs(const SetMarginInputs& input, std::span<const MarginExpiry> expiries,
                                     std::span<const MarginMark> marks) {
    margin_.set_inputs(input, expiries, marks, slots_);
}

/// From the first time on the account has a margin to keep; what it holds counts as entered at the marks of now.
Refusal StrategyGate::set_collateral(const SetCollateral& command, std::span<const CoinBalance> balances) {
    const bool is_new = !margin_.is_margined(kAccount);
    const Refusal refusal = margin_.set_collateral(kAccount, command, balances);
    if (refusal || !is_new) return refusal;
    for (std::uint32_t at = 0; at < instruments_.size(); ++at) {
        if (instruments_[at].position.empty()) continue;
        margin_.begin(kAccount, at, instruments_[at].position.lots);
        note_margin_position(at);
    }
    return {};
}

void StrategyGate::note_margin_position(std::uint32_t at) {
    if (margin_.is_margined(kAccount)) margin_.set_position(kAccount, at, instruments_[at].position);
}

Refusal StrategyGate::check_margin(const StrategyOrder& order) const {
    return margin_.check(kAccount, order.instrument, sign(order.side) * order.lots.value, order.price);
}

}  // namespace parley
