#include "parley/l2_book.hpp"

#include <algorithm>
#include <cstring>

namespace parley {

namespace {

constexpr std::size_t kLevelsAtFirst = 256;
constexpr std::size_t kNear = 8;  // levels beside the last one that are compared all at once, without a branch

}  // namespace

L2Side::L2Side(Side side) : sign_(side == Side::buy ? 1 : -1) { entries_.reserve(kLevelsAtFirst); }

/// The first index whose key is not below `key`: steps that double away from the hint, then halves.
std::size_t L2Side::find(std::int64_t key, std::size_t hint) const noexcept {
    const Entry* entries = entries_.data();
    std::size_t low = 0;                  // every entry before it is below the key
    std::size_t high = entries_.size();  // no entry from it on is
    std::size_t at = std::min(hint, high);
    const bool is_above = at == high || entries[at].key >= key;
    if (is_above && at >= kNear && entries[at - kNear].key < key) {
        std::size_t not_below = 0;
        for (std::size_t step = 1; step < kNear; ++step) not_below += entries[at - step].key >= key ? 1 : 0;
        return at - not_below;
    }
    if (!is_above) {
        for (std::size_t step = 1; at < high && entries[at].key < key; step *= 2) {
            low = at + 1;
            at += step;
        }
        high = std::min(high, at);
    } else {
        for (std::size_t step = 1; at > 0; step *= 2) {
            high = at;
            at -= std::min(at, step);
            if (entries[at].key < key) {
                low = at + 1;
                break;
            }
            high = at;
        }
    }
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (entries[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void L2Side::insert(std::size_t index, Entry entry) {
    entries_.push_back(entry);
    Entry* place = entries_.data() + index;
    std::memmove(place + 1, place, (entries_.size() - 1 - index) * sizeof(Entry));
    *place = entry;
}

void L2Side::erase(std::size_t index) noexcept {
    Entry* place = entries_.data() + index;
    std::memmove(place, place + 1, (entries_.size() - 1 - index) * sizeof(Entry));
    entries_.pop_back();
}

bool L2Side::set(std::int64_t price_ticks, std::int64_t quantity_lots) {
    const std::int64_t key = price_ticks * sign_;
    const std::size_t index = hint_ = find(key, hint_);
    const bool is_known = index < entries_.size() && entries_[index].key == key;
    if (is_known && quantity_lots > 0) {
        entries_[index].lots = quantity_lots;
    } else if (is_known) {
        erase(index);
    } else if (quantity_lots > 0) {
        if (entries_.size() >= kLevelsPerSideMax) return false;
        insert(index, {key, quantity_lots});
    }
    return true;
}

bool L2Side::append(std::int64_t price_ticks, std::int64_t quantity_lots) {
    if (quantity_lots <= 0) return true;
    if (entries_.size() >= kLevelsPerSideMax) return false;
    entries_.push_back({price_ticks * sign_, quantity_lots});
    return true;
}

void L2Side::settle() {
    const auto is_before = [](const Entry& a, const Entry& b) { return a.key < b.key; };
    if (std::is_sorted(entries_.rbegin(), entries_.rend(), is_before)) {
        std::reverse(entries_.begin(), entries_.end());
    }
    const auto is_out_of_order = [](const Entry& a, const Entry& b) { return a.key >= b.key; };
    if (std::adjacent_find(entries_.begin(), entries_.end(), is_out_of_order) == entries_.end()) return;
    std::stable_sort(entries_.begin(), entries_.end(), is_before);
    std::size_t kept = 0;
    for (const Entry& entry : entries_) {
        const bool is_again = kept != 0 && entries_[kept - 1].key == entry.key;
        entries_[is_again ? kept - 1 : kept++] = entry;  // the later mention of a price holds
    }
    entries_.resize(kept, Entry{0, 0});
}

std::int64_t L2Side::lots_at(std::int64_t price_ticks) const noexcept {
    const std::size_t index = find(price_ticks * sign_, entries_.size());
    return index < entries_.size() && entries_[index].key == price_ticks * sign_ ? entries_[index].lots : 0;
}

bool L2Book::apply(std::span<const FeedUpdate> message) {
    if (!message.empty() && message[0].kind == UpdateKind::clear) return apply_snapshot(message);
    bool has_room = true;
    for (auto& side : sides_) side.start_at_best();
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
