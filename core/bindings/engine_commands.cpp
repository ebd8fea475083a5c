#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <tuple>

#include "engine_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

parley::PlaceOrder order_of(std::int64_t order_id, std::int64_t valid_until_ns, std::int64_t account_id,
                            std::int64_t user_id, std::int64_t desk_id, std::int64_t firm_id,
                            std::int64_t instrument_id, int side, int order_type, int time_in_force,
                            std::int64_t quantity_lots, std::optional<std::int64_t> price_ticks, bool is_post_only,
                            bool is_reduce_only, std::int64_t strategy_id, std::int64_t parent_order_id,
                            std::int64_t confirmed_soft_bound_micros, std::int64_t expires_at_ns,
                            std::int64_t display_lots, std::int64_t minimum_lots, std::int64_t stop_ticks, int trigger,
                            int peg_reference, std::int64_t peg_offset_ticks, int self_match) {
    parley::PlaceOrder command;
    command.valid_until_ns = valid_until_ns;
    command.order_id = checked::positive("order_id", order_id);
    command.account_id = account_id;
    command.user_id = checked::within("user_id", user_id, 0, parley::kScopeIdMax);
    command.desk_id = checked::within("desk_id", desk_id, 0, parley::kScopeIdMax);
    command.firm_id = firm_id;
    command.instrument_id = instrument_id;
    command.side = checked::enumerator<parley::Side>("side", side);
    command.order_type = checked::enumerator<parley::OrderType>("order_type", order_type);
    command.time_in_force = checked::enumerator<parley::TimeInForce>("time_in_force", time_in_force);
    command.quantity = {quantity_lots};
    command.price = {price_ticks.value_or(0)};
    command.is_post_only = is_post_only;
    command.is_reduce_only = is_reduce_only;
    command.attribution = {checked::within("strategy_id", strategy_id, 0, parley::kScopeIdMax),
                           checked::not_negative("parent_order_id", parent_order_id),
                           checked::not_negative("confirmed_soft_bound_micros", confirmed_soft_bound_micros)};
    command.terms = {checked::not_negative("expires_at_ns", expires_at_ns),
                     {checked::not_negative("display_lots", display_lots)},
                     {checked::not_negative("minimum_lots", minimum_lots)},
                     {checked::within("stop_ticks", stop_ticks, 0, parley::kPriceTicksMax)},
                     checked::enumerator<parley::Trigger>("trigger", trigger),
                     checked::enumerator<parley::PegReference>("peg_reference", peg_reference),
                     checked::within("peg_offset_ticks", peg_offset_ticks, -parley::kPriceTicksMax, parley::kPriceTicksMax),
                     checked::enumerator<parley::SelfMatch>("self_match", self_match)};
    return command;
}

namespace {

template <typename Command>
bool put(EngineService& engine, std::int64_t now_ns, const Command& command) {
    return engine.queue().push_command(command.command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
    });
}

bool put_attributed(EngineService& engine, std::int64_t now_ns, parley::PlaceOrder& command) {
    return engine.queue().push_command(command.command_sequence, [&](parley::Writer& writer) {
        writer.byte(static_cast<std::uint8_t>(parley::InputKind::place_attributed_order));
        writer.number(now_ns);
        parley::codec::put_fields(writer, command);
        parley::codec::put_fields(writer, command.attribution);
    });
}

bool put_with_terms(EngineService& engine, std::int64_t now_ns, parley::PlaceOrder& command) {
    return engine.queue().push_command(command.command_sequence, [&](parley::Writer& writer) {
        writer.byte(static_cast<std::uint8_t>(parley::InputKind::place_order_with_terms));
        writer.number(now_ns);
        parley::codec::put_fields(writer, command);
        parley::codec::put_fields(writer, command.attribution);
        parley::codec::put_fields(writer, command.terms);
    });
}

bool set_limits(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::int64_t account_id,
                std::int64_t firm_id, std::int64_t desk_id, std::int64_t max_order_quantity_lots,
                std::int64_t max_order_value_micros, std::int64_t max_position_lots,
                std::int64_t max_position_value_micros, std::int64_t price_collar_basis_points, std::int64_t coin_id,
                std::string_view coin) {
    parley::SetLimits command;
    command.command_sequence = command_sequence;
    command.account_id = checked::positive("account_id", account_id);
    command.firm_id = checked::within("firm_id", firm_id, 0, parley::kScopeIdMax);
    command.desk_id = checked::within("desk_id", desk_id, 0, parley::kScopeIdMax);
    command.limits = {checked::not_negative("max_order_quantity_lots", max_order_quantity_lots),
                      checked::not_negative("max_order_value_micros", max_order_value_micros),
                      checked::not_negative("max_position_lots", max_position_lots),
                      checked::not_negative("max_position_value_micros", max_position_value_micros),
                      checked::not_negative("price_collar_basis_points", price_collar_basis_points)};
    command.coin_id = checked::within("coin_id", coin_id, parley::kAllCoins, parley::kCoinsMax - 1);
    command.coin = checked::text("coin", coin);
    return put(engine, now_ns, command);
}

