#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "parley/feed_instruments.hpp"
#include "parley/feed_update.hpp"
#include "parley/update_buffer.hpp"

namespace parley {

inline constexpr std::size_t kCsvColumnsMax = 256;
inline constexpr std::size_t kCsvUpdatesPerRead = 65'536;  ///< a read ends at the first whole message from here on

/// The files of the Tardis layout that we read: https://docs.tardis.dev/downloadable-csv-files
enum class TardisKind : std::uint8_t { incremental_book_l2, book_snapshot, trades, quotes };

struct CsvRead {
    FeedError error = FeedError::none;
    std::size_t offset = 0;  ///< of the error, in bytes from the front of the text
    std::size_t bytes = 0;   ///< taken; the rest comes again, with what follows it
    std::int64_t rows = 0;
    std::int64_t rows_ignored = 0;  ///< of instruments that are not listed
};

/// Reads rows of one file into normalized updates. Columns are found by the names in the header line, in any order,
/// unknown ones passed over. Rows of one instrument and one local timestamp are one message.
class TardisCsv {
public:
    explicit TardisCsv(TardisKind kind) noexcept : kind_(kind) {}

    [[nodiscard]] FeedInstruments& instruments() noexcept { return instruments_; }

    /// Whole lines from where the last read stopped. A message that may go on behind the text is left for the next read
    /// unless `is_last`. An error leaves the updates before it.
    CsvRead read(std::string_view text, bool is_last);
    [[nodiscard]] std::span<const FeedUpdate> updates() const noexcept { return out_.updates(); }

private:
    using Cells = std::span<const std::string_view>;
    struct Row {
        std::uint32_t slot = kNoSlot;
        TimeNs venue_time_ns = 0;
        TimeNs receive_time_ns = 0;
        bool is_snapshot = false;
    };
    struct Progress {
        CsvRead result;
        Row open;  // of the message that is not finished yet
        std::int64_t rows = 0;
        std::int64_t rows_ignored = 0;
    };
    struct LevelColumns {
        std::size_t price = kCsvColumnsMax;
        std::size_t amount = kCsvColumnsMax;
    };

    [[nodiscard]] bool read_header(std::string_view line);
    void place_column(std::string_view name, std::size_t column);
    [[nodiscard]] FeedError read_row(Cells cells, Row& row);
    [[nodiscard]] FeedError push_row(Cells cells, const Row& row);
    [[nodiscard]] FeedError push_level(Cells cells, const Row& row);
    [[nodiscard]] FeedError push_snapshot(Cells cells, const Row& row);
    [[nodiscard]] FeedError push_trade(Cells cells, const Row& row);
    [[nodiscard]] FeedError push_quotes(Cells cells, const Row& row);
    [[nodiscard]] FeedError push(UpdateKind kind, Side side, std::string_view price, std::string_view amount,
                                 std::uint32_t slot);
    void finish(const Row& row);
    static void take(Progress& progress, std::size_t bytes) noexcept;
    [[nodiscard]] FeedError take_line(std::string_view line, std::size_t start, Progress& progress);

    TardisKind kind_;
    FeedInstruments instruments_;
    UpdateBuffer out_;
    bool has_header_ = false;
    std::size_t columns_ = 0;
    // Where the columns stand; kCsvColumnsMax where the file has none such.
    std::size_t symbol_ = kCsvColumnsMax;
    std::size_t timestamp_ = kCsvColumnsMax;
    std::size_t local_timestamp_ = kCsvColumnsMax;
    std::size_t is_snapshot_ = kCsvColumnsMax;
    std::size_t side_ = kCsvColumnsMax;
    std::size_t id_ = kCsvColumnsMax;
    LevelColumns plain_;
    std::vector<LevelColumns> levels_[2];  // bids, asks
    std::int64_t trade_id_ = 0;
    bool is_side_unknown_ = false;
    std::array<std::string_view, kCsvColumnsMax> cells_;
};

}  // namespace parley
