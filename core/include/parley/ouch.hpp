#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "parley/big_endian.hpp"

/// Nasdaq OUCH 5.0, what a client sends. Prices count 1e-4 US dollar. Nothing here allocates.
namespace parley::ouch {

/// A text of fixed width, filled with spaces once, copied ever after.
template <std::size_t Width>
struct Text {
    std::array<std::uint8_t, Width> bytes;

    constexpr Text() noexcept { bytes.fill(' '); }
    explicit constexpr Text(std::string_view text) noexcept : Text() {
        for (std::size_t i = 0; i < Width && i < text.size(); ++i) bytes[i] = static_cast<std::uint8_t>(text[i]);
    }
    friend constexpr bool operator==(const Text&, const Text&) noexcept = default;
};

using Symbol = Text<8>;
using ClientOrderId = Text<14>;
using Firm = Text<4>;
using UserReference = std::uint32_t;  ///< UserRefNum: strictly increasing through a session's day

enum class Side : char { buy = 'B', sell = 'S', sell_short = 'T', sell_short_exempt = 'E' };
enum class TimeInForce : char { day = '0', ioc = '3', extended = '5', until_time = '6', after_hours = 'E' };
enum class Display : char { visible = 'Y', hidden = 'N', attributable = 'A', conformant = 'Z' };
enum class Capacity : char { agency = 'A', principal = 'P', riskless = 'R', other = 'O' };
enum class CrossType : char {
    continuous = 'N', opening = 'O', closing = 'C', halt = 'H', supplemental = 'S', retail = 'R', extended_life = 'E',
    after_hours_close = 'A'
};
enum class PriceType : char {
    limit = 'L', market_peg = 'P', mid_peg = 'M', primary_peg = 'R', market_maker_peg = 'Q'
};

/// Options at the end of a message: what is not set is not sent.
enum class OptionTag : std::uint8_t {
    secondary_order_reference = 1, firm = 2, minimum_quantity = 3, customer_type = 4, maximum_floor = 5, price_type = 6,
    peg_offset = 7, discretion_price = 9, discretion_price_type = 10, discretion_peg_offset = 11, post_only = 12,
    random_reserves = 13, route = 14, expire_time = 15, trade_now = 16, handling_instruction = 17, bbo_weight = 18,
    display_quantity = 22, display_price = 23, group_id = 24, shares_located = 25, locate_broker = 26, side = 27,
    user_reference_index = 28
};

inline constexpr std::size_t kAppendageBytesMax = 128;

/// Builds the options of a message in place: a byte of length, the tag, the value. add() is false where they are full.
class Appendage {
public:
    template <std::unsigned_integral Number>
    bool add(OptionTag tag, Number value) noexcept {
        std::uint8_t* at = take(tag, sizeof value);
        if (at != nullptr) big_endian::store(at, value);
        return at != nullptr;
    }
    bool add(OptionTag tag, char value) noexcept { return add(tag, static_cast<std::uint8_t>(value)); }
    template <std::size_t Width>
    bool add(OptionTag tag, const Text<Width>& value) noexcept {
        std::uint8_t* at = take(tag, Width);
        if (at != nullptr) std::memcpy(at, value.bytes.data(), Width);
        return at != nullptr;
    }

    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return {bytes_.data(), size_}; }

private:
    std::uint8_t* take(OptionTag tag, std::size_t width) noexcept {
        if (size_ + 2 + width > kAppendageBytesMax) return nullptr;
        std::uint8_t* at = bytes_.data() + size_;
        at[0] = static_cast<std::uint8_t>(1 + width);
        at[1] = static_cast<std::uint8_t>(tag);
        size_ += 2 + width;
        return at + 2;
    }

    std::array<std::uint8_t, kAppendageBytesMax> bytes_;
    std::size_t size_ = 0;
};

struct EnterOrder {
    UserReference user_reference = 0;
    Side side = Side::buy;
    std::uint32_t quantity = 0;
    Symbol symbol;
    std::uint64_t price_e4 = 0;
    TimeInForce time_in_force = TimeInForce::day;
    Display display = Display::visible;
    Capacity capacity = Capacity::principal;
    bool is_intermarket_sweep = false;
    CrossType cross_type = CrossType::continuous;
    ClientOrderId client_order_id;
};

struct ReplaceOrder {
    UserReference original_reference = 0;
    UserReference user_reference = 0;
    std::uint32_t quantity = 0;
    std::uint64_t price_e4 = 0;
    TimeInForce time_in_force = TimeInForce::day;
    Display display = Display::visible;
    bool is_intermarket_sweep = false;
    ClientOrderId client_order_id;
};

/// Leaves `quantity` shares of the order; 0 cancels it.
struct CancelOrder {
    UserReference user_reference = 0;
    std::uint32_t quantity = 0;
};

struct ModifyOrder {
    UserReference user_reference = 0;
    Side side = Side::buy;
    std::uint32_t quantity = 0;
};

/// All orders of a firm, of one symbol where it is not blank.
struct MassCancel {
    UserReference user_reference = 0;
    Firm firm;
    Symbol symbol;
};

struct DisableOrderEntry {
    UserReference user_reference = 0;
    Firm firm;
};

struct EnableOrderEntry {
    UserReference user_reference = 0;
    Firm firm;
};

struct AccountQuery {};

