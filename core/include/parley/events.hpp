#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "parley/units.hpp"

namespace parley {

/// Numbered as wire.gateway declares them in AnyGatewayEvent.
enum class EventKind : std::uint8_t {
    instrument_listed,
    instrument_delivered,
    limits_in_force,
    order_accepted,
    order_rejected,
    order_executed,
    order_canceled,
    cancel_rejected,
    cancel_all_done,
    trading_state_changed,
    kill_switch_changed,
    block_reserved,
    block_refused,
    block_confirmed,
    block_voided,
    instrument_settled,
    command_refused,
    control_set,
    order_amended,
    amend_rejected,
    order_triggered,
    order_restated,
    instrument_phase_changed,
    price_bands_set,
    order_entered,
    cancel_entered,
    amend_entered,
    route_admitted,
    route_refused,
    route_cancel_requested,
    route_amend_admitted,
    route_amend_refused,
    route_reported,
    route_entered,
};

/// Why something was refused or canceled; `reason_name` gives the word that travels.
enum class Reason : std::uint8_t {
    none,
    // risk gate, in the words of DOMAIN.md section 3
    no_limits,
    max_order_quantity,
    max_order_value,
    price_collar,
    stale_or_jumped_market,
    position,
    trading_state,
    kill_switch,
    duplicate_order,
    attribution,
    // orders and commands
    command_expired,
    unknown_instrument,
    instrument_not_trading,
    instrument_not_delivered,
    instrument_terms_changed,
    invalid_quantity,
    invalid_price,
    reduce_only,
    post_only_not_combinable,
    post_only_would_trade,
    no_liquidity,
    unknown_order,
    too_late_to_cancel,
    too_many_instruments,
    too_many_accounts,
    too_many_orders,
    // cancels
    requested,
    immediate_or_cancel,
    cancel_all,
    expired,
    self_match,
    // reservations
    duplicate_reservation,
    unknown_reservation,
    already_confirmed,
    reservation_pending,
    too_many_reservations,
    voided,
    self_trade,
    // controls of the risk gate by scope
    message_rate,
    repeated_execution_throttle,
    customer_credit,
    firm_capital,
    own_risk_threshold,
    restricted_instrument,
    authorized_trader,
    margin_headroom,
    soft_limit,
    deployment_cap,
    orders_out_vs_orders_in,
    // commands about controls
    same_person,
    not_overridable,
    too_many_overrides,
    too_many_scopes,
    too_many_parents,
    collateral_outdated,
    // order types, auctions, bands
    terms_not_combinable,
    invalid_terms,
    fill_or_kill,
    minimum_quantity,
    instrument_phase,
    price_band,
    // cancels of the gateway's own sessions
    disconnected,
    count,
};

[[nodiscard]] std::string_view reason_name(Reason reason) noexcept;

/// One thing the engine did. `values` holds the event's numbers in the order of its fields in wire.gateway, without
/// the reason (which is `reason`) and texts. Those of order_entered and route_entered are the whole input
/// (codec::put_entered).
struct Event {
    static constexpr std::size_t kValuesMax = 12;

    Event() noexcept {}  // NOLINT: not defaulted, so that each field is written once and nothing is zeroed before

    std::int64_t number = 0;
    std::uint64_t journal_sequence = 0;
    std::int64_t at_ns = 0;
    std::int64_t command_sequence = 0;
    std::array<std::int64_t, kValuesMax> values{};
    std::shared_ptr<const std::array<std::string, 2>> texts;
    std::uint32_t index = 0;
    EventKind kind = EventKind::instrument_listed;
    Reason reason = Reason::none;
};

}  // namespace parley
