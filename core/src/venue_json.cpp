#include "parley/venue_json.hpp"

#include <chrono>

namespace parley {

namespace {

constexpr int kYearMin = 1970;
constexpr int kYearMax = 2200;

/// Digits of fixed width at `offset`; -1 where there are others.
int digits_at(std::string_view text, std::size_t offset, std::size_t width) noexcept {
    if (text.size() < offset + width) return -1;
    int value = 0;
    for (const char byte : text.substr(offset, width)) {
        if (byte < '0' || byte > '9') return -1;
        value = value * 10 + (byte - '0');
    }
    return value;
}

/// ".075687Z" as nanoseconds; -1 where it is not that.
std::int64_t parse_fraction(std::string_view text) noexcept {
    std::int64_t value = 0;
    std::int64_t unit = 1'000'000'000;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
            if (unit == 1) return -1;
            unit /= 10;
            value += (text[0] - '0') * unit;
        }
        if (unit == 1'000'000'000) return -1;
    }
    return text == "Z" || text == "+00:00" ? value : -1;
}

}  // namespace

bool parse_utc_time(std::string_view text, TimeNs& time) noexcept {
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
        return false;
    }
    const int year = digits_at(text, 0, 4);
    const int month = digits_at(text, 5, 2);
    const int day = digits_at(text, 8, 2);
    const int hour = digits_at(text, 11, 2);
    const int minute = digits_at(text, 14, 2);
    const int second = digits_at(text, 17, 2);
    const std::int64_t fraction = parse_fraction(text.substr(19));
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (year < kYearMin || year > kYearMax || month < 0 || day < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 60 || fraction < 0) {
        return false;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    time = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000'000 + fraction;
    return true;
}

Decoded decode_frame(Venue venue, std::string_view frame, DecodeContext& context) {
    context.out.clear();
    context.connection_sequence = -1;
    JsonCursor cursor(frame);
    switch (venue) {
        case Venue::binance_spot:
        case Venue::binance_usdm: decode_binance(cursor, context); break;
        case Venue::deribit: decode_deribit(cursor, context); break;
        case Venue::coinbase: decode_coinbase(cursor, context); break;
    }
    cursor.expect_end();
    if (!cursor.ok()) context.out.clear();
    return {cursor.error(), cursor.offset(), context.out.size() == 0, context.connection_sequence};
}

}  // namespace parley
