#include <string>
#include <string_view>

#include "check.hpp"
#include "parley/venue_feed.hpp"

using namespace parley;

namespace {

constexpr std::string_view kSpotDelta =
    R"({"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":11,"u":12,"b":[["61737.63000000","0.50000000"],)"
    R"(["61730.17000000","0.00000000"]],"a":[["61837.64000000","1.54698000"]]})";

VenueFeed make_feed(Venue venue, std::string_view symbol = "BTCUSDT", std::string_view tick = "0.01",
                    std::string_view lot = "0.00001") {
    DecimalScale price;
    DecimalScale size;
    CHECK(parse_scale(tick, price));
    CHECK(parse_scale(lot, size));
    VenueFeed feed(venue);
    CHECK(feed.list_instrument(symbol, price, size) == 0);
    return feed;
}

DecimalResult parse(std::string_view text, DecimalScale scale) {
    return parse_decimal(text.data(), text.data() + text.size(), scale);
}

FeedError error_of(VenueFeed& feed, std::string_view frame) { return feed.decode(frame, 7).error; }

}  // namespace

TEST(decimals_become_units_exactly_or_are_refused) {
    const DecimalScale cent{2, 1};
    CHECK(parse("61737.63000000", cent).units == 6'173'763);
    CHECK(parse("-0.5", cent).units == -50);
    CHECK(parse("5e-2", cent).units == 5);
    CHECK(parse("1.5E+3", cent).units == 150'000);
    CHECK(parse("0", cent).units == 0);
    CHECK(parse("0.005", cent).error == FeedError::excess_digits);
    CHECK(parse("1e-3", cent).error == FeedError::excess_digits);
    CHECK(parse("1000000000000000000", cent).error == FeedError::number_too_large);
    CHECK(parse("9999999999999999999999", cent).error == FeedError::number_too_large);
    CHECK(parse("1e99", cent).error == FeedError::number_too_large);
    for (const std::string_view bad : {"", "-", ".5", "1.", "1e", "1e+", "x"}) {
        CHECK(parse(bad, cent).error == FeedError::bad_number);
    }
    CHECK(parse("0.0015", DecimalScale{4, 5}).units == 3);
    CHECK(parse("0.0012", DecimalScale{4, 5}).error == FeedError::excess_digits);
    CHECK(parse("950.0", DecimalScale{0, 10}).units == 95);
}

TEST(scales_are_positive_decimals) {
    DecimalScale scale;
    CHECK(parse_scale("0.0005", scale) && scale == (DecimalScale{4, 5}));
    CHECK(parse_scale("10", scale) && scale == (DecimalScale{0, 10}));
    CHECK(parse_scale("0.50", scale) && scale == (DecimalScale{1, 5}));
    for (const std::string_view bad : {"0", "-1", "", "1e", "0.0000000000000000001", "1 "}) CHECK(!parse_scale(bad, scale));
}

TEST(a_spot_delta_becomes_updates) {
    VenueFeed feed = make_feed(Venue::binance_spot);
    CHECK(error_of(feed, kSpotDelta) == FeedError::none);
    const auto updates = feed.updates();
    CHECK(updates.size() == 3);
    CHECK(updates[0].price_ticks == 6'173'763 && updates[0].quantity_lots == 50'000 && updates[0].side == Side::buy);
    CHECK(updates[1].quantity_lots == 0 && !updates[1].is_last_of_message());
    CHECK(updates[2].side == Side::sell && updates[2].is_last_of_message() && !updates[2].is_snapshot());
    CHECK(updates[2].first_sequence == 11 && updates[2].last_sequence == 12 && updates[2].receive_time_ns == 7);
    CHECK(updates[2].venue_time_ns == 1'723'161'255'208'000'000);
}

TEST(order_of_fields_white_space_and_unknown_fields_do_not_matter) {
    VenueFeed feed = make_feed(Venue::binance_spot);
    CHECK(error_of(feed, kSpotDelta) == FeedError::none);
    const std::vector<FeedUpdate> expected(feed.updates().begin(), feed.updates().end());
    const std::string_view shuffled =
        " {\"data\" :\t{ \"a\":[ [ \"61837.64\" , \"1.54698\", [ ] ] ] , \"x\":{\"b\":[[1,2],{\"s\":\"no\"}],\"q\":\"\\\"]\"},\r\n"
        "\"b\":[[61737.63,5e-1],[\"61730.17000000\",\"0.00000000\"]],\"u\":12,\"U\":\"11\",\"\\u0073\":\"BTC\\u0055SDT\","
        "\"E\":1723161255208,\"e\":\"depthUpdate\"},\"stream\":\"btcusdt@depth@100ms\"} ";
    CHECK(error_of(feed, shuffled) == FeedError::none);
    CHECK(feed.updates().size() == expected.size());
    for (std::size_t at = 0; at != expected.size(); ++at) {
        // The sides may come in either order; compare by price.
        bool is_found = false;
        for (const FeedUpdate& update : feed.updates()) {
            is_found |= update.price_ticks == expected[at].price_ticks && update.side == expected[at].side &&
                        update.quantity_lots == expected[at].quantity_lots &&
                        update.last_sequence == expected[at].last_sequence &&
                        update.venue_time_ns == expected[at].venue_time_ns;
        }
        CHECK(is_found);
    }
}

TEST(a_frame_that_is_cut_anywhere_is_refused_and_leaves_nothing) {
    VenueFeed feed = make_feed(Venue::binance_spot);
    for (std::size_t size = 0; size < kSpotDelta.size(); ++size) {
        const std::string frame(kSpotDelta.substr(0, size));
        const Decoded decoded = feed.decode(frame, 1);
        CHECK(decoded.error != FeedError::none);
        CHECK(decoded.offset <= size);
        CHECK(feed.updates().empty());
    }
}

TEST(malformed_frames_are_named_with_their_place) {
    VenueFeed feed = make_feed(Venue::binance_spot);
    const std::string_view excess = R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":1,"b":[["1.001","1"]],"a":[]})";
    const Decoded decoded = feed.decode(excess, 1);
    CHECK(decoded.error == FeedError::excess_digits && excess[decoded.offset] == '"');
    CHECK(error_of(feed, R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":1,"b":[],"b":[],"a":[]})") ==
          FeedError::repeated_field);
    CHECK(error_of(feed, R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":1,"b":[]})") == FeedError::missing_field);
    CHECK(error_of(feed, R"({"e":"depthUpdate","s":"BTCUSDT","b":[],"a":[]})") == FeedError::missing_field);
    CHECK(error_of(feed, R"({"e":"depthUpdate","s":"BTCUSDT","U":1,"u":1,"b":[["1"]],"a":[]})") ==
          FeedError::missing_field);
    CHECK(error_of(feed, R"({"e":"a\qb"})") == FeedError::bad_text);
    CHECK(error_of(feed, "{\"e\":\"a\nb\"}") == FeedError::bad_text);
    CHECK(error_of(feed, "{} x") == FeedError::unexpected_byte);
    CHECK(error_of(feed, "[]") == FeedError::unexpected_byte);
    CHECK(error_of(feed, "{\"k\":" + std::string(100, '[') + std::string(100, ']') + "}") == FeedError::too_deep);
    CHECK(error_of(feed, R"({"e":"depthUpdate","E":9000000000001,"s":"BTCUSDT","U":1,"u":1,"b":[],"a":[]})") ==
          FeedError::bad_time);
    CHECK(feed.counts().frames_refused == 11);
}

TEST(an_empty_delta_carries_its_sequence) {
    VenueFeed feed = make_feed(Venue::binance_spot);
    CHECK(error_of(feed, R"({"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":9,"b":[],"a":[]})") == FeedError::none);
    CHECK(feed.updates().size() == 1 && feed.updates()[0].kind == UpdateKind::advance);
    CHECK(feed.updates()[0].last_sequence == 9);
}

TEST(trades_and_quotes_of_binance_are_told_apart) {
    VenueFeed feed = make_feed(Venue::binance_usdm);
    CHECK(error_of(feed, R"({"e":"aggTrade","E":2,"a":26129,"s":"BTCUSDT","p":"0.01","q":"0.1","f":1,"l":2,"T":1,"m":true})") ==
          FeedError::none);
    CHECK(feed.updates().size() == 1 && feed.updates()[0].side == Side::sell && feed.updates()[0].price_ticks == 1);
    CHECK(feed.updates()[0].last_sequence == 26'129 && feed.updates()[0].venue_time_ns == 1'000'000);
    CHECK(error_of(feed, R"({"u":4,"s":"BTCUSDT","b":"25.35","B":"31.21","a":"25.36","A":"40.66"})") == FeedError::none);
    CHECK(feed.updates().size() == 2 && feed.updates()[0].kind == UpdateKind::quote);
    CHECK(feed.updates()[1].price_ticks == 2'536 && feed.updates()[1].quantity_lots == 4'066'000);
    CHECK(feed.decode(R"({"e":"kline","E":1,"s":"BTCUSDT","k":{"o":"1","b":[]}})", 1).is_ignored);
    CHECK(feed.decode(R"({"e":"trade","s":"ETHUSDT","p":"x","q":"1","t":1,"m":true})", 1).is_ignored);
}

TEST(deribit_books_quotes_and_trades) {
    VenueFeed feed = make_feed(Venue::deribit, "BTC-PERPETUAL", "0.5", "10");
    CHECK(error_of(feed, R"({"jsonrpc":"2.0","method":"subscription","params":{"data":{"asks":[["delete",42501.0,0.0]],
        "type":"change","bids":[["change",42500.5,950.0]],"change_id":9,"prev_change_id":7,"timestamp":5,
        "instrument_name":"BTC-PERPETUAL"},"channel":"book.BTC-PERPETUAL.100ms"}})") == FeedError::none);
    CHECK(feed.updates().size() == 2);
    CHECK(feed.updates()[0].price_ticks == 85'001 && feed.updates()[0].quantity_lots == 95);
    CHECK(feed.updates()[1].previous_sequence == 7 && feed.updates()[1].quantity_lots == 0);
    CHECK(error_of(feed, R"({"params":{"channel":"book.BTC-PERPETUAL.none.10.100ms","data":{"timestamp":5,"change_id":9,
        "instrument_name":"BTC-PERPETUAL","bids":[[42500.5,10]],"asks":[]}}})") == FeedError::none);
    CHECK(feed.updates().size() == 2 && feed.updates()[0].kind == UpdateKind::clear && feed.updates()[0].is_snapshot());
    CHECK(error_of(feed, R"({"params":{"channel":"ticker.BTC-PERPETUAL.raw","data":{"instrument_name":"BTC-PERPETUAL",
        "best_bid_price":null,"best_bid_amount":0.0,"best_ask_price":1.5,"best_ask_amount":20,"stats":{"high":1}}}})") ==
          FeedError::none);
    CHECK(feed.updates()[0].quantity_lots == 0 && feed.updates()[1].price_ticks == 3);
    CHECK(error_of(feed, R"({"params":{"channel":"trades.BTC-PERPETUAL.raw","data":[{"trade_seq":3,"price":1,"amount":10,
        "direction":"sell","instrument_name":"BTC-PERPETUAL","timestamp":4},{"trade_seq":4,"price":1,"amount":10,
        "direction":"buy","instrument_name":"BTC-PERPETUAL","timestamp":4}]}})") == FeedError::none);
    CHECK(feed.updates().size() == 2 && feed.updates()[0].side == Side::sell && feed.updates()[0].is_last_of_message());
    CHECK(error_of(feed, R"({"params":{"channel":"book.BTC-PERPETUAL.raw","data":{"type":"change","change_id":1,
        "instrument_name":"BTC-PERPETUAL","bids":[["move",1,1]],"asks":[]}}})") == FeedError::bad_word);
    CHECK(feed.decode(R"({"jsonrpc":"2.0","id":0,"result":["book.BTC-PERPETUAL.raw"]})", 1).is_ignored);
}

