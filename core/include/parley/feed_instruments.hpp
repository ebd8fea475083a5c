#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "parley/decimal_ticks.hpp"
#include "parley/flat_map.hpp"

namespace parley {

inline constexpr std::uint32_t kNoSlot = 0xffffffff;
inline constexpr std::uint32_t kFeedInstrumentsMax = 65'536;

struct FeedInstrument {
    std::string symbol;  ///< as the venue spells it
    DecimalScale price_tick;
    DecimalScale lot;
};

/// The instruments of one feed: a venue's symbol to a slot, and the sizes of its tick and lot.
class FeedInstruments {
public:
    /// The slot of the new instrument; kNoSlot where the symbol is known already or the table is full.
    [[nodiscard]] std::uint32_t add(std::string_view symbol, DecimalScale price_tick, DecimalScale lot) {
        const std::uint64_t key = hash(symbol);
        if (all_.size() >= kFeedInstrumentsMax || slots_.contains(key)) return kNoSlot;
        slots_[key] = static_cast<std::uint32_t>(all_.size());
        all_.push_back({std::string(symbol), price_tick, lot});
        return static_cast<std::uint32_t>(all_.size() - 1);
    }

    [[nodiscard]] std::uint32_t find(std::string_view symbol) const noexcept {
        const std::uint32_t* slot = slots_.find(hash(symbol));
        return slot != nullptr && all_[*slot].symbol == symbol ? *slot : kNoSlot;
    }

    [[nodiscard]] const FeedInstrument& operator[](std::uint32_t slot) const noexcept { return all_[slot]; }
    [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(all_.size()); }

private:
    [[nodiscard]] static std::uint64_t hash(std::string_view text) noexcept {
        std::uint64_t state = 0x9e3779b97f4a7c15ULL ^ text.size();
        while (!text.empty()) {
            std::uint64_t word = 0;
            const std::size_t size = text.size() < 8 ? text.size() : 8;
            std::memcpy(&word, text.data(), size);
            state = (state ^ word) * 0xff51afd7ed558ccdULL;
            state ^= state >> 32;
            text.remove_prefix(size);
        }
        return state;
    }

    std::vector<FeedInstrument> all_;
    FlatMap<std::uint32_t> slots_;
};

}  // namespace parley
