#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "parley/bytes.hpp"
#include "parley/fixed_fields.hpp"
#include "parley/order_terms.hpp"
#include "parley/units.hpp"

namespace parley {

/// What the engine takes, as the journal stores it: a kind, the wall clock, then the fields of its struct in order.
/// The numbers are part of the journal's format: never reuse one.
enum class InputKind : std::uint8_t {
    list_instrument = 1,
    set_index = 2,
    set_quotes = 3,
    feed_heartbeat = 4,
    deliver = 5,
    set_limits = 16,
    place_order = 17,
    cancel_order = 18,
    cancel_all = 19,
    set_trading_state = 20,
    set_kill_switch = 21,
    reserve_block = 22,
    confirm_block = 23,
    void_block = 24,
    settle_instrument = 25,
    refuse_command = 26,
    // 27 to 39: orders (inputs.hpp, order_inputs.hpp)
    place_order_with_terms = 27,
    amend_order = 28,
    set_instrument_phase = 29,
    set_price_bands = 30,
    // 40 to 59: the controls of the risk gate (control_inputs.hpp)
    place_attributed_order = 40,
    set_scope_limits = 41,
    set_instrument_permission = 42,
    set_trader_authorization = 43,
    grant_override = 44,
    enable_scope = 45,
    set_parent_order = 46,
    set_collateral = 47,
    set_margin_inputs = 48,
    describe_instrument = 49,
    set_margin_parameters = 50,
    note_command = 51,
    // 52 to 54: orders of the gateway's own sessions (entered_inputs.hpp)
    enter_order = 52,
    enter_cancel = 53,
    enter_amend = 54,
    // 55 to 59: fields of fixed width (fixed_fields.hpp), which is how what comes in great numbers is written
    amend_order_fixed = 55,
    cancel_order_fixed = 56,
    place_order_fixed = 57,
    // 60 to 63: orders that work at other venues (route_inputs.hpp)
    place_route = 60,
    cancel_route = 61,
    amend_route = 62,
    report_route = 63,
    // 64, 65: orders at other venues of the gateway's own algorithms (entered_inputs.hpp)
    enter_route = 64,
    enter_route_cancel = 65,
};

inline constexpr std::size_t kQuoteLevelsMax = 10;
/// Largest price in ticks, and lots at one price, that a venue's quote may hold: sums over a book cannot wrap.
inline constexpr std::int64_t kQuotedMax = std::int64_t{1} << 56;
/// Twenty priced legs and a hedge leg.
inline constexpr std::size_t kBlockLegsMax = 21;
inline constexpr std::int64_t kCoinsMax = 64;
/// Coin of limits that cover every coin without limits of its own.
inline constexpr std::int64_t kAllCoins = -1;
inline constexpr std::int64_t kScopeIdMax = (std::int64_t{1} << 56) - 1;

/// Number of enumerators: what a stored or foreign number must lie below.
constexpr std::int64_t enumerators(Side) { return 2; }
constexpr std::int64_t enumerators(OrderType) { return 5; }
constexpr std::int64_t enumerators(TimeInForce) { return 5; }
constexpr std::int64_t enumerators(SelfMatch) { return 4; }
constexpr std::int64_t enumerators(Trigger) { return 2; }
constexpr std::int64_t enumerators(PegReference) { return 2; }
constexpr std::int64_t enumerators(InstrumentPhase) { return 3; }
constexpr std::int64_t enumerators(TradingState) { return 3; }
constexpr std::int64_t enumerators(ControlScope) { return 8; }
constexpr std::int64_t enumerators(ValueKind) { return 3; }

struct ListInstrument {
    static constexpr InputKind kind = InputKind::list_instrument;
    InstrumentId instrument_id = 0;
    std::string_view name;
    std::string_view terms_json;
    ValueKind value_kind{};
    std::int64_t base_coin_id = 0;
    std::int64_t lot_nanos = 0;   ///< dollars (fixed_usd) or coins of one lot, times 1e9
    std::int64_t tick_nanos = 0;  ///< price of one tick times 1e9
    TimeNs expiry_at_ns = 0;
    std::int64_t collar_floor_ticks = 0;
    auto fields() {
        return std::tie(instrument_id, name, terms_json, value_kind, base_coin_id, lot_nanos, tick_nanos, expiry_at_ns,
                        collar_floor_ticks);
    }
};

struct SetIndex {
    static constexpr InputKind kind = InputKind::set_index;
    std::int64_t coin_id = 0;
    Micros price_micros = 0;
    auto fields() { return std::tie(coin_id, price_micros); }
};

struct FeedHeartbeat {
    static constexpr InputKind kind = InputKind::feed_heartbeat;
    TimeNs market_time_ns = 0;
    auto fields() { return std::tie(market_time_ns); }
};

struct Deliver {
    static constexpr InputKind kind = InputKind::deliver;
    TimeNs market_time_ns = 0;
    InstrumentId instrument_id = 0;
    Micros delivery_price_micros = 0;
    auto fields() { return std::tie(market_time_ns, instrument_id, delivery_price_micros); }
};

struct Limits {
    std::int64_t max_order_quantity_lots = 0;
    Micros max_order_value_micros = 0;
    std::int64_t max_position_lots = 0;
    Micros max_position_value_micros = 0;
    std::int64_t price_collar_basis_points = 0;
};

struct SetLimits {
    static constexpr InputKind kind = InputKind::set_limits;
    std::int64_t command_sequence = 0;
    AccountId account_id = 0;
    std::int64_t firm_id = 0;
    std::int64_t desk_id = 0;
    Limits limits;
    std::int64_t coin_id = kAllCoins;
    std::string_view coin;
    auto fields() {
        return std::tie(command_sequence, account_id, firm_id, desk_id, limits.max_order_quantity_lots,
                        limits.max_order_value_micros, limits.max_position_lots, limits.max_position_value_micros,
                        limits.price_collar_basis_points, coin_id, coin);
    }
};

/// Who decided an order besides its trader, and what of it its sender has confirmed. Travels after a PlaceOrder's fields
/// in place_attributed_order; absent from place_order.
struct OrderAttribution {
    std::int64_t strategy_id = 0;      ///< the algorithm; 0: a person
    OrderId parent_order_id = 0;       ///< the order that this one is a part of; 0: none
    Micros confirmed_soft_bound = 0;   ///< the bound of the soft limit that a refusal named and a person confirmed
    auto fields() { return std::tie(strategy_id, parent_order_id, confirmed_soft_bound); }
};

struct PlaceOrder {
    static constexpr InputKind kind = InputKind::place_order;
    static constexpr InputKind fixed_kind = InputKind::place_order_fixed;
    std::int64_t command_sequence = 0;
    TimeNs valid_until_ns = 0;
    OrderId order_id = 0;
    AccountId account_id = 0;
    std::int64_t user_id = 0;
    std::int64_t desk_id = 0;
    std::int64_t firm_id = 0;
    InstrumentId instrument_id = 0;
    Side side{};
    OrderType order_type{};
    TimeInForce time_in_force{};
    Lots quantity;
    PriceTicks price;  ///< ignored for market orders
    bool is_post_only = false;
    bool is_reduce_only = false;
    OrderAttribution attribution;  ///< beside the fields: see there
    OrderTerms terms;              ///< beside the fields: see there
    auto fields() {
        return std::tie(command_sequence, valid_until_ns, order_id, account_id, user_id, desk_id, firm_id,
                        instrument_id, side, order_type, time_in_force, quantity, price, is_post_only,
                        is_reduce_only);
    }
};

struct CancelOrder {
    static constexpr InputKind kind = InputKind::cancel_order;
    static constexpr InputKind fixed_kind = InputKind::cancel_order_fixed;
    std::int64_t command_sequence = 0;
    OrderId order_id = 0;
    auto fields() { return std::tie(command_sequence, order_id); }
};

struct CancelAll {
    static constexpr InputKind kind = InputKind::cancel_all;
    std::int64_t command_sequence = 0;
    ControlScope scope{};
    std::int64_t scope_id = 0;
    auto fields() { return std::tie(command_sequence, scope, scope_id); }
};

struct SetTradingState {
    static constexpr InputKind kind = InputKind::set_trading_state;
    std::int64_t command_sequence = 0;
    ControlScope scope{};
    std::int64_t scope_id = 0;
    TradingState state{};
    auto fields() { return std::tie(command_sequence, scope, scope_id, state); }
};

struct SetKillSwitch {
    static constexpr InputKind kind = InputKind::set_kill_switch;
    std::int64_t command_sequence = 0;
    ControlScope scope{};
    std::int64_t scope_id = 0;
    bool is_engaged = false;
    auto fields() { return std::tie(command_sequence, scope, scope_id, is_engaged); }
};

struct BlockLeg {
    InstrumentId instrument_id = 0;
    Side side{};  ///< the taker's
    PriceTicks price;
    Lots quantity;
    AccountId taker_account_id = 0;
    AccountId maker_account_id = 0;
    auto fields() {
        return std::tie(instrument_id, side, price, quantity, taker_account_id, maker_account_id);
    }
};

/// Followed by the number of legs and the legs.
struct ReserveBlock {
    static constexpr InputKind kind = InputKind::reserve_block;
    std::int64_t command_sequence = 0;
    ReservationId reservation_id = 0;
    TimeNs valid_until_ns = 0;
    auto fields() { return std::tie(command_sequence, reservation_id, valid_until_ns); }
};

struct ConfirmBlock {
    static constexpr InputKind kind = InputKind::confirm_block;
    std::int64_t command_sequence = 0;
    ReservationId reservation_id = 0;
    auto fields() { return std::tie(command_sequence, reservation_id); }
};

struct VoidBlock {
    static constexpr InputKind kind = InputKind::void_block;
    std::int64_t command_sequence = 0;
    ReservationId reservation_id = 0;
    auto fields() { return std::tie(command_sequence, reservation_id); }
};

struct SettleInstrument {
    static constexpr InputKind kind = InputKind::settle_instrument;
    std::int64_t command_sequence = 0;
    InstrumentId instrument_id = 0;
    std::string_view command_id;
    auto fields() { return std::tie(command_sequence, instrument_id, command_id); }
};

struct RefuseCommand {
    static constexpr InputKind kind = InputKind::refuse_command;
    std::int64_t command_sequence = 0;
    std::string_view command_id;
    std::string_view reason;
    std::int64_t value = 0;
    std::int64_t bound = 0;
    auto fields() { return std::tie(command_sequence, command_id, reason, value, bound); }
};

struct QuoteLevel {
    PriceTicks price;
    Lots lots;
};

/// The venue's whole depth of one instrument, best first; replaces what it quoted before.
struct Quotes {
    InstrumentId instrument_id = 0;
    std::int64_t mark_ticks = -1;  ///< -1: no mark
    std::array<QuoteLevel, kQuoteLevelsMax> levels[2];
    std::size_t counts[2] = {0, 0};

