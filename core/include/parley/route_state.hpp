#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "parley/router.hpp"

namespace parley {

inline constexpr std::size_t kRouteChildrenMax = 256;
inline constexpr std::size_t kRouteExecutionsMax = 4'096;
inline constexpr std::size_t kRouteRecordsMax = 64;

/// How an order is carried out over time.
struct RouteRules {
    TimeNs answer_within_ns = 1'000'000'000;  ///< a child without an end after that is in an unknown state
    TimeNs exclude_ns = 5'000'000'000;        ///< how long a venue that refused or fell silent is left out
    TimeNs penalize_ns = 1'000'000'000;       ///< how long one that filled in part is charged `penalty_ppm` more
    std::int32_t penalty_ppm = 500;
    std::int32_t rounds_max = 16;
    TimeNs deadline_ns = std::numeric_limits<TimeNs>::max();  ///< no child leaves at or after it
};

/// working: sent, no end known. unknown: silent too long, may still fill. done: the venue has said how much it filled.
enum class RouteChildState : std::uint8_t { working, unknown, done };

struct SentChild {
    std::int64_t child_id = 0;
    RouteChild order;
    std::int64_t seen_units = 0;   ///< of executions received, busted ones included
    std::int64_t final_units = 0;  ///< once done: how much the venue says it filled
    TimeNs sent_at_ns = 0;
    RouteChildState state = RouteChildState::working;

    /// What may still be filled: all that is open, or what the venue has reported and not yet sent.
    [[nodiscard]] std::int64_t reserved_units() const noexcept {
        const std::int64_t units = state == RouteChildState::done ? final_units : order.quantity_units;
        return units > seen_units ? units - seen_units : 0;
    }
};

/// What became of a report. All but `accepted` and `duplicate` are contradictions, after which no more children leave.
enum class RouteOutcome : std::uint8_t {
    accepted,
    duplicate,
    unknown_child,
    unknown_execution,  ///< a bust of what was never sent is kept for it, no contradiction
    contradiction,      ///< a venue takes back what it said: fills after a refusal, an end below its own fills
    overfill,           ///< more than the child asked for
    too_many,           ///< executions
};

enum class RouteHalt : std::uint8_t { none, canceled, contradiction, orders_out_vs_orders_in };

/// One order on its way through several venues: a pure state machine. Reports may be late, doubled, out of order or
/// busted; at all times filled + held + reserved <= asked, where `reserved` counts every child until its end is known,
/// canceled, silent or not. Only `admit` lets a child leave, and it compares orders out with orders in.
class RouteState {
public:
    RouteState(std::int64_t asked_units, const RouteRules& rules, std::int64_t first_child_id);

    /// Splits what is neither filled, held nor reserved over the venues now, those in disgrace excluded or charged more.
    /// The new children, immediate-or-cancel each; valid until the next call. `order` gives side, limit and urgency.
    std::span<const SentChild> plan(TimeNs now, Router& router, RouteOrder order, std::span<const RouteVenue> venues);

    RouteOutcome on_fill(std::int64_t child_id, std::int64_t execution_id, std::int64_t units) noexcept;
    RouteOutcome on_bust(std::int64_t child_id, std::int64_t execution_id) noexcept;
    RouteOutcome on_reject(TimeNs now, std::int64_t child_id) noexcept;
    /// The child's end, as canceled, expired or filled, with all it ever filled, busted or not.
    RouteOutcome on_done(TimeNs now, std::int64_t child_id, std::int64_t filled_units) noexcept;
    /// Marks children that are silent too long; how many. Their quantity stays reserved.
    std::size_t on_time(TimeNs now) noexcept;
    /// No child leaves any more; those out are to be canceled by the caller.
    void cancel() noexcept;
    /// Gives busted quantity back to be routed anew: a decision of a person or a strategy, never taken here.
    void release_busts() noexcept { released_ += held_units(); }

    [[nodiscard]] std::int64_t asked_units() const noexcept { return asked_; }
    [[nodiscard]] std::int64_t filled_units() const noexcept { return seen_ - busted_; }
    [[nodiscard]] std::int64_t held_units() const noexcept { return busted_ - released_; }
    [[nodiscard]] std::int64_t reserved_units() const noexcept;
    [[nodiscard]] std::int64_t free_units() const noexcept {
        return asked_ - filled_units() - held_units() - reserved_units();
    }
    [[nodiscard]] RouteHalt halt() const noexcept { return halt_; }
    [[nodiscard]] std::int32_t rounds() const noexcept { return rounds_; }
    [[nodiscard]] std::span<const SentChild> children() const noexcept { return children_; }
    /// Units that left or may be filled outside, and units admitted: the control's value and bound.
    [[nodiscard]] std::int64_t units_out() const noexcept { return seen_ + reserved_units(); }
    [[nodiscard]] std::int64_t units_in() const noexcept { return asked_ + released_; }

private:
    struct Execution {
        std::int64_t child_id;
        std::int64_t execution_id;
        std::int64_t units;
        bool is_seen;
        bool is_busted;
    };
    struct Record {
        std::int64_t venue_id = 0;
        TimeNs excluded_until_ns = 0;
        TimeNs penalized_until_ns = 0;
    };

    [[nodiscard]] bool admit(TimeNs now, const RouteChild& order);
    [[nodiscard]] SentChild* find_child(std::int64_t child_id) noexcept;
    [[nodiscard]] Execution* find_execution(std::int64_t child_id, std::int64_t execution_id) noexcept;
    [[nodiscard]] Record* record_of(std::int64_t venue_id) noexcept;
    void book_fill(SentChild& child, std::int64_t units) noexcept;
    void exclude(std::int64_t venue_id, TimeNs until) noexcept;
    RouteOutcome stop(RouteOutcome outcome) noexcept;

    std::int64_t asked_;
    RouteRules rules_;
    std::int64_t first_child_id_;
    std::int64_t seen_ = 0;
    std::int64_t busted_ = 0;
    std::int64_t released_ = 0;
    std::int32_t rounds_ = 0;
    RouteHalt halt_ = RouteHalt::none;
    std::vector<SentChild> children_;
    std::vector<Execution> executions_;
    std::array<Record, kRouteRecordsMax> records_{};
    std::size_t records_count_ = 0;
    std::array<RouteVenue, kRouteVenuesMax> venues_;
};

}  // namespace parley
