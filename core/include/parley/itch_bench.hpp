#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// The workload ITCH: messages of many symbols in the mix A 45.2 %, D 40.2 %, U 8.8 %, E 1.9 %, I 1.6 %, X 1.0 %, F 0.6 %,
/// P 0.6 %, C 0.1 %. Symbols are drawn evenly and the order that is deleted, replaced, executed or canceled evenly from all
/// that rest, which is the hardest for the caches: a real day has busy symbols and short lives.
namespace parley::itch::bench {

struct Workload {
    std::uint64_t seed = 1;
    std::size_t messages = 30'000'000;
    std::uint16_t symbols = 8'371;
};

/// Framed messages, the same for the same workload. 31 bytes a message.
[[nodiscard]] std::vector<std::uint8_t> make_feed(const Workload& workload);

struct Timing {
    double nanoseconds_per_message = 0;  ///< of processor time
    std::uint64_t messages = 0;
    std::uint64_t checksum = 0;  ///< of what was read: the work was done
};

struct BookTiming {
    Timing timing;
    std::uint64_t orders = 0;  ///< resting at the end
    std::uint64_t flaws = 0;
    std::int64_t p50_ns = 0;  ///< of single messages without looking ahead, clock included
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
};

/// The floor: from message to message by the lengths of the types, one field of each summed, nothing checked.
[[nodiscard]] Timing run_floor(std::span<const std::uint8_t> feed);

/// Checked walk, dispatch by type, every field of every message read.
[[nodiscard]] Timing run_decode(std::span<const std::uint8_t> feed);

/// Books of all orders of all symbols, from the bytes. `orders_max` bounds what may rest at once.
[[nodiscard]] BookTiming run_books(std::span<const std::uint8_t> feed, std::size_t orders_max, bool is_timed_singly);

}  // namespace parley::itch::bench
