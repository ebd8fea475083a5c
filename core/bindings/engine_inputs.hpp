#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parley/engine_service.hpp"

/// What Python may do wrong is refused here with ValueError; the engine below asserts.
namespace checked {

[[noreturn]] inline void refuse(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
    throw std::invalid_argument(std::string(name) + " " + std::to_string(value) + " is not between " +
                                std::to_string(least) + " and " + std::to_string(most));
}

inline std::int64_t within(const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least || value > most) refuse(name, value, least, most);
    return value;
}

inline std::int64_t positive(const char* name, std::int64_t value) {
    return within(name, value, 1, std::numeric_limits<std::int64_t>::max());
}

inline std::int64_t not_negative(const char* name, std::int64_t value) {
    return within(name, value, 0, std::numeric_limits<std::int64_t>::max());
}

template <typename Enum>
Enum enumerator(const char* name, int value) {
    return static_cast<Enum>(within(name, value, 0, parley::enumerators(Enum{}) - 1));
}

inline constexpr std::size_t kTextBytesMax = 65'536;

inline std::string_view text(const char* name, std::string_view value) {
    if (value.size() <= kTextBytesMax) return value;
    refuse(name, static_cast<std::int64_t>(value.size()), 0, kTextBytesMax);
}

inline std::int64_t scope_id(parley::ControlScope scope, std::int64_t id) {
    return within("scope_id", id, 0, scope == parley::ControlScope::all ? 0 : parley::kScopeIdMax);
}

}  // namespace checked

/// What place_order and enter_order are given, checked. In bindings/engine_commands.cpp.
parley::PlaceOrder order_of(std::int64_t order_id, std::int64_t valid_until_ns, std::int64_t account_id,
                            std::int64_t user_id, std::int64_t desk_id, std::int64_t firm_id,
                            std::int64_t instrument_id, int side, int order_type, int time_in_force,
                            std::int64_t quantity_lots, std::optional<std::int64_t> price_ticks, bool is_post_only,
                            bool is_reduce_only, std::int64_t strategy_id, std::int64_t parent_order_id,
                            std::int64_t confirmed_soft_bound_micros, std::int64_t expires_at_ns,
                            std::int64_t display_lots, std::int64_t minimum_lots, std::int64_t stop_ticks, int trigger,
                            int peg_reference, std::int64_t peg_offset_ticks, int self_match);

using Limit = std::optional<std::int64_t>;

/// What set_scope_limits is given, checked. In bindings/engine_controls.cpp.
parley::ScopeLimits scope_limits_of(Limit max_order_quantity_lots, Limit max_order_value_micros,
                                    Limit soft_order_value_micros, Limit max_open_risk_micros,
                                    Limit period_collar_basis_points, std::int64_t collar_period_ns,
                                    Limit messages_per_second, std::int64_t message_burst, Limit duplicate_window_ns,
                                    Limit max_executions, std::int64_t execution_period_ns, Limit max_working_orders,
                                    Limit max_orders, bool is_instrument_list_required, bool is_trader_list_required);

using Levels = std::vector<std::pair<std::int64_t, std::int64_t>>;
using Column = nanobind::ndarray<const std::int64_t, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;
using Table = nanobind::ndarray<const std::int64_t, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;

using EngineClass = nanobind::class_<parley::EngineService>;
void bind_market_inputs(EngineClass& engine);
void bind_commands(EngineClass& engine);
void bind_block_commands(EngineClass& engine);
void bind_order_commands(EngineClass& engine);
void bind_control_commands(EngineClass& engine);
void bind_entered_orders(EngineClass& engine);
void bind_routes(EngineClass& engine);
void bind_in_force(EngineClass& engine);
void bind_margin_inputs(EngineClass& engine);
