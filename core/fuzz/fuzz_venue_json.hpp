#pragma once
// Shared by the fuzzers of the JSON dialects: every input goes through the decoder and, if it is taken, into books.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz.hpp"
#include "parley/venue_feed.hpp"

namespace fuzz {

/// Decodes the bytes with and without a hint, applies what came out, and checks what must hold of any input.
inline void play(parley::Venue venue, std::string_view symbol, const std::uint8_t* bytes, std::size_t size) {
    parley::VenueFeed feed(venue);
    FUZZ_INSIST(feed.list_instrument(symbol, {2, 1}, {5, 1}) == 0);
    const std::string_view frame(reinterpret_cast<const char*>(bytes), size);
    for (const std::uint32_t slot : {parley::kNoSlot, std::uint32_t{0}}) {
        const parley::Decoded decoded = feed.apply_frame(frame, 1, slot);
        FUZZ_INSIST(decoded.offset <= size);
        FUZZ_INSIST(decoded.error == parley::FeedError::none || feed.updates().empty());
        FUZZ_INSIST(feed.updates().empty() || feed.updates().back().is_last_of_message());
        for (const parley::FeedUpdate& update : feed.updates()) FUZZ_INSIST(update.instrument_slot == 0);
    }
    const parley::L2Book& book = feed.sync(0).book();
    for (const parley::Side side : {parley::Side::buy, parley::Side::sell}) {
        for (std::size_t depth = 0; depth < book.side(side).size(); ++depth) {
            FUZZ_INSIST(book.side(side).at(depth).quantity_lots > 0);
        }
    }
}

}  // namespace fuzz
