#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "parley/big_endian.hpp"
#include "parley/ouch.hpp"

/// Nasdaq OUCH 5.0, what the exchange answers. Views over bytes that decode() checked; times are nanoseconds since
/// midnight of New York, prices count 1e-4 US dollar.
namespace parley::ouch {

/// What every answer begins with.
class Event {
public:
    constexpr Event(const std::uint8_t* bytes, std::span<const std::uint8_t> options) noexcept
        : bytes_(bytes), options_(options) {}

    [[nodiscard]] char type() const noexcept { return letter(0); }
    [[nodiscard]] std::uint64_t timestamp_ns() const noexcept { return u64(1); }

    /// Value of an option, empty where it was not sent.
    [[nodiscard]] std::span<const std::uint8_t> find_option(OptionTag tag) const noexcept {
        for (std::size_t at = 0; at < options_.size(); at += 1 + std::size_t{options_[at]}) {
            if (options_[at + 1] == static_cast<std::uint8_t>(tag)) return options_.subspan(at + 2, options_[at] - std::size_t{1});
        }
        return {};
    }
    template <std::unsigned_integral Number>
    [[nodiscard]] std::optional<Number> option(OptionTag tag) const noexcept {
        const auto value = find_option(tag);
        if (value.size() != sizeof(Number)) return std::nullopt;
        return big_endian::load<Number>(value.data());
    }

protected:
    [[nodiscard]] char letter(std::size_t at) const noexcept { return static_cast<char>(bytes_[at]); }
    [[nodiscard]] std::uint16_t u16(std::size_t at) const noexcept { return big_endian::load<std::uint16_t>(bytes_ + at); }
    [[nodiscard]] std::uint32_t u32(std::size_t at) const noexcept { return big_endian::load<std::uint32_t>(bytes_ + at); }
    [[nodiscard]] std::uint64_t u64(std::size_t at) const noexcept { return big_endian::load<std::uint64_t>(bytes_ + at); }
    [[nodiscard]] std::string_view text(std::size_t at, std::size_t width) const noexcept {
        return big_endian::load_text(bytes_ + at, width);
    }

private:
    const std::uint8_t* bytes_;
    std::span<const std::uint8_t> options_;
};

/// An answer about one order of ours.
struct OrderEvent : Event {
    using Event::Event;
    [[nodiscard]] UserReference user_reference() const noexcept { return u32(9); }
};

/// S
struct SystemEvent : Event {
    using Event::Event;
    [[nodiscard]] char event_code() const noexcept { return letter(9); }  ///< S start of day, E end
};

/// A
struct OrderAccepted : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] char side() const noexcept { return letter(13); }
    [[nodiscard]] std::uint32_t quantity() const noexcept { return u32(14); }
    [[nodiscard]] std::string_view symbol() const noexcept { return text(18, 8); }
    [[nodiscard]] std::uint64_t price_e4() const noexcept { return u64(26); }
    [[nodiscard]] char time_in_force() const noexcept { return letter(34); }
    [[nodiscard]] char display() const noexcept { return letter(35); }
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(36); }
    [[nodiscard]] char capacity() const noexcept { return letter(44); }
    [[nodiscard]] bool is_intermarket_sweep() const noexcept { return letter(45) == 'Y'; }
    [[nodiscard]] char cross_type() const noexcept { return letter(46); }
    [[nodiscard]] bool is_live() const noexcept { return letter(47) == 'L'; }
    [[nodiscard]] std::string_view client_order_id() const noexcept { return text(48, 14); }
};

/// U
struct OrderReplaced : Event {
    using Event::Event;
    [[nodiscard]] UserReference original_reference() const noexcept { return u32(9); }
    [[nodiscard]] UserReference user_reference() const noexcept { return u32(13); }
    [[nodiscard]] char side() const noexcept { return letter(17); }
    [[nodiscard]] std::uint32_t quantity() const noexcept { return u32(18); }
    [[nodiscard]] std::string_view symbol() const noexcept { return text(22, 8); }
    [[nodiscard]] std::uint64_t price_e4() const noexcept { return u64(30); }
    [[nodiscard]] char time_in_force() const noexcept { return letter(38); }
    [[nodiscard]] char display() const noexcept { return letter(39); }
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(40); }
    [[nodiscard]] char capacity() const noexcept { return letter(48); }
    [[nodiscard]] bool is_intermarket_sweep() const noexcept { return letter(49) == 'Y'; }
    [[nodiscard]] char cross_type() const noexcept { return letter(50); }
    [[nodiscard]] bool is_live() const noexcept { return letter(51) == 'L'; }
    [[nodiscard]] std::string_view client_order_id() const noexcept { return text(52, 14); }
};

/// C
struct OrderCanceled : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::uint32_t canceled_quantity() const noexcept { return u32(13); }
    [[nodiscard]] char reason() const noexcept { return letter(17); }
};

/// D: canceled so that it does not trade with an order of the same owner.
struct OrderSelfMatchCanceled : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::uint32_t canceled_quantity() const noexcept { return u32(13); }
    [[nodiscard]] char reason() const noexcept { return letter(17); }
    [[nodiscard]] std::uint32_t prevented_quantity() const noexcept { return u32(18); }
    [[nodiscard]] std::uint64_t execution_price_e4() const noexcept { return u64(22); }
    [[nodiscard]] char liquidity() const noexcept { return letter(30); }
    [[nodiscard]] char strategy() const noexcept { return letter(31); }
};

/// E
struct OrderExecuted : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::uint32_t last_quantity() const noexcept { return u32(13); }
    [[nodiscard]] std::uint64_t last_price_e4() const noexcept { return u64(17); }
    [[nodiscard]] char liquidity() const noexcept { return letter(25); }
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(26); }
};

