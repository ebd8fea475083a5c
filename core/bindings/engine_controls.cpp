#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "engine_inputs.hpp"
#include "parley/control_inputs.hpp"
#include "parley/margin_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

std::int64_t limit(const char* name, Limit value) {
    return value ? checked::not_negative(name, *value) : parley::kNoLimit;
}

std::int64_t part(const char* name, Limit of, std::int64_t value) {
    return of ? checked::positive(name, value) : 0;
}

}  // namespace

parley::ScopeLimits scope_limits_of(Limit max_order_quantity_lots, Limit max_order_value_micros,
                                    Limit soft_order_value_micros, Limit max_open_risk_micros,
                                    Limit period_collar_basis_points, std::int64_t collar_period_ns,
                                    Limit messages_per_second, std::int64_t message_burst, Limit duplicate_window_ns,
                                    Limit max_executions, std::int64_t execution_period_ns, Limit max_working_orders,
                                    Limit max_orders, bool is_instrument_list_required, bool is_trader_list_required) {
    parley::ScopeLimits limits;
    limits.max_order_quantity_lots = limit("max_order_quantity_lots", max_order_quantity_lots);
    limits.max_order_value_micros = limit("max_order_value_micros", max_order_value_micros);
    limits.soft_order_value_micros = limit("soft_order_value_micros", soft_order_value_micros);
    limits.max_open_risk_micros = limit("max_open_risk_micros", max_open_risk_micros);
    limits.period_collar_basis_points = limit("period_collar_basis_points", period_collar_basis_points);
    limits.collar_period_ns = part("collar_period_ns", period_collar_basis_points, collar_period_ns);
    limits.messages_per_second = limit("messages_per_second", messages_per_second);
    limits.message_burst = messages_per_second ? checked::not_negative("message_burst", message_burst) : 0;
    limits.duplicate_window_ns = limit("duplicate_window_ns", duplicate_window_ns);
    limits.max_executions = max_executions ? checked::within("max_executions", *max_executions, 1,
                                                             parley::kExecutionsCountedMax)
                                           : parley::kNoLimit;
    limits.execution_period_ns = part("execution_period_ns", max_executions, execution_period_ns);
    limits.max_working_orders = limit("max_working_orders", max_working_orders);
    limits.max_orders = limit("max_orders", max_orders);
    limits.is_instrument_list_required = is_instrument_list_required;
    limits.is_trader_list_required = is_trader_list_required;
    return limits;
}

namespace {

template <typename Command>
bool put(EngineService& engine, std::int64_t now_ns, const Command& command) {
    return engine.queue().push_command(command.command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
    });
}

bool set_scope_limits(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, int scope,
                      std::int64_t scope_id, Limit max_order_quantity_lots, Limit max_order_value_micros,
                      Limit soft_order_value_micros, Limit max_open_risk_micros, Limit period_collar_basis_points,
                      std::int64_t collar_period_ns, Limit messages_per_second, std::int64_t message_burst,
                      Limit duplicate_window_ns, Limit max_executions, std::int64_t execution_period_ns,
                      Limit max_working_orders, Limit max_orders, bool is_instrument_list_required,
                      bool is_trader_list_required) {
    const auto named = checked::enumerator<parley::ControlScope>("scope", scope);
    const parley::SetScopeLimits command{command_sequence, named, checked::scope_id(named, scope_id)};
    parley::ScopeLimits limits = scope_limits_of(
        max_order_quantity_lots, max_order_value_micros, soft_order_value_micros, max_open_risk_micros,
        period_collar_basis_points, collar_period_ns, messages_per_second, message_burst, duplicate_window_ns,
        max_executions, execution_period_ns, max_working_orders, max_orders, is_instrument_list_required,
        is_trader_list_required);
    return engine.queue().push_command(command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
        parley::codec::put_fields(writer, limits);
    });
}

bool set_instrument_permission(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, int scope,
                               std::int64_t scope_id, std::int64_t instrument_id, int permission) {
    const auto named = checked::enumerator<parley::ControlScope>("scope", scope);
    return put(engine, now_ns,
               parley::SetInstrumentPermission{
                   command_sequence, named, checked::scope_id(named, scope_id),
                   checked::within("instrument_id", instrument_id, 1, parley::kListedIdMax - 1),
                   checked::enumerator<parley::Permission>("permission", permission)});
}

bool set_trader_authorization(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                              std::int64_t user_id, std::int64_t account_id, bool is_authorized) {
    return put(engine, now_ns,
               parley::SetTraderAuthorization{command_sequence,
                                              checked::within("user_id", user_id, 1, parley::kListedIdMax - 1),
                                              checked::within("account_id", account_id, 1, parley::kScopeIdMax),
                                              is_authorized});
}

parley::Reason reason_of(std::string_view name) {
    for (std::int64_t number = 1; number < parley::enumerators(parley::Reason{}); ++number) {
        const auto reason = static_cast<parley::Reason>(number);
        if (parley::reason_name(reason) == name) return reason;
    }
    throw std::invalid_argument("control " + std::string(name) + " is unknown");
}

bool grant_override(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::int64_t order_id,
                    std::int64_t account_id, std::int64_t instrument_id, int side, std::int64_t max_quantity_lots,
                    std::string_view control, std::int64_t valid_until_ns, std::int64_t requested_by,
                    std::int64_t granted_by, std::string_view command_id) {
    return put(engine, now_ns,
               parley::GrantOverride{command_sequence, checked::positive("order_id", order_id), account_id,
                                     instrument_id, checked::enumerator<parley::Side>("side", side),
                                     {checked::positive("max_quantity_lots", max_quantity_lots)}, reason_of(control),
                                     valid_until_ns, requested_by, granted_by,
                                     checked::text("command_id", command_id)});
}

