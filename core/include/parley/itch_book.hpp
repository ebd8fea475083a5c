#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "parley/itch.hpp"
#include "parley/itch_levels.hpp"
#include "parley/itch_orders.hpp"
#include "parley/itch_prices.hpp"

namespace parley::itch {

/// Bounds on memory, which is taken as it is touched: up to 150 bytes for each order, 96 for each level, 512 for each side
/// of a symbol that trades.
struct BookLimits {
    std::size_t orders_max = 4'000'000;  ///< resting at once, over all symbols
    std::size_t levels_max = 2'000'000;  ///< prices at once, over all symbols
};

/// Price, shares and number of orders of a level; no orders: there is no such level.
struct Quote {
    std::uint32_t price_e4 = 0;
    std::uint32_t orders = 0;
    std::uint64_t shares = 0;
    friend constexpr bool operator==(const Quote&, const Quote&) noexcept = default;
};

/// What one message did to a book.
struct alignas(8) BookChange {
    std::uint16_t stock_locate = 0;
    Side side = Side::buy;
    bool is_changed = false;
    bool is_best = false;  ///< price, shares or orders of the best level of that side changed
    std::array<std::uint8_t, 3> unused{};
};

/// Made in a register. Written field by field, it would be read back as a whole, which waits until every store before it
/// has reached the cache: that of a book that is far away took a third of all time.
[[nodiscard]] inline BookChange make_change(std::uint16_t stock_locate, Side side, bool is_changed, bool is_best) noexcept {
    static_assert(std::endian::native == std::endian::little && sizeof(BookChange) == 8);
    return std::bit_cast<BookChange>(std::uint64_t{stock_locate} | static_cast<std::uint64_t>(side) << 16 |
                                     std::uint64_t{is_changed} << 24 | std::uint64_t{is_best} << 32);
}

/// What the feed should never contain, counted; each is left without effect except an execution of more than rests.
struct BookFlaws {
    std::uint64_t unknown_orders = 0;     ///< executed, canceled, deleted or replaced, but not in any book
    std::uint64_t duplicate_orders = 0;   ///< added under a reference that rests already
    std::uint64_t empty_orders = 0;       ///< added with no shares
    std::uint64_t excess_executions = 0;  ///< more shares than rest: the order is removed
    std::uint64_t refused_orders = 0;     ///< over the limits: from then on the books are not complete
    [[nodiscard]] constexpr std::uint64_t total() const noexcept {
        return unknown_orders + duplicate_orders + empty_orders + excess_executions + refused_orders;
    }
    friend constexpr bool operator==(const BookFlaws&, const BookFlaws&) noexcept = default;
};

/// Every order of every symbol by price and time, from ITCH. Memory is fixed at construction; nothing allocates later.
class Books {
public:
    explicit Books(BookLimits limits = {});

    /// One message at a time, as dispatch() hands it over.
    BookChange on(AddOrder message) noexcept;
    BookChange on(OrderExecuted message) noexcept { return reduce(message.order_reference(), message.executed_shares()); }
    BookChange on(OrderExecutedWithPrice message) noexcept {
        return reduce(message.order_reference(), message.executed_shares());
    }
    BookChange on(OrderCancel message) noexcept { return reduce(message.order_reference(), message.canceled_shares()); }
    BookChange on(OrderDelete message) noexcept { return remove(message.order_reference(), 0); }
    BookChange on(OrderReplace message) noexcept { return replace(message, 0, 0); }
    void on(StockDirectory message) noexcept;
    void on(StockTradingAction message) noexcept;

    /// The same for orders of other sources, each with a reference of its own.
    BookChange add(std::uint64_t reference, std::uint16_t stock_locate, Side side, std::uint32_t shares,
                   std::uint32_t price_e4) noexcept {
        return add(reference, stock_locate, side, shares, price_e4, 0);
    }
    /// Takes shares off an order; the last ones remove it.
    BookChange reduce(std::uint64_t reference, std::uint32_t shares) noexcept { return reduce(reference, 0, shares); }

