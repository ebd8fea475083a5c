#include "mirror.hpp"

#include <algorithm>

#include "parley/entered_inputs.hpp"

namespace parley::sim {
namespace {

bool is_same(const Event& a, const Event& b) noexcept {
    const bool has_same_texts = (a.texts == nullptr) == (b.texts == nullptr) && (a.texts == nullptr || *a.texts == *b.texts);
    return a.number == b.number && a.journal_sequence == b.journal_sequence && a.index == b.index &&
           a.at_ns == b.at_ns && a.command_sequence == b.command_sequence && a.values == b.values &&
           a.kind == b.kind && a.reason == b.reason && has_same_texts;
}

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
        if (!is_same_record) finish_record();
    }
    const bool is_side = event.kind == EventKind::order_executed || event.kind == EventKind::control_set;
    insist(!is_second_side_due_ || is_side, "O2", name("an execution has no second side before event", event.number));
    insist_on_times(event);
    follow_commands(event);
    judge(event);
    history_.push_back(event);
}

/// Commands are answered once each, in the order of their numbers, and only those that were given.
void Mirror::follow_commands(const Event& event) {
    if (event.command_sequence == command_) return;
    command_ = 0;
    if (event.command_sequence == 0) return;
    insist(event.command_sequence == last_command() + 1, "O4",
           "command " + std::to_string(event.command_sequence) + " is answered after " + std::to_string(last_command_));
    insist(database_.find_command(event.command_sequence) != nullptr, "O4", "a command is answered that nobody gave");
    command_ = last_command_ = event.command_sequence;
}

std::int64_t Mirror::last_command() const noexcept {
    const auto is_noted = [this](std::int64_t sequence) {
        const Command* command = database_.find_command(sequence);
        return command != nullptr && std::holds_alternative<NoteCommand>(*command);
    };
    std::int64_t last = last_command_;
    while (is_noted(last + 1)) ++last;
    return last;
}

const PlaceOrder& Mirror::placed(const Event& event) const {
    return event.command_sequence == 0 ? entered_ : answered<PlaceOrder>(event);
}

const AmendOrder& Mirror::asked_to_amend(const Event& event) const {
    return event.command_sequence == 0 ? entered_amend_ : answered<AmendOrder>(event);
}

void Mirror::judge(const Event& event) {
    switch (event.kind) {
        case EventKind::limits_in_force: {
            const auto& limits = answered<SetLimits>(event);
            limits_[limits.account_id] = limits;
            return;
        }
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
        case EventKind::control_set:
            return set_control(event);
        case EventKind::instrument_phase_changed:
            return change_phase(event);
        case EventKind::price_bands_set:
            return set_bands(event);
        default:
            return judge_order(event);
    }
}

void Mirror::judge_order(const Event& event) {
    switch (event.kind) {
        case EventKind::order_entered:
            return enter(event);
        case EventKind::cancel_entered:
            return enter_cancel(event);
        case EventKind::amend_entered:
            // the event does not say until when it was valid
            entered_amend_ = {0, event.at_ns, event.values[0], {event.values[2]}, {event.values[3]}};
            return;
        case EventKind::order_accepted:
            return accept(event);
        case EventKind::order_rejected:
            return reject(event);
        case EventKind::order_amended:
            return amend(event);
        case EventKind::amend_rejected:
            return refuse_amend(event);
        case EventKind::order_restated:
            return restate(event);
        case EventKind::order_triggered:
            return trigger(event);
        case EventKind::order_executed:
            return execute(event);
        case EventKind::order_canceled:
            return cancel(event);
        case EventKind::cancel_rejected:
            insist(!open_.contains(event.values[0]), "O3", name("the cancel was refused of working order", event.values[0]));
            return;
        default:
            return;
    }
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

}  // namespace parley::sim
