#include <list>
#include <map>
#include <vector>

#include "check.hpp"
#include "itch_bytes.hpp"
#include "parley/itch_bench.hpp"
#include "parley/itch_book.hpp"

using namespace parley;

namespace {

constexpr std::uint16_t kStocks = 3;

/// The reference: maps of lists, slow and obvious.
class SlowBooks {
public:
    struct Order {
        std::uint64_t reference;
        std::uint32_t shares;
    };
    struct Where {
        std::uint16_t stock;
        Side side;
        std::uint32_t price;
    };
    using Key = std::pair<std::uint16_t, Side>;

    std::map<Key, std::map<std::uint32_t, std::list<Order>>> books;
    std::map<std::uint64_t, Where> orders;
    itch::BookFlaws flaws;

    void on(itch::AddOrder m) { add(m.order_reference(), {m.stock_locate(), m.side(), m.price_e4()}, m.shares()); }
    void on(itch::OrderExecuted m) { take(m.order_reference(), m.executed_shares()); }
    void on(itch::OrderExecutedWithPrice m) { take(m.order_reference(), m.executed_shares()); }
    void on(itch::OrderCancel m) { take(m.order_reference(), m.canceled_shares()); }
    void on(itch::OrderDelete m) { remove(m.order_reference()); }
    void on(itch::OrderReplace m) {
        const auto found = orders.find(m.original_reference());
        if (found == orders.end()) return void(++flaws.unknown_orders);
        const Where old = found->second;
        remove(m.original_reference());
        add(m.new_reference(), {old.stock, old.side, m.price_e4()}, m.shares());
    }
    /// Depth 0 is the best.
    [[nodiscard]] const std::list<Order>& level(std::uint16_t stock, Side side, std::size_t depth) {
        auto& prices = books[{stock, side}];
        if (side == Side::sell) return std::next(prices.begin(), static_cast<std::ptrdiff_t>(depth))->second;
        return std::next(prices.rbegin(), static_cast<std::ptrdiff_t>(depth))->second;
    }
    [[nodiscard]] std::uint32_t price(std::uint16_t stock, Side side, std::size_t depth) {
        auto& prices = books[{stock, side}];
        if (side == Side::sell) return std::next(prices.begin(), static_cast<std::ptrdiff_t>(depth))->first;
        return std::next(prices.rbegin(), static_cast<std::ptrdiff_t>(depth))->first;
    }

private:
    void add(std::uint64_t reference, Where where, std::uint32_t shares) {
        if (shares == 0) return void(++flaws.empty_orders);
        if (orders.contains(reference)) return void(++flaws.duplicate_orders);
        books[{where.stock, where.side}][where.price].push_back({reference, shares});
        orders[reference] = where;
    }
    void take(std::uint64_t reference, std::uint32_t shares) {
        const auto found = orders.find(reference);
        if (found == orders.end()) return void(++flaws.unknown_orders);
        for (auto& order : books[{found->second.stock, found->second.side}][found->second.price]) {
            if (order.reference != reference) continue;
            if (shares >= order.shares) {
                flaws.excess_executions += shares > order.shares;
                return remove(reference);
            }
            order.shares -= shares;
        }
    }
    void remove(std::uint64_t reference) {
        const auto found = orders.find(reference);
        if (found == orders.end()) return void(++flaws.unknown_orders);
        auto& prices = books[{found->second.stock, found->second.side}];
        auto& queue = prices[found->second.price];
        queue.remove_if([&](const Order& order) { return order.reference == reference; });
        if (queue.empty()) prices.erase(found->second.price);
        orders.erase(found);
    }
};

/// Random messages over few stocks and prices: long queues, many ladders that empty, wrong references among them.
class Messages {
public:
    explicit Messages(std::uint64_t seed, std::uint32_t prices, std::uint32_t step_e4 = 1)
        : state_(seed), prices_(prices), step_e4_(step_e4) {}

