#include "parley/order_book.hpp"

namespace parley {
namespace {

/// Rungs looked at one by one before a binary search: most changes happen within a few prices of the touch.
constexpr std::size_t kLinearRungs = 8;

}  // namespace

/// Index of the first rung whose key is not below `key`.
std::size_t OrderBook::position_of(const Ladder& sorted, std::int64_t key) noexcept {
    std::size_t at = sorted.size();
    const std::size_t floor = at > kLinearRungs ? at - kLinearRungs : 0;
    while (at > floor && sorted[at - 1].key >= key) --at;
    if (at > floor || floor == 0) return at;
    const auto found = std::lower_bound(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(floor), key,
                                        [](const Rung& rung, std::int64_t wanted) { return rung.key < wanted; });
    return static_cast<std::size_t>(found - sorted.begin());
}

void OrderBook::add(OrderIndex index) {
    RestingOrder& order = (*orders_)[index];
    assert(order.leaves.value > 0);
    Ladder& sorted = ladder(order.side);
    const std::int64_t key = order.price.value * sign(order.side);
    const std::size_t at = position_of(sorted, key);
    if (at == sorted.size() || sorted[at].key != key) {
        const LevelIndex fresh = levels_->take();
        (*levels_)[fresh].price = order.price;
        sorted.insert(sorted.begin() + static_cast<std::ptrdiff_t>(at), Rung{key, fresh});
    }
    Level& level = (*levels_)[sorted[at].level];
    order.level = sorted[at].level;
    order.previous = level.tail;
    order.next = kNone;
    if (level.tail == kNone) {
        level.head = index;
    } else {
        (*orders_)[level.tail].next = index;
    }
    level.tail = index;
    level.total += order.leaves;
}

void OrderBook::remove(OrderIndex index) noexcept {
    const RestingOrder& order = (*orders_)[index];
    Level& level = (*levels_)[order.level];
    level.total -= order.leaves;
    if (order.previous == kNone) {
        level.head = order.next;
    } else {
        (*orders_)[order.previous].next = order.next;
    }
    if (order.next == kNone) {
        level.tail = order.previous;
    } else {
        (*orders_)[order.next].previous = order.previous;
    }
    if (level.head != kNone) return;
    Ladder& sorted = ladder(order.side);
    const std::size_t at = position_of(sorted, order.price.value * sign(order.side));
    assert(at < sorted.size() && sorted[at].level == order.level);
    sorted.erase(sorted.begin() + static_cast<std::ptrdiff_t>(at));
    levels_->give_back(order.level);
}

void OrderBook::reduce(OrderIndex index, Lots lots) noexcept {
    RestingOrder& order = (*orders_)[index];
    assert(lots.value > 0 && lots < order.leaves);
    order.leaves -= lots;
    (*levels_)[order.level].total -= lots;
}

std::vector<OrderBook::Depth> OrderBook::depth(Side side, std::size_t count) const {
    std::vector<Depth> best;
    const auto& sorted = ladder(side);
    best.reserve(std::min(count, sorted.size()));
    for (auto entry = sorted.rbegin(); entry != sorted.rend() && best.size() < count; ++entry) {
        const Level& level = (*levels_)[entry->level];
        best.push_back({level.price, level.total});
    }
    return best;
}

}  // namespace parley
