#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "parley/book_nodes.hpp"

namespace parley {

/// From a key (an order's id, a level's price) to the node that holds it. Eight bytes a slot: the node's index and the
/// upper half of the key's hash; the node itself says whether it is the one. Linear probing, no tombstones.
class NodeTable {
public:
    explicit NodeTable(std::size_t capacity = 16) : slots_(round_up(capacity)) { set_shift(); }

    [[nodiscard]] NodeIndex find(std::int64_t key, const BookNodes& nodes) const noexcept {
        const std::uint32_t tag = tag_of(key);
        for (std::size_t at = home(tag);; at = (at + 1) & mask_) {
            const Slot slot = slots_[at];
            if (slot.place == 0) return kNone;
            if (slot.tag == tag && nodes[slot.place - 1].key == key) return slot.place - 1;
        }
    }
    /// A guess that reads no node: the index of the first node whose tag is the key's, or kNone.
    [[nodiscard]] NodeIndex guess(std::int64_t key) const noexcept {
        const std::uint32_t tag = tag_of(key);
        for (std::size_t at = home(tag);; at = (at + 1) & mask_) {
            if (slots_[at].place == 0) return kNone;
            if (slots_[at].tag == tag) return slots_[at].place - 1;
        }
    }
    void prefetch(std::int64_t key) const noexcept { parley::prefetch(&slots_[home(tag_of(key))]); }

    /// The key must not be in the table.
    void insert(std::int64_t key, NodeIndex index) {
        if ((count_ + 1) * 8 > slots_.capacity() * 5) grow();
        put({tag_of(key), index + 1});
        ++count_;
    }

    /// The key must be in the table, as that node.
    void erase(std::int64_t key, NodeIndex index) noexcept {
        std::size_t hole = home(tag_of(key));
        while (slots_[hole].place != index + 1) hole = (hole + 1) & mask_;
        for (std::size_t at = (hole + 1) & mask_; slots_[at].place != 0; at = (at + 1) & mask_) {
            const std::size_t distance = (at - home(slots_[at].tag)) & mask_;
            if (distance >= ((at - hole) & mask_)) {
                slots_[hole] = slots_[at];
                hole = at;
            }
        }
        slots_[hole].place = 0;
        --count_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// In an order that depends on history: sort before anything that must be deterministic.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t at = 0; at <= mask_; ++at) {
            if (slots_[at].place != 0) visit(slots_[at].place - 1);
        }
    }

private:
    struct Slot {
        std::uint32_t tag;
        std::uint32_t place;  ///< index + 1; 0: empty
    };

    [[nodiscard]] static std::size_t round_up(std::size_t capacity) noexcept {
        std::size_t size = 64;
        while (size < capacity * 2) size *= 2;
        return size;
    }
    /// Fibonacci hashing: Knuth, TAOCP 3, 6.4.
    [[nodiscard]] static std::uint32_t tag_of(std::int64_t key) noexcept {
        return static_cast<std::uint32_t>((static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15ULL) >> 32);
    }
    [[nodiscard]] std::size_t home(std::uint32_t tag) const noexcept { return tag >> shift_; }
    void set_shift() noexcept {
        mask_ = slots_.capacity() - 1;
        shift_ = 32 - static_cast<unsigned>(__builtin_ctzll(slots_.capacity()));
    }
    void put(Slot slot) noexcept {
        std::size_t at = home(slot.tag);
        while (slots_[at].place != 0) at = (at + 1) & mask_;
        slots_[at] = slot;
    }
    void grow() {
        HugeArray<Slot> old(slots_.capacity() * 2);
        std::swap(old, slots_);
        set_shift();
        for (std::size_t at = 0; at < old.capacity(); ++at) {
            if (old[at].place != 0) put(old[at]);
        }
    }

    HugeArray<Slot> slots_;
    std::size_t mask_ = 0;
    unsigned shift_ = 0;
    std::size_t count_ = 0;
};

}  // namespace parley
