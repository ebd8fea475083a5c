#pragma once

#include <bit>
#include <cassert>
#include <cstdint>

#include "parley/huge_array.hpp"

namespace parley::itch {

/// A resting order: half a cache line.
struct alignas(32) BookOrder {
    std::uint64_t reference;
    std::uint32_t shares;
    std::uint32_t level;
    std::uint32_t chain;     ///< next of its bucket, or of the free ones
    std::uint32_t position;  ///< in a queue that is too long for its level, see OrderQueues
};
static_assert(sizeof(BookOrder) == 32);

/// Orders by reference. Nasdaq gives references out one after the other, so the bucket of a reference keeps its lowest
/// bits: neighbors in time are neighbors in memory. The bits above are mixed in, so that no stride piles up. Fixed size.
class OrderTable {
public:
    explicit OrderTable(std::size_t orders_max)
        : buckets_(std::bit_ceil(orders_max + 1)),
          orders_(orders_max + 1),
          mask_(buckets_.capacity() - 1),
          bits_(static_cast<unsigned>(std::countr_zero(buckets_.capacity()))) {
        assert(orders_max < (std::uint64_t{1} << 31));
    }

    [[nodiscard]] BookOrder& operator[](std::uint32_t index) noexcept { return orders_[index]; }
    [[nodiscard]] const BookOrder& operator[](std::uint32_t index) const noexcept { return orders_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] std::uint32_t index_of(const BookOrder& order) const noexcept {
        return static_cast<std::uint32_t>(&order - &orders_[0]);
    }

    /// Index of the order, 0 where there is none.
    [[nodiscard]] std::uint32_t find(std::uint64_t reference) const noexcept {
        std::uint32_t index = buckets_[bucket(reference)];
        while (index != 0 && orders_[index].reference != reference) index = orders_[index].chain;
        return index;
    }

    /// A new order with that reference, its other fields as they were left; 0 where the table is full.
    [[nodiscard]] std::uint32_t insert(std::uint64_t reference) noexcept {
        std::uint32_t index = free_;
        if (index != 0) {
            free_ = orders_[index].chain;
        } else {
            if (used_ + 1 >= orders_.capacity()) return 0;
            index = static_cast<std::uint32_t>(++used_);
        }
        std::uint32_t& head = buckets_[bucket(reference)];
        orders_[index].reference = reference;
        orders_[index].chain = head;
        head = index;
        ++count_;
        return index;
    }

    void erase(std::uint32_t index) noexcept {
        BookOrder& order = orders_[index];
        std::uint32_t* link = &buckets_[bucket(order.reference)];
        while (*link != index) {
            assert(*link != 0);
            link = &orders_[*link].chain;
        }
        *link = order.chain;
        order.chain = free_;
        free_ = index;
        --count_;
    }

    /// Steps of the look-ahead. Hints only: what they touch may change before it is used.
    [[gnu::always_inline]] void prefetch_bucket(std::uint64_t reference) const noexcept { __builtin_prefetch(&buckets_[bucket(reference)], 1); }
    [[nodiscard]] std::uint32_t first_of_bucket(std::uint64_t reference) const noexcept {
        return buckets_[bucket(reference)];
    }
    [[gnu::always_inline]] void prefetch_order(std::uint32_t index) const noexcept { __builtin_prefetch(&orders_[index], 1); }

private:
    [[nodiscard]] std::size_t bucket(std::uint64_t reference) const noexcept {
        return (reference + (reference >> bits_) * 0x9e3779b97f4a7c15ULL) & mask_;
    }

    HugeArray<std::uint32_t> buckets_;
    HugeArray<BookOrder> orders_;  ///< the first one is nobody
    std::size_t mask_;
    unsigned bits_;
    std::size_t used_ = 0;
    std::size_t count_ = 0;
    std::uint32_t free_ = 0;
};

}  // namespace parley::itch
