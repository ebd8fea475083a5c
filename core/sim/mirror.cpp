#include "mirror.hpp"

#include <algorithm>

namespace parley::sim {
namespace {

bool is_same(const Event& a, const Event& b) noexcept {
    const bool has_same_texts = (a.texts == nullptr) == (b.texts == nullptr) && (a.texts == nullptr || *a.texts == *b.texts);
    return a.number == b.number && a.journal_sequence == b.journal_sequence && a.index == b.index &&
           a.at_ns == b.at_ns && a.command_sequence == b.command_sequence && a.values == b.values &&
           a.kind == b.kind && a.reason == b.reason && has_same_texts;
}

std::string name(const char* what, std::int64_t id) { return std::string(what) + " " + std::to_string(id); }

}  // namespace

void Mirror::observe(const Event& event) {
    if (event.number <= number()) {
        const Event& before = history_[static_cast<std::size_t>(event.number - 1)];
        insist(is_same(before, event), "O6", name("another event came under number", event.number));
        return;
    }
    insist(event.number == number() + 1, "O6", name("the events have a gap before", event.number));
    if (!history_.empty()) {
        const Event& last = history_.back();
        const bool is_same_record = event.journal_sequence == last.journal_sequence;
        insist(event.journal_sequence >= last.journal_sequence && event.index == (is_same_record ? last.index + 1 : 1),
               "O6", name("ids do not follow at event", event.number));
    }
    follow_commands(event);
    judge(event);
    history_.push_back(event);
}

/// Commands are answered once each, in the order of their numbers, and only those that were given.
void Mirror::follow_commands(const Event& event) {
    if (event.command_sequence == command_) return;
    finish_command();
    if (event.command_sequence == 0) return;
    insist(event.command_sequence == last_command_ + 1, "O4",
           "command " + std::to_string(event.command_sequence) + " is answered after " + std::to_string(last_command_));
    insist(database_.find_command(event.command_sequence) != nullptr, "O4", "a command is answered that nobody gave");
    command_ = last_command_ = event.command_sequence;
}

/// What cannot rest does not.
void Mirror::finish_command() {
    insist(!is_second_side_due_, "O2", "an execution has no second side");
    if (command_ == 0) return;
    const Command* command = database_.find_command(command_);
    command_ = 0;
    const auto* place = command == nullptr ? nullptr : std::get_if<PlaceOrder>(command);
    if (place == nullptr) return;
    const auto found = open_.find(place->order_id);
    insist(found == open_.end() || found->second.can_rest(), "O3", name("an immediate order rests:", place->order_id));
}

template <typename Wanted>
const Wanted& Mirror::answered(const Event& event) const {
    const Command* command = database_.find_command(event.command_sequence);
    const auto* wanted = command == nullptr ? nullptr : std::get_if<Wanted>(command);
    insist(wanted != nullptr, "O4", name("the wrong kind of answer in event", event.number));
    return *wanted;
}

void Mirror::judge(const Event& event) {
    switch (event.kind) {
        case EventKind::limits_in_force: {
            const auto& limits = answered<SetLimits>(event);
            limits_[limits.account_id] = limits;
            return;
        }
        case EventKind::order_accepted:
            return accept(event);
        case EventKind::order_rejected:
            return reject(event);
        case EventKind::order_executed:
            return execute(event);
        case EventKind::order_canceled:
            return cancel(event);
        case EventKind::cancel_rejected:
            insist(!open_.contains(event.values[0]), "O3", name("the cancel was refused of working order", event.values[0]));
            return;
        case EventKind::kill_switch_changed:
            return set_kill_switch(event);
        case EventKind::trading_state_changed:
            return set_state(event);
        case EventKind::block_reserved:
            return reserve(event);
        case EventKind::block_confirmed:
            return finish_block(event, true);
        case EventKind::block_voided:
            return finish_block(event, false);
        case EventKind::instrument_delivered:
            delivered_.insert(event.values[0]);
            return;
        case EventKind::instrument_settled:
            std::erase_if(holdings_, [&](const auto& held) { return held.first.instrument == event.values[0]; });
            return;
        default:
            return;
    }
}

std::vector<Mirror::Scope> Mirror::scopes_of(const PlaceOrder& terms) const {
    const auto limits = limits_.find(terms.account_id);
    const std::int64_t account_desk = limits == limits_.end() ? 0 : limits->second.desk_id;
    return {{ControlScope::all, 0},
            {ControlScope::firm, terms.firm_id},
            {ControlScope::desk, terms.desk_id},
            {ControlScope::desk, account_desk},
            {ControlScope::user, terms.user_id},
            {ControlScope::account, terms.account_id},
            {ControlScope::instrument, terms.instrument_id}};
}

bool Mirror::is_killed(const PlaceOrder& terms) const {
    const auto scopes = scopes_of(terms);
    return std::any_of(scopes.begin(), scopes.end(), [this](const Scope& scope) { return killed_.contains(scope); });
}

std::int64_t Mirror::worst(const PlaceOrder& terms) const {
    const auto held = holdings_.find({terms.account_id, terms.instrument_id});
    return (held == holdings_.end() ? Position{} : held->second).worst(terms.side, terms.quantity.value);
}

void Mirror::accept(const Event& event) {
    const auto& terms = answered<PlaceOrder>(event);
    insist(event.values[0] == terms.order_id && event.values[1] == terms.quantity.value, "O5", "accepted with other terms");
    insist(known_.insert(terms.order_id).second, "O3", name("accepted again: order", terms.order_id));
    insist(event.at_ns <= terms.valid_until_ns, "O4", name("accepted after its time: order", terms.order_id));
    insist(!is_killed(terms), "kill switch", name("accepted although killed: order", terms.order_id));
    insist(!delivered_.contains(terms.instrument_id), "O4", name("accepted after delivery: order", terms.order_id));
    for (const Scope& scope : scopes_of(terms)) {
        const auto state = states_.find(scope);
        insist(state == states_.end() || state->second != TradingState::halted, "trading state", "accepted although halted");
    }
    const auto limits = limits_.find(terms.account_id);
    insist(limits != limits_.end(), "risk", "accepted without limits");
    insist(terms.quantity.value <= limits->second.limits.max_order_quantity_lots, "risk", "accepted above the quantity");
    insist(worst(terms) <= limits->second.limits.max_position_lots, "risk", "accepted above the position");
    open_[terms.order_id] = {terms, terms.quantity.value, 0, static_cast<std::uint64_t>(event.number)};
    holdings_[{terms.account_id, terms.instrument_id}].working(terms.side) += terms.quantity.value;
}

void Mirror::reject(const Event& event) {
    const auto& terms = answered<PlaceOrder>(event);
    insist(event.values[0] == terms.order_id, "O5", "another order is rejected than was placed");
    insist(known_.insert(terms.order_id).second, "O3", name("answered twice: order", terms.order_id));
    insist(event.reason != Reason::duplicate_order, "O3", name("taken twice: order", terms.order_id));
    insist(event.reason != Reason::kill_switch || is_killed(terms), "kill switch", "rejected although armed again");
    if (event.reason != Reason::position) return;
    const auto limits = limits_.find(terms.account_id);
    insist(limits != limits_.end() && worst(terms) > limits->second.limits.max_position_lots, "O11",
           name("rejected for a position that is not held: order", terms.order_id));
}

/// Values: order, execution, account, instrument, side, price, lots, cumulative, leaves, liquidity, counterparty, index.
void Mirror::execute(const Event& event) {
    const auto& v = event.values;
    const auto found = open_.find(v[0]);
    insist(found != open_.end(), "O3", name("executed although it does not work: order", v[0]));
    Order& order = found->second;
    const bool is_buy = order.terms.side == Side::buy;
    insist(v[2] == order.terms.account_id && v[3] == order.terms.instrument_id && (v[4] == 0) == is_buy, "O5",
           name("executed for others: order", v[0]));
    insist_on_execution_id(event);
    if (v[9] == static_cast<std::int64_t>(Liquidity::maker)) {
        insist(v[5] == order.terms.price.value, "O3", "a resting order trades at another price than its own");
    } else if (order.terms.order_type == OrderType::limit) {
        insist(is_buy ? v[5] <= order.terms.price.value : v[5] >= order.terms.price.value, "O3", "executed beyond its limit");
    }
    insist_on_priority(event, order);
    order.leaves -= v[6];
    order.cumulative += v[6];
    insist(order.leaves == v[8] && order.cumulative == v[7] && order.leaves >= 0, "O3", name("quantities of order", v[0]));
    Position& held = holdings_[{v[2], v[3]}];
    held.lots += is_buy ? v[6] : -v[6];
    held.working(order.terms.side) -= v[6];
    if (order.leaves == 0) open_.erase(found);
}

/// Ids grow; one is seen twice only as the two sides of one trade between clients, which follow each other.
void Mirror::insist_on_execution_id(const Event& event) {
    const auto& v = event.values;
    if (is_second_side_due_) {
        const auto& first = history_.back().values;
        insist(v[1] == first[1] && v[5] == first[5] && v[6] == first[6] && v[4] != first[4], "O2",
               name("the second side differs of execution", v[1]));
        is_second_side_due_ = false;
        return;
    }
    insist(v[1] > last_execution_, "O2", name("came twice: execution", v[1]));
    last_execution_ = v[1];
    const bool is_taker = v[9] == static_cast<std::int64_t>(Liquidity::taker);
    is_second_side_due_ = is_taker && v[10] != kVenueAccount;
}

/// Nobody on the resting side had a better price, or the same price earlier.
void Mirror::insist_on_priority(const Event& event, const Order& order) const {
    const auto& v = event.values;
    const bool is_maker = v[9] == static_cast<std::int64_t>(Liquidity::maker);
    const Side resting = is_maker ? order.terms.side : opposite(order.terms.side);
    for (const auto& [id, other] : open_) {
        if (id == v[0] || other.terms.side != resting || other.terms.instrument_id != v[3]) continue;
        const std::int64_t better = (other.terms.price.value - v[5]) * sign(resting);
        insist(better <= 0, "priority", name("passed over at a better price: order", id));
        insist(!is_maker || better < 0 || other.arrival > order.arrival, "priority", name("passed over in time: order", id));
    }
}

/// Values: order, canceled lots, cumulative lots.
void Mirror::cancel(const Event& event) {
    const auto found = open_.find(event.values[0]);
    insist(found != open_.end(), "O3", name("canceled although it does not work: order", event.values[0]));
    const Order& order = found->second;
    insist(order.leaves == event.values[1] && order.cumulative == event.values[2], "O3", "a cancel of other quantities");
    holdings_[{order.terms.account_id, order.terms.instrument_id}].working(order.terms.side) -= order.leaves;
    open_.erase(found);
}

void Mirror::set_kill_switch(const Event& event) {
    const auto& command = answered<SetKillSwitch>(event);
    const Scope scope{command.scope, command.scope_id};
    if (!command.is_engaged) {
        killed_.erase(scope);
        return;
    }
    killed_.insert(scope);
    for (const auto& [id, order] : open_) {
        const auto scopes = scopes_of(order.terms);
        const bool is_covered = std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
        insist(!is_covered, "kill switch", name("still works after the kill: order", id));
    }
}

void Mirror::set_state(const Event& event) {
    const auto& command = answered<SetTradingState>(event);
    states_[{command.scope, command.scope_id}] = command.state;
}

void Mirror::hold(const std::vector<BlockLeg>& legs, std::int64_t direction) {
    for (const BlockLeg& leg : legs) {
        holdings_[{leg.taker_account_id, leg.instrument_id}].working(leg.side) += direction * leg.quantity.value;
        holdings_[{leg.maker_account_id, leg.instrument_id}].working(opposite(leg.side)) += direction * leg.quantity.value;
    }
}

void Mirror::reserve(const Event& event) {
    const auto& command = answered<ReserveCommand>(event);
    insist(reserved_.emplace(command.head.reservation_id, command.legs).second, "O11", "reserved twice");
    hold(command.legs, 1);
}

void Mirror::finish_block(const Event& event, bool is_confirmed) {
    const auto found = reserved_.find(event.values[0]);
    if (found == reserved_.end()) {
        insist(!is_confirmed, "O11", "a block is confirmed that was not reserved");
        return;
    }
    hold(found->second, -1);
    if (is_confirmed) {
        insist(event.values[1] > last_execution_, "O2", "a block's executions came before");
        last_execution_ = event.values[1] + static_cast<std::int64_t>(found->second.size()) - 1;
        for (const BlockLeg& leg : found->second) {
            const std::int64_t lots = sign(leg.side) * leg.quantity.value;
            holdings_[{leg.taker_account_id, leg.instrument_id}].lots += lots;
            holdings_[{leg.maker_account_id, leg.instrument_id}].lots -= lots;
        }
    }
    reserved_.erase(found);
}

void Mirror::compare(const Engine& engine) const {
    std::map<OrderId, std::int64_t> working, expected;
    for (const auto& order : engine.working_orders()) working[order.order_id] = order.leaves.value;
    for (const auto& [id, order] : open_) expected[id] = order.leaves;
    insist(working == expected, "O3", "the engine works other orders than its events say");
    const auto as_tuple = [](const Position& p) { return std::tuple(p.lots, p.buy_working, p.sell_working); };
    std::map<Booking, std::tuple<std::int64_t, std::int64_t, std::int64_t>> held, wanted;
    for (const auto& holding : engine.holdings()) {
        held[{holding.account_id, holding.instrument_id}] = as_tuple(holding.position);
    }
    for (const auto& [booking, position] : holdings_) {
        if (!position.empty()) wanted[booking] = as_tuple(position);
    }
    insist(held == wanted, "O11", "the engine holds and reserves other lots than its events say");
}

void Mirror::compare(const Database& database) const {
    for (const auto& [id, row] : database.orders) {
        const auto found = open_.find(id);
        const bool is_open = row.state == OrderState::open;
        insist(is_open == (found != open_.end()), "O3", name("database and engine differ on order", id));
        if (!is_open) continue;
        insist(found->second.leaves == row.leaves && found->second.cumulative == row.cumulative, "O3",
               name("database and engine differ on the quantities of order", id));
    }
    std::map<Booking, std::int64_t> held, wanted;
    for (const auto& [booking, position] : holdings_) {
        if (position.lots != 0) wanted[booking] = position.lots;
    }
    for (const auto& [booking, lots] : database.positions) {
        if (lots != 0) held[booking] = lots;
    }
    insist(held == wanted, "O2", "positions are not the sum of the fills");
}

}  // namespace parley::sim
