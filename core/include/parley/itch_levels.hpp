#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "parley/block_store.hpp"
#include "parley/itch_orders.hpp"
#include "parley/units.hpp"

namespace parley::itch {

/// One price of one side of one book in a cache line of its own, with the queue of its orders in it as long as it is short.
struct alignas(64) BookLevel {
    static constexpr std::uint32_t kShort = 9;

    std::uint64_t shares;
    std::uint32_t price_e4;
    std::uint32_t orders;         ///< 0: a free level
    std::uint16_t stock_locate;
    Side side;
    std::uint8_t block_class;     ///< of a long queue's block, 0 for a short queue
    std::uint32_t begin;          ///< of a long queue's block; of a free level the next free one
    std::uint32_t used;           ///< places of the block that were given out, holes included
    std::array<std::uint32_t, kShort> queue;  ///< of a short queue, first in time first
};
static_assert(sizeof(BookLevel) == 64);

/// The queues of all levels, orders by their index in the table. A short one is shifted when an order leaves. A long one
/// keeps holes, and its orders know their position, until a full block is written anew: constant time, spread over many.
class OrderQueues {
public:
    OrderQueues(OrderTable& orders, std::size_t places_max) : orders_(orders), blocks_(places_max) {}

    /// Puts an order last. False where there is no room left: then nothing changed.
    [[nodiscard]] bool push(BookLevel& level, std::uint32_t order) noexcept {
        if (level.block_class == 0 && level.orders < BookLevel::kShort) [[likely]] {
            level.queue[level.orders++] = order;
            return true;
        }
        if ((level.block_class == 0 || level.used == Blocks::capacity_of(level.block_class)) && !rewrite(level)) return false;
        orders_[order].position = level.used;
        blocks_.at(level.begin)[level.used++] = order;
        ++level.orders;
        return true;
    }

    /// Takes an order out; the last one leaves the level empty and its block given back.
    void erase(BookLevel& level, std::uint32_t order) noexcept {
        if (level.block_class == 0) [[likely]] {
            std::uint32_t at = 0;
            while (level.queue[at] != order) ++at;
            assert(at < level.orders);
            --level.orders;
            for (; at < level.orders; ++at) level.queue[at] = level.queue[at + 1];
            return;
        }
        assert(blocks_.at(level.begin)[orders_[order].position] == order);
        blocks_.at(level.begin)[orders_[order].position] = 0;
        if (--level.orders <= kShortAgain) shorten(level);
    }

    template <typename Visit>
    void for_each(const BookLevel& level, Visit&& visit) const {
        const std::uint32_t* at = level.block_class == 0 ? level.queue.data() : blocks_.at(level.begin);
        const std::uint32_t places = level.block_class == 0 ? level.orders : level.used;
        for (std::uint32_t i = 0; i < places; ++i) {
            if (at[i] != 0) visit(orders_[at[i]]);
        }
    }

private:
    using Blocks = BlockStore<std::uint32_t, 32>;
    static constexpr std::uint32_t kShortAgain = 6;

    /// Without its holes into a block that is at most half full after it.
    [[nodiscard]] bool rewrite(BookLevel& level) noexcept {
        std::uint8_t block_class = 1;
        while (Blocks::capacity_of(block_class) < 2 * level.orders) ++block_class;
        const std::uint32_t begin = blocks_.take(block_class);
        if (begin == 0) return false;
        std::uint32_t used = 0;
        for_each(level, [&](const BookOrder& order) {
            const std::uint32_t index = orders_.index_of(order);
            orders_[index].position = used;
            blocks_.at(begin)[used++] = index;
        });
        if (level.block_class != 0) blocks_.give_back(level.begin, level.block_class);
        level.block_class = block_class;
        level.begin = begin;
        level.used = used;
        return true;
    }

    void shorten(BookLevel& level) noexcept {
        std::uint32_t used = 0;
        for_each(level, [&](const BookOrder& order) { level.queue[used++] = orders_.index_of(order); });
        blocks_.give_back(level.begin, level.block_class);
        level.block_class = 0;
    }

    OrderTable& orders_;
    Blocks blocks_;
};

}  // namespace parley::itch
