#pragma once

#include <array>
#include <cstdint>

#include "parley/price_ladder.hpp"
#include "parley/units.hpp"

namespace parley::itch {

/// The prices of one side of one book, half a cache line. Two blocks of 64 ticks around the best price are its window.
struct BookSide {
    std::array<std::uint64_t, 2> occupied;  ///< a bit for each price of the window that has a level, block b at b % 2
    std::uint32_t block;                    ///< the lower block of the window
    std::uint32_t best_key;                 ///< see ladder_key(); means nothing in an empty book
    std::uint32_t best_level;               ///< 0: no level at all
    std::uint32_t tick_e4;                  ///< 100 or 1: what the window counts in
};
static_assert(sizeof(BookSide) == 32);

/// Which level holds which price, for all sides of all books. A price in its side's window is found by its place there:
/// nothing is searched and nothing moves. All others, those between the ticks of the window among them, are in a sorted
/// ladder of that side. The window follows the best price; its tick is a cent where the best price is whole cents.
class BookPrices {
public:
    using Book = std::uint32_t;  ///< twice the stock locate, plus one for the sell side

    /// A price as its side's window counts it, rising towards the best.
    struct Position {
        std::uint32_t tick;
        bool is_whole;
    };

    BookPrices(std::uint32_t books, std::size_t levels_max);

    [[nodiscard]] const BookSide& side(Book book) const noexcept { return sides_[book]; }
    [[nodiscard]] std::uint32_t count(Book book) const noexcept;

    /// The level at a price, 0 where there is none.
    [[nodiscard]] std::uint32_t find(Book book, std::uint32_t price) const noexcept {
        const Position position = position_of(book, price);
        return is_in_window(book, position) ? cell(book, position.tick) : find_far(book, price);
    }
    /// A price that has no level yet. False where there is no room: then nothing changed.
    [[nodiscard]] bool insert(Book book, std::uint32_t price, std::uint32_t level) noexcept {
        const Position position = position_of(book, price);
        if (sides_[book].best_level == 0 || !is_in_window(book, position)) [[unlikely]] return insert_far(book, price, level);
        put(book, position.tick, level);
        note_best(book, key_of(book, price), level);
        return true;
    }
    /// A price that has that level.
    void erase(Book book, std::uint32_t price, std::uint32_t level) noexcept {
        const Position position = position_of(book, price);
        if (is_in_window(book, position)) [[likely]] {
            cell(book, position.tick) = 0;
            sides_[book].occupied[(position.tick >> kBlockBits) & 1] &= ~bit_of(position.tick);
        } else {
            erase_far(book, price);
        }
        if (sides_[book].best_level == level) renew_best(book);
    }
    /// The level `depth` prices behind the best; depth < count().
    [[nodiscard]] std::uint32_t level_at(Book book, std::uint32_t depth) const noexcept;

    /// Steps of the look-ahead: where the level of a price probably is, cell 0 where `mask` is 0.
    [[nodiscard, gnu::always_inline]] std::size_t probable_cell(Book book, std::uint32_t price, std::size_t mask) const noexcept {
        return cell_index(book, position_of(book, price).tick) & mask;
    }
    [[nodiscard]] std::uint32_t level_in_cell(std::size_t cell) const noexcept { return cells_[cell]; }
    [[gnu::always_inline]] void prefetch_side(Book book) const noexcept { __builtin_prefetch(&sides_[book], 1); }
    [[gnu::always_inline]] void prefetch_cell(std::size_t cell) const noexcept { __builtin_prefetch(&cells_[cell], 1); }

private:
    static constexpr std::uint32_t kBlockBits = 6;
    static constexpr std::uint32_t kWindow = 2U << kBlockBits;
    static constexpr std::uint32_t kRoomBelow = 32;  ///< ticks of the window behind the best when it is laid
    static constexpr std::uint32_t kCent = 100;

    [[nodiscard]] static constexpr std::uint32_t flip_of(Book book) noexcept { return std::uint32_t{0} - (book & 1); }
    [[nodiscard]] static constexpr std::uint32_t key_of(Book book, std::uint32_t price) noexcept { return price ^ flip_of(book); }
    [[nodiscard]] static constexpr std::uint64_t bit_of(std::uint32_t tick) noexcept { return std::uint64_t{1} << (tick & 63); }

    [[nodiscard]] Position position_of(Book book, std::uint32_t price) const noexcept {
        const std::uint32_t cents = price / kCent;
        const bool is_cents = sides_[book].tick_e4 == kCent;
        const std::uint32_t ticks = is_cents ? cents : price;
        return {ticks ^ flip_of(book), !is_cents || cents * kCent == price};
    }
    [[nodiscard]] bool is_in_window(Book book, Position position) const noexcept {
        return position.is_whole && (position.tick >> kBlockBits) - sides_[book].block <= 1;
    }
    [[nodiscard]] static std::size_t cell_index(Book book, std::uint32_t tick) noexcept {
        return std::size_t{book} * kWindow + tick % kWindow;
    }
    [[nodiscard]] std::uint32_t& cell(Book book, std::uint32_t tick) noexcept { return cells_[cell_index(book, tick)]; }
    [[nodiscard]] std::uint32_t cell(Book book, std::uint32_t tick) const noexcept { return cells_[cell_index(book, tick)]; }
    void put(Book book, std::uint32_t tick, std::uint32_t level) noexcept {
        cell(book, tick) = level;
        sides_[book].occupied[(tick >> kBlockBits) & 1] |= bit_of(tick);
    }
    void note_best(Book book, std::uint32_t key, std::uint32_t level) noexcept {
        BookSide& side = sides_[book];
        if (side.best_level != 0 && key < side.best_key) return;
        side.best_key = key;
        side.best_level = level;
    }

    [[nodiscard]] std::uint32_t find_far(Book book, std::uint32_t price) const noexcept;
    [[nodiscard]] bool insert_far(Book book, std::uint32_t price, std::uint32_t level) noexcept;
    void erase_far(Book book, std::uint32_t price) noexcept;
    void renew_best(Book book) noexcept;
    [[nodiscard]] bool has_window_tick(Book book, std::uint32_t& tick) const noexcept;
    [[nodiscard]] std::uint32_t key_of_tick(Book book, std::uint32_t tick) const noexcept;
    [[nodiscard]] bool raise_window(Book book, std::uint32_t tick) noexcept;
    void evict(Book book, std::uint32_t block) noexcept;
    void lower_window(Book book, std::uint32_t tick) noexcept;
    void lay_window(Book book) noexcept;

    HugeArray<BookSide> sides_;
    HugeArray<Ladder> far_;
    HugeArray<std::uint32_t> cells_;
    LadderStore entries_;
};

}  // namespace parley::itch
