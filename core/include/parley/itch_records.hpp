#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "parley/itch.hpp"

namespace parley::itch {

/// A message of the order book or a trade (A F E C X D U P Q B) as a row of a table; what its type has not is 0 or a space.
struct Record {
    std::uint64_t timestamp_ns;
    std::uint64_t order_reference;
    std::uint64_t new_reference;  ///< of a replace
    std::uint64_t match_number;
    std::uint64_t shares;
    std::array<char, 8> stock;
    std::uint32_t price_e4;
    std::uint16_t stock_locate;
    std::uint16_t tracking_number;
    char type;
    char side;          ///< B or S
    char is_printable;  ///< Y or N, of C
    char cross_type;    ///< of Q
    std::uint32_t unused;
};
static_assert(sizeof(Record) == 64);

struct RecordWalk {
    Walk walk;
    std::size_t records = 0;
};

/// Fills `records` until they are full or the bytes end; messages of other types are passed over. Goes on at `consumed`.
[[nodiscard]] RecordWalk read_records(std::span<const std::uint8_t> bytes, std::span<Record> records) noexcept;

}  // namespace parley::itch
