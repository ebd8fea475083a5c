#include <functional>
#include <map>
#include <vector>

#include "check.hpp"
#include "parley/conflation.hpp"
#include "parley/l2_sync.hpp"
#include "parley/venue_feed.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

using Levels = std::vector<std::pair<Side, Level>>;

std::vector<FeedUpdate> make(std::int64_t first, std::int64_t last, std::int64_t previous, bool is_snapshot,
                             const Levels& levels) {
    UpdateBuffer buffer;
    if (is_snapshot) CHECK(buffer.push(UpdateKind::clear, Side::buy, 0, 0));
    for (const auto& [side, level] : levels) {
        CHECK(buffer.push(UpdateKind::level, side, level.price_ticks, level.quantity_lots));
    }
    if (buffer.open() == 0) CHECK(buffer.push(UpdateKind::advance, Side::buy, 0, 0));
    MessageHeader header;
    header.first_sequence = first;
    header.last_sequence = last;
    header.previous_sequence = previous;
    header.is_snapshot = is_snapshot;
    buffer.finish(header);
    return {buffer.updates().begin(), buffer.updates().end()};
}

std::vector<FeedUpdate> snapshot(std::int64_t sequence) {
    return make(sequence, sequence, 0, true, {{Side::buy, {99, 5}}, {Side::sell, {101, 5}}});
}

std::vector<FeedUpdate> delta(std::int64_t first, std::int64_t last, std::int64_t previous, std::int64_t bid_lots = 7) {
    return make(first, last, previous, false, {{Side::buy, {99, bid_lots}}});
}

}  // namespace

