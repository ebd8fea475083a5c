#pragma once

#include "parley/book_nodes.hpp"
#include "parley/node_table.hpp"
#include "parley/order_book.hpp"

namespace parley {

/// Keeps the oldest orders of a side's best level near, with the slots of their ids, so that an order that trades with
/// several finds each of them in the cache. Each step reads one order that an earlier step asked for and asks for the one
/// behind it: orders of a queue are found one by one, so whoever fills the first can't also fetch the last. What it
/// remembers may be gone: it fetches, and nothing depends on it. Batches of a book alone use it (bench::BookDesk); the engine
/// does not, whose commands come with a gate between them.
class QueueAhead {
public:
    void step(const OrderBook& book, const BookNodes& nodes, const NodeTable& ids, Side side) noexcept {
        const LevelIndex best = book.best_level(side);
        if (best != level_ || ahead_ <= 0) begin(best);
        if (ahead_ > kOrders || best == kNone) return;
        if (nodes[last_].level != best) begin(best);
        const BookNode& last = nodes[last_];
        if (last_ != best) ids.prefetch(last.key);
        if (last.next == best) {  // the end of the queue; whoever joins it now is near anyway
            ahead_ = kOrders + 1;
            return;
        }
        last_ = last.next;
        nodes.prefetch(last_);
        ++ahead_;
    }
    /// The first order of the queue was filled.
    void filled() noexcept { --ahead_; }

private:
    static constexpr int kOrders = 12;

    void begin(LevelIndex best) noexcept {
        level_ = last_ = best;
        ahead_ = 1;
    }

    LevelIndex level_ = kNone;
    NodeIndex last_ = kNone;  ///< asked for, not yet read; at the beginning the level itself
    int ahead_ = 0;           ///< orders asked for and not yet filled, and one
};

}  // namespace parley
