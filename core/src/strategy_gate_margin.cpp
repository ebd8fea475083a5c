// The portfolio margin of a strategy's account.

#include <algorithm>
#include <cmath>

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

/// As the engine does: never below zero after the order, unless the order betters it.
Refusal StrategyGate::check_margin(const StrategyOrder& order) const {
    if (!margin_.is_margined(kAccount)) return {};
    const auto headroom = margin_.headroom(kAccount, order.instrument, sign(order.side) * order.lots.value, order.price);
    if (!headroom.is_priced) return {Reason::stale_or_jumped_market, -1, 0};
    if (headroom.after >= 0.0 || headroom.after >= headroom.before) return {};
    constexpr double most = 9e12;
    const double dollars = std::clamp(headroom.after, -most, most);
    return {Reason::margin_headroom, static_cast<Micros>(std::floor(dollars * 1e6)), 0};
}

}  // namespace parley
