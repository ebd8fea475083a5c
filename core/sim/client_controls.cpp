#include "clients.hpp"

namespace parley::sim {

/// Calls, halts and openings, and bands narrow enough to be met.
void Clients::auction(const std::array<std::int64_t, 4>& mids) {
    Random& random = context_.random;
    const InstrumentId instrument = random.between(1, kInstruments);
    if (random.chance(350)) {
        PriceBands bands{{mids[static_cast<std::size_t>(instrument)]}, random.between(0, 4) * 15,
                         random.between(0, 4) * 10, random.chance(500)};
        return submit(SetPriceBands{0, instrument, bands, ""});
    }
    const bool opens = random.chance(600);
    const auto phase = opens ? InstrumentPhase::continuous : static_cast<InstrumentPhase>(1 + random.below(2));
    submit(SetInstrumentPhase{0, instrument, phase, ""});
}

void Clients::bound_scope() {
    Random& random = context_.random;
    constexpr ControlScope scopes[] = {ControlScope::account, ControlScope::firm,     ControlScope::user,
                                       ControlScope::all,     ControlScope::strategy, ControlScope::instrument};
    ScopeLimitsCommand command;
    command.head.scope = scopes[random.below(std::size(scopes))];
    const AccountId account = random.between(1, kAccounts);
    command.head.scope_id = account;
    if (command.head.scope == ControlScope::all) command.head.scope_id = 0;
    if (command.head.scope == ControlScope::firm) command.head.scope_id = random.between(1, 2);
    if (command.head.scope == ControlScope::user) command.head.scope_id = user_of(account);
    if (command.head.scope == ControlScope::strategy) command.head.scope_id = random.between(1, kStrategies);
    ScopeLimits& limits = command.limits;
    limits.max_working_orders = random.between(4, 40);
    limits.max_order_value_micros = limits.max_open_risk_micros = 1LL << 58;
    if (random.chance(300)) limits.max_order_quantity_lots = random.between(5, 12);
    if (random.chance(200)) limits.max_orders = random.between(10, 200);
    if (random.chance(300)) limits.messages_per_second = limits.message_burst = random.between(2, 20);
    if (random.chance(200)) limits.duplicate_window_ns = random.between(1, 5) * kSecond;
    if (random.chance(200)) {
        limits.max_executions = random.between(3, 20);
        limits.execution_period_ns = random.between(1, 30) * kSecond;
    }
    if (random.chance(200)) {
        limits.period_collar_basis_points = random.between(20, 200);
        limits.collar_period_ns = random.between(1, 20) * kSecond;
    }
    submit(command);
}

/// Lists, overrides, and scopes that were disabled.
void Clients::list() {
    Random& random = context_.random;
    const AccountId account = random.between(1, kAccounts);
    const InstrumentId instrument = random.between(1, kInstruments);
    switch (random.below(4)) {
        case 0:
            return submit(SetInstrumentPermission{0, ControlScope::account, account, instrument,
                                                  static_cast<Permission>(random.below(3))});
        case 1:
            return submit(SetTraderAuthorization{0, user_of(account), account, random.chance(500)});
        case 2:
            return submit(GrantOverride{0, next_order_, account, instrument, static_cast<Side>(random.below(2)),
                                        {20}, Reason::max_order_quantity, context_.clock.wall() + 60 * kSecond,
                                        user_of(account), 1, ""});
        default:
            return submit(EnableScope{0, ControlScope::user, user_of(account), 1});
    }
}

void Clients::set_parent() {
    Random& random = context_.random;
    const std::int64_t lots = random.chance(150) ? 0 : random.between(5, 60);
    submit(SetParentOrder{0, random.between(1, kParentOrders), {lots}});
}

/// From then on the account's orders pass the portfolio margin.
void Clients::set_collateral() {
    Random& random = context_.random;
    CollateralCommand command;
    command.head.account_id = random.between(1, 2);
    command.head.last_execution_id = database_.fills.empty() ? 0 : database_.fills.rbegin()->first.first;
    command.head.cash_micros = random.between(1, 100) * 1'000'000'000;
    submit(command);
}

}  // namespace parley::sim