    std::vector<std::uint8_t> next() {
        const std::uint64_t kind = below(100);
        ItchBytes bytes;
        if (kind < 36) {
            const char side = below(2) == 0 ? 'B' : 'S';
            bytes.header('A', below(kStocks), 1).number(fresh(), 8).text({&side, 1}, 1).number(below(500), 4);
            bytes.text("X", 8).number(price(), 4);
        } else if (kind < 80) {
            bytes.header('D', 0, 1).number(old(), 8);
        } else if (kind < 88) {
            bytes.header('U', 0, 1).number(old(), 8).number(fresh(), 8).number(below(500), 4).number(price(), 4);
        } else if (kind < 92) {
            bytes.header('X', 0, 1).number(old(), 8).number(below(300), 4);
        } else if (kind < 96) {
            bytes.header('E', 0, 1).number(old(), 8).number(below(600), 4).number(1, 8);
        } else {
            bytes.header('C', 0, 1).number(old(), 8).number(below(300), 4).number(1, 8).text("N", 1).number(5, 4);
        }
        return bytes.all;
    }

private:
    std::uint64_t below(std::uint64_t bound) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state_ >> 33) % bound;
    }
    std::uint64_t price() { return step_e4_ * (1 + below(prices_)); }
    std::uint64_t fresh() { return below(50) == 0 ? old() : ++reference_; }
    std::uint64_t old() { return reference_ - below(std::min<std::uint64_t>(reference_ + 1, 150)); }

    std::uint64_t state_;
    std::uint32_t prices_;
    std::uint32_t step_e4_;
    std::uint64_t reference_ = 0;
};

bool is_same_level(const itch::Books& books, SlowBooks& slow, std::uint16_t stock, Side side, std::uint32_t depth) {
    const auto& expected = slow.level(stock, side, depth);
    const itch::Quote quote = books.quote(stock, side, depth);
    std::uint64_t shares = 0;
    std::size_t at = 0;
    bool is_same = quote.price_e4 == slow.price(stock, side, depth) && quote.orders == expected.size();
    auto next = expected.begin();
    books.for_each_order(stock, side, depth, [&](const itch::BookOrder& order) {
        is_same = is_same && at < expected.size() && order.reference == next->reference && order.shares == next->shares;
        if (at == expected.size() / 2) is_same = is_same && books.shares_ahead(order.reference) == shares;
        ++at;
        shares += order.shares;
        if (next != expected.end()) ++next;
    });
    return is_same && at == expected.size() && shares == quote.shares;
}

bool is_same(const itch::Books& books, SlowBooks& slow) {
    if (books.count_orders() != slow.orders.size() || books.flaws() != slow.flaws) return false;
    for (std::uint16_t stock = 0; stock < kStocks; ++stock) {
        for (const Side side : {Side::buy, Side::sell}) {
            const auto levels = static_cast<std::uint32_t>(slow.books[{stock, side}].size());
            if (books.count_levels(stock, side) != levels || books.quote(stock, side, levels).orders != 0) return false;
            for (std::uint32_t depth = 0; depth < levels; ++depth) {
                if (!is_same_level(books, slow, stock, side, depth)) return false;
            }
        }
    }
    return true;
}

}  // namespace

TEST(itch_books_agree_with_the_slow_books_after_every_message) {
    for (const std::uint32_t prices : {1U, 4U, 60U}) {
        itch::Books books({50'000, 1'000});
        SlowBooks slow;
        Messages messages(prices, prices);
        bool all_same = true;
        for (int i = 0; i < 10'000 && all_same; ++i) {
            const auto message = messages.next();
            CHECK(itch::dispatch(message, books));
            CHECK(itch::dispatch(message, slow));
            all_same = (i > 500 && i % 32 != 0) || is_same(books, slow);
        }
        CHECK(all_same && is_same(books, slow));
        CHECK(books.flaws().unknown_orders > 100 && books.flaws().duplicate_orders > 10);
    }
}

