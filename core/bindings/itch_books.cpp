#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "feeds.hpp"
#include "parley/itch_book.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

using Order = std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>;        // reference, shares, price_e4
using Level = std::tuple<std::uint32_t, std::uint64_t, std::uint32_t>;        // price_e4, shares, orders

constexpr std::size_t kOrdersMax = 100'000'000;

itch::BookLimits to_limits(std::size_t orders_max, std::size_t levels_max) {
    if (orders_max == 0 || orders_max > kOrdersMax) throw std::invalid_argument("orders_max: 1 to 100,000,000");
    if (levels_max == 0 || levels_max > kOrdersMax) throw std::invalid_argument("levels_max: 1 to 100,000,000");
    return {orders_max, levels_max};
}

Side to_side(const std::string& side) {
    if (side == "B") return Side::buy;
    if (side == "S") return Side::sell;
    throw std::invalid_argument("side: B or S");
}

class ItchBooks {
public:
    ItchBooks(std::size_t orders_max, std::size_t levels_max)
        : books_(std::make_unique<itch::Books>(to_limits(orders_max, levels_max))) {}

    nb::tuple apply(const nb::handle& data) {
        const bindings::ByteView view(data);
        const auto bytes = view.bytes();
        const itch::Walk walk = bindings::over_bytes(bytes, [&] { return books_->apply(bytes); });
        return nb::make_tuple(walk.consumed, walk.malformed);
    }
    [[nodiscard]] std::vector<Level> levels(std::uint16_t stock_locate, const std::string& side) const {
        const Side named = to_side(side);
        std::vector<Level> answer;
        for (std::uint32_t depth = 0; depth < books_->count_levels(stock_locate, named); ++depth) {
            const itch::Quote quote = books_->quote(stock_locate, named, depth);
            answer.emplace_back(quote.price_e4, quote.shares, quote.orders);
        }
        return answer;
    }
    [[nodiscard]] std::vector<Order> orders(std::uint16_t stock_locate, const std::string& side) const {
        const Side named = to_side(side);
        std::vector<Order> answer;
        for (std::uint32_t depth = 0; depth < books_->count_levels(stock_locate, named); ++depth) {
            const std::uint32_t price = books_->quote(stock_locate, named, depth).price_e4;
            books_->for_each_order(stock_locate, named, depth, [&](const itch::BookOrder& order) {
                answer.emplace_back(order.reference, order.shares, price);
            });
        }
        return answer;
    }
    [[nodiscard]] std::string trading_state(std::uint16_t stock_locate) const { return {books_->trading_state(stock_locate)}; }
    [[nodiscard]] std::string stock(std::uint16_t stock_locate) const { return std::string(books_->stock(stock_locate)); }
    [[nodiscard]] std::size_t count_orders() const noexcept { return books_->count_orders(); }
    [[nodiscard]] nb::dict flaws() const {
        const itch::BookFlaws& flaws = books_->flaws();
        nb::dict answer;
        answer["unknown_orders"] = flaws.unknown_orders;
        answer["duplicate_orders"] = flaws.duplicate_orders;
        answer["empty_orders"] = flaws.empty_orders;
        answer["excess_executions"] = flaws.excess_executions;
        answer["refused_orders"] = flaws.refused_orders;
        return answer;
    }

private:
    std::unique_ptr<itch::Books> books_;
};

}  // namespace

void bind_itch_books(nb::module_& module) {
    nb::class_<ItchBooks>(module, "ItchBooks",
                          "Every order of every symbol by price and time, from ITCH 5.0: what the hot path trades by. Prices count 1e-4 US\n"
                          "dollar. Memory is bounded by the orders that rest at once and the prices at once, over all symbols.")
        .def(nb::init<std::size_t, std::size_t>(), "orders_max"_a = 1'000'000, "levels_max"_a = 500'000,
             "ValueError: a bound outside 1 to 100,000,000.")
        .def("apply", &ItchBooks::apply, "data"_a,
             nb::sig("def apply(self, data: bytes | bytearray | memoryview) -> tuple[int, int]"),
             "Messages, each behind its length in two bytes, as MoldUDP64's blocks and Nasdaq's files hold them. Returns the bytes\n"
             "that were whole messages and the number of those that were malformed and skipped.")
        .def("levels", &ItchBooks::levels, "stock_locate"_a, "side"_a,
             "Price, shares and number of orders of each level, the best first. `side`: B or S.")
        .def("orders", &ItchBooks::orders, "stock_locate"_a, "side"_a,
             "Reference, shares and price of each order in the order of execution. `side`: B or S.")
        .def("trading_state", &ItchBooks::trading_state, "stock_locate"_a,
             "As the last trading action says: T trading, H halted, P paused, Q quotes only; a space before the first.")
        .def("stock", &ItchBooks::stock, "stock_locate"_a, "Its name in the directory, empty before that.")
        .def_prop_ro("count_orders", &ItchBooks::count_orders, "Orders that rest, over all symbols.")
        .def_prop_ro("flaws", &ItchBooks::flaws, nb::sig("def flaws(self) -> dict[str, int]"),
                     "What the feed should never contain, counted: unknown_orders, duplicate_orders, empty_orders, excess_executions,\n"
                     "refused_orders (over the bounds: from then on the books are not complete).");
}