inline constexpr std::size_t kEnterOrderBytes = 47;
inline constexpr std::size_t kReplaceOrderBytes = 40;
inline constexpr std::size_t kCancelOrderBytes = 9;
inline constexpr std::size_t kModifyOrderBytes = 10;
inline constexpr std::size_t kMassCancelBytes = 17;
inline constexpr std::size_t kDisableOrderEntryBytes = 9;
inline constexpr std::size_t kEnableOrderEntryBytes = 9;
inline constexpr std::size_t kAccountQueryBytes = 1;

/// Writes a message from left to right; the caller has made room.
class Encoder {
public:
    explicit Encoder(std::uint8_t* at) noexcept : at_(at) {}

    template <std::unsigned_integral Number>
    Encoder& number(Number value) noexcept {
        big_endian::store(at_, value);
        at_ += sizeof value;
        return *this;
    }
    template <typename Letter>
    Encoder& letter(Letter value) noexcept {
        *at_++ = static_cast<std::uint8_t>(value);
        return *this;
    }
    template <std::size_t Width>
    Encoder& text(const Text<Width>& value) noexcept {
        std::memcpy(at_, value.bytes.data(), Width);
        at_ += Width;
        return *this;
    }
    Encoder& flag(bool value) noexcept { return letter(value ? 'Y' : 'N'); }

private:
    std::uint8_t* at_;
};

inline void encode_body(const EnterOrder& order, std::uint8_t* out) noexcept {
    Encoder(out).letter('O').number(order.user_reference).letter(order.side).number(order.quantity).text(order.symbol)
        .number(order.price_e4).letter(order.time_in_force).letter(order.display).letter(order.capacity)
        .flag(order.is_intermarket_sweep).letter(order.cross_type).text(order.client_order_id)
        .number(std::uint16_t{0});
}

inline void encode_body(const ReplaceOrder& order, std::uint8_t* out) noexcept {
    Encoder(out).letter('U').number(order.original_reference).number(order.user_reference).number(order.quantity)
        .number(order.price_e4).letter(order.time_in_force).letter(order.display).flag(order.is_intermarket_sweep)
        .text(order.client_order_id).number(std::uint16_t{0});
}

inline void encode_body(const CancelOrder& order, std::uint8_t* out) noexcept {
    Encoder(out).letter('X').number(order.user_reference).number(order.quantity);
}

inline void encode_body(const ModifyOrder& order, std::uint8_t* out) noexcept {
    Encoder(out).letter('M').number(order.user_reference).letter(order.side).number(order.quantity);
}

inline void encode_body(const MassCancel& request, std::uint8_t* out) noexcept {
    Encoder(out).letter('C').number(request.user_reference).text(request.firm).text(request.symbol);
}

inline void encode_body(const DisableOrderEntry& request, std::uint8_t* out) noexcept {
    Encoder(out).letter('D').number(request.user_reference).text(request.firm);
}

inline void encode_body(const EnableOrderEntry& request, std::uint8_t* out) noexcept {
    Encoder(out).letter('E').number(request.user_reference).text(request.firm);
}

inline void encode_body(const AccountQuery&, std::uint8_t* out) noexcept { *out = 'Q'; }

template <typename Request>
inline constexpr std::size_t kBytesOf = 0;
template <>
inline constexpr std::size_t kBytesOf<EnterOrder> = kEnterOrderBytes;
template <>
inline constexpr std::size_t kBytesOf<ReplaceOrder> = kReplaceOrderBytes;
template <>
inline constexpr std::size_t kBytesOf<CancelOrder> = kCancelOrderBytes;
template <>
inline constexpr std::size_t kBytesOf<ModifyOrder> = kModifyOrderBytes;
template <>
inline constexpr std::size_t kBytesOf<MassCancel> = kMassCancelBytes;
template <>
inline constexpr std::size_t kBytesOf<DisableOrderEntry> = kDisableOrderEntryBytes;
template <>
inline constexpr std::size_t kBytesOf<EnableOrderEntry> = kEnableOrderEntryBytes;
template <>
inline constexpr std::size_t kBytesOf<AccountQuery> = kAccountQueryBytes;

/// Writes the message into `out` and returns its bytes; 0 where it does not fit.
template <typename Request>
    requires(kBytesOf<Request> > 0)
[[nodiscard]] inline std::size_t encode(const Request& request, std::span<std::uint8_t> out) noexcept {
    if (out.size() < kBytesOf<Request>) return 0;
    encode_body(request, out.data());
    return kBytesOf<Request>;
}

/// The same with options behind it.
template <typename Request>
    requires(kBytesOf<Request> > 0)
[[nodiscard]] inline std::size_t encode(const Request& request, const Appendage& appendage,
                                        std::span<std::uint8_t> out) noexcept {
    const auto options = appendage.bytes();
    if (options.empty()) return encode(request, out);
    // Enter and replace always carry the length of their options, the others only with options.
    constexpr bool has_length = std::is_same_v<Request, EnterOrder> || std::is_same_v<Request, ReplaceOrder>;
    constexpr std::size_t body = kBytesOf<Request> - (has_length ? 2 : 0);
    if (out.size() < body + 2 + options.size()) return 0;
    encode_body(request, out.data());
    big_endian::store(out.data() + body, static_cast<std::uint16_t>(options.size()));
    std::memcpy(out.data() + body + 2, options.data(), options.size());
    return body + 2 + options.size();
}

}  // namespace parley::ouch