bool place_order(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                 std::int64_t valid_until_ns, std::int64_t order_id, std::int64_t account_id, std::int64_t user_id,
                 std::int64_t desk_id, std::int64_t firm_id, std::int64_t instrument_id, int side, int order_type,
                 int time_in_force, std::int64_t quantity_lots, std::optional<std::int64_t> price_ticks,
                 bool is_post_only, bool is_reduce_only, std::int64_t strategy_id, std::int64_t parent_order_id,
                 std::int64_t confirmed_soft_bound_micros, std::int64_t expires_at_ns, std::int64_t display_lots,
                 std::int64_t minimum_lots, std::int64_t stop_ticks, int trigger, int peg_reference,
                 std::int64_t peg_offset_ticks, int self_match) {
    parley::PlaceOrder command =
        order_of(order_id, valid_until_ns, account_id, user_id, desk_id, firm_id, instrument_id, side, order_type,
                 time_in_force, quantity_lots, price_ticks, is_post_only, is_reduce_only, strategy_id, parent_order_id,
                 confirmed_soft_bound_micros, expires_at_ns, display_lots, minimum_lots, stop_ticks, trigger,
                 peg_reference, peg_offset_ticks, self_match);
    command.command_sequence = command_sequence;
    if (command.terms != parley::OrderTerms{}) return put_with_terms(engine, now_ns, command);
    const bool is_attributed = strategy_id != 0 || parent_order_id != 0 || confirmed_soft_bound_micros != 0;
    return is_attributed ? put_attributed(engine, now_ns, command) : put(engine, now_ns, command);
}

bool cancel_order(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, std::int64_t order_id) {
    return put(engine, now_ns, parley::CancelOrder{command_sequence, checked::positive("order_id", order_id)});
}

bool cancel_all(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, int scope,
                std::int64_t scope_id) {
    const auto named = checked::enumerator<parley::ControlScope>("scope", scope);
    return put(engine, now_ns, parley::CancelAll{command_sequence, named, checked::scope_id(named, scope_id)});
}

bool set_trading_state(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, int scope,
                       std::int64_t scope_id, int state) {
    const auto named = checked::enumerator<parley::ControlScope>("scope", scope);
    return put(engine, now_ns,
               parley::SetTradingState{command_sequence, named, checked::scope_id(named, scope_id),
                                       checked::enumerator<parley::TradingState>("state", state)});
}

bool set_kill_switch(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence, int scope,
                     std::int64_t scope_id, bool is_engaged) {
    const auto named = checked::enumerator<parley::ControlScope>("scope", scope);
    return put(engine, now_ns,
               parley::SetKillSwitch{command_sequence, named, checked::scope_id(named, scope_id), is_engaged});
}

using LegTuple = std::tuple<std::int64_t, int, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

parley::BlockLeg leg_of(const LegTuple& leg) {
    return {std::get<0>(leg),   checked::enumerator<parley::Side>("side", std::get<1>(leg)),
            {std::get<2>(leg)}, {std::get<3>(leg)},
            std::get<4>(leg),   std::get<5>(leg)};
}

bool reserve_block(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                   std::int64_t reservation_id, std::int64_t valid_until_ns, const std::vector<LegTuple>& legs) {
    const auto count = static_cast<std::int64_t>(legs.size());
    checked::within("legs", count, 1, static_cast<std::int64_t>(parley::kBlockLegsMax));
    std::vector<parley::BlockLeg> all;
    for (const LegTuple& leg : legs) all.push_back(leg_of(leg));
    const parley::ReserveBlock command{command_sequence, checked::positive("reservation_id", reservation_id),
                                       valid_until_ns};
    return engine.queue().push_command(command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
        writer.number(count);
        for (parley::BlockLeg& leg : all) parley::codec::put_fields(writer, leg);
    });
}

bool confirm_block(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                   std::int64_t reservation_id) {
    return put(engine, now_ns, parley::ConfirmBlock{command_sequence, reservation_id});
}

bool void_block(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                std::int64_t reservation_id) {
    return put(engine, now_ns,
               parley::VoidBlock{command_sequence, checked::positive("reservation_id", reservation_id)});
}

bool settle_instrument(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                       std::int64_t instrument_id, std::string_view command_id) {
    return put(engine, now_ns,
               parley::SettleInstrument{command_sequence, instrument_id, checked::text("command_id", command_id)});
}

bool refuse_command(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                    std::string_view command_id, std::string_view reason, std::int64_t value, std::int64_t bound) {
    return put(engine, now_ns,
               parley::RefuseCommand{command_sequence, checked::text("command_id", command_id),
                                     checked::text("reason", reason), value, bound});
}

}  // namespace