    [[nodiscard]] std::span<QuoteLevel> side(Side side) noexcept {
        const auto at = static_cast<std::size_t>(side);
        return {levels[at].data(), counts[at]};
    }
    /// Adds lots at a price; levels without lots or price, and those beyond a maximum, are left out.
    void add(Side side, PriceTicks price, Lots lots) noexcept;
    /// Whether the best bid is at or above the best ask: such a quote is no reference and no depth.
    [[nodiscard]] bool is_crossed() const noexcept;
};

/// Followed by the number of instruments and the Quotes of each.
struct SetQuotes {
    static constexpr InputKind kind = InputKind::set_quotes;
    TimeNs market_time_ns = 0;
    auto fields() { return std::tie(market_time_ns); }
};

namespace codec {

template <typename Field>
void put(Writer& writer, const Field& field) {
    if constexpr (std::is_same_v<Field, std::string_view>) {
        writer.text(field);
    } else if constexpr (std::is_same_v<Field, Lots> || std::is_same_v<Field, PriceTicks>) {
        writer.number(field.value);
    } else if constexpr (std::is_same_v<Field, double>) {
        writer.number(std::bit_cast<std::int64_t>(field));
    } else {
        writer.number(static_cast<std::int64_t>(field));
    }
}

template <typename Field>
void get(Reader& reader, Field& field) {
    if constexpr (std::is_same_v<Field, std::string_view>) {
        field = reader.text();
    } else if constexpr (std::is_same_v<Field, Lots> || std::is_same_v<Field, PriceTicks>) {
        field.value = reader.number();
    } else if constexpr (std::is_same_v<Field, double>) {
        field = std::bit_cast<double>(reader.number());
    } else if constexpr (std::is_enum_v<Field>) {
        field = reader.below<Field>(enumerators(Field{}));
    } else if constexpr (std::is_same_v<Field, bool>) {
        field = reader.below<int>(2) != 0;
    } else {
        field = reader.number();
    }
}

template <typename Input>
void put_fields(Writer& writer, Input& input) {
    std::apply([&](const auto&... fields) { (put(writer, fields), ...); }, input.fields());
}

template <typename Input>
void get_fields(Reader& reader, Input& input) {
    std::apply([&](auto&... fields) { (get(reader, fields), ...); }, input.fields());
}

void put_quotes(Writer& writer, const Quotes& quotes);
void get_quotes(Reader& reader, Quotes& quotes);

/// Every field a number of as many bytes as it needs.
template <typename Input>
void encode_numbers(Writer& writer, TimeNs now_ns, Input input) {
    writer.byte(static_cast<std::uint8_t>(Input::kind));
    writer.number(now_ns);
    put_fields(writer, input);
}

/// In fields of fixed width where the input has that form.
template <typename Input>
void encode(Writer& writer, TimeNs now_ns, Input input) {
    if constexpr (HasFixedForm<Input>) {
        encode_fixed(writer, now_ns, input);
    } else {
        encode_numbers(writer, now_ns, input);
    }
}

template <typename Input>
[[nodiscard]] Input decode(Reader& reader) {
    Input input;
    get_fields(reader, input);
    return input;
}

}  // namespace codec
}  // namespace parley