/// B
struct BrokenTrade : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::uint64_t match_number() const noexcept { return u64(13); }
    [[nodiscard]] char reason() const noexcept { return letter(21); }
    [[nodiscard]] std::string_view client_order_id() const noexcept { return text(22, 14); }
};

/// J
struct OrderRejected : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::uint16_t reason() const noexcept { return u16(13); }
    [[nodiscard]] std::string_view client_order_id() const noexcept { return text(15, 14); }
};

/// P
struct CancelPending : OrderEvent {
    using OrderEvent::OrderEvent;
};

/// I
struct CancelRejected : OrderEvent {
    using OrderEvent::OrderEvent;
};

/// T
struct PriorityUpdate : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::uint64_t price_e4() const noexcept { return u64(13); }
    [[nodiscard]] char display() const noexcept { return letter(21); }
    [[nodiscard]] std::uint64_t order_reference() const noexcept { return u64(22); }
};

/// M
struct OrderModified : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] char side() const noexcept { return letter(13); }
    [[nodiscard]] std::uint32_t quantity() const noexcept { return u32(14); }
};

/// R
struct OrderRestated : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] char reason() const noexcept { return letter(13); }
};

/// X
struct MassCancelAccepted : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::string_view firm() const noexcept { return text(13, 4); }
    [[nodiscard]] std::string_view symbol() const noexcept { return text(17, 8); }
};

/// G
struct OrderEntryDisabled : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::string_view firm() const noexcept { return text(13, 4); }
};

/// K
struct OrderEntryEnabled : OrderEvent {
    using OrderEvent::OrderEvent;
    [[nodiscard]] std::string_view firm() const noexcept { return text(13, 4); }
};

/// Q
struct AccountState : Event {
    using Event::Event;
    [[nodiscard]] UserReference next_reference() const noexcept { return u32(9); }
};

/// Bytes before the options, 0 for a type the specification has not.
[[nodiscard]] constexpr std::size_t event_bytes(char type) noexcept {
    switch (type) {
        case 'S': return 10;
        case 'A': return 62;
        case 'U': return 66;
        case 'C': return 18;
        case 'D': return 32;
        case 'E': return 34;
        case 'B': return 36;
        case 'J': return 29;
        case 'P':
        case 'I':
        case 'Q': return 13;
        case 'T': return 30;
        case 'M': return 18;
        case 'R': return 14;
        case 'X': return 25;
        case 'G':
        case 'K': return 17;
        default: return 0;
    }
}

enum class Flaw : std::uint8_t { none, unknown_type, wrong_length, bad_options };

[[nodiscard]] constexpr std::string_view name_of(Flaw flaw) noexcept {
    constexpr std::string_view names[] = {"none", "unknown_type", "wrong_length", "bad_options"};
    return names[static_cast<std::size_t>(flaw)];
}

/// Whether each option ends where the next begins and the last one at the end.
[[nodiscard]] constexpr bool are_options(std::span<const std::uint8_t> options) noexcept {
    std::size_t at = 0;
    while (at < options.size()) {
        if (options[at] == 0 || options[at] >= options.size() - at) return false;
        at += 1 + std::size_t{options[at]};
    }
    return true;
}

template <typename View, typename Visitor>
inline void visit(Visitor& visitor, const std::uint8_t* bytes, std::span<const std::uint8_t> options) {
    if constexpr (requires { visitor.on(View(bytes, options)); }) visitor.on(View(bytes, options));
}

template <typename Visitor>
inline void dispatch_checked(const std::uint8_t* bytes, std::span<const std::uint8_t> options, Visitor& visitor) {
    switch (static_cast<char>(*bytes)) {
        case 'S': return visit<SystemEvent>(visitor, bytes, options);
        case 'A': return visit<OrderAccepted>(visitor, bytes, options);
        case 'U': return visit<OrderReplaced>(visitor, bytes, options);
        case 'C': return visit<OrderCanceled>(visitor, bytes, options);
        case 'D': return visit<OrderSelfMatchCanceled>(visitor, bytes, options);
        case 'E': return visit<OrderExecuted>(visitor, bytes, options);
        case 'B': return visit<BrokenTrade>(visitor, bytes, options);
        case 'J': return visit<OrderRejected>(visitor, bytes, options);
        case 'P': return visit<CancelPending>(visitor, bytes, options);
        case 'I': return visit<CancelRejected>(visitor, bytes, options);
        case 'T': return visit<PriorityUpdate>(visitor, bytes, options);
        case 'M': return visit<OrderModified>(visitor, bytes, options);
        case 'R': return visit<OrderRestated>(visitor, bytes, options);
        case 'X': return visit<MassCancelAccepted>(visitor, bytes, options);
        case 'G': return visit<OrderEntryDisabled>(visitor, bytes, options);
        case 'K': return visit<OrderEntryEnabled>(visitor, bytes, options);
        default: return visit<AccountState>(visitor, bytes, options);
    }
}

/// Hands one answer to visitor.on(view), options behind it checked. With a flaw nothing was called.
template <typename Visitor>
inline Flaw decode(std::span<const std::uint8_t> message, Visitor& visitor) {
    if (message.empty()) return Flaw::wrong_length;
    const std::size_t body = event_bytes(static_cast<char>(message[0]));
    if (body == 0) return Flaw::unknown_type;
    if (message.size() < body || message.size() == body + 1) return Flaw::wrong_length;
    std::span<const std::uint8_t> options;
    if (message.size() > body) {
        options = message.subspan(body + 2);
        if (big_endian::load<std::uint16_t>(message.data() + body) != options.size()) return Flaw::wrong_length;
        if (!are_options(options)) return Flaw::bad_options;
    }
    dispatch_checked(message.data(), options, visitor);
    return Flaw::none;
}

}  // namespace parley::ouch
