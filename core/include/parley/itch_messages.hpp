#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "parley/big_endian.hpp"
#include "parley/units.hpp"

/// Nasdaq TotalView-ITCH 5.0. Views over bytes whose length was checked against length_of(): no copy, no allocation.
/// Prices count 1e-4 US dollar (those of the circuit breaker 1e-8), times nanoseconds since midnight of New York.
namespace parley::itch {

inline constexpr std::size_t kMessageBytesMax = 50;
inline constexpr std::string_view kMessageTypes = "SRHYLVWKJhAFECXDUPQBINO";

/// Bytes of a message by its type, 0 where the specification has no such type.
inline constexpr auto kLengths = [] {
    std::array<std::uint8_t, 256> lengths{};
    constexpr std::uint8_t of_types[] = {12, 39, 25, 20, 26, 35, 12, 28, 35, 21, 36, 40,
                                         31, 36, 23, 19, 35, 44, 40, 19, 50, 20, 48};
    for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
        lengths[static_cast<std::uint8_t>(kMessageTypes[i])] = of_types[i];
    }
    return lengths;
}();

[[nodiscard]] constexpr std::size_t length_of(std::uint8_t type) noexcept { return kLengths[type]; }

/// What every message begins with.
class Message {
public:
    explicit constexpr Message(const std::uint8_t* bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] char type() const noexcept { return letter(0); }
    [[nodiscard]] std::uint16_t stock_locate() const noexcept { return u16(1); }
    [[nodiscard]] std::uint16_t tracking_number() const noexcept { return u16(3); }
    [[nodiscard]] std::uint64_t timestamp_ns() const noexcept { return big_endian::load48(bytes_ + 5); }
    [[nodiscard]] const std::uint8_t* bytes() const noexcept { return bytes_; }

protected:
    [[nodiscard]] char letter(std::size_t at) const noexcept { return static_cast<char>(bytes_[at]); }
    [[nodiscard]] std::uint16_t u16(std::size_t at) const noexcept { return big_endian::load<std::uint16_t>(bytes_ + at); }
    [[nodiscard]] std::uint32_t u32(std::size_t at) const noexcept { return big_endian::load<std::uint32_t>(bytes_ + at); }
    [[nodiscard]] std::uint64_t u64(std::size_t at) const noexcept { return big_endian::load<std::uint64_t>(bytes_ + at); }
    [[nodiscard]] std::string_view text(std::size_t at, std::size_t width) const noexcept {
        return big_endian::load_text(bytes_ + at, width);
    }
    [[nodiscard]] Side side_at(std::size_t at) const noexcept { return bytes_[at] == 'S' ? Side::sell : Side::buy; }

private:
    const std::uint8_t* bytes_;
};

/// S
struct SystemEvent : Message {
    using Message::Message;
    [[nodiscard]] char event_code() const noexcept { return letter(11); }  ///< O S Q M E C
};

/// R
struct StockDirectory : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] char market_category() const noexcept { return letter(19); }
    [[nodiscard]] char financial_status() const noexcept { return letter(20); }
    [[nodiscard]] std::uint32_t round_lot_size() const noexcept { return u32(21); }
    [[nodiscard]] char round_lots_only() const noexcept { return letter(25); }
    [[nodiscard]] char issue_classification() const noexcept { return letter(26); }
    [[nodiscard]] std::string_view issue_subtype() const noexcept { return text(27, 2); }
    [[nodiscard]] char authenticity() const noexcept { return letter(29); }
    [[nodiscard]] char short_sale_threshold() const noexcept { return letter(30); }
    [[nodiscard]] char is_ipo() const noexcept { return letter(31); }
    [[nodiscard]] char luld_tier() const noexcept { return letter(32); }
    [[nodiscard]] char is_etp() const noexcept { return letter(33); }
    [[nodiscard]] std::uint32_t etp_leverage() const noexcept { return u32(34); }
    [[nodiscard]] char is_inverse() const noexcept { return letter(38); }
};

/// H
struct StockTradingAction : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] char trading_state() const noexcept { return letter(19); }  ///< H halted, P paused, Q quotes, T trading
    [[nodiscard]] std::string_view reason() const noexcept { return text(21, 4); }
};

/// Y
struct RegSho : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] char action() const noexcept { return letter(19); }
};

/// L
struct MarketParticipantPosition : Message {
    using Message::Message;
    [[nodiscard]] std::string_view market_participant() const noexcept { return text(11, 4); }
    [[nodiscard]] std::string_view stock() const noexcept { return text(15, 8); }
    [[nodiscard]] char is_primary() const noexcept { return letter(23); }
    [[nodiscard]] char mode() const noexcept { return letter(24); }
    [[nodiscard]] char state() const noexcept { return letter(25); }
};

/// V
struct CircuitBreakerLevels : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t level_1_price_e8() const noexcept { return u64(11); }
    [[nodiscard]] std::uint64_t level_2_price_e8() const noexcept { return u64(19); }
    [[nodiscard]] std::uint64_t level_3_price_e8() const noexcept { return u64(27); }
};

/// W
struct CircuitBreakerStatus : Message {
    using Message::Message;
    [[nodiscard]] char breached_level() const noexcept { return letter(11); }
};

