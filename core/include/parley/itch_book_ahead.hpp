#pragma once

// Part of itch_book.hpp: how a stretch of messages reaches the books without waiting for memory.

#include "parley/itch_book.hpp"

namespace parley::itch {

/// Where the look-ahead finds what it needs in a message of a type. A field that the type has not lies anywhere inside it.
struct AheadType {
    std::uint8_t is_order = 0;  ///< moves a book
    std::uint8_t is_add = 0;    ///< its side is in the message
    std::uint8_t has_price = 0;
    std::uint8_t side_at = 11;
    std::uint8_t price_at = 11;
    std::uint8_t new_reference_at = 11;
};

inline constexpr auto kAheadTypes = [] {
    std::array<AheadType, 256> types{};
    types['A'] = types['F'] = {1, 1, 1, 19, 32, 11};
    types['U'] = {1, 0, 1, 11, 31, 19};
    types['D'] = types['E'] = types['C'] = types['X'] = {1, 0, 0, 11, 11, 11};
    return types;
}();

/// Messages pass through a ring before they are applied. At its head the lines of their references and the sides of
/// their books are fetched; some messages later, when these are there, the queue's line of the order or the window's cell of
/// the price; later again the level in the cell. The stages only look, without a branch on the type: what they find may be
/// gone when the message is applied, which then finds it again as if nobody had looked.
template <typename Listen>
class BookAhead {
public:
    BookAhead(Books& books, Listen& listen) noexcept : books_(books), listen_(listen) {
        ring_.fill({kNothing.data(), 0, 0, 0});
    }
    ~BookAhead() {
        for (std::uint32_t i = 0; i < kApplyBehind; ++i) step({kNothing.data(), 0, 0, 0});
    }
    BookAhead(const BookAhead&) = delete;
    BookAhead& operator=(const BookAhead&) = delete;

    [[gnu::always_inline]] void on(Message message) {
        const AheadType& type = type_of(message.bytes());
        if (!type.is_order) [[unlikely]] return look_at_stock(message);
        books_.orders_.prefetch(big_endian::load<std::uint64_t>(message.bytes() + 11));
        books_.orders_.prefetch_new(big_endian::load<std::uint64_t>(message.bytes() + type.new_reference_at),
                                    std::size_t{0} - type.has_price);
        books_.prices_.prefetch_side(Books::book_of(message.stock_locate(), Side::buy));
        step({message.bytes(), 0, 0, 0});
    }

private:
    static constexpr std::uint32_t kRing = 128;
    static constexpr std::uint32_t kOrderBehind = 28;
    static constexpr std::uint32_t kCellBehind = 56;
    static constexpr std::uint32_t kApplyBehind = 84;
    static_assert(kApplyBehind < kRing);
    static constexpr std::array<std::uint8_t, kMessageBytesMax> kNothing{};

    struct Pending {
        const std::uint8_t* bytes;
        std::uint32_t order;  ///< where its order probably is
        std::uint32_t level;  ///< where its new order's level probably is
        std::size_t cell;
    };

    [[nodiscard]] static const AheadType& type_of(const std::uint8_t* bytes) noexcept { return kAheadTypes[*bytes]; }

    [[gnu::always_inline]] void step(Pending pending) {
        apply(ring_[(at_ - kApplyBehind) % kRing]);
        ring_[at_ % kRing] = pending;
        look_at_cell(ring_[(at_ - kCellBehind) % kRing]);
        look_at_order(ring_[(at_ - kOrderBehind) % kRing]);
        ++at_;
    }

    [[gnu::always_inline]] void look_at_order(Pending& pending) noexcept {
        const AheadType& type = type_of(pending.bytes);
        pending.order = books_.orders_.find(big_endian::load<std::uint64_t>(pending.bytes + 11));
        const QueuePlace place = books_.orders_[pending.order].place;
        if (place.is_chunk()) [[unlikely]] {
            books_.queues_.prefetch_chunk(place.index());
        } else {
            __builtin_prefetch(&books_.levels_[place.index()], 1);
        }
        const std::uint32_t said = static_cast<std::uint32_t>(pending.bytes[type.side_at] == 'S');
        const std::uint32_t is_sell = (said & type.is_add) | (place.bits >> 31 & ~std::uint32_t{type.is_add});
        const auto locate = Message(pending.bytes).stock_locate();
        pending.cell = books_.prices_.probable_cell(Books::book_of(locate, static_cast<Side>(is_sell)),
                                                    big_endian::load<std::uint32_t>(pending.bytes + type.price_at),
                                                    std::size_t{0} - type.has_price);
        books_.prices_.prefetch_cell(pending.cell);
    }

    [[gnu::always_inline]] void look_at_cell(Pending& pending) noexcept {
        pending.level = books_.prices_.level_in_cell(pending.cell);
        __builtin_prefetch(&books_.levels_[pending.level], 1);
        const QueuePlace place = books_.orders_[pending.order].place;
        if (place.is_chunk()) [[unlikely]] __builtin_prefetch(&books_.levels_[books_.queues_.level_of(place)], 1);
    }

    [[gnu::noinline]] void look_at_stock(Message message) noexcept {
        if (message.type() == 'R') books_.on(StockDirectory(message.bytes()));
        if (message.type() == 'H') books_.on(StockTradingAction(message.bytes()));
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
            case 'D': return books_.remove(OrderDelete(pending.bytes).order_reference(), pending.order);
            case 'U': return books_.replace(OrderReplace(pending.bytes), pending.order, pending.level);
            case 'E':
            case 'C': return reduce(pending, OrderExecuted(pending.bytes).executed_shares());
            case 'X': return reduce(pending, OrderCancel(pending.bytes).canceled_shares());
            default: return {};
        }
    }

    BookChange reduce(const Pending& pending, std::uint32_t shares) noexcept {
        return books_.reduce(OrderExecuted(pending.bytes).order_reference(), pending.order, shares);
    }

    Books& books_;
    Listen& listen_;
    std::uint32_t at_ = 0;
    std::array<Pending, kRing> ring_;
};

template <typename Listen>
Walk Books::apply(std::span<const std::uint8_t> bytes, Listen&& listen) {
    BookAhead<std::remove_reference_t<Listen>> ahead(*this, listen);
    return walk(bytes, ahead);
}

template <typename Visit>
void Books::for_each_order(std::uint16_t stock_locate, Side side, std::uint32_t depth, Visit&& visit) const {
    const BookPrices::Book book = book_of(stock_locate, side);
    if (depth < prices_.count(book)) queues_.for_each(levels_[prices_.level_at(book, depth)], visit);
}

}  // namespace parley::itch
