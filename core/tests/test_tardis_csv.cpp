#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "parley/tardis_csv.hpp"
#include "parley/tight_level.hpp"

using namespace parley;

namespace {

constexpr std::string_view kIncremental =
    "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
    "binance,BTCUSDT,1000,2000,true,bid,99.5,1\n"
    "binance,BTCUSDT,1000,2000,true,ask,100,2\n"
    "binance,ETHUSDT,1000,2000,true,ask,7,2\n"
    "binance,BTCUSDT,1001,2001,false,bid,99.5,0\n"
    "binance,BTCUSDT,1001,2001,false,ask,99.5,3\n"
    "binance,BTCUSDT,1002,2002,false,bid,99,1\n";

TardisCsv make_reader(TardisKind kind) {
    TardisCsv reader(kind);
    CHECK(reader.instruments().add("BTCUSDT", {1, 5}, {0, 1}) == 0);
    return reader;
}

std::vector<FeedUpdate> read_in_parts(std::string_view text, std::size_t size) {
    TardisCsv reader = make_reader(TardisKind::incremental_book_l2);
    std::vector<FeedUpdate> all;
    std::size_t start = 0;
    for (std::size_t end = size; start < text.size(); end += size) {
        const bool is_last = end >= text.size();
        const CsvRead result = reader.read(text.substr(start, std::min(end, text.size()) - start), is_last);
        CHECK(result.error == FeedError::none);
        all.insert(all.end(), reader.updates().begin(), reader.updates().end());
        start += result.bytes;
        if (is_last) CHECK(start == text.size());
    }
    return all;
}

}  // namespace

TEST(rows_of_one_instrument_and_time_are_one_message) {
    TardisCsv reader = make_reader(TardisKind::incremental_book_l2);
    const CsvRead result = reader.read(kIncremental, true);
    CHECK(result.error == FeedError::none && result.rows == 6 && result.rows_ignored == 1);
    CHECK(result.bytes == kIncremental.size());
    const auto updates = reader.updates();
    CHECK(updates.size() == 6);
    CHECK(updates[0].kind == UpdateKind::clear && updates[0].is_snapshot());
    CHECK(updates[1].price_ticks == 199 && updates[1].receive_time_ns == 2'000'000 && !updates[1].is_last_of_message());
    CHECK(updates[2].is_last_of_message() && updates[2].is_snapshot());
    CHECK(!updates[3].is_snapshot() && updates[3].quantity_lots == 0 && updates[4].is_last_of_message());
    CHECK(updates[5].venue_time_ns == 1'002'000 && updates[5].is_last_of_message());
}

TEST(a_file_read_in_parts_of_any_size_gives_the_same_updates) {
    const auto whole = read_in_parts(kIncremental, kIncremental.size());
    for (std::size_t size = 1; size < kIncremental.size(); ++size) {
        const auto parts = read_in_parts(kIncremental, size);
        CHECK(parts.size() == whole.size());
        for (std::size_t at = 0; at != std::min(parts.size(), whole.size()); ++at) {
            CHECK(std::memcmp(&parts[at], &whole[at], sizeof(FeedUpdate)) == 0);
        }
    }
}

TEST(snapshots_trades_and_quotes_of_tardis) {
    TardisCsv books = make_reader(TardisKind::book_snapshot);
    CHECK(books.read("exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,"
                     "asks[1].price,asks[1].amount,bids[1].price,bids[1].amount\n"
                     "b,BTCUSDT,1,2,100,1,99.5,2,101,3,,\n", true).error == FeedError::none);
    CHECK(books.updates().size() == 4 && books.updates()[0].kind == UpdateKind::clear);
    CHECK(books.updates()[1].side == Side::buy && books.updates()[3].quantity_lots == 3);
    TardisCsv trades = make_reader(TardisKind::trades);
    CHECK(trades.read("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\r\nb,BTCUSDT,1,2,77,sell,100,1\r\n"
                      "b,BTCUSDT,1,2,a-b,unknown,100,1", true).error == FeedError::none);
    CHECK(trades.updates().size() == 2 && trades.updates()[0].side == Side::sell && trades.updates()[0].last_sequence == 77);
    CHECK(trades.updates()[1].flags == (kIsLastOfMessage | kIsSideUnknown) && trades.updates()[1].last_sequence == 0);
    TardisCsv quotes = make_reader(TardisKind::quotes);
    CHECK(quotes.read("exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n"
                      "b,BTCUSDT,1,2,3,100,,\n", true).error == FeedError::none);
    CHECK(quotes.updates().size() == 2 && quotes.updates()[0].quantity_lots == 0 && quotes.updates()[1].price_ticks == 200);
}

