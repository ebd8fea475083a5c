#include "parley/pairs.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <utility>

namespace parley {
namespace {

constexpr double kNoZscore = 0.0;  // a report of the venue, not a signal
constexpr std::array<std::string_view, 7> kStateTexts{"flat",    "entering", "long_spread", "short_spread",
                                                      "exiting", "legged",   "disabled"};
constexpr std::array<std::string_view, 7> kFaultTexts{
    "none",         "too_many_pairs", "unknown_instrument", "same_instrument",
    "invalid_lots", "invalid_levels", "invalid_timeout"};

[[nodiscard]] bool is_valid(Lots lots) noexcept { return lots.value > 0 && lots.value <= kQuantityLotsMax; }

}  // namespace

std::string_view to_text(PairState state) noexcept { return kStateTexts[static_cast<std::size_t>(state)]; }
std::string_view to_text(PairFault fault) noexcept { return kFaultTexts[static_cast<std::size_t>(fault)]; }

PairsTrader::PairsTrader(std::vector<PairTerms> pairs, const Settings& settings, StrategyGate& gate)
    : gate_(&gate), settings_(settings) {
    assert(check(pairs, gate.size()) == PairFault::none);
    pairs_.resize(pairs.size());
    for (std::size_t at = 0; at < pairs.size(); ++at) pairs_[at].terms = pairs[at];
    // Twice as many tickets as orders can work: a free one is always near.
    tickets_.resize(std::bit_ceil(std::max<std::size_t>(1, pairs.size() * kPairOrdersMax * 2)));
}

PairFault PairsTrader::check(std::span<const PairTerms> pairs, std::size_t instruments) noexcept {
    if (pairs.size() > kPairsMax) return PairFault::too_many_pairs;
    for (const PairTerms& terms : pairs) {
        if (terms.first >= instruments || terms.second >= instruments) return PairFault::unknown_instrument;
        if (terms.first == terms.second) return PairFault::same_instrument;
        if (!is_valid(terms.first_lots) || !is_valid(terms.second_lots)) return PairFault::invalid_lots;
        const bool are_ordered = terms.exit >= 0.0 && terms.exit < terms.entry && terms.entry < terms.stop;
        if (!are_ordered || !std::isfinite(terms.stop)) return PairFault::invalid_levels;
        if (terms.timeout_ns < 0) return PairFault::invalid_timeout;
    }
    return PairFault::none;
}

void PairsTrader::on_signal(std::uint32_t at, double zscore, std::span<const Touch> touches, TimeNs now_ns) noexcept {
    order_count_ = 0;
    has_decided_ = false;
    Pair& pair = pairs_[at];
    if (std::isnan(zscore)) return;
    if (std::abs(zscore) < pair.terms.exit) pair.is_armed = true;
    decision_.zscore = zscore;
    switch (pair.state) {
        case PairState::flat:
            if (wants_entry(pair, zscore, now_ns)) enter(at, zscore, touches, now_ns);
            break;
        case PairState::long_spread:
        case PairState::short_spread:
            if (wants_exit(pair, zscore, now_ns)) leave(at, touches, now_ns);
            break;
        case PairState::exiting:
        case PairState::legged: retry(at, touches, now_ns); break;
        case PairState::entering:
        case PairState::disabled: break;
    }
}

bool PairsTrader::wants_entry(const Pair& pair, double zscore, TimeNs now_ns) const noexcept {
    const double distance = std::abs(zscore);
    if (distance < pair.terms.entry || distance >= pair.terms.stop) return false;
    return may_enter_ && pair.is_armed && open_ < settings_.open_max && now_ns >= pair.retry_at_ns;
}

bool PairsTrader::wants_exit(Pair& pair, double zscore, TimeNs now_ns) const noexcept {
    if (now_ns < pair.retry_at_ns) return false;
    const double away = pair.away(zscore);
    if (away >= pair.terms.stop || pair.is_late(now_ns)) {
        pair.is_armed = std::abs(zscore) < pair.terms.exit;
        return true;
    }
    return away <= pair.terms.exit;
}

void PairsTrader::enter(std::uint32_t at, double zscore, std::span<const Touch> touches, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    set_entry(pair, zscore < 0.0);
    if (send(at, touches, now_ns) || order_count_ == 0) {
        pair.legs[0].target = pair.legs[1].target = 0;
        return;
    }
    pair.opened_at_ns = now_ns;
    become(at, PairState::entering);
}

void PairsTrader::leave(std::uint32_t at, std::span<const Touch> touches, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    pair.legs[0].target = pair.legs[1].target = 0;
    pair.attempts = 0;
    become(at, PairState::exiting);
    static_cast<void>(send(at, touches, now_ns));
}

/// What did not get done at once is asked again with the next signal, a bounded number of times.
void PairsTrader::retry(std::uint32_t at, std::span<const Touch> touches, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    if (pair.legs[0].is_working() || pair.legs[1].is_working() || now_ns < pair.retry_at_ns) return;
    if (pair.attempts >= kPairAttemptsMax) return disable(at);
    static_cast<void>(send(at, touches, now_ns));
    if (order_count_ > 0) ++pair.attempts;
}

/// Orders for what the targets are away from what is held: all of them, or none and the refusal.
Refusal PairsTrader::send(std::uint32_t at, std::span<const Touch> touches, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    gate_->prefetch(pair.terms.first);
    gate_->prefetch(pair.terms.second);
    const bool is_first_priced = prepare(pair.legs[0], pair.terms.first, touches[pair.terms.first]);
    const bool is_second_priced = prepare(pair.legs[1], pair.terms.second, touches[pair.terms.second]);
    if (!is_first_priced || !is_second_priced) return {};
    decision_ = {now_ns, decision_.zscore, 0, 0, {}, 0, at, pair.state, pair.state};
    has_decided_ = true;
    for (std::uint8_t leg = 0; leg < kPairOrdersMax; ++leg) {
        if (pair.legs[leg].order.lots.value > 0) pair.legs[leg].order.order_id = take_ticket(at, leg);
    }
    decision_.refusal = reserve(pair, now_ns);
    if (decision_.refusal) {
        ++refusals_;
        pair.retry_at_ns = now_ns + kPairRetryNs;
        for (Leg& leg : pair.legs) give_back_ticket(leg.order.order_id);
        return decision_.refusal;
    }
    issue(pair, now_ns);
    return {};
}

/// False where there is something to trade and no price to trade it at.
bool PairsTrader::prepare(Leg& leg, std::uint32_t instrument, const Touch& touch) const noexcept {
    const std::int64_t missing = leg.target - leg.held;
    leg.order = {};
    leg.order.instrument = instrument;
    leg.order.side = missing > 0 ? Side::buy : Side::sell;
    leg.order.lots = {std::abs(missing)};
    if (missing == 0) return true;
    const PriceTicks opposite_touch = missing > 0 ? touch.ask : touch.bid;
    if (touch.bid.value <= 0 || touch.ask.value <= 0) return false;
    leg.order.price = {std::max<std::int64_t>(1, opposite_touch.value + sign(leg.order.side) * settings_.through.value)};
    return true;
}

/// The first leg is held while the second is asked, so that both count; a refusal of the second gives it back.
Refusal PairsTrader::reserve(Pair& pair, TimeNs now_ns) noexcept {
    StrategyOrder& first = pair.legs[0].order;
    StrategyOrder& second = pair.legs[1].order;
    if (first.lots.value > 0) {
        if (const Refusal refusal = gate_->ask(first, now_ns)) return refusal;
        gate_->hold(first);
    }
    if (second.lots.value > 0) {
        decision_.asked_leg = 1;
        if (const Refusal refusal = gate_->ask(second, now_ns)) {
            if (first.lots.value > 0) {
                gate_->release(first, first.lots);
                gate_->finish(first);
            }
            return refusal;
        }
        gate_->hold(second);
    }
    return {};
}

void PairsTrader::issue(Pair& pair, TimeNs now_ns) noexcept {
    for (Leg& leg : pair.legs) {
        if (leg.order.lots.value == 0) continue;
        gate_->admit(leg.order, now_ns);
        leg.leaves = leg.order.lots;
        orders_[order_count_++] = leg.order;
    }
    decision_.first_order = pair.legs[0].order.order_id;
    decision_.second_order = pair.legs[1].order.order_id;
}

/// Order ids only grow; one whose ticket is still in use is skipped.
OrderId PairsTrader::take_ticket(std::uint32_t at, std::uint8_t leg) noexcept {
    const std::size_t mask = tickets_.size() - 1;
    do {
        ++last_order_id_;
    } while (tickets_[static_cast<std::size_t>(last_order_id_) & mask].order_id != 0);
    tickets_[static_cast<std::size_t>(last_order_id_) & mask] = {last_order_id_, at, leg};
    return last_order_id_;
}

void PairsTrader::give_back_ticket(OrderId order_id) noexcept {
    if (order_id != 0) tickets_[static_cast<std::size_t>(order_id) & (tickets_.size() - 1)].order_id = 0;
}

PairsTrader::Ticket* PairsTrader::find(OrderId order_id) noexcept {
    Ticket& ticket = tickets_[static_cast<std::size_t>(order_id) & (tickets_.size() - 1)];
    if (order_id > 0 && ticket.order_id == order_id) return &ticket;
    ++unknown_orders_;
    return nullptr;
}

Lots PairsTrader::on_execution(OrderId order_id, const StrategyFill& execution, TimeNs now_ns) noexcept {
    order_count_ = 0;
    has_decided_ = false;
    Ticket* ticket = find(order_id);
    if (ticket == nullptr || execution.lots.value <= 0) return {};
    const std::uint32_t at = ticket->pair;
    Leg& leg = pairs_[at].legs[ticket->leg];
    // More than was left is a report that cannot be true: what is left is taken, never more.
    const Lots filled = std::min(execution.lots, leg.leaves);
    gate_->fill(leg.order, {filled, execution.price, execution.execution_id}, now_ns);
    leg.held += sign(leg.order.side) * filled.value;
    leg.leaves -= filled;
    if (leg.is_working()) return filled;
    gate_->finish(leg.order);
    ticket->order_id = 0;
    if (!is_recovering_) settle(at, now_ns);
    return filled;
}

void PairsTrader::on_done(OrderId order_id, TimeNs now_ns) noexcept {
    order_count_ = 0;
    has_decided_ = false;
    Ticket* ticket = find(order_id);
    if (ticket == nullptr) return;
    const std::uint32_t at = ticket->pair;
    Leg& leg = pairs_[at].legs[ticket->leg];
    gate_->release(leg.order, leg.leaves);
    gate_->finish(leg.order);
    leg.leaves = {};
    ticket->order_id = 0;
    if (!is_recovering_) settle(at, now_ns);
}

/// Both orders are done: what the pair has become.
void PairsTrader::settle(std::uint32_t at, TimeNs now_ns) noexcept {
    Pair& pair = pairs_[at];
    const auto& [first, second] = pair.legs;
    if (first.is_working() || second.is_working() || pair.state == PairState::disabled) return;
    decision_ = {now_ns, kNoZscore, 0, 0, {}, 0, at, pair.state, pair.state};
    has_decided_ = true;
    if (pair.state == PairState::entering) balance(pair);
    const bool is_done = first.held == first.target && second.held == second.target;
    if (!is_done) {
        if (pair.state == PairState::entering) pair.attempts = 0;
        return become(at, pair.state == PairState::entering ? PairState::legged : pair.state);
    }
    if (first.held == 0 && second.held == 0) return become(at, PairState::flat);
    become(at, pair.is_long ? PairState::long_spread : PairState::short_spread);
}

/// The leg that got less says how much of the other may stay. Only ever less is held than was.
void PairsTrader::balance(Pair& pair) noexcept {
    const Wide first_lots = pair.terms.first_lots.value;
    const Wide second_lots = pair.terms.second_lots.value;
    Leg& first = pair.legs[0];
    Leg& second = pair.legs[1];
    const Wide first_held = std::abs(first.held);
    const Wide second_held = std::abs(second.held);
    Wide first_kept = first_held;
    Wide second_kept = second_held;
    if (first_held * second_lots < second_held * first_lots) {
        second_kept = first_held * second_lots / first_lots;
    } else {
        first_kept = second_held * first_lots / second_lots;
    }
    if (first_kept == 0 || second_kept == 0) first_kept = second_kept = 0;
    const std::int64_t direction = pair.is_long ? 1 : -1;
    first.target = direction * static_cast<std::int64_t>(first_kept);
    second.target = -direction * static_cast<std::int64_t>(second_kept);
}

void PairsTrader::become(std::uint32_t at, PairState state) noexcept {
    Pair& pair = pairs_[at];
    const auto counts = [](PairState each) { return each != PairState::flat && each != PairState::disabled; };
    if (counts(state) && !counts(pair.state)) ++open_;
    if (!counts(state) && counts(pair.state)) --open_;
    pair.state = state;
    if (has_decided_) decision_.to = state;
}

void PairsTrader::disable(std::uint32_t at) noexcept {
    has_decided_ = true;
    decision_ = {0, decision_.zscore, 0, 0, {}, 0, at, pairs_[at].state, PairState::disabled};
    become(at, PairState::disabled);
}

bool PairsTrader::enable(std::uint32_t at) noexcept {
    Pair& pair = pairs_[at];
    if (!pair.is_empty()) return false;
    // of an entry that was cut short nothing is wanted any more
    pair.legs[0].target = pair.legs[1].target = 0;
    if (pair.state == PairState::disabled) become(at, PairState::flat);
    pair.is_armed = false;
    return true;
}

void PairsTrader::unwind(std::uint32_t at) noexcept {
    Pair& pair = pairs_[at];
    has_decided_ = false;
    pair.legs[0].target = pair.legs[1].target = 0;
    pair.attempts = 0;
    pair.is_armed = false;  // what a person left enters again once its z-score has been inside the exit level
    if (pair.state == PairState::flat) return;
    // while the venue still tells, nobody knows what it holds: end_recovery() settles it
    become(at, pair.is_empty() && !is_recovering_ ? PairState::flat : PairState::exiting);
}

std::uint64_t PairsTrader::state_hash() const noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto add = [&hash](std::int64_t value) {
        hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3ULL;
        hash ^= hash >> 32;
    };
    for (const Pair& pair : pairs_) {
        add(static_cast<std::int64_t>(pair.state) * 4 + (pair.is_armed ? 2 : 0) + (pair.is_long ? 1 : 0));
        for (const Leg& leg : pair.legs) {
            for (const std::int64_t value : {leg.held, leg.target, leg.leaves.value, leg.order.order_id}) add(value);
        }
        add(pair.opened_at_ns);
        add(pair.retry_at_ns);
        add(pair.attempts);
    }
    add(last_order_id_);
    return hash;
}

}  // namespace parley
