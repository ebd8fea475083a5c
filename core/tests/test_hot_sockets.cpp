#include "check.hpp"
#include "parley/hot_sockets.hpp"
#include "parley/hot_sockets_bench.hpp"

using namespace parley;

TEST(hot_sockets_carry_datagrams_in_and_orders_out) {
    const auto feed = bench::make_pairs_feed({3, 20, 3'000});
    HotPathConfig config = bench::make_pairs_config(20, 30, 40);
    config.books = {2'000, 2'000};
    const auto times = bench::run_sockets(feed, config, 1'500);
    CHECK(times.round_trip.ns.size() > 5);
    CHECK(times.round_trip.ns.size() == times.sent.ns.size() && times.sent.ns.size() == times.ready.ns.size());
    CHECK(times.sent.quantile(0.5) > times.ready.quantile(0.5));
    CHECK(times.round_trip.quantile(0.5) > times.sent.quantile(0.5));
}

TEST(hot_sockets_say_where_nobody_listens) {
    bool is_refused = false;
    try {
        const HotSockets sockets({0, "127.0.0.1", 1, "PAIRS", "PAIRS"}, 0);
    } catch (const std::system_error&) {
        is_refused = true;
    }
    CHECK(is_refused);
}