bool enable_scope(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, int scope,
                  std::int64_t scope_id, std::int64_t enabled_by) {
    const auto named = checked::enumerator<parley::ControlScope>("scope", scope);
    return put(engine, now_ns,
               parley::EnableScope{command_sequence, named, checked::scope_id(named, scope_id), enabled_by});
}

bool set_parent_order(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                      std::int64_t parent_order_id, std::int64_t quantity_lots) {
    return put(engine, now_ns,
               parley::SetParentOrder{command_sequence, checked::positive("parent_order_id", parent_order_id),
                                      {checked::within("quantity_lots", quantity_lots, 0, parley::kQuantityLotsMax)}});
}

bool note_command(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence) {
    return put(engine, now_ns, parley::NoteCommand{command_sequence});
}

bool set_collateral(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::int64_t account_id,
                    std::int64_t cash_micros, const std::vector<std::pair<std::int64_t, std::int64_t>>& coin_nanos,
                    std::int64_t last_execution_id) {
    const auto count = static_cast<std::int64_t>(coin_nanos.size());
    checked::within("coin_nanos", count, 0, parley::kCoinsMax);
    for (const auto& [coin, nanos] : coin_nanos) checked::within("coin_id", coin, 0, parley::kCoinsMax - 1);
    const parley::SetCollateral command{command_sequence, checked::positive("account_id", account_id),
                                        checked::not_negative("last_execution_id", last_execution_id), cash_micros};
    return engine.queue().push_command(command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
        writer.number(count);
        for (const auto& [coin, nanos] : coin_nanos) writer.numbers(coin, nanos);
    });
}

void bind_scope_limits(EngineClass& engine) {
    engine.def(
        "set_scope_limits", set_scope_limits, "now_ns"_a, "command_sequence"_a, "scope"_a, "scope_id"_a, nb::kw_only(),
        "max_order_quantity_lots"_a = nb::none(), "max_order_value_micros"_a = nb::none(),
        "soft_order_value_micros"_a = nb::none(), "max_open_risk_micros"_a = nb::none(),
        "period_collar_basis_points"_a = nb::none(), "collar_period_ns"_a = 0, "messages_per_second"_a = nb::none(),
        "message_burst"_a = 0, "duplicate_window_ns"_a = nb::none(), "max_executions"_a = nb::none(),
        "execution_period_ns"_a = 0, "max_working_orders"_a = nb::none(), "max_orders"_a = nb::none(),
        "is_instrument_list_required"_a = false, "is_trader_list_required"_a = false,
        "Puts limits on a scope (0 all, 1 firm, 2 desk, 3 user, 4 account, 5 instrument, 6 strategy, 7 venue) in force,\n"
        "beside those of each account; replaces all that it had. None switches a control off; zero allows nothing. An\n"
        "order passes the limits of every scope that covers it. A strategy has no order without max_order_value_micros,\n"
        "max_open_risk_micros and max_working_orders. Event control_set. See docs/risk-gate.md for each control.");
}

}  // namespace

void bind_control_commands(EngineClass& engine) {
    bind_scope_limits(engine);
    engine
        .def("set_instrument_permission", set_instrument_permission, "now_ns"_a, "command_sequence"_a, "scope"_a,
             "scope_id"_a, "instrument_id"_a, "permission"_a,
             "permission: 0 none, 1 permitted, 2 restricted. Restricted in any scope of an order refuses it; none refuses\n"
             "it where the scope has is_instrument_list_required.")
        .def("set_trader_authorization", set_trader_authorization, "now_ns"_a, "command_sequence"_a, "user_id"_a,
             "account_id"_a, "is_authorized"_a,
             "Whether the user may send orders of the account; asked where it has is_trader_list_required.")
        .def("grant_override", grant_override, "now_ns"_a, "command_sequence"_a, "order_id"_a, "account_id"_a,
             "instrument_id"_a, "side"_a, "max_quantity_lots"_a, "control"_a, "valid_until_ns"_a, "requested_by"_a,
             "granted_by"_a, "command_id"_a = "",
             "Lets the one order past the one control (by the name of its reason), once, until a time. granted_by is a\n"
             "user other than requested_by, the trader. Refused `same_person`, `not_overridable`, `too_many_overrides`.")
        .def("enable_scope", enable_scope, "now_ns"_a, "command_sequence"_a, "scope"_a, "scope_id"_a, "enabled_by"_a,
             "A person (user id) enables a strategy or user that the repeated execution throttle had disabled.")
        .def("set_parent_order", set_parent_order, "now_ns"_a, "command_sequence"_a, "parent_order_id"_a,
             "quantity_lots"_a,
             "Lots that may leave as child orders of a parent; 0 forgets it. Children of an unknown parent are refused.")
        .def("note_command", note_command, "now_ns"_a, "command_sequence"_a,
             "Takes the number of a command that the caller has carried out, durably, by itself. No event.")
        .def("set_collateral", set_collateral, "now_ns"_a, "command_sequence"_a, "account_id"_a, "cash_micros"_a,
             "coin_nanos"_a, "last_execution_id"_a,
             "Cash in micro-dollars and coins [(coin_id, 1e-9 coin), ...] of an account as the ledger has them, holding\n"
             "every execution up to last_execution_id; the engine adds what later ones moved. From the first time on the\n"
             "account's orders need initial margin. Event control_set; or command_refused `collateral_outdated` where\n"
             "more than 1,024 executions came since.");
}
