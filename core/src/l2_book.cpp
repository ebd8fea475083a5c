#include "parley/l2_book.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley {

namespace {

constexpr std::size_t kLevelsAtFirst = 256;
constexpr std::size_t kNear = 8;  // levels from the best that are looked at one by one

}  // namespace

L2Side::L2Side(Side side) : sign_(side == Side::buy ? 1 : -1) {
    keys_.reserve(kLevelsAtFirst);
    lots_.reserve(kLevelsAtFirst);
}

/// The first index whose key is not below `key`.
std::size_t L2Side::find(std::int64_t key) const noexcept {
    const std::int64_t* keys = keys_.data();
    std::size_t end = keys_.size();
    const std::size_t near_end = end > kNear ? end - kNear : 0;
    while (end > near_end && keys[end - 1] >= key) --end;
    if (end > near_end || near_end == 0) return end;
    std::size_t begin = 0;
    std::size_t count = end;
    while (count > 0) {
        const std::size_t half = count / 2;
        const bool is_below = keys[begin + half] < key;
        begin += is_below ? half + 1 : 0;
        count = is_below ? count - half - 1 : half;
    }
    return begin;
}

bool L2Side::set(std::int64_t price_ticks, std::int64_t quantity_lots) {
    const std::int64_t key = price_ticks * sign_;
    const std::size_t index = find(key);
    const bool is_known = index < keys_.size() && keys_[index] == key;
    const auto place = static_cast<std::ptrdiff_t>(index);
    if (quantity_lots <= 0) {
        if (!is_known) return true;
        keys_.erase(keys_.begin() + place);
        lots_.erase(lots_.begin() + place);
        return true;
    }
    if (is_known) {
        lots_[index] = quantity_lots;
        return true;
    }
    if (keys_.size() >= kLevelsPerSideMax) return false;
    keys_.insert(keys_.begin() + place, key);
    lots_.insert(lots_.begin() + place, quantity_lots);
    return true;
}

bool L2Side::append(std::int64_t price_ticks, std::int64_t quantity_lots) {
    if (quantity_lots <= 0) return true;
    if (keys_.size() >= kLevelsPerSideMax) return false;
    keys_.push_back(price_ticks * sign_);
    lots_.push_back(quantity_lots);
    return true;
}

void L2Side::settle() {
    if (std::is_sorted(keys_.rbegin(), keys_.rend())) {
        std::reverse(keys_.begin(), keys_.end());
        std::reverse(lots_.begin(), lots_.end());
    }
    if (std::adjacent_find(keys_.begin(), keys_.end(), std::greater_equal<>()) == keys_.end()) return;
    std::vector<std::pair<std::int64_t, std::int64_t>> levels(keys_.size());
    for (std::size_t at = 0; at != levels.size(); ++at) levels[at] = {keys_[at], lots_[at]};
    std::stable_sort(levels.begin(), levels.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    clear();
    for (const auto& [key, lots] : levels) {
        if (!keys_.empty() && keys_.back() == key) {
            lots_.back() = lots;  // the later mention of a price holds
        } else {
            keys_.push_back(key);
            lots_.push_back(lots);
        }
    }
}

std::int64_t L2Side::lots_at(std::int64_t price_ticks) const noexcept {
    const std::size_t index = find(price_ticks * sign_);
    return index < keys_.size() && keys_[index] == price_ticks * sign_ ? lots_[index] : 0;
}

bool L2Book::apply(std::span<const FeedUpdate> message) {
    if (!message.empty() && message[0].kind == UpdateKind::clear) return apply_snapshot(message);
    bool has_room = true;
    for (const FeedUpdate& update : message) {
        if (update.kind != UpdateKind::level) continue;
        has_room &= sides_[static_cast<std::size_t>(update.side) & 1].set(update.price_ticks, update.quantity_lots);
    }
    return has_room;
}

bool L2Book::apply_snapshot(std::span<const FeedUpdate> message) {
    clear();
    bool has_room = true;
    for (const FeedUpdate& update : message) {
        if (update.kind != UpdateKind::level) continue;
        has_room &= sides_[static_cast<std::size_t>(update.side) & 1].append(update.price_ticks, update.quantity_lots);
    }
    for (auto& side : sides_) side.settle();
    return has_room;
}

}  // namespace parley
