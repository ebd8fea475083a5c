// A batch of the book that is looked at ahead ends as one whose commands come one at a time.

#include "check.hpp"
#include "parley/matching_bench.hpp"

using namespace parley;

namespace {

constexpr std::size_t kCommands = 20'000;

void compare(std::uint64_t seed, std::size_t resting) {
    const auto commands = bench::make_commands(seed, kCommands, resting);
    const bench::Result ahead = bench::run_book(commands, resting);
    const bench::Result singly = bench::run_book_singly(commands, resting);
    CHECK(singly.trades > 0);
    CHECK(ahead.trades == singly.trades);
    CHECK(ahead.resting == singly.resting);
}

}  // namespace

TEST(a_batch_of_a_small_book_ends_as_single_commands_do) {
    for (const std::uint64_t seed : {1, 2, 3}) compare(seed, 20);
}

TEST(a_batch_of_a_deep_book_ends_as_single_commands_do) { compare(4, 5'000); }

TEST(steps_of_a_queue_go_on_where_orders_and_levels_left) {
    BookNodes nodes(64);
    OrderBook book(nodes);
    NodeTable ids;
    QueueAhead ahead;
    std::vector<OrderIndex> queue;
    const auto add = [&](OrderId id, std::int64_t price) {
        const OrderIndex index = nodes.take_order();
        nodes[index].key = id;
        nodes[index].lots = {1};
        nodes[index].word = BookNode::word_of(Side::buy, 1);
        book.add(index, {price});
        ids.insert(id, index);
        queue.push_back(index);
    };
    const auto leave = [&](OrderIndex index) {
        ids.erase(nodes[index].key, index);
        book.remove(index);
        nodes.give_back(index);
    };
    const auto step = [&](int times) {
        while (times-- > 0) ahead.step(book, nodes, ids, Side::buy);
    };
    step(2);  // nothing there
    for (OrderId id = 1; id <= 20; ++id) add(id, 100);
    step(5);
    leave(queue[4]);  // where the last step stood
    step(3);
    for (std::size_t at : {0, 1, 2, 3}) {
        leave(queue[at]);
        ahead.filled();
    }
    step(40);
    add(21, 101);  // another best level
    step(2);
    leave(queue[20]);
    ahead.filled();
    step(20);
    CHECK(book.best_price(Side::buy).value == 100);
    CHECK(book.front(Side::buy) == queue[5]);
    CHECK(ids.size() == 15);
}