TEST(coinbase_exchange_and_advanced_trade) {
    VenueFeed feed = make_feed(Venue::coinbase, "BTC-USD", "0.01", "0.00000001");
    CHECK(error_of(feed, R"({"type":"l2update","product_id":"BTC-USD","changes":[["sell","1.30","2.5"],["buy","1","0"]],
        "time":"2021-04-17T16:43:37.075687Z"})") == FeedError::none);
    CHECK(feed.updates().size() == 2 && feed.updates()[0].side == Side::sell && feed.updates()[1].quantity_lots == 0);
    CHECK(feed.updates()[0].venue_time_ns == 1'618'677'817'075'687'000);
    CHECK(error_of(feed, R"({"type":"match","trade_id":8,"side":"sell","size":"1","price":"2","product_id":"BTC-USD",
        "sequence":3,"time":"2021-04-17T16:43:37Z"})") == FeedError::none);
    CHECK(feed.updates()[0].side == Side::buy && feed.updates()[0].last_sequence == 8);  // the maker sold
    CHECK(error_of(feed, R"({"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD",
        "time":"2014-11-07T08:19:28.464459Z"})") == FeedError::none);
    CHECK(feed.updates()[0].kind == UpdateKind::heartbeat && feed.updates()[0].last_sequence == 90);
    const Decoded decoded = feed.decode(R"({"channel":"l2_data","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z",
        "sequence_num":4,"events":[{"type":"snapshot","product_id":"BTC-USD","updates":[{"side":"bid",
        "event_time":"1970-01-01T00:00:00Z","price_level":"21921.73","new_quantity":"0.06317902"},{"side":"offer",
        "event_time":"1970-01-01T00:00:00Z","price_level":"21921.74","new_quantity":"1"}]}]})", 1);
    CHECK(decoded.error == FeedError::none && decoded.connection_sequence == 4);
    CHECK(feed.updates().size() == 3 && feed.updates()[0].is_snapshot() && feed.updates()[2].side == Side::sell);
    CHECK(feed.updates()[0].venue_time_ns == 1'675'974'770'714'964'855);
    CHECK(error_of(feed, R"({"type":"l2update","product_id":"BTC-USD","changes":[["up","1","1"]]})") == FeedError::bad_word);
    CHECK(error_of(feed, R"({"type":"l2update","product_id":"BTC-USD","changes":[],"time":"2021-02-30T00:00:00Z"})") ==
          FeedError::bad_time);
}
