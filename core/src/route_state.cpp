#include "parley/route_state.hpp"

#include <algorithm>
#include <cassert>

namespace parley {

RouteState::RouteState(std::int64_t asked_units, const RouteRules& rules, std::int64_t first_child_id)
    : asked_(asked_units), rules_(rules), first_child_id_(first_child_id) {
    assert(asked_units > 0 && asked_units <= kRouteUnitsMax);
    children_.reserve(kRouteChildrenMax);
    executions_.reserve(kRouteExecutionsMax);
}

std::int64_t RouteState::reserved_units() const noexcept {
    std::int64_t units = 0;
    for (const SentChild& child : children_) units += child.reserved_units();
    return units;
}

std::span<const SentChild> RouteState::plan(TimeNs now, Router& router, RouteOrder order,
                                            std::span<const RouteVenue> venues) {
    assert(venues.size() <= kRouteVenuesMax);
    const std::size_t before = children_.size();
    const bool is_over = halt_ != RouteHalt::none || now >= rules_.deadline_ns || rounds_ >= rules_.rounds_max;
    if (is_over || free_units() <= 0) return {};
    for (std::size_t at = 0; at < venues.size(); ++at) {
        venues_[at] = venues[at];
        const Record* record = record_of(venues[at].venue_id);
        if (record == nullptr || record->excluded_until_ns > now) venues_[at].is_excluded = true;
        if (record != nullptr && record->penalized_until_ns > now) venues_[at].penalty_ppm += rules_.penalty_ppm;
    }
    order.quantity_units = free_units();
    order.at_ns = now;
    const RouteDecision& decision = router.route(order, {venues_.data(), venues.size()});
    ++rounds_;
    for (std::size_t at = 0; at < decision.children_count; ++at) {
        if (!admit(now, decision.children[at])) break;
    }
    return std::span(children_).subspan(before);
}

/// The one door through which an order leaves: never more out than in, whatever the router or the books said.
bool RouteState::admit(TimeNs now, const RouteChild& order) {
    const bool is_too_much = order.quantity_units <= 0 || order.quantity_units > units_in() - units_out();
    if (is_too_much || children_.size() == kRouteChildrenMax) {
        halt_ = RouteHalt::orders_out_vs_orders_in;
        return false;
    }
    SentChild child;
    child.child_id = first_child_id_ + static_cast<std::int64_t>(children_.size());
    child.order = order;
    child.sent_at_ns = now;
    children_.push_back(child);
    return true;
}

SentChild* RouteState::find_child(std::int64_t child_id) noexcept {
    const std::int64_t place = child_id - first_child_id_;
    const bool is_ours = place >= 0 && place < static_cast<std::int64_t>(children_.size());
    return is_ours ? &children_[static_cast<std::size_t>(place)] : nullptr;
}

RouteState::Execution* RouteState::find_execution(std::int64_t child_id, std::int64_t execution_id) noexcept {
    const auto found = std::find_if(executions_.begin(), executions_.end(), [&](const Execution& each) {
        return each.child_id == child_id && each.execution_id == execution_id;
    });
    return found == executions_.end() ? nullptr : &*found;
}

RouteState::Record* RouteState::record_of(std::int64_t venue_id) noexcept {
    for (std::size_t at = 0; at < records_count_; ++at) {
        if (records_[at].venue_id == venue_id) return &records_[at];
    }
    if (records_count_ == kRouteRecordsMax) return nullptr;
    records_[records_count_] = {venue_id, 0, 0};
    return &records_[records_count_++];
}

void RouteState::exclude(std::int64_t venue_id, TimeNs until) noexcept {
    Record* record = record_of(venue_id);
    if (record != nullptr) record->excluded_until_ns = std::max(record->excluded_until_ns, until);
}

RouteOutcome RouteState::stop(RouteOutcome outcome) noexcept {
    halt_ = RouteHalt::contradiction;
    return outcome;
}

/// What was executed counts, even where the venue had no right to: the position is real.
void RouteState::book_fill(SentChild& child, std::int64_t units) noexcept {
    child.seen_units += units;
    child.final_units = std::max(child.final_units, child.seen_units);
    seen_ += units;
}

RouteOutcome RouteState::on_fill(std::int64_t child_id, std::int64_t execution_id, std::int64_t units) noexcept {
    assert(units > 0);
    SentChild* child = find_child(child_id);
    if (child == nullptr) return stop(RouteOutcome::unknown_child);
    Execution* known = find_execution(child_id, execution_id);
    if (known != nullptr && known->is_seen) return RouteOutcome::duplicate;
    const bool is_allowed = units <= child->reserved_units();
    const bool is_within = units <= child->order.quantity_units - child->seen_units;
    book_fill(*child, units);
    if (known != nullptr) {
        known->is_seen = true;
        known->units = units;
        busted_ += units;
    } else if (executions_.size() < kRouteExecutionsMax) {
        executions_.push_back({child_id, execution_id, units, true, false});
    } else {
        return stop(RouteOutcome::too_many);
    }
    if (!is_within) return stop(RouteOutcome::overfill);
    return is_allowed ? RouteOutcome::accepted : stop(RouteOutcome::contradiction);
}

/// A bust may come before its execution does: it waits for it.
RouteOutcome RouteState::on_bust(std::int64_t child_id, std::int64_t execution_id) noexcept {
    if (find_child(child_id) == nullptr) return stop(RouteOutcome::unknown_child);
    Execution* known = find_execution(child_id, execution_id);
    if (known == nullptr) {
        if (executions_.size() == kRouteExecutionsMax) return stop(RouteOutcome::too_many);
        executions_.push_back({child_id, execution_id, 0, false, true});
        return RouteOutcome::unknown_execution;
    }
    if (known->is_busted) return RouteOutcome::duplicate;
    known->is_busted = true;
    busted_ += known->units;
    return RouteOutcome::accepted;
}

RouteOutcome RouteState::on_reject(TimeNs now, std::int64_t child_id) noexcept {
    SentChild* child = find_child(child_id);
    if (child == nullptr) return stop(RouteOutcome::unknown_child);
    exclude(child->order.venue_id, now + rules_.exclude_ns);
    if (child->seen_units > 0 || (child->state == RouteChildState::done && child->final_units > 0)) {
        return stop(RouteOutcome::contradiction);
    }
    if (child->state == RouteChildState::done) return RouteOutcome::duplicate;
    child->state = RouteChildState::done;
    child->final_units = 0;
    return RouteOutcome::accepted;
}

RouteOutcome RouteState::on_done(TimeNs now, std::int64_t child_id, std::int64_t filled_units) noexcept {
    SentChild* child = find_child(child_id);
    if (child == nullptr) return stop(RouteOutcome::unknown_child);
    if (child->state == RouteChildState::done && child->final_units == filled_units) return RouteOutcome::duplicate;
    // A second, different end, an end below what was filled, or above what was asked: everything stays reserved.
    if (filled_units > child->order.quantity_units) return stop(RouteOutcome::overfill);
    if (child->state == RouteChildState::done || filled_units < child->seen_units) {
        return stop(RouteOutcome::contradiction);
    }
    child->state = RouteChildState::done;
    child->final_units = filled_units;
    if (filled_units < child->order.quantity_units) {
        Record* record = record_of(child->order.venue_id);
        if (record != nullptr) record->penalized_until_ns = std::max(record->penalized_until_ns, now + rules_.penalize_ns);
    }
    return RouteOutcome::accepted;
}

std::size_t RouteState::on_time(TimeNs now) noexcept {
    std::size_t silent = 0;
    for (SentChild& child : children_) {
        if (child.state != RouteChildState::working || now - child.sent_at_ns < rules_.answer_within_ns) continue;
        child.state = RouteChildState::unknown;
        exclude(child.order.venue_id, now + rules_.exclude_ns);
        ++silent;
    }
    return silent;
}

void RouteState::cancel() noexcept {
    if (halt_ == RouteHalt::none) halt_ = RouteHalt::canceled;
}

}  // namespace parley
