#include "parley/itch_book.hpp"

#include <algorithm>
#include <cassert>

namespace parley::itch {
namespace {

constexpr std::size_t kStocks = 65'536;  // a stock locate has 16 bits

[[nodiscard]] Quote to_quote(const BookLevel& level) noexcept { return {level.price_e4, level.orders, level.shares}; }

}  // namespace

// A block in use is at most half empty and those its owner left behind are together as large: four places for each.
Books::Books(BookLimits limits)
    : orders_(limits.orders_max),
      queues_(orders_, 4 * limits.orders_max + 1024),
      levels_(limits.levels_max + 1),
      entries_(4 * limits.levels_max + 16 * 1024),
      ladders_(2 * kStocks),
      stocks_(kStocks, Stock{{' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '}, ' '}) {}

BookChange Books::on(AddOrder message) noexcept {
    return add(message.order_reference(), message.stock_locate(), message.side(), message.shares(), message.price_e4());
}

BookChange Books::on(OrderDelete message) noexcept {
    const std::uint32_t index = orders_.find(message.order_reference());
    if (index == 0) {
        ++flaws_.unknown_orders;
        return {};
    }
    return remove(index);
}

// The new order has the side and the stock of the old one and queues behind everybody at its price.
BookChange Books::replace(OrderReplace message, std::uint32_t hint) noexcept {
    const std::uint32_t index = orders_.find(message.original_reference());
    if (index == 0) {
        ++flaws_.unknown_orders;
        return {};
    }
    const BookChange removed = remove(index);
    BookChange added =
        add(message.new_reference(), removed.stock_locate, removed.side, message.shares(), message.price_e4(), hint);
    if (!added.is_changed) return removed;
    added.is_best |= removed.is_best;
    return added;
}

void Books::on(StockDirectory message) noexcept {
    std::copy_n(message.bytes() + 11, 8, stocks_[message.stock_locate()].name.begin());
}

void Books::on(StockTradingAction message) noexcept {
    stocks_[message.stock_locate()].state = message.trading_state();
}

Walk Books::apply(std::span<const std::uint8_t> bytes) {
    return apply(bytes, [](const BookChange&, Message) noexcept {});
}

Quote Books::quote(std::uint16_t stock_locate, Side side, std::uint32_t depth) const noexcept {
    const Ladder& prices = ladder(stock_locate, side);
    if (depth >= prices.size) return {};
    return to_quote(levels_[entries_.entry(prices, depth).level]);
}

const BookOrder* Books::find_order(std::uint64_t reference) const noexcept {
    const std::uint32_t index = orders_.find(reference);
    return index == 0 ? nullptr : &orders_[index];
}

std::uint64_t Books::shares_ahead(std::uint64_t reference) const noexcept {
    const std::uint32_t index = orders_.find(reference);
    if (index == 0) return 0;
    std::uint64_t shares = 0;
    bool is_ahead = true;
    queues_.for_each(levels_[orders_[index].level], [&](const BookOrder& order) {
        is_ahead = is_ahead && order.reference != reference;
        shares += is_ahead ? order.shares : 0;
    });
    return shares;
}

std::string_view Books::stock(std::uint16_t stock_locate) const noexcept {
    const auto& name = stocks_[stock_locate].name;
    return big_endian::load_text(name.data(), name.size());
}

bool Books::is_best(const BookLevel& level) const noexcept {
    return ladder(level.stock_locate, level.side).best_key == ladder_key(level.side, level.price_e4);
}

BookChange Books::add(std::uint64_t reference, std::uint16_t stock_locate, Side side, std::uint32_t shares,
                      std::uint32_t price, std::uint32_t hint) noexcept {
    if (shares == 0) {
        ++flaws_.empty_orders;
        return {};
    }
    if (orders_.find(reference) != 0) {
        ++flaws_.duplicate_orders;
        return {};
    }
    const std::uint32_t level_index = level_at(stock_locate, side, price, hint);
    const std::uint32_t index = level_index == 0 ? 0 : orders_.insert(reference);
    BookLevel& level = levels_[level_index];
    if (index == 0 || !queues_.push(level, index)) {
        if (index != 0) orders_.erase(index);
        if (level_index != 0 && level.orders == 0) drop_level(level_index);
        ++flaws_.refused_orders;
        return {};
    }
    BookOrder& order = orders_[index];
    order.shares = shares;
    order.level = level_index;
    level.shares += shares;
    return {stock_locate, side, true, is_best(level)};
}

std::uint32_t Books::level_at(std::uint16_t stock_locate, Side side, std::uint32_t price, std::uint32_t hint) noexcept {
    const BookLevel& guess = levels_[hint];
    if (guess.orders != 0 && guess.price_e4 == price && guess.stock_locate == stock_locate && guess.side == side) {
        return hint;
    }
    const Ladder& prices = ladder(stock_locate, side);
    const auto place = entries_.find(prices, ladder_key(side, price));
    if (place.is_found) return entries_.entry(prices, prices.size - 1 - place.at).level;
    return new_level(stock_locate, side, price, place.at);
}

std::uint32_t Books::find_level(std::uint16_t stock_locate, Side side, std::uint32_t price) const noexcept {
    const Ladder& prices = ladder(stock_locate, side);
    const auto place = entries_.find(prices, ladder_key(side, price));
    return place.is_found ? entries_.entry(prices, prices.size - 1 - place.at).level : 0;
}

std::uint32_t Books::new_level(std::uint16_t stock_locate, Side side, std::uint32_t price, std::uint32_t at) noexcept {
    std::uint32_t index = levels_free_;
    if (index == 0) {
        if (levels_used_ + 1 >= levels_.capacity()) return 0;
        index = static_cast<std::uint32_t>(levels_used_ + 1);
    }
    if (!entries_.insert(ladder(stock_locate, side), at, {ladder_key(side, price), index})) return 0;
    if (index == levels_free_) {
        levels_free_ = levels_[index].begin;
    } else {
        ++levels_used_;
    }
    BookLevel& level = levels_[index];
    level.shares = 0;
    level.price_e4 = price;
    level.orders = 0;
    level.stock_locate = stock_locate;
    level.side = side;
    level.block_class = 0;
    return index;
}

BookChange Books::reduce(std::uint64_t reference, std::uint32_t shares) noexcept {
    const std::uint32_t index = orders_.find(reference);
    if (index == 0) {
        ++flaws_.unknown_orders;
        return {};
    }
    BookOrder& order = orders_[index];
    if (shares >= order.shares) {
        flaws_.excess_executions += shares > order.shares;
        return remove(index);
    }
    BookLevel& level = levels_[order.level];
    order.shares -= shares;
    level.shares -= shares;
    return {level.stock_locate, level.side, shares != 0, is_best(level)};
}

BookChange Books::remove(std::uint32_t index) noexcept {
    const std::uint32_t level_index = orders_[index].level;
    BookLevel& level = levels_[level_index];
    const BookChange change{level.stock_locate, level.side, true, is_best(level)};
    level.shares -= orders_[index].shares;
    queues_.erase(level, index);
    orders_.erase(index);
    if (level.orders == 0) drop_level(level_index);
    return change;
}

void Books::drop_level(std::uint32_t index) noexcept {
    BookLevel& level = levels_[index];
    Ladder& prices = ladder(level.stock_locate, level.side);
    entries_.erase(prices, entries_.find(prices, ladder_key(level.side, level.price_e4)).at);
    assert(level.orders == 0 && level.shares == 0 && level.block_class == 0);
    level.begin = levels_free_;
    levels_free_ = index;
}

}  // namespace parley::itch
