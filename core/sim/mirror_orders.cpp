#include <algorithm>

#include "mirror.hpp"
#include "parley/entered_inputs.hpp"

namespace parley::sim {
namespace {

bool is_lasting(TimeInForce lasts) noexcept { return lasts != TimeInForce::ioc && lasts != TimeInForce::fok; }

}  // namespace

bool Mirror::Order::can_rest() const noexcept {
    const bool is_priced = terms.order_type != OrderType::market && terms.order_type != OrderType::stop;
    return waits || (is_priced && is_lasting(terms.time_in_force));
}

void Mirror::Order::show() noexcept {
    shown = terms.terms.display.value > 0 ? std::min(terms.terms.display.value, leaves) : leaves;
}

std::vector<Mirror::Scope> Mirror::scopes_of(const PlaceOrder& terms) const {
    const auto limits = limits_.find(terms.account_id);
    const std::int64_t account_desk = limits == limits_.end() ? 0 : limits->second.desk_id;
    std::vector<Scope> scopes{{ControlScope::all, 0},
                              {ControlScope::firm, terms.firm_id},
                              {ControlScope::desk, terms.desk_id},
                              {ControlScope::desk, account_desk},
                              {ControlScope::user, terms.user_id},
                              {ControlScope::account, terms.account_id},
                              {ControlScope::instrument, terms.instrument_id},
                              {ControlScope::venue, kPaperVenue}};
    if (terms.attribution.strategy_id != 0) scopes.emplace_back(ControlScope::strategy, terms.attribution.strategy_id);
    return scopes;
}

bool Mirror::is_killed(const PlaceOrder& terms) const {
    const auto scopes = scopes_of(terms);
    return std::any_of(scopes.begin(), scopes.end(), [this](const Scope& scope) { return killed_.contains(scope); });
}

std::int64_t Mirror::worst(const PlaceOrder& terms) const {
    const auto held = holdings_.find({terms.account_id, terms.instrument_id});
    return (held == holdings_.end() ? Position{} : held->second).worst(terms.side, terms.quantity.value);
}

/// Numbered one after the other, also over restarts.
void Mirror::enter(const Event& event) {
    const OrderId next = std::max(entered_.order_id, kEnteredOrdersFrom) + 1;
    EnterOrder entered;
    codec::get_entered(event, entered, entered_);
    insist(event.command_sequence == 0, "O4", name("answers a command: entered order", event.values[0]));
    insist(entered_.order_id == next && event.values[0] == next, "O3", name("out of turn: entered order", event.values[0]));
    insist(!entered.session.empty() && !entered.client_order_id.empty(), "O5", name("of nobody: entered order", next));
}

/// A working order goes at once, whoever asked.
void Mirror::enter_cancel(const Event& event) {
    if (open_.contains(event.values[0])) going_ = event.values[0];
}

void Mirror::accept(const Event& event) {
    const auto& terms = placed(event);
    insist(event.values[0] == terms.order_id && event.values[1] == terms.quantity.value, "O5", "accepted with other terms");
    insist(known_.insert(terms.order_id).second, "O3", name("accepted again: order", terms.order_id));
    insist(event.at_ns <= terms.valid_until_ns, "O4", name("accepted after its time: order", terms.order_id));
    insist(!is_killed(terms), "kill switch", name("accepted although killed: order", terms.order_id));
    insist(!delivered_.contains(terms.instrument_id), "O4", name("accepted after delivery: order", terms.order_id));
    for (const Scope& scope : scopes_of(terms)) {
        const auto state = states_.find(scope);
        insist(state == states_.end() || state->second != TradingState::halted, "trading state", "accepted although halted");
    }
    insist_on_controls(terms);
    Order& order = open_[terms.order_id];
    order.terms = terms;
    order.quantity = order.leaves = terms.quantity.value;
    order.arrival = static_cast<std::uint64_t>(event.number);
    order.waits = terms.order_type == OrderType::stop || terms.order_type == OrderType::stop_limit;
    if (terms.order_type == OrderType::stop) order.terms.price = {};
    if (terms.time_in_force == TimeInForce::day) order.terms.terms.expires_at_ns = day_end_after(event.at_ns);
    order.show();
    const InstrumentPhase phase = trading_[terms.instrument_id].phase;
    const bool is_collected = order.waits || (order.can_rest() && !order.is_peg() && !terms.is_post_only);
    insist(phase == InstrumentPhase::continuous || (phase == InstrumentPhase::call && is_collected), "phase",
           name("accepted in this phase: order", terms.order_id));
    acted_.insert(terms.order_id);
    count_order(terms);
    count_out(terms, order.leaves);
    holdings_[{terms.account_id, terms.instrument_id}].working(terms.side) += order.leaves;
}

void Mirror::reject(const Event& event) {
    const auto& terms = placed(event);
    insist(event.values[0] == terms.order_id, "O5", "another order is rejected than was placed");
    insist(known_.insert(terms.order_id).second, "O3", name("answered twice: order", terms.order_id));
    const bool is_repeated = event.reason == Reason::duplicate_order && event.values[1] == terms.order_id;
    insist(!is_repeated, "O3", name("taken twice: order", terms.order_id));
    insist(event.reason != Reason::kill_switch || is_killed(terms), "kill switch", "rejected although armed again");
    overridden_.erase(terms.order_id);
    if (event.reason == Reason::deployment_cap) {
        insist(is_capped(terms), "O11", name("rejected for a cap that is not reached: order", terms.order_id));
    }
    if (terms.is_reduce_only) return;
    if (event.reason == Reason::orders_out_vs_orders_in) {
        const Parent parent = parent_of(terms);
        insist(parent.out + terms.quantity.value > parent.quantity, "O11",
               name("rejected for lots that are not out: order", terms.order_id));
    }
    if (event.reason != Reason::position) return;
    const auto limits = limits_.find(terms.account_id);
    insist(limits != limits_.end() && worst(terms) > limits->second.limits.max_position_lots, "O11",
           name("rejected for a position that is not held: order", terms.order_id));
}

Mirror::Order& Mirror::working(OrderId id, const char* what) {
    const auto found = open_.find(id);
    insist(found != open_.end(), "O3", name(what, id));
    return found->second;
}

void Mirror::change_leaves(Order& order, std::int64_t leaves) {
    count_out(order.terms, leaves - order.leaves);
    holdings_[{order.terms.account_id, order.terms.instrument_id}].working(order.terms.side) += leaves - order.leaves;
    order.quantity += leaves - order.leaves;
    order.leaves = leaves;
}

/// Values: order, quantity, leaves, price.
void Mirror::amend(const Event& event) {
    const auto& command = asked_to_amend(event);
    const auto& v = event.values;
    Order& order = working(v[0], "amended although it does not work: order");
    insist(v[0] == command.order_id && event.at_ns <= command.valid_until_ns, "O4", name("amended: order", v[0]));
    insist(v[1] == order.cumulative + v[2] && v[2] > 0, "O3", name("quantities after amending order", v[0]));
    insist(v[1] == (command.quantity.value == 0 ? order.quantity : command.quantity.value), "O5", "another quantity");
    insist(v[3] == (command.price.value == 0 ? order.terms.price.value : command.price.value), "O5", "another price");
    const bool keeps_place = v[3] == order.terms.price.value && v[2] <= order.leaves;
    change_leaves(order, v[2]);
    if (keeps_place) {
        order.shown = std::min(order.shown, order.leaves);
        return;
    }
    insist(trading_[order.terms.instrument_id].phase != InstrumentPhase::halted, "phase", "amended in a halt");
    insist(!is_killed(order.terms), "kill switch", name("amended although killed: order", v[0]));
    const Parent parent = parent_of(order.terms);
    const bool is_part = order.terms.attribution.parent_order_id != 0;
    insist(!is_part || parent.out <= parent.quantity, "orders out", name("beyond its parent: order", v[0]));
    order.terms.price = {v[3]};
    order.arrival = static_cast<std::uint64_t>(event.number);
    order.show();
    overridden_.erase(v[0]);
    count_order(order.terms);
    if (!order.waits) acted_.insert(v[0]);
}

void Mirror::refuse_amend(const Event& event) const {
    const auto& command = asked_to_amend(event);
    const auto found = open_.find(command.order_id);
    const bool is_gone = event.reason == Reason::unknown_order || event.reason == Reason::too_late_to_cancel;
    insist(is_gone == (found == open_.end()), "O3", name("the amendment was refused of order", command.order_id));
    if (event.reason != Reason::orders_out_vs_orders_in) return;
    const Order& order = found->second;
    const std::int64_t quantity = command.quantity.value == 0 ? order.quantity : command.quantity.value;
    const Parent parent = parent_of(order.terms);
    insist(parent.out + quantity - order.quantity > parent.quantity, "O11",
           name("not amended for lots that are not out: order", command.order_id));
}

/// Values: order, quantity, leaves.
void Mirror::restate(const Event& event) {
    const auto& v = event.values;
    Order& order = working(v[0], "restated although it does not work: order");
    insist(v[1] == order.cumulative + v[2] && v[2] > 0 && v[2] < order.leaves, "O3", name("restated: order", v[0]));
    insist(event.reason == Reason::self_match || order.terms.is_reduce_only, "O3", name("cut for nothing: order", v[0]));
    change_leaves(order, v[2]);
    order.shown = std::min(order.shown, order.leaves);
    if (acted_.contains(v[0])) order.show();
}

/// Values: order, the price that reached its stop.
void Mirror::trigger(const Event& event) {
    const auto& v = event.values;
    Order& order = working(v[0], "triggered although it does not work: order");
    const Trading& trading = trading_[order.terms.instrument_id];
    insist(order.waits, "stop", name("triggered although it does not wait: order", v[0]));
    insist(trading.phase == InstrumentPhase::continuous, "stop", name("triggered in an auction: order", v[0]));
    const bool is_by_trade = order.terms.terms.trigger == Trigger::last_trade;
    insist(!is_by_trade || v[1] == trading.last, "stop", name("triggered by another price than the last: order", v[0]));
    insist((v[1] - order.terms.terms.stop.value) * sign(order.terms.side) >= 0, "stop", name("triggered early: order", v[0]));
    order.waits = false;
    order.arrival = static_cast<std::uint64_t>(event.number);
    acted_.insert(v[0]);
}

/// Values: order, canceled lots, cumulative lots.
void Mirror::cancel(const Event& event) {
    const auto& v = event.values;
    Order& order = working(v[0], "canceled although it does not work: order");
    insist(order.leaves == v[1] && order.cumulative == v[2], "O3", "a cancel of other quantities");
    const bool has_begun = order.cumulative > 0;
    if (going_ == v[0]) going_ = 0;
    insist(!has_begun || order.terms.time_in_force != TimeInForce::fok, "O3", name("filled in part: order", v[0]));
    insist(!has_begun || order.cumulative >= order.terms.terms.minimum.value, "O3", name("below its minimum: order", v[0]));
    change_leaves(order, 0);
    open_.erase(v[0]);
}

/// Values: order, execution, account, instrument, side, price, lots, cumulative, leaves, liquidity, counterparty, index.
void Mirror::execute(const Event& event) {
    const auto& v = event.values;
    Order& order = working(v[0], "executed although it does not work: order");
    const bool is_buy = order.terms.side == Side::buy;
    insist(v[2] == order.terms.account_id && v[3] == order.terms.instrument_id && (v[4] == 0) == is_buy, "O5",
           name("executed for others: order", v[0]));
    insist(v[2] != v[10], "self-match", name("traded with itself: order", v[0]));
    insist(!order.waits, "stop", name("executed although it waits: order", v[0]));
    insist_on_price(event, order);
    insist_on_execution_id(event);
    if (trading_[v[3]].phase == InstrumentPhase::continuous) {
        insist_on_priority(event, order);
        insist_on_bands(event);
    } else {
        insist_on_auction(event, order);
    }
    trading_[v[3]].last = v[5];
    fill(event, order);
}

void Mirror::fill(const Event& event, Order& order) {
    const auto& v = event.values;
    order.leaves -= v[6];
    order.cumulative += v[6];
    insist(order.leaves == v[8] && order.cumulative == v[7] && order.leaves >= 0, "O3", name("quantities of order", v[0]));
    Position& held = holdings_[{v[2], v[3]}];
    const std::int64_t before = held.lots * sign(order.terms.side);
    insist(!order.terms.is_reduce_only || before + v[6] <= 0, "reduce-only", name("added to a position: order", v[0]));
    held.lots += sign(order.terms.side) * v[6];
    held.working(order.terms.side) -= v[6];
    const bool acts = v[9] == static_cast<std::int64_t>(Liquidity::taker) &&
                      trading_[v[3]].phase == InstrumentPhase::continuous;
    order.shown -= v[6];
    if (acts || order.shown == 0) {
        order.show();
        order.arrival = static_cast<std::uint64_t>(event.number);
    }
    if (order.leaves == 0) open_.erase(v[0]);
}

}  // namespace parley::sim