TEST(malformed_rows_are_named_with_their_place) {
    const std::string header = "symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
    const auto error_of = [&](const std::string& row) {
        TardisCsv reader = make_reader(TardisKind::incremental_book_l2);
        const CsvRead result = reader.read(header + row, true);
        if (result.error != FeedError::none) CHECK(result.offset == header.size());
        return result.error;
    };
    CHECK(error_of("BTCUSDT,1,2,false,bid,1,1\n") == FeedError::none);
    CHECK(error_of("BTCUSDT,1,2,false,bid,1\n") == FeedError::missing_field);
    CHECK(error_of("BTCUSDT,1,2,false,bid,1,1,1\n") == FeedError::missing_field);
    CHECK(error_of("BTCUSDT,x,2,false,bid,1,1\n") == FeedError::bad_time);
    CHECK(error_of("BTCUSDT,1,-2,false,bid,1,1\n") == FeedError::bad_time);
    CHECK(error_of("BTCUSDT,1,2,maybe,bid,1,1\n") == FeedError::bad_word);
    CHECK(error_of("BTCUSDT,1,2,false,up,1,1\n") == FeedError::bad_word);
    CHECK(error_of("BTCUSDT,1,2,false,bid,1.2,1\n") == FeedError::excess_digits);
    CHECK(error_of("BTCUSDT,1,2,false,bid,1x,1\n") == FeedError::bad_number);
    TardisCsv reader = make_reader(TardisKind::trades);
    CHECK(reader.read(header, true).error == FeedError::none);
    TardisCsv quotes = make_reader(TardisKind::quotes);
    CHECK(quotes.read(header, true).error == FeedError::bad_header);
}

/// Every reader of tight levels against the general parser, over texts of many shapes.
TEST(fast_and_slow_readers_of_levels_agree) {
    const DecimalScale scales[] = {{0, 1}, {2, 1}, {2, 5}, {4, 5}, {8, 1}, {0, 10}};
    const std::vector<std::string> numbers = {"0",       "1",          "10",       "0.5",           "12.50",   "61737.63000000",
                                              "0.00001", "99999999.5", "12345678", "1.123456789",   "",        ".5",
                                              "5.",      "-1",         "1e3",      "123456789",     "1a",      "0.00000000",
                                              "1..2",    "1.2.3",      "100.05",   "99999999.9999", "0.10 ",   "00.1"};
    std::size_t taken = 0;
    for (const ReadTightLevel read : {tight_level_reader_portable(), tight_level_reader_avx2()}) {
        if (read == nullptr) continue;
        for (const DecimalScale scale : scales) {
            for (const auto& price : numbers) {
                for (const auto& lots : numbers) {
                    const std::string text = std::string(8, '7') + "[\"" + price + "\",\"" + lots + "\"]" + std::string(48, '9');
                    FeedUpdate update;
                    const char* behind = read(text.data() + 8, TightScale(scale), TightScale(scale), update);
                    if (behind == nullptr) continue;
                    ++taken;
                    const auto slow_price = parse_decimal(price.data(), price.data() + price.size(), scale);
                    const auto slow_lots = parse_decimal(lots.data(), lots.data() + lots.size(), scale);
                    CHECK(slow_price.error == FeedError::none && slow_price.end == price.data() + price.size());
                    CHECK(slow_lots.error == FeedError::none && slow_lots.end == lots.data() + lots.size());
                    CHECK(update.price_ticks == slow_price.units && update.quantity_lots == slow_lots.units);
                    CHECK(behind == text.data() + 8 + price.size() + lots.size() + 7);
                }
            }
        }
    }
    CHECK(taken > 500);
}
