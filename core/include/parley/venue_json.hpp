#pragma once

#include <cstdint>
#include <string_view>

#include "parley/feed_instruments.hpp"
#include "parley/feed_update.hpp"
#include "parley/json_cursor.hpp"
#include "parley/update_buffer.hpp"

namespace parley {

/// The dialects that we understand.
enum class Venue : std::uint8_t { binance_spot, binance_usdm, deribit, coinbase };
inline constexpr std::uint8_t kVenues = 4;

/// What a frame turned out to be.
struct Decoded {
    FeedError error = FeedError::none;
    std::size_t offset = 0;              ///< of the error, in bytes from the front of the frame
    bool is_ignored = false;             ///< a frame that says nothing of our instruments or books
    std::int64_t connection_sequence = -1;  ///< the counter of the connection, where a venue has one
};

/// What a decoder reads and where it writes.
struct DecodeContext {
    const FeedInstruments& instruments;
    UpdateBuffer& out;
    TimeNs receive_time_ns = 0;
    std::uint32_t slot = kNoSlot;  ///< of the instrument that a REST answer without a symbol speaks of
    std::int64_t connection_sequence = -1;
};

/// Decodes one frame into `context.out`, which is cleared first. Fields may come in any order, with white space, with
/// unknown fields between them; an error leaves no updates. Does not allocate once `out` has grown.
[[nodiscard]] Decoded decode_frame(Venue venue, std::string_view frame, DecodeContext& context);

// The dialects; each reads one JSON value at the cursor.
// Binance: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and .../derivatives/usds-margined-futures
void decode_binance(JsonCursor& cursor, DecodeContext& context);
// Deribit: https://docs.deribit.com, book.{instrument}.{group}, ticker, trades, quote
void decode_deribit(JsonCursor& cursor, DecodeContext& context);
// Coinbase Exchange and Advanced Trade: level2 and l2_data, matches and market_trades, ticker, heartbeat
void decode_coinbase(JsonCursor& cursor, DecodeContext& context);

/// Reads [[price, lots, ...], ...] at the cursor as levels of a side; texts or numbers.
void read_levels(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out);

/// Milliseconds since 1970 as nanoseconds; an error of the cursor where they are beyond what 64 bits count.
[[nodiscard]] inline TimeNs to_time_ns(JsonCursor& cursor, std::int64_t milliseconds) noexcept {
    constexpr std::int64_t kMillisecondsMax = 9'000'000'000'000;
    if (milliseconds >= 0 && milliseconds <= kMillisecondsMax) return milliseconds * 1'000'000;
    cursor.fail(FeedError::bad_time);
    return 0;
}

/// Passes over the value at the cursor and tells where it began, to be read later.
[[nodiscard]] inline const char* keep_value(JsonCursor& cursor) noexcept {
    static_cast<void>(cursor.peek());
    const char* at = cursor.at();
    cursor.skip();
    return at;
}

/// Runs `read` with the cursor at a value that was kept, and puts the cursor back.
template <typename Read>
void read_kept_value(JsonCursor& cursor, const char* at, Read&& read) {
    if (at == nullptr) return cursor.fail(FeedError::missing_field);
    const char* behind = cursor.at();
    cursor.move_to(at);
    read();
    cursor.move_to(behind);
}

/// Nanoseconds since 1970 of "2021-04-17T16:43:37.075687Z"; false where it is no such time.
[[nodiscard]] bool parse_utc_time(std::string_view text, TimeNs& time) noexcept;

}  // namespace parley
