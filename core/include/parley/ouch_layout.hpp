#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

/// Nasdaq OUCH 5.0 as a table: where each field of each message lies. For tools that treat all messages alike, in both
/// directions; ouch.hpp and ouch_events.hpp hold the views and encoders that a trading program uses.
namespace parley::ouch {

enum class FieldKind : std::uint8_t { number, letter, text, flag };

struct Field {
    std::string_view name;
    std::uint8_t width;  ///< in bytes; fields follow one another, the first behind the letter of the type
    FieldKind kind;
};

struct Layout {
    char type;
    std::span<const Field> fields;
    bool has_option_length;  ///< the length of its options is there even where it has none

    [[nodiscard]] constexpr std::size_t bytes() const noexcept {
        std::size_t bytes = 1;
        for (const Field& field : fields) bytes += field.width;
        return bytes;
    }
};

namespace layout {

using enum FieldKind;

inline constexpr Field kReference{"user_reference", 4, number};
inline constexpr Field kTime{"timestamp_ns", 8, number};
inline constexpr Field kSide{"side", 1, letter};
inline constexpr Field kQuantity{"quantity", 4, number};
inline constexpr Field kSymbol{"symbol", 8, text};
inline constexpr Field kPrice{"price_e4", 8, number};
inline constexpr Field kTimeInForce{"time_in_force", 1, letter};
inline constexpr Field kDisplay{"display", 1, letter};
inline constexpr Field kCapacity{"capacity", 1, letter};
inline constexpr Field kSweep{"is_intermarket_sweep", 1, flag};
inline constexpr Field kCross{"cross_type", 1, letter};
inline constexpr Field kClientOrderId{"client_order_id", 14, text};
inline constexpr Field kFirm{"firm", 4, text};
inline constexpr Field kOrderReference{"order_reference", 8, number};
inline constexpr Field kOrderState{"order_state", 1, letter};
inline constexpr Field kReason{"reason", 1, letter};
inline constexpr Field kMatch{"match_number", 8, number};
inline constexpr Field kLiquidity{"liquidity", 1, letter};
inline constexpr Field kCanceled{"canceled_quantity", 4, number};
inline constexpr Field kOriginal{"original_reference", 4, number};

inline constexpr Field kEnter[] = {kReference, kSide, kQuantity, kSymbol, kPrice, kTimeInForce, kDisplay, kCapacity, kSweep, kCross,
                                   kClientOrderId};
inline constexpr Field kReplace[] = {kOriginal, kReference, kQuantity, kPrice, kTimeInForce, kDisplay, kSweep, kClientOrderId};
inline constexpr Field kCancel[] = {kReference, kQuantity};
inline constexpr Field kModify[] = {kReference, kSide, kQuantity};
inline constexpr Field kMassCancelRequest[] = {kReference, kFirm, kSymbol};
inline constexpr Field kOfFirm[] = {kReference, kFirm};

inline constexpr Field kSystem[] = {kTime, {"event_code", 1, letter}};
inline constexpr Field kAccepted[] = {kTime, kReference, kSide, kQuantity, kSymbol, kPrice, kTimeInForce, kDisplay, kOrderReference,
                                      kCapacity, kSweep, kCross, kOrderState, kClientOrderId};
inline constexpr Field kReplaced[] = {kTime, kOriginal, kReference, kSide, kQuantity, kSymbol, kPrice, kTimeInForce, kDisplay,
                                      kOrderReference, kCapacity, kSweep, kCross, kOrderState, kClientOrderId};
inline constexpr Field kCanceledEvent[] = {kTime, kReference, kCanceled, kReason};
inline constexpr Field kSelfMatch[] = {kTime, kReference, kCanceled, kReason, {"prevented_quantity", 4, number},
                                       {"execution_price_e4", 8, number}, kLiquidity, {"strategy", 1, letter}};
inline constexpr Field kExecuted[] = {kTime, kReference, {"last_quantity", 4, number}, {"last_price_e4", 8, number}, kLiquidity, kMatch};
inline constexpr Field kBroken[] = {kTime, kReference, kMatch, kReason, kClientOrderId};
inline constexpr Field kRejected[] = {kTime, kReference, {"reason", 2, number}, kClientOrderId};
inline constexpr Field kAboutOrder[] = {kTime, kReference};
inline constexpr Field kPriority[] = {kTime, kReference, kPrice, kDisplay, kOrderReference};
inline constexpr Field kModified[] = {kTime, kReference, kSide, kQuantity};
inline constexpr Field kRestated[] = {kTime, kReference, kReason};
inline constexpr Field kMassCanceled[] = {kTime, kReference, kFirm, kSymbol};
inline constexpr Field kFirmEvent[] = {kTime, kReference, kFirm};
inline constexpr Field kAccount[] = {kTime, {"next_reference", 4, number}};

}  // namespace layout

/// What a client sends.
inline constexpr Layout kRequestLayouts[] = {
    {'O', layout::kEnter, true},    {'U', layout::kReplace, true}, {'X', layout::kCancel, false}, {'M', layout::kModify, false},
    {'C', layout::kMassCancelRequest, false}, {'D', layout::kOfFirm, false}, {'E', layout::kOfFirm, false}, {'Q', {}, false}};

/// What the exchange answers. The length of options is written where the specification always has it; readers take either.
inline constexpr Layout kEventLayouts[] = {
    {'S', layout::kSystem, false},    {'A', layout::kAccepted, true},       {'U', layout::kReplaced, true},
    {'C', layout::kCanceledEvent, false}, {'D', layout::kSelfMatch, false},  {'E', layout::kExecuted, true},
    {'B', layout::kBroken, false},    {'J', layout::kRejected, false},       {'P', layout::kAboutOrder, false},
    {'I', layout::kAboutOrder, false}, {'T', layout::kPriority, false},      {'M', layout::kModified, false},
    {'R', layout::kRestated, false},  {'X', layout::kMassCanceled, false},   {'G', layout::kFirmEvent, false},
    {'K', layout::kFirmEvent, false}, {'Q', layout::kAccount, false}};

/// The layout of a type, null where the specification has no such type.
[[nodiscard]] constexpr const Layout* find_layout(std::span<const Layout> layouts, char type) noexcept {
    for (const Layout& layout : layouts) {
        if (layout.type == type) return &layout;
    }
    return nullptr;
}

}  // namespace parley::ouch
