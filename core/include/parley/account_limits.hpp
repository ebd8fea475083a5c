#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "parley/inputs.hpp"

namespace parley {

/// An account's limits by coin; those of kAllCoins hold for every coin without its own. Most accounts have no others:
/// then they are here, in one line of the cache, and nothing is searched.
class AccountLimits {
public:
    /// Null where nothing holds for the coin.
    [[nodiscard]] const Limits* find(std::int64_t coin) const noexcept {
        if (is_for_all_) return &for_all_;
        const Limits* own = find_own(coin);
        return own != nullptr ? own : find_own(kAllCoins);
    }

    void set(std::int64_t coin, const Limits& limits) {
        const auto at = std::lower_bound(by_coin_.begin(), by_coin_.end(), coin, is_below);
        if (at != by_coin_.end() && at->first == coin) {
            at->second = limits;
        } else {
            by_coin_.insert(at, {coin, limits});
        }
        is_for_all_ = by_coin_.size() == 1 && by_coin_.front().first == kAllCoins;
        if (is_for_all_) for_all_ = limits;
    }

    [[nodiscard]] std::size_t size() const noexcept { return by_coin_.size(); }
    /// Coins in ascending order.
    [[nodiscard]] auto begin() const noexcept { return by_coin_.begin(); }
    [[nodiscard]] auto end() const noexcept { return by_coin_.end(); }

private:
    using CoinLimits = std::pair<std::int64_t, Limits>;
    [[nodiscard]] static bool is_below(const CoinLimits& each, std::int64_t coin) noexcept { return each.first < coin; }
    [[nodiscard]] const Limits* find_own(std::int64_t coin) const noexcept {
        const auto at = std::lower_bound(by_coin_.begin(), by_coin_.end(), coin, is_below);
        return at != by_coin_.end() && at->first == coin ? &at->second : nullptr;
    }

    Limits for_all_;
    bool is_for_all_ = false;
    std::vector<CoinLimits> by_coin_;
};

}  // namespace parley
