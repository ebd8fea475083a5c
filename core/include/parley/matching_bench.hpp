#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "parley/order_book.hpp"
#include "parley/queue_ahead.hpp"
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
    std::int64_t p50_ns = 0;             ///< of single commands as they come in a batch; the clock's own cost is in it
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
    std::int64_t clock_ns = 0;  ///< what reading the clock twice costs by itself: in every percentile
    std::int64_t trades = 0;
    std::int64_t events = 0;
    std::int64_t resting = 0;
};

/// First `resting` GTC orders that fill the book, then `count` commands of the mix; the same for the same seed.
[[nodiscard]] std::vector<Command> make_commands(std::uint64_t seed, std::size_t count, std::size_t resting);

/// The book alone, found by order id through a hash table; commands come in batches and are looked at ahead.
class BookDesk {
public:
    BookDesk() : book_(nodes_) {}

    void apply(const Command& command) { apply(command, {}); }
    /// The same, with what the commands will touch fetched some commands ahead. `after(at)` follows each command.
    template <typename After>
    void apply_batch(std::span<const Command> commands, After&& after);

    [[nodiscard]] OrderIndex find(OrderId id) const noexcept { return table_.find(id, nodes_); }
    [[nodiscard]] const BookNode& order(OrderIndex index) const noexcept { return nodes_[index]; }
    [[nodiscard]] std::int64_t trades() const noexcept { return trades_; }
    [[nodiscard]] std::size_t resting() const noexcept { return table_.size(); }

private:
    /// Where the order and the level of a command may be; checked before use.
    struct Guess {
        OrderIndex order = kNone;
        LevelIndex level = kNone;
    };
    void apply(const Command& command, Guess guess);
    struct Handler;
    [[nodiscard]] QueueAhead& queue_ahead(Side side) noexcept { return queues_ahead_[static_cast<std::size_t>(side)]; }
    void step_queue(Side side) noexcept { queue_ahead(side).step(book_, nodes_, table_, side); }
    void place(const Command& command, Lots lots, LevelIndex guess);
    void move(const Command& command, OrderIndex index, LevelIndex guess);
    void drop(OrderId id, OrderIndex index);

    BookNodes nodes_;
    OrderBook book_;
    NodeTable table_{1 << 10};
    QueueAhead queues_ahead_[2];
    std::int64_t trades_ = 0;
};

/// The book alone, commands looked at ahead. The `warm_up` first commands are not measured.
[[nodiscard]] Result run_book(const std::vector<Command>& commands, std::size_t warm_up);

/// The book alone, each command as if it were the only one: what it needs is asked for when it acts.
[[nodiscard]] Result run_book_singly(const std::vector<Command>& commands, std::size_t warm_up);

/// The floor: ids and prices are places of arrays, nothing is checked or remembered; only links and lots change.
[[nodiscard]] Result run_floor(const std::vector<Command>& commands, std::size_t warm_up);

/// The engine, in groups as the service applies them: decoding, risk gate, positions, events; a move or reduce is an
/// amend.
[[nodiscard]] Result run_engine(const std::vector<Command>& commands, std::size_t warm_up);

}  // namespace parley::bench
