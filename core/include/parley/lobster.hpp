#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "parley/itch_book.hpp"

/// LOBSTER: a file of messages and a file with the first levels of the book after each, lines of comma-separated numbers.
/// Prices count 1e-4 US dollar.
namespace parley::lobster {

inline constexpr std::size_t kDepthMax = 200;
inline constexpr std::uint32_t kPriceMax = 4'000'000'000;

enum class Event : std::uint8_t {
    new_order = 1, partial_cancel = 2, deletion = 3, execution = 4, hidden_execution = 5, cross = 6, halt = 7
};

enum class Flaw : std::uint8_t { none, bad_number, wrong_fields, unknown_event, bad_side, out_of_range, lines_differ };

[[nodiscard]] constexpr std::string_view name_of(Flaw flaw) noexcept {
    constexpr std::string_view names[] = {"none",     "bad_number",   "wrong_fields", "unknown_event",
                                          "bad_side", "out_of_range", "lines_differ"};
    return names[static_cast<std::size_t>(flaw)];
}

struct Message {
    std::int64_t time_ns = 0;  ///< since midnight of New York
    Event event = Event::new_order;
    std::uint64_t order_id = 0;
    std::uint32_t shares = 0;
    std::int64_t price_e4 = 0;  ///< of a halt: -1 halted, 0 quotes only, 1 trading
    Side side = Side::buy;      ///< of the resting order
};

struct Level {
    std::uint32_t price_e4 = 0;
    std::uint32_t shares = 0;  ///< 0: there is no such level
    friend constexpr bool operator==(const Level&, const Level&) noexcept = default;
};

/// The first levels of both sides, best first; index 0 buy, 1 sell, as Side counts.
using BookRow = std::array<std::vector<Level>, 2>;

[[nodiscard]] Flaw read_message(std::string_view line, Message& message) noexcept;
/// As many levels as the line has, at most kDepthMax. A level that its file marks empty has no shares.
[[nodiscard]] Flaw read_book(std::string_view line, BookRow& row);

/// Builds the book from the messages and holds it against the recorded rows. The recording shows `depth` levels and tells
/// nothing of what happens below them: a level that falls out is forgotten, and one that comes up from below is taken from
/// the row, as one order whose id nobody knows. Every level that is known must agree.
class Replay {
public:
    /// Begins with a row; its levels are orders without an id.
    explicit Replay(const BookRow& first);

    /// One message and the row after it; whether every known level agrees.
    bool step(const Message& message, const BookRow& after);

    [[nodiscard]] const itch::Books& books() const noexcept { return books_; }
    [[nodiscard]] std::uint64_t revealed() const noexcept { return revealed_; }    ///< levels taken from rows
    [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }  ///< levels that fell out

private:
    void apply(const Message& message) noexcept;
    void take(const Message& message) noexcept;
    void forget(Side side);
    void reveal(Side side, const Level& level) noexcept;
    [[nodiscard]] bool is_known_exact(Side side, const std::vector<Level>& row) const noexcept;

    itch::Books books_;
    std::uint32_t depth_;
    std::uint64_t next_nameless_;
    std::uint64_t revealed_ = 0;
    std::uint64_t forgotten_ = 0;
};

struct Result {
    std::uint64_t rows = 0;
    std::uint64_t exact = 0;
    std::uint64_t revealed = 0;
    std::uint64_t forgotten = 0;
    std::uint64_t first_mismatch = 0;  ///< line, from 1; 0 where there is none
    std::uint64_t orders = 0;          ///< resting in the window at the end
    Flaw flaw = Flaw::none;            ///< of the line that stopped the reading
    std::uint64_t flaw_line = 0;
};

/// Both files of a day, line by line. The first row is where the book begins and counts as exact.
[[nodiscard]] Result replay(std::string_view messages, std::string_view books);

}  // namespace parley::lobster
