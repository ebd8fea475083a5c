#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

#include "parley/units.hpp"

namespace parley {

using OrderIndex = std::uint32_t;
using LevelIndex = std::uint32_t;
inline constexpr std::uint32_t kNone = 0xffffffff;

/// A resting order: what matching needs, and nothing else. `account` and `instrument` are the engine's slots.
struct RestingOrder {
    OrderId id = 0;
    PriceTicks price;
    Lots leaves;
    Lots quantity;
    std::uint32_t account = kNone;
    std::uint32_t instrument = kNone;
    OrderIndex previous = kNone;
    OrderIndex next = kNone;
    LevelIndex level = kNone;
    Side side = Side::buy;
};

/// Orders of one price, oldest first: an intrusive list through the pool.
struct Level {
    PriceTicks price;
    Lots total;
    OrderIndex head = kNone;
    OrderIndex tail = kNone;
};

/// Reuses places of a vector: no allocation once it has grown to the largest number alive at one time.
template <typename Item>
class Pool {
public:
    [[nodiscard]] std::uint32_t take() {
        if (free_.empty()) {
            items_.emplace_back();
            free_.reserve(items_.capacity());
            return static_cast<std::uint32_t>(items_.size() - 1);
        }
        const std::uint32_t index = free_.back();
        free_.pop_back();
        items_[index] = Item{};
        return index;
    }
    void give_back(std::uint32_t index) noexcept { free_.push_back(index); }

    [[nodiscard]] Item& operator[](std::uint32_t index) noexcept { return items_[index]; }
    [[nodiscard]] const Item& operator[](std::uint32_t index) const noexcept { return items_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - free_.size(); }

private:
    std::vector<Item> items_;
    std::vector<std::uint32_t> free_;
};

using OrderPool = Pool<RestingOrder>;
using LevelPool = Pool<Level>;

/// Price-time priority book of one instrument. Each side is a vector of levels sorted so that the best is last: the
/// touch, where nearly everything happens, is found at once and changed without moving what lies behind it.
class OrderBook {
public:
    OrderBook(OrderPool& orders, LevelPool& levels) noexcept : orders_(&orders), levels_(&levels) {}

    [[nodiscard]] bool empty(Side side) const noexcept { return ladder(side).empty(); }
    /// The best price of a side that is not empty.
    [[nodiscard]] PriceTicks best_price(Side side) const noexcept {
        assert(!empty(side));
        return {ladder(side).back().key * sign(side)};
    }
    /// The order that trades next on a side that is not empty.
    [[nodiscard]] OrderIndex front(Side side) const noexcept { return (*levels_)[ladder(side).back().level].head; }
    /// Whether an order of `side` at `price` would trade now.
    [[nodiscard]] bool crosses(Side side, PriceTicks price) const noexcept {
        return !empty(opposite(side)) && (price - best_price(opposite(side))).value * sign(side) >= 0;
    }

    /// Puts the order of the pool at the back of its price's queue.
    void add(OrderIndex index);
    /// Takes the order out of the book; its place in the pool stays with the caller.
    void remove(OrderIndex index) noexcept;
    /// Takes lots off an order that keeps its place in the queue and keeps at least one lot.
    void reduce(OrderIndex index, Lots lots) noexcept;

    enum class Stop : std::uint8_t { filled, no_cross, self_match };
    struct Outcome {
        Lots leaves;
        Stop stop;
    };

    /// Trades an incoming order against the opposite side until it is filled, nothing crosses, or it would meet an
    /// order of its own account. `on_trade(order, lots)` sees each resting order before it changes; a resting order
    /// that is filled leaves the book and then goes to `on_filled(index)`, which owns its place in the pool again.
    template <typename OnTrade, typename OnFilled>
    Outcome match(Side side, PriceTicks limit, Lots lots, std::uint32_t account, OnTrade&& on_trade,
                  OnFilled&& on_filled) {
        while (lots.value > 0) {
            if (!crosses(side, limit)) return {lots, Stop::no_cross};
            const OrderIndex index = front(opposite(side));
            const RestingOrder& resting = (*orders_)[index];
            if (resting.account == account) return {lots, Stop::self_match};
            const Lots traded = std::min(lots, resting.leaves);
            lots -= traded;
            on_trade(resting, traded);
            if (traded == (*orders_)[index].leaves) {
                remove(index);
                on_filled(index);
            } else {
                reduce(index, traded);
            }
        }
        return {lots, Stop::filled};
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
        const auto& sorted = ladder(side);
        for (auto entry = sorted.rbegin(); entry != sorted.rend(); ++entry) {
            for (OrderIndex index = (*levels_)[entry->level].head; index != kNone;) {
                const OrderIndex following = (*orders_)[index].next;
                visit(index);
                index = following;
            }
        }
    }

private:
    /// `key` is the price, negated for asks: on both sides the best level has the largest key.
    struct Rung {
        std::int64_t key;
        LevelIndex level;
    };
    using Ladder = std::vector<Rung>;

    [[nodiscard]] const Ladder& ladder(Side side) const noexcept { return ladders_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] Ladder& ladder(Side side) noexcept { return ladders_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] static std::size_t position_of(const Ladder& sorted, std::int64_t key) noexcept;

    OrderPool* orders_;
    LevelPool* levels_;
    Ladder ladders_[2];
};

}  // namespace parley
