#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "parley/itch_orders.hpp"
#include "parley/units.hpp"

namespace parley::itch {

/// A stretch of a queue inside one cache line: orders by their index in the table, first in time first.
using QueueLine = std::array<std::uint32_t, 9>;

/// One price of one side of one book in a cache line of its own, with the first orders of its queue.
struct alignas(64) BookLevel {
    std::uint64_t shares;
    std::uint32_t price_e4;
    std::uint32_t orders;  ///< in the line and in the chunks behind it; 0: a free level
    std::uint16_t stock_locate;
    Side side;
    std::uint8_t count;   ///< of `queue`
    std::uint32_t first;  ///< chunk behind the line, 0 none; of a free level the next free one
    std::uint32_t last;   ///< chunk
    QueueLine queue;
};
static_assert(sizeof(BookLevel) == 64);

/// More of a queue that is too long for its level's line.
struct alignas(64) QueueChunk {
    std::uint32_t level;
    std::uint32_t previous;
    std::uint32_t next;  ///< of a free chunk the next free one
    std::uint32_t count;
    std::uint32_t unused[3];
    QueueLine queue;
};
static_assert(sizeof(QueueChunk) == 64);

/// Takes an order that is in the line out of it: the later ones move up. Whoever keeps the count takes one off.
inline void take_out(QueueLine& queue, std::uint32_t order) noexcept {
    using Four = std::uint32_t __attribute__((vector_size(16), may_alias));
    Four low;
    Four high;
    Four low_next;
    Four high_next;
    std::memcpy(&low, &queue[0], sizeof low);
    std::memcpy(&high, &queue[4], sizeof high);
    std::memcpy(&low_next, &queue[1], sizeof low);
    std::memcpy(&high_next, &queue[5], sizeof high);
    const Four bits = (static_cast<Four>(low == order) & Four{1, 2, 4, 8}) |
                      (static_cast<Four>(high == order) & Four{16, 32, 64, 128});
    const std::uint32_t found = bits[0] | bits[1] | bits[2] | bits[3] | 256;
    const std::uint32_t from = found & (~found + 1);  // one bit: the place
    const Four at_low = static_cast<Four>((Four{1, 2, 4, 8} & (~from + 1)) != 0);
    const Four at_high = static_cast<Four>((Four{16, 32, 64, 128} & (~from + 1)) != 0);
    low = (low_next & at_low) | (low & ~at_low);
    high = (high_next & at_high) | (high & ~at_high);
    std::memcpy(&queue[0], &low, sizeof low);
    std::memcpy(&queue[4], &high, sizeof high);
}

/// The queues of all levels. What does not fit into a level's line lies in a list of chunks; a chunk that empties is given
/// back. An order knows its line or chunk, so that pushing and taking out cost the same in a queue of any length.
class OrderQueues {
public:
    OrderQueues(OrderTable& orders, std::size_t chunks_max) : orders_(orders), chunks_(chunks_max + 1) {
        assert(chunks_max < QueuePlace::kIndexMask);
    }

    /// Puts an order last.
    void push(BookLevel& level, std::uint32_t level_index, std::uint32_t order) noexcept {
        const std::uint32_t side = static_cast<std::uint32_t>(level.side) << 31;
        ++level.orders;
        if (level.first == 0 && level.count < std::tuple_size_v<QueueLine>) [[likely]] {
            level.queue[level.count++] = order;
            orders_[order].place = {side | level_index};
            return;
        }
        if (level.first == 0 || chunks_[level.last].count == std::tuple_size_v<QueueLine>) append_chunk(level, level_index);
        QueueChunk& chunk = chunks_[level.last];
        chunk.queue[chunk.count++] = order;
        orders_[order].place = {side | QueuePlace::kChunk | level.last};
    }

    /// Takes an order out.
    void erase(BookLevel& level, std::uint32_t order) noexcept {
        const QueuePlace place = orders_[order].place;
        --level.orders;
        if (!place.is_chunk()) [[likely]] {
            take_out(level.queue, order);
            --level.count;
            return;
        }
        QueueChunk& chunk = chunks_[place.index()];
        take_out(chunk.queue, order);
        if (--chunk.count == 0) remove_chunk(level, place.index());
    }

    /// Index of the level of an order.
    [[nodiscard]] std::uint32_t level_of(QueuePlace place) const noexcept {
        return place.is_chunk() ? chunks_[place.index()].level : place.index();
    }

    template <typename Visit>
    void for_each(const BookLevel& level, Visit&& visit) const {
        for (std::uint32_t i = 0; i < level.count; ++i) visit(orders_[level.queue[i]]);
        for (std::uint32_t at = level.first; at != 0; at = chunks_[at].next) {
            for (std::uint32_t i = 0; i < chunks_[at].count; ++i) visit(orders_[chunks_[at].queue[i]]);
        }
    }

    [[gnu::always_inline]] void prefetch_chunk(std::uint32_t index) const noexcept { __builtin_prefetch(&chunks_[index], 1); }

private:
    void append_chunk(BookLevel& level, std::uint32_t level_index) noexcept {
        std::uint32_t index = free_;
        if (index != 0) {
            free_ = chunks_[index].next;
        } else {
            index = static_cast<std::uint32_t>(++used_);
            assert(index < chunks_.capacity());
        }
        QueueChunk& chunk = chunks_[index];
        chunk.level = level_index;
        chunk.previous = level.last;
        chunk.next = 0;
        chunk.count = 0;
        (level.last == 0 ? level.first : chunks_[level.last].next) = index;
        level.last = index;
    }

    void remove_chunk(BookLevel& level, std::uint32_t index) noexcept {
        QueueChunk& chunk = chunks_[index];
        (chunk.previous == 0 ? level.first : chunks_[chunk.previous].next) = chunk.next;
        (chunk.next == 0 ? level.last : chunks_[chunk.next].previous) = chunk.previous;
        chunk.next = free_;
        free_ = index;
    }

    OrderTable& orders_;
    HugeArray<QueueChunk> chunks_;  ///< the first one is nobody's; each of the others holds at least one order
    std::size_t used_ = 0;
    std::uint32_t free_ = 0;
};

}  // namespace parley::itch
