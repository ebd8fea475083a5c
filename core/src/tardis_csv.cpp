#include "parley/tardis_csv.hpp"

#include <algorithm>
#include <charconv>

#include "parley/decimal_ticks.hpp"

namespace parley {

namespace {

constexpr std::int64_t kMicrosecondsMax = 9'000'000'000'000'000;

bool parse_whole(std::string_view text, std::int64_t& value) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

FeedError parse_time(std::string_view text, TimeNs& time) noexcept {
    std::int64_t microseconds = 0;
    if (!parse_whole(text, microseconds) || microseconds < 0 || microseconds > kMicrosecondsMax) return FeedError::bad_time;
    time = microseconds * 1'000;
    return FeedError::none;
}

FeedError parse_cell(std::string_view text, DecimalScale scale, std::int64_t& units) noexcept {
    const DecimalResult result = parse_decimal(text.data(), text.data() + text.size(), scale);
    if (result.error != FeedError::none) return result.error;
    if (result.end != text.data() + text.size()) return FeedError::bad_number;
    units = result.units;
    return FeedError::none;
}

/// Splits at commas; the number of cells, or 0 where there are more than fit.
std::size_t split(std::string_view line, std::span<std::string_view> cells) noexcept {
    std::size_t count = 0;
    while (count != cells.size()) {
        const std::size_t comma = line.find(',');
        cells[count++] = line.substr(0, comma);
        if (comma == std::string_view::npos) return count;
        line.remove_prefix(comma + 1);
    }
    return 0;
}

/// The number in "asks[12].price"; false where the name is not of that shape.
bool parse_level_name(std::string_view name, std::string_view prefix, std::string_view suffix, std::size_t& level) noexcept {
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() <= prefix.size() + suffix.size()) return false;
    name.remove_prefix(prefix.size());
    name.remove_suffix(suffix.size());
    std::int64_t value = 0;
    if (!parse_whole(name, value) || value < 0 || value >= static_cast<std::int64_t>(kCsvColumnsMax)) return false;
    level = static_cast<std::size_t>(value);
    return true;
}

}  // namespace

void TardisCsv::place_column(std::string_view name, std::size_t column) {
    if (name == "symbol") symbol_ = column;
    if (name == "timestamp") timestamp_ = column;
    if (name == "local_timestamp") local_timestamp_ = column;
    if (name == "is_snapshot") is_snapshot_ = column;
    if (name == "side") side_ = column;
    if (name == "id") id_ = column;
    if (name == "price") plain_.price = column;
    if (name == "amount") plain_.amount = column;
    constexpr std::string_view kQuotes[2][2] = {{"bid_price", "bid_amount"}, {"ask_price", "ask_amount"}};
    constexpr std::string_view kLevels[2] = {"bids[", "asks["};
    for (std::size_t side = 0; side != 2; ++side) {
        std::size_t level = 0;
        const bool is_price = name == kQuotes[side][0] || parse_level_name(name, kLevels[side], "].price", level);
        const bool is_amount = !is_price && (name == kQuotes[side][1] || parse_level_name(name, kLevels[side], "].amount", level));
        if (!is_price && !is_amount) continue;
        if (levels_[side].size() <= level) levels_[side].resize(level + 1);
        (is_price ? levels_[side][level].price : levels_[side][level].amount) = column;
    }
}

bool TardisCsv::read_header(std::string_view line) {
    columns_ = split(line, cells_);
    for (std::size_t column = 0; column != columns_; ++column) place_column(cells_[column], column);
    const auto has = [](std::size_t column) { return column != kCsvColumnsMax; };
    const auto is_whole = [&](const LevelColumns& level) { return has(level.price) && has(level.amount); };
    if (!has(symbol_) || !has(timestamp_) || !has(local_timestamp_)) return false;
    if (kind_ == TardisKind::incremental_book_l2) return has(is_snapshot_) && has(side_) && is_whole(plain_);
    if (kind_ == TardisKind::trades) return has(side_) && is_whole(plain_);
    for (const auto& side : levels_) {
        if (side.empty()) return false;
        for (const LevelColumns& level : side) {
            if (!is_whole(level)) return false;
        }
    }
    return true;
}

FeedError TardisCsv::read_row(Cells cells, Row& row) {
    row.slot = instruments_.find(cells[symbol_]);
    if (row.slot == kNoSlot) return FeedError::none;
    if (const auto error = parse_time(cells[timestamp_], row.venue_time_ns); error != FeedError::none) return error;
    if (const auto error = parse_time(cells[local_timestamp_], row.receive_time_ns); error != FeedError::none) return error;
    row.is_snapshot = kind_ == TardisKind::book_snapshot;
    if (kind_ != TardisKind::incremental_book_l2) return FeedError::none;
    const std::string_view word = cells[is_snapshot_];
    row.is_snapshot = word == "true";
    return row.is_snapshot || word == "false" ? FeedError::none : FeedError::bad_word;
}

FeedError TardisCsv::push(UpdateKind kind, Side side, std::string_view price, std::string_view amount, std::uint32_t slot) {
    std::int64_t ticks = 0;
    std::int64_t lots = 0;
    if (const auto error = parse_cell(price, instruments_[slot].price_tick, ticks); error != FeedError::none) return error;
    if (const auto error = parse_cell(amount, instruments_[slot].lot, lots); error != FeedError::none) return error;
    return out_.push(kind, side, ticks, lots) ? FeedError::none : FeedError::too_many_updates;
}

