#pragma once
// Commands that put the controls of the risk gate in force. Which control means what: docs/risk-gate.md.

#include "parley/events.hpp"
#include "parley/inputs.hpp"

namespace parley {

/// A limit that is switched off on purpose. Zero is a limit: it allows nothing.
inline constexpr std::int64_t kNoLimit = -1;
/// Most executions that the repeated execution throttle may count.
inline constexpr std::int64_t kExecutionsCountedMax = 1'024;

/// What one command put in force; numbered as wire.units.ControlKind.
enum class ControlKind : std::uint8_t {
    scope_limits,
    instrument_permission,
    trader_authorization,
    override_granted,
    scope_enabled,
    scope_disabled,
    parent_order,
    collateral,
};

enum class Permission : std::uint8_t { none, permitted, restricted };
constexpr std::int64_t enumerators(Permission) { return 3; }
constexpr std::int64_t enumerators(Reason) { return static_cast<std::int64_t>(Reason::count); }

/// Limits of one scope, beside those of each account (SetLimits). kNoLimit switches a control off.
struct ScopeLimits {
    std::int64_t max_order_quantity_lots = kNoLimit;
    Micros max_order_value_micros = kNoLimit;
    Micros soft_order_value_micros = kNoLimit;  ///< needs confirmation above
    Micros max_open_risk_micros = kNoLimit;     ///< of positions with everything working filled, at the index
    std::int64_t period_collar_basis_points = kNoLimit;  ///< against the mark at the beginning of the period
    TimeNs collar_period_ns = 0;
    std::int64_t messages_per_second = kNoLimit;
    std::int64_t message_burst = 0;
    TimeNs duplicate_window_ns = kNoLimit;
    std::int64_t max_executions = kNoLimit;  ///< within the period; then the scope is disabled
    TimeNs execution_period_ns = 0;
    std::int64_t max_working_orders = kNoLimit;
    std::int64_t max_orders = kNoLimit;  ///< accepted since these limits were set
    bool is_instrument_list_required = false;
    bool is_trader_list_required = false;

    auto fields() {
        return std::tie(max_order_quantity_lots, max_order_value_micros, soft_order_value_micros, max_open_risk_micros,
                        period_collar_basis_points, collar_period_ns, messages_per_second, message_burst,
                        duplicate_window_ns, max_executions, execution_period_ns, max_working_orders, max_orders,
                        is_instrument_list_required, is_trader_list_required);
    }
};

/// Followed by the fields of ScopeLimits.
struct SetScopeLimits {
    static constexpr InputKind kind = InputKind::set_scope_limits;
    std::int64_t command_sequence = 0;
    ControlScope scope{};
    std::int64_t scope_id = 0;
    auto fields() { return std::tie(command_sequence, scope, scope_id); }
};

struct SetInstrumentPermission {
    static constexpr InputKind kind = InputKind::set_instrument_permission;
    std::int64_t command_sequence = 0;
    ControlScope scope{};
    std::int64_t scope_id = 0;
    InstrumentId instrument_id = 0;
    Permission permission{};
    auto fields() { return std::tie(command_sequence, scope, scope_id, instrument_id, permission); }
};

struct SetTraderAuthorization {
    static constexpr InputKind kind = InputKind::set_trader_authorization;
    std::int64_t command_sequence = 0;
    std::int64_t user_id = 0;
    AccountId account_id = 0;
    bool is_authorized = false;
    auto fields() { return std::tie(command_sequence, user_id, account_id, is_authorized); }
};

/// Lets one order past one control, once, until a time.
struct GrantOverride {
    static constexpr InputKind kind = InputKind::grant_override;
    std::int64_t command_sequence = 0;
    OrderId order_id = 0;
    AccountId account_id = 0;
    InstrumentId instrument_id = 0;
    Side side{};
    Lots max_quantity;
    Reason control{};
    TimeNs valid_until_ns = 0;
    std::int64_t requested_by = 0;  ///< the trader of the order
    std::int64_t granted_by = 0;    ///< somebody else
    std::string_view command_id;
    auto fields() {
        return std::tie(command_sequence, order_id, account_id, instrument_id, side, max_quantity, control,
                        valid_until_ns, requested_by, granted_by, command_id);
    }
};

/// A person lets a strategy or a user trade again after the repeated execution throttle.
struct EnableScope {
    static constexpr InputKind kind = InputKind::enable_scope;
    std::int64_t command_sequence = 0;
    ControlScope scope{};
    std::int64_t scope_id = 0;
    std::int64_t enabled_by = 0;
    auto fields() { return std::tie(command_sequence, scope, scope_id, enabled_by); }
};

/// What may leave as parts of an order that was admitted; no quantity: nothing more may.
struct SetParentOrder {
    static constexpr InputKind kind = InputKind::set_parent_order;
    std::int64_t command_sequence = 0;
    OrderId parent_order_id = 0;
    Lots quantity;
    auto fields() { return std::tie(command_sequence, parent_order_id, quantity); }
};

/// A command that the gateway carried out by itself: only its number is taken.
struct NoteCommand {
    static constexpr InputKind kind = InputKind::note_command;
    std::int64_t command_sequence = 0;
    auto fields() { return std::tie(command_sequence); }
};

}  // namespace parley
