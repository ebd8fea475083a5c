#include "parley/events.hpp"

namespace parley {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Reason::count)> kNames{
    "",
    "no_limits",
    "max_order_quantity",
    "max_order_value",
    "price_collar",
    "stale_or_jumped_market",
    "position",
    "trading_state",
    "kill_switch",
    "duplicate_order",
    "attribution",
    "command_expired",
    "unknown_instrument",
    "instrument_not_trading",
    "instrument_not_delivered",
    "instrument_terms_changed",
    "invalid_quantity",
    "invalid_price",
    "reduce_only_not_supported",
    "post_only_not_combinable",
    "post_only_would_trade",
    "no_liquidity",
    "unknown_order",
    "too_late_to_cancel",
    "too_many_instruments",
    "too_many_accounts",
    "too_many_orders",
    "requested",
    "immediate_or_cancel",
    "cancel_all",
    "expired",
    "self_match",
    "duplicate_reservation",
    "unknown_reservation",
    "already_confirmed",
    "reservation_pending",
    "too_many_reservations",
    "voided",
    "self_trade",
    "message_rate",
    "repeated_execution_throttle",
    "customer_credit",
    "firm_capital",
    "own_risk_threshold",
    "restricted_instrument",
    "authorized_trader",
    "margin_headroom",
    "soft_limit",
    "deployment_cap",
    "orders_out_vs_orders_in",
    "same_person",
    "not_overridable",
    "too_many_overrides",
    "too_many_scopes",
    "too_many_parents",
    "collateral_outdated",
};
static_assert(!kNames.back().empty());

}  // namespace

std::string_view reason_name(Reason reason) noexcept { return kNames[static_cast<std::size_t>(reason)]; }

}  // namespace parley