FeedError TardisCsv::push_level(Cells cells, const Row& row) {
    if (row.is_snapshot && out_.open() == 0 && !out_.push(UpdateKind::clear, Side::buy, 0, 0)) {
        return FeedError::too_many_updates;
    }
    const std::string_view side = cells[side_];
    if (side != "bid" && side != "ask") return FeedError::bad_word;
    return push(UpdateKind::level, side == "bid" ? Side::buy : Side::sell, cells[plain_.price], cells[plain_.amount], row.slot);
}

/// Books of fewer levels than the file has columns leave the rest empty.
FeedError TardisCsv::push_snapshot(Cells cells, const Row& row) {
    if (!out_.push(UpdateKind::clear, Side::buy, 0, 0)) return FeedError::too_many_updates;
    for (const Side side : {Side::buy, Side::sell}) {
        for (const LevelColumns& level : levels_[static_cast<std::size_t>(side)]) {
            if (cells[level.price].empty()) continue;
            const auto error = push(UpdateKind::level, side, cells[level.price], cells[level.amount], row.slot);
            if (error != FeedError::none) return error;
        }
    }
    return FeedError::none;
}

FeedError TardisCsv::push_trade(Cells cells, const Row& row) {
    const std::string_view side = cells[side_];
    is_side_unknown_ = side == "unknown";
    if (!is_side_unknown_ && side != "buy" && side != "sell") return FeedError::bad_word;
    if (id_ == kCsvColumnsMax || !parse_whole(cells[id_], trade_id_) || trade_id_ < 0) trade_id_ = 0;
    return push(UpdateKind::trade, side == "sell" ? Side::sell : Side::buy, cells[plain_.price], cells[plain_.amount], row.slot);
}

FeedError TardisCsv::push_quotes(Cells cells, const Row& row) {
    for (const Side side : {Side::buy, Side::sell}) {
        const LevelColumns& best = levels_[static_cast<std::size_t>(side)][0];
        const bool is_empty = cells[best.price].empty();
        const auto error =
            push(UpdateKind::quote, side, is_empty ? "0" : cells[best.price], is_empty ? "0" : cells[best.amount], row.slot);
        if (error != FeedError::none) return error;
    }
    return FeedError::none;
}

FeedError TardisCsv::push_row(Cells cells, const Row& row) {
    switch (kind_) {
        case TardisKind::incremental_book_l2: return push_level(cells, row);
        case TardisKind::book_snapshot: return push_snapshot(cells, row);
        case TardisKind::trades: return push_trade(cells, row);
        case TardisKind::quotes: return push_quotes(cells, row);
    }
    return FeedError::bad_header;
}

void TardisCsv::finish(const Row& row) {
    MessageHeader header;
    header.venue_time_ns = row.venue_time_ns;
    header.receive_time_ns = row.receive_time_ns;
    header.instrument_slot = row.slot;
    header.is_snapshot = row.is_snapshot;
    if (kind_ == TardisKind::trades) {
        header.first_sequence = header.last_sequence = trade_id_;
        header.is_side_unknown = is_side_unknown_;
    }
    out_.finish(header);
}

void TardisCsv::take(Progress& progress, std::size_t bytes) noexcept {
    progress.result.bytes = bytes;
    progress.result.rows = progress.rows;
    progress.result.rows_ignored = progress.rows_ignored;
}

FeedError TardisCsv::take_line(std::string_view line, std::size_t start, Progress& progress) {
    if (!has_header_) {
        has_header_ = read_header(line);
        return has_header_ ? FeedError::none : FeedError::bad_header;
    }
    if (line.empty()) return FeedError::none;
    if (split(line, cells_) != columns_) return FeedError::missing_field;
    Row row;
    if (const auto error = read_row(cells_, row); error != FeedError::none) return error;
    Row& open = progress.open;
    const bool is_grouped = kind_ == TardisKind::incremental_book_l2;
    const bool goes_on = is_grouped && row.slot == open.slot && row.receive_time_ns == open.receive_time_ns &&
                         row.is_snapshot == open.is_snapshot;
    if (out_.open() != 0 && !goes_on) {
        finish(open);
        take(progress, start);
    }
    ++progress.rows;
    open = row;
    if (row.slot == kNoSlot) {
        ++progress.rows_ignored;
        return FeedError::none;
    }
    const auto error = push_row(cells_, row);
    if (error == FeedError::none && !is_grouped) finish(row);
    return error;
}

CsvRead TardisCsv::read(std::string_view text, bool is_last) {
    out_.clear();
    Progress progress;
    std::size_t start = 0;  // of the line
    while (start < text.size() && out_.size() - out_.open() < kCsvUpdatesPerRead) {
        std::size_t end = text.find('\n', start);
        if (end == std::string_view::npos && !is_last) break;
        end = std::min(end, text.size());
        std::string_view line = text.substr(start, end - start);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (const auto error = take_line(line, start, progress); error != FeedError::none) {
            progress.result.error = error;
            progress.result.offset = start;
            break;
        }
        start = std::min(end + 1, text.size());
        if (out_.open() == 0) take(progress, start);
    }
    if (is_last && progress.result.error == FeedError::none && start == text.size()) {
        finish(progress.open);
        take(progress, start);
    }
    out_.drop_open();
    return progress.result;
}

}  // namespace parley
