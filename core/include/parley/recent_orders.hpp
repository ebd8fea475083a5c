#pragma once

#include <cstdint>
#include <vector>

#include "parley/bytes.hpp"
#include "parley/flat_map.hpp"
#include "parley/units.hpp"

namespace parley {

inline constexpr std::size_t kRecentOrdersMax = 65'536;

/// The last orders by what they were, to find one that is the same again: a ring with a hash over it.
class RecentOrders {
public:
    struct Key {
        AccountId account_id = 0;
        InstrumentId instrument_id = 0;
        std::int64_t lots = 0;
        std::int64_t price = 0;
        Side side{};
        friend bool operator==(const Key&, const Key&) = default;
    };

    /// When the same order last came; `never` where it did not, or too many came since.
    [[nodiscard]] TimeNs find(const Key& key, TimeNs never) const noexcept {
        const std::uint32_t* at = places_.find(hash(key));
        return at != nullptr && ring_[*at].key == key ? ring_[*at].at_ns : never;
    }

    void add(const Key& key, TimeNs at_ns) {
        if (ring_.size() < kRecentOrdersMax) {
            ring_.push_back({});
        } else {
            const std::uint64_t old = hash(ring_[next_].key);
            const std::uint32_t* place = places_.find(old);
            if (place != nullptr && *place == next_) places_.erase(old);
        }
        ring_[next_] = {key, at_ns};
        places_[hash(key)] = next_;
        next_ = static_cast<std::uint32_t>((next_ + 1) % kRecentOrdersMax);
    }

    void save(Writer& writer) const {
        writer.number(static_cast<std::int64_t>(ring_.size()));
        const std::size_t oldest = ring_.size() < kRecentOrdersMax ? 0 : next_;
        for (std::size_t i = 0; i < ring_.size(); ++i) {
            const auto& [key, at_ns] = ring_[(oldest + i) % ring_.size()];
            writer.numbers(key.account_id, key.instrument_id, key.lots, key.price, key.side, at_ns);
        }
    }

    void load(Reader& reader) {
        for (auto count = reader.below<std::size_t>(kRecentOrdersMax + 1); count > 0; --count) {
            Key key;
            key.account_id = reader.number();
            key.instrument_id = reader.number();
            key.lots = reader.number();
            key.price = reader.number();
            key.side = reader.below<Side>(2);
            add(key, reader.number());
        }
    }

private:
    struct Entry {
        Key key;
        TimeNs at_ns = 0;
    };

    [[nodiscard]] static std::uint64_t hash(const Key& key) noexcept {
        std::uint64_t mixed = 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(key.side);
        for (const std::int64_t part : {key.account_id, key.instrument_id, key.lots, key.price}) {
            mixed = (mixed ^ static_cast<std::uint64_t>(part)) * 0xbf58476d1ce4e5b9ULL;  // splitmix64 (Steele et al. 2014)
            mixed ^= mixed >> 31;
        }
        return mixed;
    }

    std::vector<Entry> ring_;
    FlatMap<std::uint32_t> places_;
    std::uint32_t next_ = 0;
};

}  // namespace parley
