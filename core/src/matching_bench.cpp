#include "parley/matching_bench.hpp"

#include "matching_clock.hpp"

namespace parley::bench {
namespace {

/// How many commands ahead each look is taken: the slots of the tables, what they point to, what that points to.
/// Between two looks lie 16 commands, some 350 ns: a line takes 150 to come, and longer where its page must be found.
constexpr std::size_t kStreamAhead = 64;
constexpr std::size_t kSlotsAhead = 48;
constexpr std::size_t kNodesAhead = 32;
constexpr std::size_t kLinksAhead = 16;
constexpr std::size_t kGuesses = 64;
/// One side's queue is looked at after so many commands, the other's after as many more.
constexpr std::size_t kCommandsPerQueueStep = 4;

/// Where nothing is known: asking for it does no harm.
constexpr OrderIndex kAnyNode = 0;

}  // namespace

void BookDesk::apply(const Command& command, Guess guess) {
    if (command.kind == Kind::gtc || command.kind == Kind::ioc) return place(command, {command.lots}, guess.level);
    if (guess.order == kNone || !nodes_.holds(guess.order, command.order_id)) {
        guess.order = find(command.order_id);
        if (guess.order == kNone) return;
    }
    if (command.kind == Kind::move) return move(command, guess.order, guess.level);
    if (command.kind == Kind::cancel) return drop(command.order_id, guess.order);
    if (nodes_[guess.order].lots.value > command.lots) book_.reduce(guess.order, {command.lots});
}

template <typename After>
void BookDesk::apply_batch(std::span<const Command> commands, After&& after) {
    Guess guesses[kGuesses];
    const std::size_t count = commands.size();
    const auto look = [&](std::size_t at) {
        const Command& command = commands[at];
        parley::prefetch(&command + kStreamAhead);
        table_.prefetch(command.order_id);
        book_.prefetch_price(command.side, {command.price});
    };
    const auto fetch = [&](std::size_t at) {
        const Command& command = commands[at];
        Guess& guess = guesses[at % kGuesses];
        guess.order = table_.guess_near(command.order_id, kAnyNode);
        guess.level = book_.guess_level_near(command.side, {command.price}, kAnyNode);
        nodes_.prefetch(guess.order);
        nodes_.prefetch(guess.level);
    };
    const auto follow = [&](std::size_t at) {
        const Guess guess = guesses[at % kGuesses];
        nodes_.prefetch_neighbors(guess.order);
        nodes_.prefetch(nodes_[guess.level].previous);
    };
    for (std::size_t at = 0; at < std::min(kSlotsAhead, count); ++at) look(at);
    for (std::size_t at = 0; at < std::min(kNodesAhead, count); ++at) fetch(at);
    for (std::size_t at = 0; at < std::min(kLinksAhead, count); ++at) follow(at);
    for (std::size_t at = 0; at < count; ++at) {
        if (at + kSlotsAhead < count) {
            look(at + kSlotsAhead);
            fetch(at + kNodesAhead);
            follow(at + kLinksAhead);
        } else {
            if (at + kNodesAhead < count) fetch(at + kNodesAhead);
            if (at + kLinksAhead < count) follow(at + kLinksAhead);
        }
        if (at % kCommandsPerQueueStep == 0) step_queue(static_cast<Side>(at / kCommandsPerQueueStep % 2));
        apply(commands[at], guesses[at % kGuesses]);
        after();
    }
}

struct BookDesk::Handler {
    BookDesk& desk;

    void on_trade(OrderIndex, PriceTicks, Lots) const noexcept { ++desk.trades_; }
    void on_filled(OrderIndex index) const noexcept {
        desk.queue_ahead(desk.nodes_[index].side()).filled();
        desk.table_.erase(desk.nodes_[index].key, index);
        desk.nodes_.give_back(index);
    }
    void after_trade() const noexcept {}
    [[nodiscard]] bool on_self_match(OrderIndex, Lots&) const noexcept { return false; }
};

void BookDesk::place(const Command& command, Lots lots, LevelIndex guess) {
    const auto stop = book_.match(command.side, {command.price}, lots, command.account, Handler{*this});
    if (command.kind == Kind::ioc || stop != OrderBook::Stop::no_cross) return;
    const OrderIndex index = nodes_.take_order();
    nodes_[index].key = command.order_id;
    nodes_[index].lots = lots;
    nodes_[index].word = BookNode::word_of(command.side, command.account);
    book_.add(index, {command.price}, guess);
    table_.insert(command.order_id, index);
}

void BookDesk::move(const Command& command, OrderIndex index, LevelIndex guess) {
    if (!book_.crosses(command.side, {command.price})) return book_.move(index, {command.price}, guess);
    const Lots leaves = nodes_[index].lots;
    drop(command.order_id, index);
    place(command, leaves, guess);
}

void BookDesk::drop(OrderId id, OrderIndex index) {
    book_.remove(index);
    table_.erase(id, index);
    nodes_.give_back(index);
}

Result run_book_singly(const std::vector<Command>& commands, std::size_t warm_up) {
    BookDesk desk;
    Result result;
    const auto run = [&](std::size_t begin, std::size_t end, auto&& after) {
        for (std::size_t at = begin; at < end; ++at) {
            desk.apply(commands[at]);
            after();
        }
    };
    run(0, warm_up, [] {});
    measure(result, warm_up, commands.size(), run);
    result.trades = desk.trades();
    result.resting = static_cast<std::int64_t>(desk.resting());
    return result;
}

Result run_book(const std::vector<Command>& commands, std::size_t warm_up) {
    BookDesk desk;
    Result result;
    const std::span<const Command> all(commands);
    desk.apply_batch(all.first(warm_up), [] {});
    measure(result, warm_up, commands.size(), [&](std::size_t begin, std::size_t end, auto&& after) {
        desk.apply_batch(all.subspan(begin, end - begin), after);
    });
    result.trades = desk.trades();
    result.resting = static_cast<std::int64_t>(desk.resting());
    return result;
}

}  // namespace parley::bench
