#pragma once

#include <cstdint>
#include <vector>

#include "parley/units.hpp"

namespace parley::bench {

/// The mix LOB-1K: 12.8 % GTC, 1.8 % IOC, 7.3 % cancel, 70.8 % move, 7.3 % reduce, prices around the touch.
enum class Kind : std::uint8_t { gtc, ioc, cancel, move, reduce };

struct Command {
    OrderId order_id;
    std::int64_t price;
    std::int64_t lots;
    std::uint32_t account;
    Kind kind;
    Side side;
};

struct Result {
    double nanoseconds_per_command = 0;  ///< mean, of processor time
    std::int64_t p50_ns = 0;  ///< of single commands, clock reads included
    std::int64_t p99_ns = 0;
    std::int64_t trades = 0;
    std::int64_t events = 0;
    std::int64_t resting = 0;
};

/// First `resting` GTC orders that fill the book, then `count` commands of the mix; the same for the same seed.
[[nodiscard]] std::vector<Command> make_commands(std::uint64_t seed, std::size_t count, std::size_t resting);

/// The book alone, found by order id through a hash map. The `warm_up` first commands are not measured.
[[nodiscard]] Result run_book(const std::vector<Command>& commands, std::size_t warm_up);

/// The engine: decoding, risk gate, positions, events; a move or reduce is a cancel and a new order, one command each.
[[nodiscard]] Result run_engine(const std::vector<Command>& commands, std::size_t warm_up);

}  // namespace parley::bench
