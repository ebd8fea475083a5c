#pragma once

#include <deque>

#include "mirror.hpp"

namespace parley::sim {

/// Traders and operators in front of the database: they place, cancel, retry what was not answered, halt, kill, reserve
/// and settle. An answer is given when the transaction is durable.
class Clients {
public:
    Clients(Context& context, Database& database) : context_(context), database_(database) {}
    /// Accounts get their limits first.
    void open();
    void step(const std::array<std::int64_t, 4>& mids);
    /// The terms of an order as somebody may want it.
    [[nodiscard]] PlaceOrder draft(const std::array<std::int64_t, 4>& mids);
    /// Sends again what has no answer. True where nothing is left.
    bool settle_answers();
    /// O5: what was acknowledged is there, with the same content.
    void insist_on_acknowledged() const;

private:
    struct Request {
        std::string client_id;
        PlaceOrder terms;
    };
    void place(const std::array<std::int64_t, 4>& mids);
    void send(const Request& request);
    [[nodiscard]] OrderId store(const Request& request);
    // client_orders.cpp: every type and term
    void shape(PlaceOrder& terms);
    void shape_resting(PlaceOrder& terms);
    void amend(const std::array<std::int64_t, 4>& mids);
    // client_controls.cpp: what operators set
    void auction(const std::array<std::int64_t, 4>& mids);
    void bound_scope();
    void list();
    void set_parent();
    void set_collateral();
    void cancel();
    void control();
    void block();
    void settle();
    void submit(const Command& command);
    [[nodiscard]] SetLimits limits_of(AccountId account);

    Context& context_;
    Database& database_;
    std::deque<Request> unanswered_;
    std::vector<std::pair<Request, OrderId>> acknowledged_;
    std::vector<Command> rearm_;
    OrderId next_order_ = 1;
    ReservationId next_block_ = 1;
    std::int64_t requests_ = 0;
};

inline constexpr AccountId kAccounts = 4;
inline constexpr std::int64_t kStrategies = 2;
/// Parents 1..4 of orders that algorithms send in parts.
inline constexpr OrderId kParentOrders = 4;
inline constexpr std::int64_t user_of(AccountId account) { return account * 100; }
/// Instruments 1..3; the third is delivered and settled on the way.
inline constexpr InstrumentId kInstruments = 3;
inline constexpr InstrumentId kExpiring = 3;

}  // namespace parley::sim
