#include "parley/lobster.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley::lobster {
namespace {

constexpr std::uint64_t kNameless = std::uint64_t{1} << 63;  // ids of orders that were there before the recording
constexpr std::uint16_t kStock = 0;
constexpr std::size_t kMessageFields = 6;
constexpr std::size_t kFractionDigits = 9;
constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kSecondsOfDay = 86'400;

[[nodiscard]] std::optional<std::int64_t> number(std::string_view text) noexcept {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Takes the text before the next separator off the front.
[[nodiscard]] std::string_view next(std::string_view& rest, char separator) noexcept {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

[[nodiscard]] std::string_view next_line(std::string_view& rest) noexcept {
    std::string_view line = next(rest, '\n');
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

/// Seconds with up to nine decimals; what they say beyond is cut.
[[nodiscard]] std::optional<std::int64_t> time_ns(std::string_view text) noexcept {
    const auto seconds = number(next(text, '.'));
    if (!seconds || *seconds < 0 || *seconds >= kSecondsOfDay) return std::nullopt;
    std::int64_t fraction = 0;
    for (std::size_t i = 0; i < kFractionDigits; ++i) {
        const char digit = i < text.size() ? text[i] : '0';
        if (digit < '0' || digit > '9') return std::nullopt;
        fraction = fraction * 10 + (digit - '0');
    }
    return *seconds * kSecondNs + fraction;
}

[[nodiscard]] Flaw check(const std::array<std::optional<std::int64_t>, kMessageFields>& fields) noexcept {
    if (!std::all_of(fields.begin(), fields.end(), [](const auto& field) { return field.has_value(); })) return Flaw::bad_number;
    if (*fields[1] < 1 || *fields[1] > 7) return Flaw::unknown_event;
    const bool is_halt = *fields[1] == 7;
    if (*fields[2] < 0 || *fields[3] < 0 || *fields[3] > kPriceMax) return Flaw::out_of_range;
    if (*fields[4] < (is_halt ? -1 : 0) || *fields[4] > kPriceMax) return Flaw::out_of_range;
    return *fields[5] == 1 || *fields[5] == -1 ? Flaw::none : Flaw::bad_side;
}

}  // namespace

Flaw read_message(std::string_view line, Message& message) noexcept {
    if (std::count(line.begin(), line.end(), ',') != static_cast<std::ptrdiff_t>(kMessageFields) - 1) return Flaw::wrong_fields;
    std::array<std::optional<std::int64_t>, kMessageFields> fields;
    fields[0] = time_ns(next(line, ','));
    for (std::size_t i = 1; i < kMessageFields; ++i) fields[i] = number(next(line, ','));
    if (const Flaw flaw = check(fields); flaw != Flaw::none) return flaw;
    message.time_ns = *fields[0];
    message.event = static_cast<Event>(*fields[1]);
    message.order_id = static_cast<std::uint64_t>(*fields[2]);
    message.shares = static_cast<std::uint32_t>(*fields[3]);
    message.price_e4 = *fields[4];
    message.side = *fields[5] == 1 ? Side::buy : Side::sell;
    return Flaw::none;
}

Flaw read_book(std::string_view line, BookRow& row) {
    for (auto& side : row) side.clear();
    const auto fields = std::count(line.begin(), line.end(), ',') + 1;
    if (fields % 4 != 0 || static_cast<std::size_t>(fields) > 4 * kDepthMax) return Flaw::wrong_fields;
    while (!line.empty()) {
        for (const Side side : {Side::sell, Side::buy}) {
            const auto price = number(next(line, ','));
            const auto shares = number(next(line, ','));
            if (!price || !shares) return Flaw::bad_number;
            const bool is_empty = *shares == 0;  // its price is then a made-up one
            if (*shares < 0 || *shares > kPriceMax) return Flaw::out_of_range;
            if (!is_empty && (*price < 0 || *price > kPriceMax)) return Flaw::out_of_range;
            row[static_cast<std::size_t>(side)].push_back(
                {is_empty ? 0 : static_cast<std::uint32_t>(*price), static_cast<std::uint32_t>(*shares)});
        }
    }
    return Flaw::none;
}

Replay::Replay(const BookRow& first)
    : books_({100'000, 10'000}), depth_(static_cast<std::uint32_t>(first[0].size())), next_nameless_(kNameless) {
    for (const Side side : {Side::buy, Side::sell}) {
        for (const Level& level : first[static_cast<std::size_t>(side)]) {
            if (level.shares != 0) reveal(side, level);
        }
    }
    revealed_ = 0;
}

bool Replay::step(const Message& message, const BookRow& after) {
    apply(message);
    bool is_exact = true;
    for (const Side side : {Side::buy, Side::sell}) {
        forget(side);
        const auto& row = after[static_cast<std::size_t>(side)];
        if (!is_known_exact(side, row)) {
            is_exact = false;
            continue;
        }
        for (std::size_t depth = books_.count_levels(kStock, side); depth < row.size(); ++depth) {
            if (row[depth].shares != 0) reveal(side, row[depth]);
        }
    }
    return is_exact;
}

void Replay::apply(const Message& message) noexcept {
    switch (message.event) {
        case Event::new_order:
            books_.add(message.order_id, kStock, message.side, message.shares, static_cast<std::uint32_t>(message.price_e4));
            return;
        case Event::partial_cancel:
        case Event::deletion:
        case Event::execution: return take(message);
        case Event::hidden_execution:
        case Event::cross:
        case Event::halt: return;
    }
}

// An order from before the recording is part of the nameless one at its price, which is first in the queue.
void Replay::take(const Message& message) noexcept {
    if (books_.find_order(message.order_id) != nullptr) {
        books_.reduce(message.order_id, message.shares);
        return;
    }
    for (std::uint32_t depth = 0; depth < books_.count_levels(kStock, message.side); ++depth) {
        if (books_.quote(kStock, message.side, depth).price_e4 != message.price_e4) continue;
        std::uint64_t nameless = 0;
        books_.for_each_order(kStock, message.side, depth, [&](const itch::BookOrder& order) {
            if (nameless == 0 && order.reference >= kNameless) nameless = order.reference;
        });
        if (nameless != 0) books_.reduce(nameless, message.shares);
        return;
    }
}

void Replay::forget(Side side) {
    while (books_.count_levels(kStock, side) > depth_) {
        std::vector<itch::BookOrder> orders;
        books_.for_each_order(kStock, side, depth_, [&](const itch::BookOrder& order) { orders.push_back(order); });
        for (const auto& order : orders) books_.reduce(order.reference, order.shares);
        ++forgotten_;
    }
}

void Replay::reveal(Side side, const Level& level) noexcept {
    books_.add(next_nameless_++, kStock, side, level.shares, level.price_e4);
    ++revealed_;
}

bool Replay::is_known_exact(Side side, const std::vector<Level>& row) const noexcept {
    const std::uint32_t known = books_.count_levels(kStock, side);
    if (known > row.size()) return false;
    for (std::uint32_t depth = 0; depth < known; ++depth) {
        const itch::Quote quote = books_.quote(kStock, side, depth);
        if (quote.price_e4 != row[depth].price_e4 || quote.shares != row[depth].shares) return false;
    }
    return true;
}

Result replay(std::string_view messages, std::string_view books) {
    Result result;
    std::optional<Replay> replay;
    while (!messages.empty() || !books.empty()) {
        Message message;
        BookRow row;
        const auto line = result.rows + 1;
        Flaw flaw = messages.empty() || books.empty() ? Flaw::lines_differ : read_message(next_line(messages), message);
        if (flaw == Flaw::none) flaw = read_book(next_line(books), row);
        if (flaw != Flaw::none) {
            result.flaw = flaw;
            result.flaw_line = line;
            break;
        }
        const bool is_exact = replay ? replay->step(message, row) : true;
        if (!replay) replay.emplace(row);
        result.rows = line;
        result.exact += is_exact;
        if (!is_exact && result.first_mismatch == 0) result.first_mismatch = line;
    }
    if (replay) {
        result.revealed = replay->revealed();
        result.forgotten = replay->forgotten();
        result.orders = replay->books().count_orders();
    }
    return result;
}

}  // namespace parley::lobster
