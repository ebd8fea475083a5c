#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>

#include "parley/huge_array.hpp"
#include "parley/units.hpp"

namespace parley::itch {

/// Where an order queues: the line of its level or a chunk behind it, and the side of its book.
struct QueuePlace {
    static constexpr std::uint32_t kSell = std::uint32_t{1} << 31;
    static constexpr std::uint32_t kChunk = std::uint32_t{1} << 30;
    static constexpr std::uint32_t kIndexMask = kChunk - 1;

    std::uint32_t bits;

    [[nodiscard]] std::uint32_t index() const noexcept { return bits & kIndexMask; }
    [[nodiscard]] bool is_chunk() const noexcept { return (bits & kChunk) != 0; }
    [[nodiscard]] Side side() const noexcept { return static_cast<Side>(bits >> 31); }
};

/// A resting order: a quarter of a cache line. No shares: a free place.
struct alignas(16) BookOrder {
    std::uint64_t reference;
    std::uint32_t shares;
    QueuePlace place;
};
static_assert(sizeof(BookOrder) == 16);

/// Orders by reference. A reference names one cache line with four places: Nasdaq gives references out one after the
/// other, and neighbors lie in neighboring lines, so that adds write memory in its order and old orders spread evenly.
/// An order that finds its line full goes to a chain of that line. The bits above the lines are mixed in, so that no
/// stride piles up. An order never moves while it rests; index 0 is nobody. Fixed size.
class OrderTable {
public:
    explicit OrderTable(std::size_t orders_max)
        : lines_(std::max<std::size_t>(2, std::bit_ceil(orders_max) / 2)),
          mask_(lines_ - 1),
          bits_(static_cast<unsigned>(std::countr_zero(lines_))),
          orders_max_(orders_max),
          orders_(kWays * lines_ + orders_max),
          heads_(lines_),
          chain_(orders_max) {
        assert(kWays * lines_ + orders_max < (std::uint64_t{1} << 32));
        for (std::size_t i = 0; i < kWays; ++i) orders_[i].reference = kOfLineOne;
        orders_[0].shares = 1;  // nobody's, but not free
    }

    [[nodiscard]] BookOrder& operator[](std::uint32_t index) noexcept { return orders_[index]; }
    [[nodiscard]] const BookOrder& operator[](std::uint32_t index) const noexcept { return orders_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] std::uint32_t index_of(const BookOrder& order) const noexcept {
        return static_cast<std::uint32_t>(&order - &orders_[0]);
    }
    [[nodiscard]] bool is_at(std::uint32_t index, std::uint64_t reference) const noexcept {
        return orders_[index].reference == reference && orders_[index].shares != 0 && index != 0;
    }

    /// Index of the order, 0 where there is none.
    [[nodiscard]] std::uint32_t find(std::uint64_t reference) const noexcept {
        const std::size_t line = line_of(reference);
        const BookOrder* const at = &orders_[kWays * line];
        const auto found = static_cast<unsigned>(at[0].reference == reference) |
                           static_cast<unsigned>(at[1].reference == reference) << 1 |
                           static_cast<unsigned>(at[2].reference == reference) << 2 |
                           static_cast<unsigned>(at[3].reference == reference) << 3;
        if (found != 0) return static_cast<std::uint32_t>(kWays * line) + static_cast<std::uint32_t>(std::countr_zero(found));
        std::uint32_t index = heads_[line];
        while (index != 0 && orders_[index].reference != reference) index = next_of(index);
        return index;
    }

    /// A new order with that reference and those shares (not 0), its place as it was left; 0 where the table is full.
    [[nodiscard]] std::uint32_t insert(std::uint64_t reference, std::uint32_t shares) noexcept {
        if (count_ == orders_max_) return 0;
        const std::size_t line = line_of(reference);
        const BookOrder* const at = &orders_[kWays * line];
        const auto free = static_cast<unsigned>(at[0].shares == 0) | static_cast<unsigned>(at[1].shares == 0) << 1 |
                          static_cast<unsigned>(at[2].shares == 0) << 2 | static_cast<unsigned>(at[3].shares == 0) << 3;
        const std::uint32_t index =
            free != 0 ? static_cast<std::uint32_t>(kWays * line) + static_cast<std::uint32_t>(std::countr_zero(free)) : spill(line);
        orders_[index].reference = reference;
        orders_[index].shares = shares;
        ++count_;
        return index;
    }

    void erase(std::uint32_t index) noexcept {
        BookOrder& order = orders_[index];
        if (index >= kWays * lines_) unspill(index);
        order.reference ^= 1;  // of another line, so that no search in this one finds it
        order.shares = 0;
        --count_;
    }

    [[gnu::always_inline]] void prefetch(std::uint64_t reference) const noexcept {
        __builtin_prefetch(&orders_[kWays * line_of(reference)], 1);
    }
    /// What an order that is to be inserted needs; something near at hand where `mask` is 0.
    [[gnu::always_inline]] void prefetch_new(std::uint64_t reference, std::size_t mask) const noexcept {
        const std::size_t line = line_of(reference) & mask;
        __builtin_prefetch(&orders_[kWays * line], 1);
        __builtin_prefetch(&heads_[line], 0);
    }

private:
    static constexpr std::size_t kWays = 4;
    static constexpr std::uint64_t kOfLineOne = 1;

    [[nodiscard]] std::size_t line_of(std::uint64_t reference) const noexcept {
        return (reference + (reference >> bits_) * 0x9e3779b97f4a7c15ULL) & mask_;
    }
    [[nodiscard]] std::uint32_t& next_of(std::uint32_t index) noexcept { return chain_[index - kWays * lines_]; }
    [[nodiscard]] std::uint32_t next_of(std::uint32_t index) const noexcept { return chain_[index - kWays * lines_]; }

    [[nodiscard]] std::uint32_t spill(std::size_t line) noexcept {
        std::uint32_t index = free_;
        if (index != 0) {
            free_ = next_of(index);
        } else {
            assert(spilled_ < orders_max_);
            index = static_cast<std::uint32_t>(kWays * lines_ + spilled_++);
        }
        next_of(index) = heads_[line];
        heads_[line] = index;
        return index;
    }

    void unspill(std::uint32_t index) noexcept {
        std::uint32_t* link = &heads_[line_of(orders_[index].reference)];
        while (*link != index) {
            assert(*link != 0);
            link = &next_of(*link);
        }
        *link = next_of(index);
        next_of(index) = free_;
        free_ = index;
    }

    std::size_t lines_;
    std::size_t mask_;
    unsigned bits_;
    std::size_t orders_max_;
    HugeArray<BookOrder> orders_;       ///< the lines, and behind them what spilled
    HugeArray<std::uint32_t> heads_;    ///< of each line, first that spilled
    HugeArray<std::uint32_t> chain_;    ///< of each that spilled or is free: the next
    std::size_t spilled_ = 0;
    std::size_t count_ = 0;
    std::uint32_t free_ = 0;
};

}  // namespace parley::itch
