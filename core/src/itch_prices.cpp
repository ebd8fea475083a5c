#include "parley/itch_prices.hpp"

#include <bit>
#include <cassert>

namespace parley::itch {
namespace {

constexpr std::size_t kSpareEntries = 16 * 1024;

/// Lower block of a window that holds a tick with at least `room` ticks below it.
[[nodiscard]] constexpr std::uint32_t block_below(std::uint32_t tick, std::uint32_t room) noexcept {
    return (tick < room ? 0 : tick - room) >> 6;
}

}  // namespace

// Ladders double and are as large together as those their sides left behind: four entries for each level.
BookPrices::BookPrices(std::uint32_t books, std::size_t levels_max)
    : sides_(books), far_(books), cells_(std::size_t{books} * kWindow), entries_(4 * levels_max + kSpareEntries) {
    static_assert(kWindow == 128 && kRoomBelow < 64);
}

std::uint32_t BookPrices::count(Book book) const noexcept {
    const auto& occupied = sides_[book].occupied;
    return static_cast<std::uint32_t>(std::popcount(occupied[0]) + std::popcount(occupied[1])) + far_[book].size;
}

std::uint32_t BookPrices::find_far(Book book, std::uint32_t price) const noexcept {
    const Ladder& far = far_[book];
    const auto place = entries_.find(far, key_of(book, price));
    return place.is_found ? entries_.entry(far, far.size - 1 - place.at).level : 0;
}

// Also the first price of an empty side, which lays its window, and a price above the window, which raises it.
bool BookPrices::insert_far(Book book, std::uint32_t price, std::uint32_t level) noexcept {
    BookSide& side = sides_[book];
    if (side.best_level == 0) {
        side.tick_e4 = price % kCent == 0 ? kCent : 1;
        side.block = block_below(position_of(book, price).tick, kRoomBelow);
    }
    const Position position = position_of(book, price);
    if (position.is_whole && (position.tick >> kBlockBits) > side.block + 1 && !raise_window(book, position.tick)) return false;
    const std::uint32_t key = key_of(book, price);
    if (is_in_window(book, position)) {
        put(book, position.tick, level);
    } else {
        const auto place = entries_.find(far_[book], key);
        assert(!place.is_found);
        if (!entries_.insert(far_[book], place.at, {key, level})) return false;
        if ((side.occupied[0] | side.occupied[1]) == 0) lay_window(book);
    }
    note_best(book, key, level);
    return true;
}

void BookPrices::erase_far(Book book, std::uint32_t price) noexcept {
    const auto place = entries_.find(far_[book], key_of(book, price));
    assert(place.is_found);
    entries_.erase(far_[book], place.at);
}

// What the window gives up goes below it: no whole tick of the ladder is ever above the window.
bool BookPrices::raise_window(Book book, std::uint32_t tick) noexcept {
    BookSide& side = sides_[book];
    const int levels = std::popcount(side.occupied[0]) + std::popcount(side.occupied[1]);
    if (!entries_.reserve(far_[book], static_cast<std::uint32_t>(levels))) return false;
    const std::uint32_t block = block_below(tick, kRoomBelow);
    evict(book, side.block);
    if (block != side.block + 1) evict(book, side.block + 1);
    side.block = block;
    return true;
}

void BookPrices::evict(Book book, std::uint32_t block) noexcept {
    std::uint64_t& occupied = sides_[book].occupied[block & 1];
    for (; occupied != 0; occupied &= occupied - 1) {
        const std::uint32_t tick = (block << kBlockBits) + static_cast<std::uint32_t>(std::countr_zero(occupied));
        const std::uint32_t key = key_of_tick(book, tick);
        const auto place = entries_.find(far_[book], key);
        [[maybe_unused]] const bool is_in = entries_.insert(far_[book], place.at, {key, cell(book, tick)});
        assert(is_in && !place.is_found);
        cell(book, tick) = 0;
    }
}

std::uint32_t BookPrices::key_of_tick(Book book, std::uint32_t tick) const noexcept {
    return key_of(book, (tick ^ flip_of(book)) * sides_[book].tick_e4);
}

bool BookPrices::has_window_tick(Book book, std::uint32_t& tick) const noexcept {
    const BookSide& side = sides_[book];
    for (const std::uint32_t block : {side.block + 1, side.block}) {
        const std::uint64_t occupied = side.occupied[block & 1];
        if (occupied == 0) continue;
        tick = (block << kBlockBits) + 63 - static_cast<std::uint32_t>(std::countl_zero(occupied));
        return true;
    }
    return false;
}

// An emptied window stays where it is: a move takes the last price out and puts another near it. It follows what the
// next price outside of it tells.
void BookPrices::renew_best(Book book) noexcept {
    BookSide& side = sides_[book];
    const Ladder& far = far_[book];
    std::uint32_t tick = 0;
    side.best_level = 0;
    if (has_window_tick(book, tick)) {
        if (far.size != 0 && tick < (side.block << kBlockBits) + kRoomBelow && side.block != 0) lower_window(book, tick);
        side.best_key = key_of_tick(book, tick);
        side.best_level = cell(book, tick);
    }
    if (far.size != 0) note_best(book, far.best_key, entries_.entry(far, 0).level);
}

// An empty window goes to the best price of the ladder, which it counts in the tick of that price.
void BookPrices::lay_window(Book book) noexcept {
    const std::uint32_t price = key_of(book, far_[book].best_key);
    sides_[book].tick_e4 = price % kCent == 0 ? kCent : 1;
    lower_window(book, position_of(book, price).tick);
}

// Where the best price is deep in a window, the window goes down, and takes out of the ladder what is inside it now.
void BookPrices::lower_window(Book book, std::uint32_t tick) noexcept {
    BookSide& side = sides_[book];
    Ladder& far = far_[book];
    side.block = block_below(tick, kRoomBelow);
    for (std::uint32_t at = far.size; at-- != 0;) {
        const LadderEntry entry = entries_.entry(far, far.size - 1 - at);
        const Position position = position_of(book, key_of(book, entry.key));
        if ((position.tick >> kBlockBits) < side.block) break;
        if (!is_in_window(book, position)) continue;
        entries_.erase(far, at);
        put(book, position.tick, entry.level);
    }
}

std::uint32_t BookPrices::level_at(Book book, std::uint32_t depth) const noexcept {
    const BookSide& side = sides_[book];
    if (depth == 0) return side.best_level;
    auto occupied = side.occupied;
    std::uint32_t far_depth = 0;
    for (;; --depth) {
        const std::uint32_t block = side.block + static_cast<std::uint32_t>(occupied[(side.block + 1) & 1] != 0);
        std::uint64_t& bits = occupied[block & 1];
        const auto top = static_cast<std::uint32_t>(63 - std::countl_zero(bits | 1));
        const std::uint32_t tick = (block << kBlockBits) + top;
        const LadderEntry far = far_depth < far_[book].size ? entries_.entry(far_[book], far_depth) : LadderEntry{0, 0};
        const bool is_far = bits == 0 || (far.level != 0 && far.key > key_of_tick(book, tick));
        if (depth == 0) return is_far ? far.level : cell(book, tick);
        if (is_far) {
            ++far_depth;
        } else {
            bits &= ~bit_of(tick);
        }
    }
}

}  // namespace parley::itch