TEST(a_side_agrees_with_a_map_over_a_wide_range) {
    for (const std::int64_t range : {std::int64_t{20}, std::int64_t{2'000}, kPriceTicksMax}) {
        L2Side asks(Side::sell);
        L2Side bids(Side::buy);
        std::map<std::int64_t, std::int64_t> expected;
        std::uint64_t state = 7;
        for (int step = 0; step < 20'000; ++step) {
            const auto price = static_cast<std::int64_t>(next(state) * 1'000) % range - range / 4;
            const auto lots = static_cast<std::int64_t>(next(state) % 4);
            CHECK(asks.set(price, lots) && bids.set(price, lots));
            if (lots == 0) {
                expected.erase(price);
            } else {
                expected[price] = lots;
            }
            if (step % 500 != 0) continue;
            CHECK(asks.size() == expected.size() && bids.size() == expected.size());
            std::size_t depth = 0;
            for (const auto& [at, quantity] : expected) {
                CHECK((asks.at(depth) == Level{at, quantity}));
                CHECK((bids.at(expected.size() - 1 - depth) == Level{at, quantity}));
                CHECK(asks.lots_at(at) == quantity);
                ++depth;
            }
        }
    }
}

TEST(a_snapshot_may_come_in_any_order_and_the_later_mention_of_a_price_holds) {
    for (const auto& prices : {std::vector<std::int64_t>{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {1, 3, 2, 3}}) {
        L2Side side(Side::buy);
        std::int64_t lots = 0;
        for (const auto price : prices) CHECK(side.append(price, ++lots));
        side.settle();
        CHECK(side.size() == 3 && side.at(0).price_ticks == 3 && side.at(2).price_ticks == 1);
        if (prices.size() == 4) CHECK(side.at(0).quantity_lots == 4);
    }
}

TEST(spot_deltas_are_kept_until_the_snapshot_and_joined_to_it) {
    L2Sync sync(sequence_rule(Venue::binance_spot));
    CHECK(sync.take_snapshot_wish() && !sync.take_snapshot_wish());
    CHECK(!sync.apply(delta(5, 9, 0)) && !sync.apply(delta(10, 12, 0, 8)) && !sync.apply(delta(13, 13, 0, 9)));
    CHECK(sync.is_stale());
    CHECK(sync.apply(snapshot(11)));
    CHECK(!sync.is_stale() && sync.last_sequence() == 13 && sync.counts().deltas_dropped == 1);
    CHECK(sync.book().bids().at(0).quantity_lots == 9);
    CHECK(!sync.apply(delta(13, 13, 0)) && sync.counts().duplicates == 1);
    CHECK(!sync.apply(snapshot(12)) && sync.counts().snapshots_refused == 1);
}

TEST(a_gap_makes_the_book_stale_at_once_and_the_next_snapshot_heals_it) {
    L2Sync sync(sequence_rule(Venue::binance_spot));
    CHECK(sync.apply(snapshot(10)) && sync.apply(delta(11, 12, 0)));
    CHECK(!sync.apply(delta(14, 15, 0, 1)));
    CHECK(sync.is_stale() && sync.state() == SyncState::gap && sync.counts().gaps == 1 && sync.take_snapshot_wish());
    CHECK(!sync.apply(delta(16, 16, 0, 2)));
    CHECK(!sync.take_snapshot_wish());
    CHECK(sync.apply(snapshot(14)));
    CHECK(!sync.is_stale() && sync.last_sequence() == 16 && sync.book().bids().at(0).quantity_lots == 2);
}

TEST(a_snapshot_older_than_the_first_delta_is_not_enough) {
    L2Sync sync(sequence_rule(Venue::binance_spot));
    CHECK(sync.take_snapshot_wish());
    CHECK(!sync.apply(delta(20, 21, 0)));
    CHECK(sync.apply(snapshot(10)));
    CHECK(sync.is_stale() && sync.take_snapshot_wish());
    CHECK(sync.apply(snapshot(20)) && !sync.is_stale() && sync.last_sequence() == 21);
}

TEST(futures_deltas_name_the_one_before) {
    L2Sync sync(sequence_rule(Venue::binance_usdm));
    CHECK(!sync.apply(delta(1, 5, 0)) && !sync.apply(delta(8, 12, 5, 3)));
    CHECK(sync.apply(snapshot(10)) && !sync.is_stale() && sync.last_sequence() == 12);
    CHECK(sync.apply(delta(20, 25, 12)));
    CHECK(!sync.apply(delta(30, 35, 26)) && sync.is_stale());
}

TEST(deribit_snapshots_come_in_the_stream) {
    L2Sync sync(sequence_rule(Venue::deribit));
    CHECK(!sync.apply(delta(5, 5, 4)) && sync.counts().deltas_dropped == 1);
    CHECK(sync.apply(snapshot(10)) && sync.apply(delta(13, 13, 10)));
    CHECK(!sync.apply(delta(15, 15, 14)) && sync.is_stale());
    CHECK(sync.apply(snapshot(20)) && !sync.is_stale());
}

TEST(the_buffer_of_deltas_has_a_bound) {
    L2Sync sync(sequence_rule(Venue::binance_spot));
    static_cast<void>(sync.take_snapshot_wish());
    for (std::int64_t at = 1; at <= static_cast<std::int64_t>(kBufferedUpdatesMax) + 1; ++at) {
        CHECK(!sync.apply(delta(at, at, 0)));
    }
    CHECK(sync.counts().overflows == 1 && sync.take_snapshot_wish());
    CHECK(sync.apply(snapshot(10)) && sync.is_stale());
    CHECK(sync.apply(snapshot(static_cast<std::int64_t>(kBufferedUpdatesMax))) && !sync.is_stale());
}

TEST(updates_that_no_decoder_wrote_are_refused) {
    VenueFeed feed(Venue::deribit);
    CHECK(feed.list_instrument("A", {0, 1}, {0, 1}) == 0);
    CHECK(feed.list_instrument("A", {0, 1}, {0, 1}) == kNoSlot);
    CHECK(feed.apply(snapshot(1)) == 3);
    const auto refuse = [&](const std::function<void(FeedUpdate&)>& spoil) {
        auto updates = delta(2, 2, 1);
        spoil(updates[0]);
        CHECK(feed.apply(updates) == 0);
    };
    refuse([](FeedUpdate& update) { update.instrument_slot = 1; });
    refuse([](FeedUpdate& update) { update.kind = static_cast<UpdateKind>(99); });
    refuse([](FeedUpdate& update) { update.side = static_cast<Side>(2); });
    refuse([](FeedUpdate& update) { update.flags = 0; });
    refuse([](FeedUpdate& update) { update.price_ticks = std::numeric_limits<std::int64_t>::min(); });
    refuse([](FeedUpdate& update) { update.last_sequence = std::numeric_limits<std::int64_t>::max(); });
    refuse([](FeedUpdate& update) { update.first_sequence = 3; });
    CHECK(!feed.sync(0).is_stale() && feed.counts().updates_refused == 7);
}

TEST(a_hole_in_the_connection_makes_every_book_stale) {
    VenueFeed feed(Venue::coinbase);
    CHECK(feed.list_instrument("A", {0, 1}, {0, 1}) == 0);
    const auto frame = [](int sequence, const char* type) {
        return std::string(R"({"channel":"l2_data","sequence_num":)") + std::to_string(sequence) +
               R"(,"events":[{"type":")" + type + R"(","product_id":"A","updates":[{"side":"bid","price_level":"5",)" +
               R"("new_quantity":"1"}]}]})";
    };
    CHECK(feed.apply_frame(frame(0, "snapshot"), 1).error == FeedError::none && !feed.sync(0).is_stale());
    static_cast<void>(feed.apply_frame(frame(1, "update"), 1));
    static_cast<void>(feed.apply_frame(frame(1, "update"), 1));
    CHECK(!feed.sync(0).is_stale() && feed.counts().connection_duplicates == 1);
    static_cast<void>(feed.apply_frame(frame(3, "update"), 1));
    CHECK(feed.sync(0).is_stale() && feed.counts().connection_gaps == 1);
    static_cast<void>(feed.apply_frame(frame(4, "snapshot"), 1));
    CHECK(!feed.sync(0).is_stale());
}

TEST(each_key_is_published_at_most_twenty_times_a_second) {
    Conflation conflation;
    std::vector<std::uint32_t> published;
    const auto publish = [&](std::uint32_t key) { published.push_back(key); };
    conflation.mark_changed(3);
    conflation.mark_changed(1);
    conflation.mark_changed(3);
    conflation.publish_due(0, publish);
    CHECK((published == std::vector<std::uint32_t>{3, 1}));
    conflation.mark_changed(1);
    conflation.publish_due(kPublicationIntervalNs - 1, publish);
    CHECK(published.size() == 2 && conflation.waiting() == 1);
    conflation.publish_due(kPublicationIntervalNs, publish);
    CHECK((published == std::vector<std::uint32_t>{3, 1, 1}) && conflation.waiting() == 0);
    std::size_t count = 0;
    for (TimeNs now = 10'000'000'000; now < 11'000'000'000; now += 1'000'000) {
        conflation.mark_changed(1);
        conflation.publish_due(now, [&](std::uint32_t) { ++count; });
    }
    CHECK(count == kPublicationsPerSecondMax);
}
