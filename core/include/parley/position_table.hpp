#pragma once

#include <cstdint>
#include <vector>

#include "parley/book_nodes.hpp"
#include "parley/flat_map.hpp"
#include "parley/prefetch.hpp"
#include "parley/risk.hpp"

namespace parley {

using PositionIndex = std::uint32_t;

/// Half a cache line: a position and whose it is, by slot.
struct alignas(32) HeldPosition {
    Position position;
    std::uint32_t account = kNone;
    std::uint32_t instrument = kNone;
};
static_assert(sizeof(HeldPosition) == 32);

/// Positions by account and instrument. A position stays at its index until its instrument is forgotten, so that an
/// order remembers where its account's position is and nothing is looked up when it changes.
class PositionTable {
public:
    /// kNone where there is none.
    [[nodiscard]] PositionIndex find(std::uint32_t account, std::uint32_t instrument) const noexcept {
        const PositionIndex* index = places_.find(key(account, instrument));
        return index == nullptr ? kNone : *index;
    }
    /// The same, or a new, empty one.
    [[nodiscard]] PositionIndex find_or_add(std::uint32_t account, std::uint32_t instrument) {
        const PositionIndex known = find(account, instrument);
        return known != kNone ? known : add(account, instrument);
    }
    void erase(std::uint32_t account, std::uint32_t instrument) {
        const PositionIndex index = find(account, instrument);
        if (index == kNone) return;
        places_.erase(key(account, instrument));
        free_.push_back(index);
    }
    void prefetch(PositionIndex index) const noexcept { parley::prefetch(held_.data() + index); }

    [[nodiscard]] HeldPosition& operator[](PositionIndex index) noexcept { return held_[index]; }
    [[nodiscard]] const HeldPosition& operator[](PositionIndex index) const noexcept { return held_[index]; }

    /// In an order that depends on history: sort before anything that must be deterministic.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        places_.for_each([&](std::uint64_t, PositionIndex index) { visit(held_[index]); });
    }

private:
    [[nodiscard]] static std::uint64_t key(std::uint32_t account, std::uint32_t instrument) noexcept {
        return (std::uint64_t{account} << 32) | instrument;
    }
    PositionIndex add(std::uint32_t account, std::uint32_t instrument) {
        auto index = static_cast<PositionIndex>(held_.size());
        if (free_.empty()) {
            held_.emplace_back();
        } else {
            index = free_.back();
            free_.pop_back();
        }
        held_[index] = {{}, account, instrument};
        places_[key(account, instrument)] = index;
        return index;
    }

    std::vector<HeldPosition> held_;
    std::vector<PositionIndex> free_;
    FlatMap<PositionIndex> places_;
};

}  // namespace parley
