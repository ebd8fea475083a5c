#pragma once

#include <map>
#include <set>

#include "database.hpp"
#include "parley/engine.hpp"

namespace parley::sim {

/// A second, slow and obvious account of what the engine must be, from nothing but its released events and the commands
/// that they answer. Sees every event once, in order; an event that comes again must be the same one.
class Mirror {
public:
    explicit Mirror(const Database& database) : database_(database) {}

    /// An event became visible outside the engine. Throws Violation.
    void observe(const Event& event);
    [[nodiscard]] std::int64_t number() const noexcept { return static_cast<std::int64_t>(history_.size()); }
    [[nodiscard]] std::int64_t last_command() const noexcept { return last_command_; }
    [[nodiscard]] const std::vector<Event>& history() const noexcept { return history_; }

    /// The engine's books and holdings, where it has released nothing that was not observed.
    void compare(const Engine& engine) const;
    /// The database, where it has projected everything.
    void compare(const Database& database) const;

private:
    struct Order {
        PlaceOrder terms;
        std::int64_t leaves = 0;
        std::int64_t cumulative = 0;
        std::uint64_t arrival = 0;
        [[nodiscard]] bool can_rest() const noexcept {
            return terms.order_type == OrderType::limit && terms.time_in_force == TimeInForce::gtc;
        }
    };
    using Scope = std::pair<ControlScope, std::int64_t>;

    void judge(const Event& event);
    void follow_commands(const Event& event);
    template <typename Wanted>
    const Wanted& answered(const Event& event) const;

    void accept(const Event& event);
    void reject(const Event& event);
    void execute(const Event& event);
    void insist_on_execution_id(const Event& event);
    void insist_on_priority(const Event& event, const Order& order) const;
    void cancel(const Event& event);
    void set_kill_switch(const Event& event);
    void set_state(const Event& event);
    void reserve(const Event& event);
    void finish_block(const Event& event, bool is_confirmed);
    void hold(const std::vector<BlockLeg>& legs, std::int64_t direction);
    void finish_command();

    [[nodiscard]] std::vector<Scope> scopes_of(const PlaceOrder& terms) const;
    [[nodiscard]] bool is_killed(const PlaceOrder& terms) const;
    [[nodiscard]] std::int64_t worst(const PlaceOrder& terms) const;

    const Database& database_;
    std::vector<Event> history_;
    std::int64_t command_ = 0;       // the one being answered
    std::int64_t last_command_ = 0;  // answered last
    std::map<OrderId, Order> open_;
    std::set<OrderId> known_;
    std::map<Booking, Position> holdings_;
    std::map<AccountId, SetLimits> limits_;
    std::set<Scope> killed_;
    std::map<Scope, TradingState> states_;
    std::map<ReservationId, std::vector<BlockLeg>> reserved_;
    std::set<InstrumentId> delivered_;
    std::int64_t last_execution_ = 0;
    bool is_second_side_due_ = false;
};

}  // namespace parley::sim
