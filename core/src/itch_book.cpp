#include "parley/itch_book.hpp"

#include <algorithm>
#include <cassert>

namespace parley::itch {
namespace {

constexpr std::size_t kStocks = 65'536;  // a stock locate has 16 bits

[[nodiscard]] Quote to_quote(const BookLevel& level) noexcept { return {level.price_e4, level.orders, level.shares}; }

}  // namespace

Books::Books(BookLimits limits)
    : orders_(limits.orders_max),
      queues_(orders_, limits.orders_max),
      levels_(limits.levels_max + 1),
      prices_(2 * kStocks, limits.levels_max),
      stocks_(kStocks, Stock{{' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '}, ' '}) {}

BookChange Books::on(AddOrder message) noexcept {
    return add(message.order_reference(), message.stock_locate(), message.side(), message.shares(), message.price_e4(), 0);
}

// The new order has the side and the stock of the old one and queues behind everybody at its price.
BookChange Books::replace(OrderReplace message, std::uint32_t index, std::uint32_t hint) noexcept {
    const BookChange removed = remove(message.original_reference(), index);
    if (!removed.is_changed) return {};
    const BookChange added =
        add(message.new_reference(), removed.stock_locate, removed.side, message.shares(), message.price_e4(), hint);
    if (!added.is_changed) return removed;
    return make_change(removed.stock_locate, removed.side, true, added.is_best || removed.is_best);
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
    const BookPrices::Book book = book_of(stock_locate, side);
    if (depth == 0) return to_quote(levels_[prices_.side(book).best_level]);
    return depth < prices_.count(book) ? to_quote(levels_[prices_.level_at(book, depth)]) : Quote{};
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
    queues_.for_each(level_of(orders_[index]), [&](const BookOrder& order) {
        is_ahead = is_ahead && order.reference != reference;
        shares += is_ahead ? order.shares : 0;
    });
    return shares;
}

std::string_view Books::stock(std::uint16_t stock_locate) const noexcept {
    const auto& name = stocks_[stock_locate].name;
    return big_endian::load_text(name.data(), name.size());
}

BookChange Books::add(std::uint64_t reference, std::uint16_t stock_locate, Side side, std::uint32_t shares,
                      std::uint32_t price, std::uint32_t hint) noexcept {
    if (shares == 0) [[unlikely]] {
        ++flaws_.empty_orders;
        return {};
    }
    if (orders_.find(reference) != 0) [[unlikely]] {
        ++flaws_.duplicate_orders;
        return {};
    }
    const std::uint32_t level_index = level_at(stock_locate, side, price, hint);
    const std::uint32_t index = level_index == 0 ? 0 : orders_.insert(reference, shares);
    if (index == 0) [[unlikely]] {
        if (level_index != 0 && levels_[level_index].orders == 0) drop_level(level_index);
        ++flaws_.refused_orders;
        return {};
    }
    BookLevel& level = levels_[level_index];
    queues_.push(level, level_index, index);
    level.shares += shares;
    return make_change(stock_locate, side, true, is_best(level, level_index));
}

std::uint32_t Books::level_at(std::uint16_t stock_locate, Side side, std::uint32_t price, std::uint32_t hint) noexcept {
    const BookLevel& guess = levels_[hint];
    if (guess.orders != 0 && guess.price_e4 == price && guess.stock_locate == stock_locate && guess.side == side) {
        return hint;
    }
    const std::uint32_t index = prices_.find(book_of(stock_locate, side), price);
    return index != 0 ? index : new_level(stock_locate, side, price);
}

std::uint32_t Books::new_level(std::uint16_t stock_locate, Side side, std::uint32_t price) noexcept {
    std::uint32_t index = levels_free_;
    if (index == 0) {
        if (levels_used_ + 1 >= levels_.capacity()) return 0;
        index = static_cast<std::uint32_t>(levels_used_ + 1);
    }
    if (!prices_.insert(book_of(stock_locate, side), price, index)) return 0;
    BookLevel& level = levels_[index];
    if (index == levels_free_) {
        levels_free_ = level.first;
    } else {
        ++levels_used_;
    }
    level.shares = 0;
    level.price_e4 = price;
    level.orders = 0;
    level.stock_locate = stock_locate;
    level.side = side;
    level.count = 0;
    level.first = 0;
    level.last = 0;
    return index;
}

std::uint32_t Books::found(std::uint64_t reference, std::uint32_t index) noexcept {
    if (!orders_.is_at(index, reference)) index = orders_.find(reference);
    flaws_.unknown_orders += index == 0;
    return index;
}

BookChange Books::reduce(std::uint64_t reference, std::uint32_t index, std::uint32_t shares) noexcept {
    index = found(reference, index);
    if (index == 0) return {};
    BookOrder& order = orders_[index];
    if (shares >= order.shares) {
        flaws_.excess_executions += shares > order.shares;
        return remove_found(index);
    }
    const std::uint32_t level_index = queues_.level_of(order.place);
    BookLevel& level = levels_[level_index];
    order.shares -= shares;
    level.shares -= shares;
    return make_change(level.stock_locate, level.side, shares != 0, is_best(level, level_index));
}

BookChange Books::remove(std::uint64_t reference, std::uint32_t index) noexcept {
    index = found(reference, index);
    return index == 0 ? BookChange{} : remove_found(index);
}

BookChange Books::remove_found(std::uint32_t index) noexcept {
    const std::uint32_t level_index = queues_.level_of(orders_[index].place);
    BookLevel& level = levels_[level_index];
    const BookChange change = make_change(level.stock_locate, level.side, true, is_best(level, level_index));
    level.shares -= orders_[index].shares;
    queues_.erase(level, index);
    orders_.erase(index);
    if (level.orders == 0) drop_level(level_index);
    return change;
}

void Books::drop_level(std::uint32_t index) noexcept {
    BookLevel& level = levels_[index];
    assert(level.orders == 0 && level.shares == 0 && level.first == 0);
    prices_.erase(book_of(level.stock_locate, level.side), level.price_e4, index);
    level.first = levels_free_;
    levels_free_ = index;
}

}  // namespace parley::itch
