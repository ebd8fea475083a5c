#pragma once

#include <map>
#include <set>
#include <string>

#include "database.hpp"
#include "parley/engine.hpp"

namespace parley::sim {

inline std::string name(const char* what, std::int64_t id) { return std::string(what) + " " + std::to_string(id); }

/// A second, slow and obvious account of what the engine must be, from nothing but its released events and the commands
/// that they answer. Sees every event once, in order; an event that comes again must be the same one.
class Mirror {
public:
    explicit Mirror(const Database& database) : database_(database) {}

    /// An event became visible outside the engine. Throws Violation.
    void observe(const Event& event);
    [[nodiscard]] std::int64_t number() const noexcept { return static_cast<std::int64_t>(history_.size()); }
    /// The command answered last, or given behind it, where those between are answered by no event.
    [[nodiscard]] std::int64_t last_command() const noexcept;
    [[nodiscard]] const std::vector<Event>& history() const noexcept { return history_; }

    /// The engine's books and holdings, where it has released nothing that was not observed.
    void compare(const Engine& engine) const;
    /// The database, where it has projected everything.
    void compare(const Database& database) const;

private:
    struct Order {
        PlaceOrder terms;  // with the price and, of DAY orders, the expiry that are in force
        std::int64_t quantity = 0;
        std::int64_t leaves = 0;
        std::int64_t cumulative = 0;
        std::int64_t shown = 0;
        std::uint64_t arrival = 0;
        bool waits = false;  // a stop that was not triggered
        [[nodiscard]] bool can_rest() const noexcept;
        [[nodiscard]] bool is_peg() const noexcept { return terms.order_type == OrderType::peg; }
        /// In the book at a price that the events tell.
        [[nodiscard]] bool stands() const noexcept { return !waits && !is_peg(); }
        void show() noexcept;
    };
    using Scope = std::pair<ControlScope, std::int64_t>;
    struct ScopeState {
        ScopeLimits limits;
        std::int64_t orders = 0;
        bool is_disabled = false;
    };
    struct Parent {
        std::int64_t quantity = 0;
        std::int64_t out = 0;
    };
    /// What is known of an instrument's trading.
    struct Trading {
        InstrumentPhase phase{};
        PriceBands bands;
        std::int64_t last = 0;
    };

    // mirror.cpp: the flow of events, commands, blocks
    void judge(const Event& event);
    void judge_order(const Event& event);
    void follow_commands(const Event& event);
    template <typename Wanted>
    const Wanted& answered(const Event& event) const {
        const Command* command = database_.find_command(event.command_sequence);
        const auto* wanted = command == nullptr ? nullptr : std::get_if<Wanted>(command);
        insist(wanted != nullptr, "O4", name("the wrong kind of answer in event", event.number));
        return *wanted;
    }
    /// The order that an event answers: of the database, or entered by a session.
    [[nodiscard]] const PlaceOrder& placed(const Event& event) const;
    [[nodiscard]] const AmendOrder& asked_to_amend(const Event& event) const;
    void set_kill_switch(const Event& event);
    void set_state(const Event& event);
    void reserve(const Event& event);
    void finish_block(const Event& event, bool is_confirmed);
    void hold(const std::vector<BlockLeg>& legs, std::int64_t direction);

    // mirror_orders.cpp: what happens to one order
    void enter(const Event& event);
    void enter_cancel(const Event& event);
    void accept(const Event& event);
    void reject(const Event& event);
    void amend(const Event& event);
    void refuse_amend(const Event& event) const;
    void restate(const Event& event);
    void trigger(const Event& event);
    void cancel(const Event& event);
    void execute(const Event& event);
    void fill(const Event& event, Order& order);
    [[nodiscard]] Order& working(OrderId id, const char* what);
    void change_leaves(Order& order, std::int64_t leaves);
    [[nodiscard]] std::vector<Scope> scopes_of(const PlaceOrder& terms) const;
    [[nodiscard]] bool is_killed(const PlaceOrder& terms) const;
    [[nodiscard]] std::int64_t worst(const PlaceOrder& terms) const;

    // mirror_rules.cpp: prices, phases, bands, what holds after each record
    void insist_on_execution_id(const Event& event);
    void insist_on_price(const Event& event, const Order& order);
    void insist_on_priority(const Event& event, const Order& order) const;
    void insist_on_auction(const Event& event, const Order& order);
    void insist_on_bands(const Event& event);
    void insist_on_times(const Event& event) const;
    void change_phase(const Event& event);
    void set_bands(const Event& event);
    void finish_record();
    void insist_on_books() const;

    // mirror_controls.cpp: controls by scope, parents
    void set_control(const Event& event);
    void set_scope_limits(const ScopeLimitsCommand& command);
    void insist_on_controls(const PlaceOrder& terms);
    [[nodiscard]] bool is_capped(const PlaceOrder& terms) const;
    void count_order(const PlaceOrder& terms);
    void count_out(const PlaceOrder& terms, std::int64_t lots);
    [[nodiscard]] Parent parent_of(const PlaceOrder& terms) const;
    [[nodiscard]] std::int64_t working_orders(const Scope& scope) const;
    [[nodiscard]] Position position_of(const Scope& scope, InstrumentId instrument) const;
    void compare_controls(const Engine& engine) const;

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
    std::map<InstrumentId, Trading> trading_;
    std::map<Scope, ScopeState> scopes_;
    std::map<OrderId, Parent> parents_;
    std::set<OrderId> overridden_;
    PlaceOrder entered_;  // last, by a session of the gateway
    AmendOrder entered_amend_;
    std::int64_t last_execution_ = 0;
    bool is_second_side_due_ = false;
    decltype(Event::values) first_side_{};

    // the record whose events are seen
    OrderId going_ = 0;  // its session cancels it
    std::set<OrderId> acted_;
    OrderId taker_ = 0;                   // who trades in a row
    std::vector<std::int64_t> lasts_;     // prices that its bands may lie around
    std::int64_t auction_price_ = 0;
    std::int64_t auction_lots_ = 0;
};

}  // namespace parley::sim