/// Few orders far apart: windows empty, stay behind, and are laid anew, in cents, in parts of one, and in both.
TEST(itch_books_of_scattered_prices_agree_with_the_slow_books) {
    for (const std::uint32_t step_e4 : {1U, 50U, 100U}) {
        for (std::uint64_t seed = 0; seed < 8; ++seed) {
            itch::Books books({2'000, 1'000});
            SlowBooks slow;
            Messages messages(seed, 2'000, step_e4);
            bool all_same = true;
            for (int i = 0; i < 400 && all_same; ++i) {
                const auto message = messages.next();
                CHECK(itch::dispatch(message, books));
                CHECK(itch::dispatch(message, slow));
                all_same = is_same(books, slow);
            }
            CHECK(all_same && books.flaws().refused_orders == 0);
        }
    }
}

TEST(itch_books_looking_ahead_agree_with_the_slow_books) {
    for (const std::uint32_t prices : {1U, 5U, 100U}) {
        itch::Books books({50'000, 1'000});
        SlowBooks slow;
        Messages messages(prices + 7, prices);
        bool all_same = true;
        for (int round = 0; round < 200 && all_same; ++round) {
            std::vector<std::uint8_t> bytes;
            for (int i = 0; i < round; ++i) append(bytes, framed(messages.next(), 0));
            std::uint64_t changes = 0;
            const auto walked = books.apply(bytes, [&](const itch::BookChange& change, itch::Message) {
                changes += change.is_changed;
            });
            CHECK(walked.messages == static_cast<std::uint64_t>(round) && changes <= walked.messages);
            itch::walk(bytes, slow);
            all_same = is_same(books, slow);
        }
        CHECK(all_same);
    }
}

TEST(itch_books_say_when_the_best_changed) {
    itch::Books books({1'000, 1'000});
    Messages messages(99, 30);
    bool all_right = true;
    for (int i = 0; i < 30'000; ++i) {
        const auto message = messages.next();
        std::array<std::array<itch::Quote, 2>, kStocks> before{};
        for (std::uint16_t stock = 0; stock < kStocks; ++stock) {
            before[stock] = {books.best(stock, Side::buy), books.best(stock, Side::sell)};
        }
        books.apply(framed(message, 0), [&](const itch::BookChange& change, itch::Message) {
            const auto side = static_cast<std::size_t>(change.side);
            const bool is_new = books.best(change.stock_locate, change.side) != before[change.stock_locate][side];
            all_right = all_right && (change.is_best || !is_new);
            before[change.stock_locate][side] = books.best(change.stock_locate, change.side);
        });
        for (std::uint16_t stock = 0; stock < kStocks; ++stock) {
            all_right = all_right && before[stock][0] == books.best(stock, Side::buy);
            all_right = all_right && before[stock][1] == books.best(stock, Side::sell);
        }
    }
    CHECK(all_right);
}

TEST(itch_books_refuse_what_is_over_their_limits_and_stay_whole) {
    itch::Books books({50, 10});
    SlowBooks slow;
    Messages messages(5, 40);
    for (int i = 0; i < 5'000; ++i) itch::dispatch(messages.next(), books);
    CHECK(books.flaws().refused_orders > 100 && books.count_orders() <= 50);
    std::size_t orders = 0;
    for (std::uint16_t stock = 0; stock < kStocks; ++stock) {
        for (const Side side : {Side::buy, Side::sell}) {
            for (std::uint32_t depth = 0; depth < books.count_levels(stock, side); ++depth) {
                books.for_each_order(stock, side, depth, [&](const itch::BookOrder&) { ++orders; });
            }
        }
    }
    CHECK(orders == books.count_orders());
}

TEST(itch_workload_builds_without_a_flaw_and_like_the_slow_books) {
    const auto feed = itch::bench::make_feed({3, 30'000, kStocks - 1});
    itch::Books books({50'000, 20'000});
    SlowBooks slow;
    const auto walked = books.apply(feed);
    itch::walk(feed, slow);
    CHECK(walked.messages == 30'000 && walked.malformed == 0 && walked.consumed == feed.size());
    CHECK(books.flaws() == itch::BookFlaws{});
    CHECK(is_same(books, slow));
    itch::Counts counts;
    itch::walk(feed, counts);
    CHECK(counts.of('A') > 13'000 && counts.of('A') < 15'000 && counts.of('D') > 11'500 && counts.of('C') > 10);
}

TEST(itch_books_know_names_and_trading_states) {
    itch::Books books({10, 10});
    ItchBytes directory;
    directory.header('R', 12, 1).text("AAPL", 8).text("QN", 2).number(100, 4).text("NCZ PNN1N", 9).number(0, 4).text("N", 1);
    ItchBytes action;
    action.header('H', 12, 1).text("AAPL", 8).text("H ", 2).text("T1", 4);
    CHECK(books.trading_state(12) == ' ');
    itch::dispatch(directory.all, books);
    books.apply(framed(action.all, 25));
    CHECK(books.stock(12) == "AAPL" && books.trading_state(12) == 'H' && books.stock(13).empty());
}
