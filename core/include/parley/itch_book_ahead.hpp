#pragma once

// Part of itch_book.hpp: how a stretch of messages reaches the books without waiting for memory.

#include "parley/itch_book.hpp"

namespace parley::itch {

/// Collects messages and applies them in batches. Before a batch is applied, passes over it fetch what each message will
/// touch: bucket, order, neighbors in the queue, level. The passes only look: what they find may be gone when its
/// message is applied, which then finds it again as if nobody had looked.
template <typename Listen>
class BookAhead {
public:
    BookAhead(Books& books, Listen& listen) noexcept : books_(books), listen_(listen) {}
    ~BookAhead() { flush(); }
    BookAhead(const BookAhead&) = delete;
    BookAhead& operator=(const BookAhead&) = delete;

    void on(AddOrder message) noexcept {
        books_.orders_.prefetch_bucket(message.order_reference());
        push(message, Group::adds);
    }
    void on(OrderReplace message) noexcept {
        books_.orders_.prefetch_bucket(message.original_reference());
        books_.orders_.prefetch_bucket(message.new_reference());
        replaces_[replaces_count_++] = count_;
        push(message, Group::takes);
    }
    void on(OrderExecuted message) noexcept { push_take(message); }
    void on(OrderExecutedWithPrice message) noexcept { push_take(message); }
    void on(OrderCancel message) noexcept { push_take(message); }
    void on(OrderDelete message) noexcept { push_take(message); }
    void on(StockDirectory message) noexcept { books_.on(message); }
    void on(StockTradingAction message) noexcept { books_.on(message); }

    void flush() {
        fetch_orders();
        fetch_levels();
        fetch_ladders();
        fetch_replaced();
        for (std::uint32_t i = 0; i < count_; ++i) apply(pending_[i]);
        count_ = adds_count_ = takes_count_ = replaces_count_ = 0;
    }

private:
    static constexpr std::uint32_t kBatch = 64;
    enum class Group : std::uint8_t { adds, takes };

    struct Pending {
        const std::uint8_t* bytes;
        std::uint32_t order;  ///< of a take: where its order probably is
        std::uint32_t level;  ///< of an add: where its level probably is
    };

    template <typename Take>
    void push_take(Take message) noexcept {
        books_.orders_.prefetch_bucket(message.order_reference());
        push(message, Group::takes);
    }

    void push(Message message, Group group) {
        pending_[count_] = {message.bytes(), 0, 0};
        __builtin_prefetch(&books_.ladder(message.stock_locate(), Side::buy), 1);
        if (group == Group::adds) {
            adds_[adds_count_++] = count_;
        } else {
            takes_[takes_count_++] = count_;
        }
        if (++count_ == kBatch) flush();
    }

    [[gnu::always_inline]] void fetch_orders() noexcept {
        for (std::uint32_t i = 0; i < takes_count_; ++i) {
            Pending& pending = pending_[takes_[i]];
            pending.order = books_.orders_.first_of_bucket(OrderDelete(pending.bytes).order_reference());
            books_.orders_.prefetch_order(pending.order);
        }
        for (std::uint32_t i = 0; i < adds_count_; ++i) {
            const AddOrder message(pending_[adds_[i]].bytes);
            books_.entries_.prefetch(books_.ladder(message.stock_locate(), message.side()));
        }
    }

    [[gnu::always_inline]] void fetch_levels() noexcept {
        for (std::uint32_t i = 0; i < takes_count_; ++i) {
            Pending& pending = pending_[takes_[i]];
            const BookOrder& order = books_.orders_[pending.order];
            if (order.reference == OrderDelete(pending.bytes).order_reference()) [[likely]] {
                pending.level = order.level;
                __builtin_prefetch(&books_.levels_[pending.level], 1);
            } else {
                books_.orders_.prefetch_order(order.chain);  // most often it is the next of the bucket
            }
        }
        for (std::uint32_t i = 0; i < adds_count_; ++i) {
            Pending& pending = pending_[adds_[i]];
            const AddOrder message(pending.bytes);
            pending.level = books_.find_level(message.stock_locate(), message.side(), message.price_e4());
            __builtin_prefetch(&books_.levels_[pending.level], 1);
        }
    }

    [[gnu::always_inline]] void fetch_ladders() noexcept {
        for (std::uint32_t i = 0; i < takes_count_; ++i) {
            Pending& pending = pending_[takes_[i]];
            if (pending.level == 0) [[unlikely]] {
                const std::uint32_t order = books_.orders_.find(OrderDelete(pending.bytes).order_reference());
                pending.level = books_.orders_[order].level;
                __builtin_prefetch(&books_.levels_[pending.level], 1);
                continue;
            }
            const BookLevel& level = books_.levels_[pending.level];
            if (level.orders <= 1 || *pending.bytes == 'U') {
                books_.entries_.prefetch(books_.ladder(level.stock_locate, level.side));
            }
        }
    }

    [[gnu::always_inline]] void fetch_replaced() noexcept {
        for (std::uint32_t i = 0; i < replaces_count_; ++i) {
            Pending& pending = pending_[replaces_[i]];
            const OrderReplace message(pending.bytes);
            pending.level = books_.find_level(message.stock_locate(), books_.levels_[pending.level].side, message.price_e4());
            __builtin_prefetch(&books_.levels_[pending.level], 1);
        }
    }

    void apply(const Pending& pending) {
        const BookChange change = change_of(pending);
        if (change.is_changed) listen_(change, Message(pending.bytes));
    }

    BookChange change_of(const Pending& pending) noexcept {
        switch (static_cast<char>(*pending.bytes)) {
            case 'A':
            case 'F': {
                const AddOrder message(pending.bytes);
                return books_.add(message.order_reference(), message.stock_locate(), message.side(), message.shares(),
                                  message.price_e4(), pending.level);
            }
            case 'D': return books_.on(OrderDelete(pending.bytes));
            case 'U': return books_.replace(OrderReplace(pending.bytes), pending.level);
            case 'E': return books_.on(OrderExecuted(pending.bytes));
            case 'C': return books_.on(OrderExecutedWithPrice(pending.bytes));
            default: return books_.on(OrderCancel(pending.bytes));
        }
    }

    Books& books_;
    Listen& listen_;
    std::uint32_t count_ = 0;
    std::uint32_t adds_count_ = 0;
    std::uint32_t takes_count_ = 0;
    std::uint32_t replaces_count_ = 0;
    std::array<Pending, kBatch> pending_;
    std::array<std::uint32_t, kBatch> adds_;
    std::array<std::uint32_t, kBatch> takes_;
    std::array<std::uint32_t, kBatch> replaces_;
};

template <typename Listen>
Walk Books::apply(std::span<const std::uint8_t> bytes, Listen&& listen) {
    BookAhead<std::remove_reference_t<Listen>> ahead(*this, listen);
    return walk(bytes, ahead);
}

template <typename Visit>
void Books::for_each_order(std::uint16_t stock_locate, Side side, std::uint32_t depth, Visit&& visit) const {
    const Ladder& prices = ladder(stock_locate, side);
    if (depth < prices.size) queues_.for_each(levels_[entries_.entry(prices, depth).level], visit);
}

}  // namespace parley::itch