void bind_commands(EngineClass& engine) {
    engine
        .def("set_limits", set_limits, "now_ns"_a, "command_sequence"_a, "account_id"_a, "firm_id"_a, "desk_id"_a,
             "max_order_quantity_lots"_a, "max_order_value_micros"_a, "max_position_lots"_a,
             "max_position_value_micros"_a, "price_collar_basis_points"_a, "coin_id"_a = parley::kAllCoins,
             "coin"_a = "",
             "Registers the account and puts its limits in force, for one coin or (-1) for all coins without their\n"
             "own. Zero allows nothing. The position limits hold per instrument. Event limits_in_force.\n\n"
             "Every command returns True when taken and False for a sequence taken before (nothing happens), and\n"
             "raises CommandGap for one too high, ValueError for what no command may hold (answer that with\n"
             "refuse_command, so that the sequence is consumed), QueueFull, EngineHalted.")
        .def("place_order", place_order, "now_ns"_a, "command_sequence"_a, "valid_until_ns"_a, "order_id"_a,
             "account_id"_a, "user_id"_a, "desk_id"_a, "firm_id"_a, "instrument_id"_a, "side"_a, "order_type"_a,
             "time_in_force"_a, "quantity_lots"_a, "price_ticks"_a = nb::none(), "is_post_only"_a = false,
             "is_reduce_only"_a = false, "strategy_id"_a = 0, "parent_order_id"_a = 0,
             "confirmed_soft_bound_micros"_a = 0, "expires_at_ns"_a = 0, "display_lots"_a = 0, "minimum_lots"_a = 0,
             "stop_ticks"_a = 0, "trigger"_a = 0, "peg_reference"_a = 0, "peg_offset_ticks"_a = 0, "self_match"_a = 0,
             "side: 0 buy, 1 sell. order_type: 0 limit, 1 market (trades as far as the collar, never rests), 2 stop,\n"
             "3 stop-limit, 4 peg (price_ticks: its limit, or none). time_in_force: 0 GTC, 1 IOC, 2 FOK, 3 GTD (until\n"
             "expires_at_ns), 4 DAY. display_lots: iceberg. minimum_lots: of IOC. trigger: 0 last trade, 1 mark.\n"
             "peg_reference: 0 mid, 1 own side of the venue's quote. self_match: 0 cancel newest, 1 oldest, 2 both, 3\n"
             "decrement. docs/core-engine.md says what each does. strategy_id: the algorithm, 0 a person. parent_order_id: of set_parent_order, 0\n"
             "none. confirmed_soft_bound_micros: bound that a refusal soft_limit named and a person confirmed. Events: order_rejected; or order_accepted, order_executed..., and\n"
             "order_canceled where something is left that may not rest.")
        .def("cancel_order", cancel_order, "now_ns"_a, "command_sequence"_a, "order_id"_a,
             "Event order_canceled, or cancel_rejected `too_late_to_cancel` or `unknown_order`. Never throttled,\n"
             "never blocked by a control.")
        .def("cancel_all", cancel_all, "now_ns"_a, "command_sequence"_a, "scope"_a, "scope_id"_a,
             "scope: 0 all, 1 firm, 2 desk, 3 user, 4 account, 5 instrument, 6 strategy, 7 venue; scope_id is 0 with scope 0.")
        .def("set_trading_state", set_trading_state, "now_ns"_a, "command_sequence"_a, "scope"_a, "scope_id"_a,
             "state"_a, "state: 0 active, 1 reducing, 2 halted. The strictest of all scopes of an order holds.")
        .def("set_kill_switch", set_kill_switch, "now_ns"_a, "command_sequence"_a, "scope"_a, "scope_id"_a,
             "is_engaged"_a, "Engaging cancels every order in scope and blocks new ones until it is released.")
        .def("refuse_command", refuse_command, "now_ns"_a, "command_sequence"_a, "command_id"_a, "reason"_a,
             "value"_a = 0, "bound"_a = 0,
             "Consumes the sequence of a command that cannot be taken, and answers it with command_refused.");
}

void bind_block_commands(EngineClass& engine) {
    engine
        .def("reserve_block", reserve_block, "now_ns"_a, "command_sequence"_a, "reservation_id"_a,
             "valid_until_ns"_a, "legs"_a,
             "Checks and reserves every leg for both accounts, all or none. legs: 1 to 21 of (instrument_id, side of\n"
             "the taker, price_ticks, quantity_lots, taker_account_id, maker_account_id). Event block_reserved, or\n"
             "block_refused naming account and leg (account 0 where no leg is to blame).")
        .def("confirm_block", confirm_block, "now_ns"_a, "command_sequence"_a, "reservation_id"_a,
             "Turns a reservation into positions. Event block_confirmed with the execution id of leg 0; the next legs\n"
             "count on; both sides share it. Else block_refused `unknown_reservation`, `voided`, `already_confirmed`.")
        .def("void_block", void_block, "now_ns"_a, "command_sequence"_a, "reservation_id"_a,
             "Releases a reservation, also one that has not arrived yet (it will be refused `voided`). Event\n"
             "block_voided, or block_refused `already_confirmed`.")
        .def("settle_instrument", settle_instrument, "now_ns"_a, "command_sequence"_a, "instrument_id"_a,
             "command_id"_a = "",
             "Forgets a delivered instrument and its positions. Event instrument_settled, or command_refused\n"
             "`unknown_instrument`, `instrument_not_delivered`, `reservation_pending`.");
}
