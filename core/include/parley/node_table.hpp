#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "parley/book_nodes.hpp"
#include "parley/tag_group.hpp"

namespace parley {

/// From a key (an order's id, a level's price) to the node that holds it. A slot is the node's index and the upper half
/// of the key's hash; the node itself says whether it is the one. Eight slots share a cache line and are looked at
/// together; what does not find room in its line lies in the next one with room. No tombstones.
class NodeTable {
public:
    explicit NodeTable(std::size_t capacity = 16) : groups_(round_up(capacity)) { set_shift(); }

    [[nodiscard]] NodeIndex find(std::int64_t key, const BookNodes& nodes) const noexcept {
        const std::uint32_t tag = tag_of(key);
        for (std::size_t at = home(tag);; at = next(at)) {
            const TagGroup& group = groups_[at];
            for (unsigned same = group.holding(tag); same != 0; same &= same - 1) {
                const NodeIndex index = group.nodes[std::countr_zero(same)];
                if (nodes[index].key == key) return index;
            }
            if (!group.is_full()) return kNone;
        }
    }
    /// A guess that reads no node: the index of a node whose tag is the key's, or kNone.
    [[nodiscard]] NodeIndex guess(std::int64_t key) const noexcept {
        const std::uint32_t tag = tag_of(key);
        for (std::size_t at = home(tag);; at = next(at)) {
            const TagGroup& group = groups_[at];
            const unsigned same = group.holding(tag);
            if (same != 0) return group.nodes[std::countr_zero(same)];
            if (!group.is_full()) return kNone;
        }
    }
    /// A guess without a branch, which looks at one line only; `otherwise` where the line does not know the key.
    [[nodiscard]] NodeIndex guess_near(std::int64_t key, NodeIndex otherwise) const noexcept {
        const std::uint32_t tag = tag_of(key);
        const TagGroup& group = groups_[home(tag)];
        const unsigned same = group.holding(tag);
        const NodeIndex index = group.nodes[std::countr_zero(same | 1U << (TagGroup::kPlaces - 1))];
        const NodeIndex is_known = same == 0 ? 0 : ~NodeIndex{0};
        return (index & is_known) | (otherwise & ~is_known);
    }
    /// Asks the memory for what `guess`, `find`, `insert` and `erase` will read.
    void prefetch(std::int64_t key) const noexcept { parley::prefetch(&groups_[home(tag_of(key))]); }

    /// The key must not be in the table.
    void insert(std::int64_t key, NodeIndex index) {
        if ((count_ + 1) * 8 > capacity() * 5) grow();
        put(tag_of(key), index);
        ++count_;
    }

    /// The key must be in the table, as that node.
    void erase(std::int64_t key, NodeIndex index) noexcept {
        const std::uint32_t tag = tag_of(key);
        for (std::size_t at = home(tag);; at = next(at)) {
            for (unsigned same = groups_[at].holding(tag); same != 0; same &= same - 1) {
                const auto place = static_cast<unsigned>(std::countr_zero(same));
                if (groups_[at].nodes[place] == index) return empty(at, place);
            }
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// In an order that depends on history: sort before anything that must be deterministic.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t at = 0; at <= mask_; ++at) {
            for (unsigned place = 0; place < TagGroup::kPlaces; ++place) {
                if (groups_[at].tags[place] != 0) visit(groups_[at].nodes[place]);
            }
        }
    }

private:
    static constexpr std::size_t kGroupsMin = 8;

    [[nodiscard]] static std::size_t round_up(std::size_t capacity) noexcept {
        return std::max(kGroupsMin, std::bit_ceil(capacity * 2) / TagGroup::kPlaces);
    }
    /// Fibonacci hashing: Knuth, TAOCP 3, 6.4. Never 0, which marks an empty slot.
    [[nodiscard]] static std::uint32_t tag_of(std::int64_t key) noexcept {
        const auto hash = static_cast<std::uint32_t>((static_cast<std::uint64_t>(key) * 0x9e3779b97f4a7c15ULL) >> 32);
        return hash + (hash == 0);
    }
    [[nodiscard]] std::size_t home(std::uint32_t tag) const noexcept { return tag >> shift_; }
    [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return groups_.capacity() * TagGroup::kPlaces; }
    void set_shift() noexcept {
        mask_ = groups_.capacity() - 1;
        shift_ = 32 - static_cast<unsigned>(std::countr_zero(groups_.capacity()));
    }
    void put(std::uint32_t tag, NodeIndex index) noexcept {
        std::size_t at = home(tag);
        while (groups_[at].is_full()) at = next(at);
        groups_[at].set(groups_[at].first_empty(), tag, index);
    }
    /// Behind a group that is not full lies nothing that belongs before it: a group that was full takes back what had
    /// to go further for want of room.
    void empty(std::size_t hole, unsigned place) noexcept {
        --count_;
        bool was_full = groups_[hole].is_full();
        groups_[hole].tags[place] = 0;
        for (std::size_t at = next(hole); was_full; at = next(at)) {
            TagGroup& group = groups_[at];
            was_full = group.is_full();
            for (unsigned from = 0; from < TagGroup::kPlaces; ++from) {
                if (group.tags[from] == 0 || ((at - home(group.tags[from])) & mask_) < ((at - hole) & mask_)) continue;
                groups_[hole].set(place, group.tags[from], group.nodes[from]);
                group.tags[from] = 0;
                hole = at;
                place = from;
                break;
            }
        }
    }
    void grow() {
        HugeArray<TagGroup> old(groups_.capacity() * 2);
        std::swap(old, groups_);
        set_shift();
        for (std::size_t at = 0; at < old.capacity(); ++at) {
            for (unsigned place = 0; place < TagGroup::kPlaces; ++place) {
                if (old[at].tags[place] != 0) put(old[at].tags[place], old[at].nodes[place]);
            }
        }
    }

    HugeArray<TagGroup> groups_;
    std::size_t mask_ = 0;
    unsigned shift_ = 0;
    std::size_t count_ = 0;
};

}  // namespace parley
