#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "parley/itch_messages.hpp"

namespace parley::itch {

/// What is wrong with bytes. All but `truncated` and `lost` let the walk go on at the next message.
enum class Flaw : std::uint8_t {
    none,
    truncated,     ///< the bytes end inside a message: more may follow
    unknown_type,  ///< a type that the specification has not
    wrong_length,  ///< its framing gives it another length than its type
    lost,          ///< no length and an unknown type: nobody knows where the next message begins
};

[[nodiscard]] constexpr std::string_view name_of(Flaw flaw) noexcept {
    constexpr std::string_view names[] = {"none", "truncated", "unknown_type", "wrong_length", "lost"};
    return names[static_cast<std::size_t>(flaw)];
}

/// Calls visitor.on(view) where the visitor takes that view, and nothing where it does not.
template <typename View, typename Visitor>
inline void visit(Visitor& visitor, const std::uint8_t* bytes) {
    if constexpr (requires { visitor.on(View(bytes)); }) visitor.on(View(bytes));
}

/// Hands a message whose length was checked to the overload of visitor.on() for its type; false for an unknown type.
template <typename Visitor>
[[gnu::always_inline]] inline bool dispatch_checked(const std::uint8_t* bytes, Visitor& visitor) {
    switch (static_cast<char>(*bytes)) {
        case 'A': visit<AddOrder>(visitor, bytes); return true;
        case 'D': visit<OrderDelete>(visitor, bytes); return true;
        case 'U': visit<OrderReplace>(visitor, bytes); return true;
        case 'E': visit<OrderExecuted>(visitor, bytes); return true;
        case 'X': visit<OrderCancel>(visitor, bytes); return true;
        case 'I': visit<NetOrderImbalance>(visitor, bytes); return true;
        case 'F': visit<AddOrderAttributed>(visitor, bytes); return true;
        case 'P': visit<Trade>(visitor, bytes); return true;
        case 'C': visit<OrderExecutedWithPrice>(visitor, bytes); return true;
        case 'S': visit<SystemEvent>(visitor, bytes); return true;
        case 'R': visit<StockDirectory>(visitor, bytes); return true;
        case 'H': visit<StockTradingAction>(visitor, bytes); return true;
        case 'Y': visit<RegSho>(visitor, bytes); return true;
        case 'L': visit<MarketParticipantPosition>(visitor, bytes); return true;
        case 'V': visit<CircuitBreakerLevels>(visitor, bytes); return true;
        case 'W': visit<CircuitBreakerStatus>(visitor, bytes); return true;
        case 'K': visit<IpoQuotingPeriod>(visitor, bytes); return true;
        case 'J': visit<AuctionCollar>(visitor, bytes); return true;
        case 'h': visit<OperationalHalt>(visitor, bytes); return true;
        case 'Q': visit<CrossTrade>(visitor, bytes); return true;
        case 'B': visit<BrokenTrade>(visitor, bytes); return true;
        case 'N': visit<RetailInterest>(visitor, bytes); return true;
        case 'O': visit<DirectListingPrice>(visitor, bytes); return true;
        default: return false;
    }
}

/// One message of a packet. False where the type is unknown or the length is not the type's: then nothing was read behind
/// the first byte and nothing was called.
template <typename Visitor>
inline bool dispatch(std::span<const std::uint8_t> message, Visitor& visitor) {
    if (message.empty() || message.size() != length_of(message[0])) return false;
    return dispatch_checked(message.data(), visitor);
}

/// What a walk over framed messages found.
struct Walk {
    std::uint64_t messages = 0;      ///< well formed, handed to the visitor
    std::uint64_t malformed = 0;     ///< skipped
    std::uint64_t zero_lengths = 0;  ///< messages whose framing said 0 and whose type told the length
    std::size_t consumed = 0;        ///< bytes up to the first that is not yet a whole message
    Flaw last_flaw = Flaw::none;     ///< why the walk stopped before the end; none where it did not
    Flaw first_flaw = Flaw::none;    ///< of the first message that is not only cut short by the end
    std::size_t first_flaw_at = 0;   ///< offset of its two-byte length
};

/// One step of the walk: the message behind a two-byte length, which nobody has to believe.
struct Frame {
    Flaw flaw = Flaw::none;
    std::uint32_t message_bytes = 0;  ///< of the message behind its length
    bool is_zero_length = false;
};

[[gnu::always_inline]] inline Frame read_frame(const std::uint8_t* at, std::size_t left) noexcept {
    if (left < 3) return {Flaw::truncated, 0, false};
    const std::uint32_t framed = big_endian::load<std::uint16_t>(at);
    const auto expected = static_cast<std::uint32_t>(length_of(at[2]));
    if (framed == expected && framed != 0) [[likely]] {
        return {left - 2 < framed ? Flaw::truncated : Flaw::none, framed, false};
    }
    const std::uint32_t length = framed != 0 ? framed : expected;
    if (length == 0) return {Flaw::lost, 0, false};
    if (left - 2 < length) return {Flaw::truncated, length, false};
    if (framed == 0) return {Flaw::none, length, true};
    return {expected == 0 ? Flaw::unknown_type : Flaw::wrong_length, length, false};
}

/// As walk(), but ends early where `goes_on(visitor)` says no before a message.
template <typename Visitor, typename GoesOn>
inline Walk walk_while(std::span<const std::uint8_t> bytes, Visitor& visitor, GoesOn&& goes_on) {
    Walk result;
    const std::uint8_t* at = bytes.data();
    const std::uint8_t* const end = at + bytes.size();
    while (at != end && goes_on(visitor)) {
        const Frame frame = read_frame(at, static_cast<std::size_t>(end - at));
        if (frame.flaw != Flaw::none) [[unlikely]] {
            if (result.first_flaw == Flaw::none && frame.flaw != Flaw::truncated) {
                result.first_flaw = frame.flaw;
                result.first_flaw_at = static_cast<std::size_t>(at - bytes.data());
            }
            if (frame.flaw == Flaw::truncated || frame.flaw == Flaw::lost) {
                result.last_flaw = frame.flaw;
                break;
            }
            ++result.malformed;
        } else {
            result.zero_lengths += frame.is_zero_length;
            ++result.messages;
            dispatch_checked(at + 2, visitor);
        }
        at += 2 + frame.message_bytes;
    }
    result.consumed = static_cast<std::size_t>(at - bytes.data());
    return result;
}

/// Walks messages, each behind its length in two bytes, as Nasdaq's files and MoldUDP64's blocks hold them, and gives each
/// well-formed one to visitor.on(view). A length of 0 is taken from the type. Hand the bytes from `consumed` on to the
/// next walk together with what arrives later.
template <typename Visitor>
inline Walk walk(std::span<const std::uint8_t> bytes, Visitor& visitor) {
    return walk_while(bytes, visitor, [](const Visitor&) { return true; });
}

/// Messages by type.
class Counts {
public:
    void add(const std::uint8_t* bytes) noexcept { ++of_type_[*bytes]; }
    void on(Message message) noexcept { add(message.bytes()); }
    [[nodiscard]] std::uint64_t of(char type) const noexcept { return of_type_[static_cast<std::uint8_t>(type)]; }

private:
    std::array<std::uint64_t, 256> of_type_{};
};

}  // namespace parley::itch
