// What was taken back, and what an earlier life did.

#include <cassert>
#include <cmath>
#include <utility>

#include "parley/pairs.hpp"

namespace parley {

void PairsTrader::on_bust(std::uint32_t at, const StrategyOrder& order, const StrategyFill& execution, TimeNs now_ns) {
    Pair& pair = pairs_[at];
    Leg& leg = pair.legs[order.instrument == pair.terms.first ? 0 : 1];
    order_count_ = 0;
    has_decided_ = false;
    gate_->bust(order, execution);
    leg.held -= sign(order.side) * execution.lots.value;
    if (!is_recovering_) reconsider(at, now_ns);
}

/// What a pair has become of which nothing works, and that may not hold any more what it was to hold.
void PairsTrader::reconsider(std::uint32_t at, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    const auto& [first, second] = pair.legs;
    if (first.is_working() || second.is_working()) return;
    const bool holds_target = first.held == first.target && second.held == second.target;
    switch (pair.state) {
        case PairState::flat:  // it had not left after all
            if (holds_target) return;
            pair.attempts = 0;
            return become(at, PairState::exiting);
        case PairState::long_spread:
        case PairState::short_spread:
            if (holds_target) return;
            balance(pair);
            pair.attempts = 0;
            become(at, PairState::legged);
            return settle(at, now_ns);
        case PairState::entering:
        case PairState::exiting:
        case PairState::legged: return settle(at, now_ns);
        case PairState::disabled: return;
    }
}

void PairsTrader::replay(std::uint32_t at, std::uint8_t leg_at, const StrategyOrder& order, double zscore, TimeNs now_ns) {
    assert(at < pairs_.size() && leg_at < kPairOrdersMax && order.lots.value > 0 && order.order_id > last_order_id_);
    Pair& pair = pairs_[at];
    Leg& leg = pair.legs[leg_at];
    const Leg& other = pair.legs[1 - leg_at];
    order_count_ = 0;
    has_decided_ = false;
    const bool follows = leg_at == 1 && other.order.order_id > 0 && other.order.order_id + 1 == order.order_id;
    const bool is_second = is_recovering_ && follows;
    // told again from a log that was folded, the first leg of an entry has been settled by itself
    const bool is_parted = !is_recovering_ && follows && pair.state == PairState::legged && pair.attempts == 0;
    if (is_parted) {
        set_entry(pair, pair.is_long);
        become(at, PairState::entering);
    } else if (!other.is_working() && !is_second) {
        if (is_recovering_) settle(at, now_ns);
        decide_again(at, (order.side == Side::buy) == (leg_at == 0), zscore, now_ns);
    }
    leg.order = order;
    leg.leaves = order.lots;
    last_order_id_ = order.order_id;
    tickets_[static_cast<std::size_t>(order.order_id) & (tickets_.size() - 1)] = {order.order_id, at, leg_at};
    gate_->replay(order, now_ns);
}

void PairsTrader::set_entry(Pair& pair, bool is_long) noexcept {
    pair.is_long = is_long;
    pair.legs[0].target = (is_long ? 1 : -1) * pair.terms.first_lots.value;
    pair.legs[1].target = (is_long ? -1 : 1) * pair.terms.second_lots.value;
}

/// What on_signal() made of the pair when it sent an order.
void PairsTrader::decide_again(std::uint32_t at, bool is_long, double zscore, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    switch (pair.state) {
        case PairState::flat:
            set_entry(pair, is_long);
            pair.opened_at_ns = now_ns;
            pair.is_armed = true;  // it would not have entered otherwise
            return become(at, PairState::entering);
        case PairState::long_spread:
        case PairState::short_spread:
            if (pair.away(zscore) >= pair.terms.stop || pair.is_late(now_ns)) pair.is_armed = std::abs(zscore) < pair.terms.exit;
            pair.legs[0].target = pair.legs[1].target = 0;
            pair.attempts = 0;
            return become(at, PairState::exiting);
        case PairState::exiting:
        case PairState::legged: ++pair.attempts; return;
        case PairState::entering:
        case PairState::disabled: return;
    }
}

void PairsTrader::end_recovery(TimeNs now_ns) noexcept {
    if (!std::exchange(is_recovering_, false)) return;
    for (std::uint32_t at = 0; at < pairs_.size(); ++at) reconsider(at, now_ns);
}

}  // namespace parley
