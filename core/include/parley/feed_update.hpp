#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "parley/units.hpp"

namespace parley {

/// What one update of a feed says.
enum class UpdateKind : std::uint8_t {
    level,      ///< the lots that now rest at a price; 0 lots: the level is gone
    trade,      ///< an execution; `side` is the side of the taker
    quote,      ///< best price and lots of one side; 0 lots: the side is empty
    clear,      ///< the book of the instrument begins anew: the first update of every snapshot
    advance,    ///< a delta without levels: the sequence goes on, the book does not change
    heartbeat,  ///< the venue lives; the sequence is that of its heartbeats
};
inline constexpr std::uint8_t kUpdateKinds = 6;

/// Bits of FeedUpdate::flags.
inline constexpr std::uint16_t kIsSnapshot = 1;       ///< part of a snapshot; a delta without
inline constexpr std::uint16_t kIsLastOfMessage = 2;  ///< books are whole again only after this update
inline constexpr std::uint16_t kIsSideUnknown = 4;    ///< a trade whose source does not say who took: `side` means nothing

/// The one layout in which every feed speaks: 64 bytes, little-endian, no pointers. One message of a venue becomes one
/// or more updates with equal times and sequences, the last of them flagged.
struct FeedUpdate {
    TimeNs venue_time_ns = 0;            ///< the venue's own clock, UTC nanoseconds; 0 where it does not say
    TimeNs receive_time_ns = 0;          ///< when we received it, UTC nanoseconds
    std::int64_t first_sequence = 0;     ///< first sequence that the message covers
    std::int64_t last_sequence = 0;      ///< last one; the trade's number for trades
    std::int64_t previous_sequence = 0;  ///< last sequence of the message before, where the venue names it
    std::int64_t price_ticks = 0;        ///< in ticks of the instrument
    std::int64_t quantity_lots = 0;      ///< in lots of the instrument
    std::uint32_t instrument_slot = 0;   ///< index in the feed's table of instruments
    UpdateKind kind = UpdateKind::level;
    Side side = Side::buy;
    std::uint16_t flags = 0;

    [[nodiscard]] bool is_snapshot() const noexcept { return (flags & kIsSnapshot) != 0; }
    [[nodiscard]] bool is_last_of_message() const noexcept { return (flags & kIsLastOfMessage) != 0; }
};
static_assert(sizeof(FeedUpdate) == 64 && std::is_trivially_copyable_v<FeedUpdate>);

/// Why a message was refused. A refused message changes nothing.
enum class FeedError : std::uint8_t {
    none,
    ends_early,
    unexpected_byte,
    bad_number,
    excess_digits,     ///< not a whole number of ticks or lots
    number_too_large,  ///< above 10^18 units
    bad_text,          ///< a control character or an escape that JSON does not know
    too_deep,          ///< nested deeper than kJsonDepthMax
    missing_field,
    repeated_field,
    too_many_updates,  ///< more levels than kUpdatesPerMessageMax
    bad_time,
    bad_word,          ///< a side, action or type that the venue does not document
    bad_header,        ///< a file whose columns are not those of its kind
};

[[nodiscard]] constexpr const char* name(FeedError error) noexcept {
    constexpr const char* names[] = {"none",          "ends_early",       "unexpected_byte",  "bad_number", "excess_digits",
                                     "number_too_large", "bad_text",      "too_deep",         "missing_field",
                                     "repeated_field", "too_many_updates", "bad_time",        "bad_word",   "bad_header"};
    return names[static_cast<std::size_t>(error)];
}

}  // namespace parley
