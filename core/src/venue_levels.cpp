#include <bit>
#include <cstring>

#include "parley/venue_json.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parley {

namespace {

void push(JsonCursor& cursor, UpdateBuffer& out, Side side, std::int64_t price, std::int64_t lots) {
    if (!out.push(UpdateKind::level, side, price, lots)) cursor.fail(FeedError::too_many_updates);
}

#if defined(__SSE2__)

constexpr std::ptrdiff_t kBehind = 8;   // bytes before a number that its loads may touch
constexpr std::ptrdiff_t kAhead = 80;  // bytes from the start of a level that its loads may touch: 2 x (3 + 16 + 16)
constexpr int kFastDecimalsMax = 8;

/// Turns quoted decimals of at most 8 + 8 digits into units without a branch on a digit.
class FastDecimal {
public:
    explicit FastDecimal(DecimalScale scale) noexcept
        : step_(scale.step),
          whole_(scale.decimals <= kFastDecimalsMax ? kPowersOfTen[scale.decimals] : 0),
          decimals_(scale.decimals) {}

    [[nodiscard]] bool is_usable() const noexcept { return decimals_ <= kFastDecimalsMax; }

    /// Length of the number that starts at `at` and ends before a quote; 0 where it needs the slow way.
    [[nodiscard]] int parse(const char* at, std::int64_t& units) const noexcept {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto quotes = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'))));
        const int length = std::countr_zero(quotes | 0x10000U);
        const auto points = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'))));
        const int point = std::countr_zero(points | (1U << length));
        const int fraction = length - point - (point < length ? 1 : 0);
        if (point == 0 || point > 8 || fraction > 8 || length == 16 || point + 1 == length) return 0;
        const std::uint64_t front = (swar::load(at + point - 8) ^ swar::kZeros) & (~0ULL << (64 - 8 * point));
        const std::uint64_t back = (swar::load(at + point + 1) ^ swar::kZeros) & low_bytes(fraction);
        if (!swar::are_digits(front) || !swar::are_digits(back)) return 0;
        return combine(front, back, units) ? length : 0;
    }

private:
    [[nodiscard]] static std::uint64_t low_bytes(int count) noexcept {
        return count == 8 ? ~0ULL : (1ULL << (8 * count)) - 1;
    }

    [[nodiscard]] bool combine(std::uint64_t front, std::uint64_t back, std::int64_t& units) const noexcept {
        std::uint64_t value = swar::number(front) * static_cast<std::uint64_t>(whole_);
        if (decimals_ == 0) {
            if (back != 0) return false;
        } else {
            if (decimals_ < 8 && (back >> (8 * decimals_)) != 0) return false;
            value += swar::number(back << (64 - 8 * decimals_));
        }
        units = static_cast<std::int64_t>(value);
        if (step_ == 1) return true;
        if (units % step_ != 0) return false;
        units /= step_;
        return true;
    }

    std::int64_t step_;
    std::int64_t whole_;
    int decimals_;
};

bool is_three(const char* at, const char (&text)[4]) noexcept { return std::memcmp(at, text, 3) == 0; }

/// Levels as Binance writes them, ["price","lots"] without white space, as far as they go; the cursor is left before
/// the first one that is written otherwise, with the comma before it taken.
bool read_tight_levels(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    const FastDecimal price_of(instrument.price_tick);
    const FastDecimal lots_of(instrument.lot);
    const char* at = cursor.at();
    if (!price_of.is_usable() || !lots_of.is_usable() || at - cursor.begin() < kBehind) return false;
    while (cursor.end() - at >= kAhead && at[0] == '[' && at[1] == '"') {
        std::int64_t price = 0;
        std::int64_t lots = 0;
        const int price_length = price_of.parse(at + 2, price);
        const char* middle = at + 2 + price_length;
        if (price_length == 0 || !is_three(middle, "\",\"")) break;
        const int lots_length = lots_of.parse(middle + 3, lots);
        const char* last = middle + 3 + lots_length;
        if (lots_length == 0 || last[0] != '"' || last[1] != ']') break;
        push(cursor, out, side, price, lots);
        if (!cursor.ok()) return true;
        at = last + 2;
        if (*at == ']') {
            cursor.move_to(at + 1);
            return true;
        }
        if (*at != ',') {
            cursor.move_to(at);
            cursor.fail(FeedError::unexpected_byte);
            return true;
        }
        ++at;
    }
    cursor.move_to(at);
    return false;
}

#else

bool read_tight_levels(JsonCursor&, Side, const FeedInstrument&, UpdateBuffer&) { return false; }

#endif

void read_level(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    JsonElements parts(cursor);
    std::int64_t values[2] = {0, 0};
    int count = 0;
    for (; parts.next(); ++count) {
        if (count < 2) {
            values[count] = cursor.decimal(count == 0 ? instrument.price_tick : instrument.lot);
        } else {
            cursor.skip();
        }
    }
    if (count < 2) cursor.fail(FeedError::missing_field);
    if (cursor.ok()) push(cursor, out, side, values[0], values[1]);
}

}  // namespace

void read_levels(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    cursor.expect('[');
    if (!cursor.ok() || cursor.take(']')) return;
    while (cursor.ok()) {
        static_cast<void>(cursor.peek());
        if (read_tight_levels(cursor, side, instrument, out)) return;
        if (!cursor.ok()) return;
        read_level(cursor, side, instrument, out);
        if (!cursor.take(',')) return cursor.expect(']');
    }
}

}  // namespace parley