/// K
struct IpoQuotingPeriod : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] std::uint32_t release_time_s() const noexcept { return u32(19); }  ///< seconds since midnight
    [[nodiscard]] char qualifier() const noexcept { return letter(23); }
    [[nodiscard]] std::uint32_t price_e4() const noexcept { return u32(24); }
};

/// J
struct AuctionCollar : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] std::uint32_t reference_price_e4() const noexcept { return u32(19); }
    [[nodiscard]] std::uint32_t upper_price_e4() const noexcept { return u32(23); }
    [[nodiscard]] std::uint32_t lower_price_e4() const noexcept { return u32(27); }
    [[nodiscard]] std::uint32_t extension() const noexcept { return u32(31); }
};

/// h
struct OperationalHalt : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] char market_code() const noexcept { return letter(19); }
    [[nodiscard]] char action() const noexcept { return letter(20); }  ///< H halted, T trading
};

/// A
struct AddOrder : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(11); }
    [[nodiscard]] Side side() const noexcept { return side_at(19); }
    [[nodiscard]] std::uint32_t shares() const noexcept { return u32(20); }
    [[nodiscard]] std::string_view stock() const noexcept { return text(24, 8); }
    [[nodiscard]] std::uint32_t price_e4() const noexcept { return u32(32); }
};

/// F; a visitor without an overload for it takes it as the AddOrder it is.
struct AddOrderAttributed : AddOrder {
    using AddOrder::AddOrder;
    [[nodiscard]] std::string_view attribution() const noexcept { return text(36, 4); }
};

/// E
struct OrderExecuted : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(11); }
    [[nodiscard]] std::uint32_t executed_shares() const noexcept { return u32(19); }
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(23); }
};

/// C
struct OrderExecutedWithPrice : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(11); }
    [[nodiscard]] std::uint32_t executed_shares() const noexcept { return u32(19); }
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(23); }
    [[nodiscard]] bool is_printable() const noexcept { return letter(31) == 'Y'; }
    [[nodiscard]] std::uint32_t price_e4() const noexcept { return u32(32); }
};

/// X
struct OrderCancel : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(11); }
    [[nodiscard]] std::uint32_t canceled_shares() const noexcept { return u32(19); }
};

/// D
struct OrderDelete : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(11); }
};

/// U
struct OrderReplace : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t original_reference() const noexcept { return u64(11); }
    [[nodiscard]] std::uint64_t new_reference() const noexcept { return u64(19); }
    [[nodiscard]] std::uint32_t shares() const noexcept { return u32(27); }
    [[nodiscard]] std::uint32_t price_e4() const noexcept { return u32(31); }
};

/// P: a match with an order that was never displayed.
struct Trade : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(11); }
    [[nodiscard]] Side side() const noexcept { return side_at(19); }
    [[nodiscard]] std::uint32_t shares() const noexcept { return u32(20); }
    [[nodiscard]] std::string_view stock() const noexcept { return text(24, 8); }
    [[nodiscard]] std::uint32_t price_e4() const noexcept { return u32(32); }
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(36); }
};

/// Q
struct CrossTrade : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t shares() const noexcept { return u64(11); }
    [[nodiscard]] std::string_view stock() const noexcept { return text(19, 8); }
    [[nodiscard]] std::uint32_t price_e4() const noexcept { return u32(27); }
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(31); }
    [[nodiscard]] char cross_type() const noexcept { return letter(39); }  ///< O opening, C closing, H IPO or halt, A, I
};

/// B
struct BrokenTrade : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(11); }
};

/// I
struct NetOrderImbalance : Message {
    using Message::Message;
    [[nodiscard]] std::uint64_t paired_shares() const noexcept { return u64(11); }
    [[nodiscard]] std::uint64_t imbalance_shares() const noexcept { return u64(19); }
    [[nodiscard]] char direction() const noexcept { return letter(27); }
    [[nodiscard]] std::string_view stock() const noexcept { return text(28, 8); }
    [[nodiscard]] std::uint32_t far_price_e4() const noexcept { return u32(36); }
    [[nodiscard]] std::uint32_t near_price_e4() const noexcept { return u32(40); }
    [[nodiscard]] std::uint32_t reference_price_e4() const noexcept { return u32(44); }
    [[nodiscard]] char cross_type() const noexcept { return letter(48); }
    [[nodiscard]] char price_variation() const noexcept { return letter(49); }
};

/// N
struct RetailInterest : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] char interest() const noexcept { return letter(19); }
};

/// O: direct listing with capital raise.
struct DirectListingPrice : Message {
    using Message::Message;
    [[nodiscard]] std::string_view stock() const noexcept { return text(11, 8); }
    [[nodiscard]] char is_open_eligible() const noexcept { return letter(19); }
    [[nodiscard]] std::uint32_t minimum_price_e4() const noexcept { return u32(20); }
    [[nodiscard]] std::uint32_t maximum_price_e4() const noexcept { return u32(24); }
    [[nodiscard]] std::uint32_t near_price_e4() const noexcept { return u32(28); }
    [[nodiscard]] std::uint64_t near_time_ns() const noexcept { return u64(32); }
    [[nodiscard]] std::uint32_t lower_collar_e4() const noexcept { return u32(40); }
    [[nodiscard]] std::uint32_t upper_collar_e4() const noexcept { return u32(44); }
};

}  // namespace parley::itch
