#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <limits>
#include <vector>

#include "parley/book_nodes.hpp"
#include "parley/node_table.hpp"
#include "parley/price_set.hpp"
#include "parley/units.hpp"

namespace parley {

/// Above every price that an order or a venue's quote may have.
inline constexpr std::int64_t kBookPriceMax = std::int64_t{1} << 58;

/// Price-time priority book of one instrument, for prices from 1 to kBookPriceMax, dense or far apart. Orders of one
/// price hang on their level, oldest first; a level is found by its price through a hash table, and the next level by
/// a tree of bits. The best level of each side and its price are kept.
class OrderBook {
public:
    explicit OrderBook(BookNodes& nodes) noexcept : nodes_(&nodes) {}

    [[nodiscard]] bool empty(Side side) const noexcept { return ladder(side).best == kNone; }
    /// The best price of a side that is not empty.
    [[nodiscard]] PriceTicks best_price(Side side) const noexcept {
        assert(!empty(side));
        return {ladder(side).best_key * sign(side)};
    }
    /// kNone where the side is empty.
    [[nodiscard]] LevelIndex best_level(Side side) const noexcept { return ladder(side).best; }
    /// The order that trades next on a side that is not empty.
    [[nodiscard]] OrderIndex front(Side side) const noexcept { return (*nodes_)[ladder(side).best].next; }
    /// What an order of `side` at `price` would trade with first, now; kNone where it would not.
    [[nodiscard]] OrderIndex first_met(Side side, PriceTicks price) const noexcept {
        return crosses(side, price) ? front(opposite(side)) : kNone;
    }
    /// Whether an order of `side` at `price` would trade now.
    [[nodiscard]] bool crosses(Side side, PriceTicks price) const noexcept {
        return price.value * sign(side) + ladder(opposite(side)).best_key >= 0;
    }

    /// Puts the order, whose node says side and lots, at the back of the queue at `price`. `guess`: where the level
    /// may be, from `guess_level`.
    void add(OrderIndex index, PriceTicks price, LevelIndex guess = kNone);
    /// Takes the order out of the book; its place stays with the caller.
    void remove(OrderIndex index) noexcept;
    /// To the back of the queue at `price`, which must not cross.
    void move(OrderIndex index, PriceTicks price, LevelIndex guess = kNone);
    /// Takes lots off what the order shows; it keeps its place in the queue and at least one lot.
    void reduce(OrderIndex index, Lots lots) noexcept;
    /// Leaves fewer lots of an order, hidden ones going first; it keeps its place and at least one lot.
    void shrink(OrderIndex index, Lots leaves) noexcept;
    /// Takes traded lots off what the order shows. An iceberg without shown lots shows more at the back of its queue;
    /// an order without lots leaves the book: then true, and its place belongs to the caller.
    [[nodiscard]] bool fill(OrderIndex index, Lots lots) noexcept;

    /// Lots, hidden ones included, that an order of `side` could trade at once up to `limit`, counted to `enough`.
    /// Orders of `account` do not count, and end the count where it would stop at them; nor do reduce-only orders, which
    /// a trade may cut.
    [[nodiscard]] Lots available(Side side, PriceTicks limit, std::uint32_t account, bool stops_at_own,
                                 Lots enough) const noexcept;

    /// Asks the memory for what `guess_level` will read.
    void prefetch_price(Side side, PriceTicks price) const noexcept { ladder(side).levels.prefetch(price.value); }
    /// The level of a price, or another, or kNone: without a look at the level itself.
    [[nodiscard]] LevelIndex guess_level(Side side, PriceTicks price) const noexcept {
        return ladder(side).levels.guess(price.value);
    }

    /// See NodeTable::guess_near.
    [[nodiscard]] LevelIndex guess_level_near(Side side, PriceTicks price, LevelIndex otherwise) const noexcept {
        return ladder(side).levels.guess_near(price.value, otherwise);
    }

    enum class Stop : std::uint8_t { filled, no_cross, self_match };

    /// Trades an incoming order against the opposite side until it has no lots, nothing crosses, or it meets an order
    /// of its own account and the handler says so. Handler: `on_trade(index, price, lots)` sees each resting order
    /// before it changes; `on_filled(index)` owns the place of one that was filled and has left the book;
    /// `after_trade()` may change the book; `on_self_match(index, leaves)` may too, changes `leaves` and says whether
    /// to go on, having removed what stood in the way.
    template <typename Handler>
    Stop match(Side side, PriceTicks limit, Lots& leaves, std::uint32_t account, Handler&& handler) {
        const Side other = opposite(side);
        while (leaves.value > 0) {
            if (!crosses(side, limit)) return Stop::no_cross;
            const OrderIndex index = front(other);
            const BookNode& resting = (*nodes_)[index];
            if (resting.account() == account) {
                if (!handler.on_self_match(index, leaves)) return Stop::self_match;
                continue;
            }
            const Lots traded = std::min(leaves, resting.lots);
            handler.on_trade(index, best_price(other), traded);
            leaves -= traded;
            if (fill(index, traded)) handler.on_filled(index);
            handler.after_trade();
        }
        return Stop::filled;
    }

    struct Depth {
        PriceTicks price;
        Lots lots;
    };
    /// The best `count` levels, best first.
    [[nodiscard]] std::vector<Depth> depth(Side side, std::size_t count) const;

    /// Visits the orders of a side, best price first, then oldest first.
    template <typename Visit>
    void for_each(Side side, Visit&& visit) const {
        for (LevelIndex level = ladder(side).best; level != kNone; level = next_level(side, level)) {
            for (OrderIndex index = (*nodes_)[level].next; index != level; index = (*nodes_)[index].next) visit(index);
        }
    }
    /// The level behind `level`, or kNone.
    [[nodiscard]] LevelIndex next_level(Side side, LevelIndex level) const noexcept;

private:
    /// Below every key: what `best_key` is where there is no order, so that nothing crosses it.
    static constexpr std::int64_t kNoKey = std::numeric_limits<std::int64_t>::min() / 2;

    struct Ladder {
        NodeTable levels;
        PriceSet prices;
        LevelIndex best = kNone;
        std::int64_t best_key = kNoKey;  ///< the price, negated for asks: the best has the largest
    };

    [[nodiscard]] const Ladder& ladder(Side side) const noexcept { return ladders_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] Ladder& ladder(Side side) noexcept { return ladders_[static_cast<std::size_t>(side)]; }
    /// Ranks count from the best conceivable price of the side.
    [[nodiscard]] static std::uint64_t rank_of(Side side, std::int64_t price) noexcept {
        return static_cast<std::uint64_t>(side == Side::buy ? kBookPriceMax - price : price);
    }
    [[nodiscard]] LevelIndex level_at(Side side, PriceTicks price, LevelIndex guess);
    [[nodiscard]] LevelIndex add_level(Side side, PriceTicks price);
    void remove_level(LevelIndex level) noexcept;
    void link(OrderIndex index, LevelIndex level) noexcept;
    /// The level that the order left.
    LevelIndex unlink(OrderIndex index) noexcept;

    BookNodes* nodes_;
    Ladder ladders_[2];
};

}  // namespace parley
