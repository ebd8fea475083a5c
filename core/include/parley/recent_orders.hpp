#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "parley/bytes.hpp"
#include "parley/units.hpp"

namespace parley {

/// Sets of four: 65,536 orders, one line of the cache to look at for each.
inline constexpr std::size_t kRecentOrderSets = 16'384;

/// The last orders by what they were, to find one that is the same again. An order is told by a hash of 64 bits; a fifth
/// one of a set takes the place of the oldest.
class RecentOrders {
public:
    struct Key {
        AccountId account_id = 0;
        InstrumentId instrument_id = 0;
        std::int64_t lots = 0;
        std::int64_t price = 0;
        Side side{};
    };

    /// When the same order last came; `never` where it did not, or too many came since.
    [[nodiscard]] TimeNs find(const Key& key, TimeNs never) const noexcept {
        return find(hash_of(key), never);
    }
    [[nodiscard]] TimeNs find(std::uint64_t hash, TimeNs never) const noexcept {
        if (sets_.empty()) return never;
        for (const Entry& entry : sets_[hash % kRecentOrderSets]) {
            if (entry.hash == hash) return entry.at_ns;
        }
        return never;
    }

    void add(const Key& key, TimeNs at_ns) { add(hash_of(key), at_ns); }
    /// The newest first in its set: what is saved and loaded again comes back as it was.
    void add(std::uint64_t hash, TimeNs at_ns) {
        if (sets_.empty()) sets_.resize(kRecentOrderSets);
        Set& set = sets_[hash % kRecentOrderSets];
        std::size_t at = 0;
        while (at < 3 && set[at].hash != hash && set[at].hash != 0) ++at;
        for (; at > 0; --at) set[at] = set[at - 1];
        set[0] = {hash, at_ns};
    }
    void look_ahead(std::uint64_t hash) const noexcept {
        if (!sets_.empty()) __builtin_prefetch(&sets_[hash % kRecentOrderSets]);
    }

    [[nodiscard]] static std::uint64_t hash_of(const Key& key) noexcept {
        std::uint64_t mixed = 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(key.side);
        for (const std::int64_t part : {key.account_id, key.instrument_id, key.lots, key.price}) {
            mixed = (mixed ^ static_cast<std::uint64_t>(part)) * 0xbf58476d1ce4e5b9ULL;  // splitmix64 (Steele et al. 2014)
            mixed ^= mixed >> 31;
        }
        return mixed | 1U << 20;
    }

    void save(Writer& writer) const {
        std::int64_t count = 0;
        for_each([&](const Entry&) { ++count; });
        writer.number(count);
        for_each([&](const Entry& entry) { writer.numbers(entry.hash, entry.at_ns); });
    }

    void load(Reader& reader) {
        for (auto count = reader.below<std::size_t>(4 * kRecentOrderSets + 1); count > 0; --count) {
            const auto hash = static_cast<std::uint64_t>(reader.number());
            add(hash, reader.number());
        }
    }

private:
    struct Entry {
        std::uint64_t hash = 0;  ///< 0: free
        TimeNs at_ns = 0;
    };
    struct alignas(64) Set : std::array<Entry, 4> {};

    /// Set by set, the oldest of each first.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const Set& set : sets_) {
            for (std::size_t at = 4; at > 0; --at) {
                if (set[at - 1].hash != 0) visit(set[at - 1]);
            }
        }
    }

    std::vector<Set> sets_;
};

}  // namespace parley