    /// A stretch of framed messages, looked at some 64 messages ahead so that memory is there when it is needed.
    /// `listen(change, message)` is called after each message that changed a book.
    template <typename Listen>
    Walk apply(std::span<const std::uint8_t> bytes, Listen&& listen);
    Walk apply(std::span<const std::uint8_t> bytes);

    [[nodiscard]] Quote best(std::uint16_t stock_locate, Side side) const noexcept { return quote(stock_locate, side, 0); }
    /// The level `depth` prices behind the best.
    [[nodiscard]] Quote quote(std::uint16_t stock_locate, Side side, std::uint32_t depth) const noexcept;
    [[nodiscard]] std::uint32_t count_levels(std::uint16_t stock_locate, Side side) const noexcept {
        return prices_.count(book_of(stock_locate, side));
    }
    /// The order, or null; valid until the next message.
    [[nodiscard]] const BookOrder* find_order(std::uint64_t reference) const noexcept;
    /// The level of an order that find_order() gave.
    [[nodiscard]] const BookLevel& level_of(const BookOrder& order) const noexcept { return levels_[queues_.level_of(order.place)]; }
    /// Shares that are executed before that order at its price; 0 for an unknown one. Walks the queue.
    [[nodiscard]] std::uint64_t shares_ahead(std::uint64_t reference) const noexcept;
    /// Calls visit(order) for the orders of a level, first in time first.
    template <typename Visit>
    void for_each_order(std::uint16_t stock_locate, Side side, std::uint32_t depth, Visit&& visit) const;

    [[nodiscard]] std::size_t count_orders() const noexcept { return orders_.size(); }
    [[nodiscard]] const BookFlaws& flaws() const noexcept { return flaws_; }
    [[nodiscard]] std::string_view stock(std::uint16_t stock_locate) const noexcept;
    /// As the last trading action says: T trading, H halted, P paused, Q quotes only; a space before the first.
    [[nodiscard]] char trading_state(std::uint16_t stock_locate) const noexcept { return stocks_[stock_locate].state; }

private:
    template <typename Listen>
    friend class BookAhead;

    struct Stock {
        std::array<std::uint8_t, 8> name;
        char state;
    };

    [[nodiscard]] static constexpr BookPrices::Book book_of(std::uint16_t stock_locate, Side side) noexcept {
        return 2 * BookPrices::Book{stock_locate} + static_cast<BookPrices::Book>(side);
    }
    [[nodiscard]] bool is_best(const BookLevel& level, std::uint32_t index) const noexcept {
        return prices_.side(book_of(level.stock_locate, level.side)).best_level == index;
    }
    [[nodiscard]] BookChange add(std::uint64_t reference, std::uint16_t stock_locate, Side side, std::uint32_t shares,
                                 std::uint32_t price, std::uint32_t hint) noexcept;
    /// `index` is where the order probably is, `hint` the level where the new one probably goes.
    BookChange replace(OrderReplace message, std::uint32_t index, std::uint32_t hint) noexcept;
    BookChange reduce(std::uint64_t reference, std::uint32_t index, std::uint32_t shares) noexcept;
    BookChange remove(std::uint64_t reference, std::uint32_t index) noexcept;
    [[nodiscard]] std::uint32_t level_at(std::uint16_t stock_locate, Side side, std::uint32_t price,
                                         std::uint32_t hint) noexcept;
    [[nodiscard]] std::uint32_t new_level(std::uint16_t stock_locate, Side side, std::uint32_t price) noexcept;
    BookChange remove_found(std::uint32_t index) noexcept;
    [[nodiscard]] std::uint32_t found(std::uint64_t reference, std::uint32_t index) noexcept;
    void drop_level(std::uint32_t index) noexcept;

    OrderTable orders_;
    OrderQueues queues_;
    HugeArray<BookLevel> levels_;  ///< the first one is nobody's
    BookPrices prices_;
    std::vector<Stock> stocks_;
    BookFlaws flaws_;
    std::size_t levels_used_ = 0;
    std::uint32_t levels_free_ = 0;
};

}  // namespace parley::itch

#include "parley/itch_book_ahead.hpp"
