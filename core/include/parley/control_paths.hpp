#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "parley/huge_array.hpp"
#include "parley/prefetch.hpp"
#include "parley/units.hpp"

namespace parley {

/// Slots of the scopes with limits that cover an order.
struct Covering {
    std::array<std::uint32_t, 8> slots{};
    std::size_t count = 0;
};

/// What the orders of one owner in one instrument are held to, put together once: the scopes that cover them, where
/// their counters are, and the least of every limit that asks only about the order. It says when nothing can be in the
/// way; what is in the way, every control says for itself.
struct alignas(64) ControlPath {
    struct Key {
        std::uint32_t account;     ///< slot
        std::uint32_t instrument;  ///< slot
        std::int64_t user_id, desk_id, strategy_id;
        [[nodiscard]] bool operator==(const Key&) const noexcept = default;
    };
    static constexpr std::uint32_t kNoCounter = 0xffffffff;
    static constexpr std::uint64_t kNoMarket = ~std::uint64_t{0};

    Key key;
    std::uint64_t revision;  ///< of all that it was put together from; 0: of nothing
    std::uint64_t market_revision;  ///< of the mark and the index that the next eight hold for; kNoMarket: of none
    TimeNs fresh_from_ns, fresh_until_ns;  ///< while nothing can be said against them
    PriceTicks buy_until, sell_until;  ///< farthest from the mark of what the collar is known to let pass
    std::int64_t max_worst_lots;  ///< the largest position with everything working filled
    double lot_value_micros, tick_value_micros;  ///< of a lot: at any price, and more for each tick of the price
    std::int64_t max_quantity_lots;
    double max_value_micros;  ///< less than the bounds by what a rough value may be wrong
    TimeNs windows_until_ns;  ///< until then the period collars of all scopes are open and come to these prices
    PriceTicks highest_buy, lowest_sell;
    TimeNs duplicate_window_ns;
    bool is_plain;  ///< no list, switch or state is in the way, and no limit is missing
    std::uint32_t count;
    std::array<std::uint32_t, 8> slots;
    std::uint64_t room_revision;  ///< of the room; 0: none
    std::int64_t orders_until, working_until;  ///< as many of all scopes together are within every limit, and so much risk
    double risk_until_micros;
    std::array<std::uint32_t, 8> counters;  ///< kNoCounter: none yet
};
static_assert(sizeof(ControlPath) == 256);

/// The paths used last, found by whose order it is and in what. What it holds follows from the state and is no part of it.
class ControlPaths {
public:
    /// The path of the key, or one to put it together in: its key and revision tell.
    [[nodiscard]] ControlPath& find(const ControlPath::Key& key) noexcept {
        ControlPath* const set = &paths_[set_of(key) * kWays];
        if (set[0].key == key) return set[0];
        if (set[1].key == key) return set[1];
        if (set[0].revision < set[1].revision) return set[0];
        turn_ = !turn_;
        return set[turn_ ? 0 : 1];
    }

    /// Where a path is, for whoever asks for it again: what is found there may by then be another's.
    [[nodiscard]] std::uint32_t place_of(const ControlPath& path) const noexcept {
        return static_cast<std::uint32_t>(&path - &paths_[0]);
    }
    [[nodiscard]] ControlPath& at(std::uint32_t place) noexcept { return paths_[place % (kSets * kWays)]; }

    /// Asks the memory for what is read of the path.
    void prefetch(std::uint32_t place) const noexcept {
        const auto* const path = reinterpret_cast<const std::byte*>(&paths_[place % (kSets * kWays)]);
        parley::prefetch(path);
        parley::prefetch(path + 64);
        parley::prefetch(path + 128);
    }
    void prefetch(const ControlPath::Key& key) const noexcept {
        const auto* const set = reinterpret_cast<const std::byte*>(&paths_[set_of(key) * kWays]);
        for (std::size_t way = 0; way < kWays; ++way) {
            parley::prefetch(set + way * sizeof(ControlPath));
            parley::prefetch(set + way * sizeof(ControlPath) + 64);
            parley::prefetch(set + way * sizeof(ControlPath) + 128);
        }
    }

private:
    static constexpr std::size_t kWays = 2;
    static constexpr std::size_t kSets = 4'096;

    [[nodiscard]] static std::size_t set_of(const ControlPath::Key& key) noexcept {
        std::uint64_t mixed = (std::uint64_t{key.account} << 32 | key.instrument) * 0x9e3779b97f4a7c15ULL;
        mixed ^= static_cast<std::uint64_t>(key.user_id) * 0xbf58476d1ce4e5b9ULL;
        mixed ^= static_cast<std::uint64_t>(key.strategy_id) * 0x94d049bb133111ebULL;
        return static_cast<std::size_t>(mixed >> 40) % kSets;
    }

    HugeArray<ControlPath> paths_{kSets * kWays};
    bool turn_ = false;
};

}  // namespace parley
