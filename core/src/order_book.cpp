#include "parley/order_book.hpp"

namespace parley {

void OrderBook::add(OrderIndex index, PriceTicks price, LevelIndex guess) {
    assert((*nodes_)[index].lots.value > 0);
    link(index, level_at((*nodes_)[index].side(), price, guess));
}

void OrderBook::remove(OrderIndex index) noexcept {
    const LevelIndex level = unlink(index);
    if ((*nodes_)[level].next == level) remove_level(level);
}

void OrderBook::move(OrderIndex index, PriceTicks price, LevelIndex guess) {
    const LevelIndex level = level_at((*nodes_)[index].side(), price, guess);
    const LevelIndex left = unlink(index);
    link(index, level);
    if ((*nodes_)[left].next == left) remove_level(left);
}

void OrderBook::reduce(OrderIndex index, Lots lots) noexcept {
    BookNode& order = (*nodes_)[index];
    assert(lots.value > 0 && lots < order.lots);
    order.lots -= lots;
    (*nodes_)[order.level].lots -= lots;
}

void OrderBook::shrink(OrderIndex index, Lots leaves) noexcept {
    const BookNode& order = (*nodes_)[index];
    assert(leaves.value > 0 && leaves <= nodes_->leaves(index));
    if (order.is_iceberg()) nodes_->special(index).hidden = std::max(leaves - order.lots, Lots{0});
    if (leaves < order.lots) reduce(index, order.lots - leaves);
}

bool OrderBook::fill(OrderIndex index, Lots lots) noexcept {
    BookNode& order = (*nodes_)[index];
    if (lots < order.lots) {
        reduce(index, lots);
        return false;
    }
    if (!order.is_iceberg() || nodes_->special(index).hidden.value == 0) {
        remove(index);
        return true;
    }
    SpecialTerms& special = nodes_->special(index);
    const LevelIndex level = unlink(index);
    order.lots = std::min(special.terms.display, special.hidden);
    special.hidden -= order.lots;
    link(index, level);
    return false;
}

Lots OrderBook::available(Side side, PriceTicks limit, std::uint32_t account, bool stops_at_own,
                          Lots enough) const noexcept {
    const Side other = opposite(side);
    Lots found;
    for (LevelIndex level = ladder(other).best; level != kNone; level = next_level(other, level)) {
        const BookNode& ring = (*nodes_)[level];
        if ((limit.value - ring.key) * sign(side) < 0) break;
        for (OrderIndex index = ring.next; index != level && found < enough; index = (*nodes_)[index].next) {
            const BookNode& order = (*nodes_)[index];
            if (order.account() != account) {
                const bool may_be_cut = order.is_special() && nodes_->special(index).is_reduce_only;
                if (!may_be_cut) found += nodes_->leaves(index);
            } else if (stops_at_own) {
                return found;
            }
        }
        if (found >= enough) break;
    }
    return found;
}

inline LevelIndex OrderBook::level_at(Side side, PriceTicks price, LevelIndex guess) {
    if (guess != kNone && nodes_->is_level(guess, side, price)) return guess;
    const LevelIndex known = ladder(side).levels.find(price.value, *nodes_);
    return known != kNone ? known : add_level(side, price);
}

LevelIndex OrderBook::add_level(Side side, PriceTicks price) {
    assert(price.value > 0 && price.value <= kBookPriceMax);
    const LevelIndex level = nodes_->take();
    (*nodes_)[level] = {price.value, {0}, level, level, level, BookNode::word_of(side, 0)};
    Ladder& sorted = ladder(side);
    sorted.levels.insert(price.value, level);
    sorted.prices.insert(rank_of(side, price.value));
    const std::int64_t key = price.value * sign(side);
    if (key > sorted.best_key) {
        sorted.best = level;
        sorted.best_key = key;
    }
    return level;
}

void OrderBook::remove_level(LevelIndex level) noexcept {
    const Side side = (*nodes_)[level].side();
    const std::int64_t price = (*nodes_)[level].key;
    Ladder& sorted = ladder(side);
    if (level == sorted.best) {
        sorted.best = next_level(side, level);
        sorted.best_key = sorted.best == kNone ? kNoKey : (*nodes_)[sorted.best].key * sign(side);
    }
    sorted.prices.erase(rank_of(side, price));
    sorted.levels.erase(price, level);
    nodes_->give_back(level);
}

LevelIndex OrderBook::next_level(Side side, LevelIndex level) const noexcept {
    const std::uint64_t next = ladder(side).prices.next(rank_of(side, (*nodes_)[level].key));
    if (next == PriceSet::kNoRank) return kNone;
    const auto rank = static_cast<std::int64_t>(next);
    return ladder(side).levels.find(side == Side::buy ? kBookPriceMax - rank : rank, *nodes_);
}

inline void OrderBook::link(OrderIndex index, LevelIndex level) noexcept {
    BookNode& order = (*nodes_)[index];
    BookNode& ring = (*nodes_)[level];
    const NodeIndex youngest = ring.previous;
    order.level = level;
    order.previous = youngest;
    order.next = level;
    (*nodes_)[youngest].next = index;
    ring.previous = index;
    ring.lots += order.lots;
}

inline LevelIndex OrderBook::unlink(OrderIndex index) noexcept {
    const BookNode& order = (*nodes_)[index];
    (*nodes_)[order.previous].next = order.next;
    (*nodes_)[order.next].previous = order.previous;
    (*nodes_)[order.level].lots -= order.lots;
    return order.level;
}

std::vector<OrderBook::Depth> OrderBook::depth(Side side, std::size_t count) const {
    std::vector<Depth> best;
    for (LevelIndex level = ladder(side).best; level != kNone && best.size() < count; level = next_level(side, level)) {
        best.push_back({{(*nodes_)[level].key}, (*nodes_)[level].lots});
    }
    return best;
}

}  // namespace parley
