#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "parley/bytes.hpp"
#include "parley/prefetch.hpp"

namespace parley {

/// Remembers what became of the last `capacity` ids; an older one is forgotten when a new one comes. The ids lie in a
/// ring in the order in which they came; a hash table of eight bytes a slot finds them, linear probing, no tombstones.
class RecentIds {
public:
    explicit RecentIds(std::size_t capacity) : capacity_(capacity), slots_(kSlotsMin) { assert(capacity > 0); }

    void remember(std::int64_t id, std::uint8_t outcome) {
        const std::uint32_t place = place_of(id);
        if (place != 0) {
            outcomes_[place - 1] = outcome;
            return;
        }
        if (ids_.size() < capacity_) {
            if ((ids_.size() + 1) * 2 > slots_.size()) grow();
            ids_.push_back(id);
            outcomes_.push_back(outcome);
            return put({tag_of(id), static_cast<std::uint32_t>(ids_.size())});
        }
        forget(oldest_);
        ids_[oldest_] = id;
        outcomes_[oldest_] = outcome;
        put({tag_of(id), static_cast<std::uint32_t>(oldest_ + 1)});
        oldest_ = (oldest_ + 1) % capacity_;
        prefetch(ids_[oldest_]);
    }

    /// The outcome remembered of the id, or null.
    [[nodiscard]] const std::uint8_t* find(std::int64_t id) const noexcept {
        const std::uint32_t place = place_of(id);
        return place == 0 ? nullptr : &outcomes_[place - 1];
    }

    /// Asks the memory for what `find` and `remember` will read.
    void prefetch(std::int64_t id) const noexcept { parley::prefetch(&slots_[home(tag_of(id))]); }

    void save(Writer& writer) const {
        writer.number(static_cast<std::int64_t>(ids_.size()));
        for (std::size_t i = 0; i < ids_.size(); ++i) {
            const std::size_t at = (oldest_ + i) % ids_.size();
            writer.numbers(ids_[at], outcomes_[at]);
        }
    }

    void load(Reader& reader) {
        for (auto count = reader.below<std::size_t>(static_cast<std::int64_t>(capacity_) + 1); count > 0; --count) {
            const std::int64_t id = reader.number();
            remember(id, reader.below<std::uint8_t>(256));
        }
    }

private:
    static constexpr std::size_t kSlotsMin = 64;

    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t place = 0;  ///< in the ring, and one more; 0: empty
    };

    /// Fibonacci hashing: Knuth, TAOCP 3, 6.4.
    [[nodiscard]] static std::uint32_t tag_of(std::int64_t id) noexcept {
        return static_cast<std::uint32_t>((static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15ULL) >> 32);
    }
    [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
    [[nodiscard]] std::size_t home(std::uint32_t tag) const noexcept { return (tag >> 12) & mask(); }
    [[nodiscard]] std::uint32_t place_of(std::int64_t id) const noexcept {
        const std::uint32_t tag = tag_of(id);
        for (std::size_t at = home(tag);; at = (at + 1) & mask()) {
            const Slot slot = slots_[at];
            if (slot.place == 0 || (slot.tag == tag && ids_[slot.place - 1] == id)) return slot.place;
        }
    }
    void put(Slot slot) noexcept {
        std::size_t at = home(slot.tag);
        while (slots_[at].place != 0) at = (at + 1) & mask();
        slots_[at] = slot;
    }
    /// Takes the id at that place of the ring out of the table.
    void forget(std::size_t index) noexcept {
        std::size_t hole = home(tag_of(ids_[index]));
        while (slots_[hole].place != index + 1) hole = (hole + 1) & mask();
        for (std::size_t at = (hole + 1) & mask(); slots_[at].place != 0; at = (at + 1) & mask()) {
            const std::size_t distance = (at - home(slots_[at].tag)) & mask();
            if (distance >= ((at - hole) & mask())) {
                slots_[hole] = slots_[at];
                hole = at;
            }
        }
        slots_[hole].place = 0;
    }
    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.place != 0) put(slot);
        }
    }

    std::size_t capacity_;
    std::vector<std::int64_t> ids_;
    std::vector<std::uint8_t> outcomes_;
    std::size_t oldest_ = 0;
    std::vector<Slot> slots_;
};

}  // namespace parley
