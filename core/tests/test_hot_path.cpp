#include <algorithm>
#include <memory>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "parley/pairs_feed.hpp"

using namespace parley;

namespace {

constexpr TimeNs kStart = 1'800'000'000'000'000'000;
constexpr TimeNs kStep = 1'000'000;

std::unique_ptr<HotPath> make_path(SendPolicy send, std::uint32_t symbols = 20, std::uint32_t pairs = 30) {
    HotPathConfig config = bench::make_pairs_config(symbols, pairs, 40);
    config.books = {2'000, 2'000};
    config.send = send;
    auto path = std::make_unique<HotPath>(config);
    bench::set_every_control(*path);
    return path;
}

std::vector<std::uint8_t> executed(std::uint32_t reference, std::uint32_t quantity) {
    std::vector<std::uint8_t> message(34);
    message[0] = 'E';
    big_endian::store(message.data() + 9, reference);
    big_endian::store(message.data() + 13, quantity);
    return message;
}

std::vector<std::uint8_t> canceled(std::uint32_t reference) {
    std::vector<std::uint8_t> message(18);
    message[0] = 'C';
    big_endian::store(message.data() + 9, reference);
    return message;
}

/// Takes what is ready and answers each order; returns the packets.
std::vector<std::uint8_t> trade(HotPath& path, TimeNs now_ns, std::uint32_t fill_share = 4) {
    OrderOutbox& outbox = path.outbox();
    const auto ready = outbox.ready();
    std::vector<std::uint8_t> bytes(ready.begin(), ready.end());
    outbox.sent(bytes.size());
    for (std::size_t at = 0; at < bytes.size(); at += OrderOutbox::kPacketBytes) {
        const auto reference = big_endian::load<std::uint32_t>(bytes.data() + at + 4);
        const auto quantity = big_endian::load<std::uint32_t>(bytes.data() + at + 9);
        const std::uint32_t filled = quantity * std::min(4U, fill_share + reference % 3) / 4;
        path.on_report(executed(reference, filled), now_ns);
        if (filled < quantity) path.on_report(canceled(reference), now_ns);
    }
    return bytes;
}

struct Run {
    std::vector<std::uint8_t> bytes;
    std::vector<OrderRecord> records;
    std::uint64_t hash = 0;
    HotPathCounts counts;
};

Run run(const bench::PairsFeed& feed, SendPolicy send) {
    const auto path = make_path(send);
    Run result;
    TimeNs now_ns = kStart;
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        path->on_packet(feed[packet], now_ns += kStep);
        const auto records = path->outbox().unjournaled();
        result.records.insert(result.records.end(), records.begin(), records.end());
        path->outbox().journaled(records.size());
        const auto bytes = trade(*path, now_ns, 2);
        result.bytes.insert(result.bytes.end(), bytes.begin(), bytes.end());
    }
    result.hash = path->state_hash();
    result.counts = path->counts();
    return result;
}

}  // namespace

TEST(hot_path_replays_to_the_same_orders_and_state) {
    const auto feed = bench::make_pairs_feed({3, 20, 20'000});
    const Run first = run(feed, SendPolicy::send_first);
    const Run second = run(feed, SendPolicy::journal_first);
    CHECK(first.counts.orders > 100);
    CHECK(first.records.size() == first.counts.orders);
    CHECK(first.bytes.size() == first.counts.orders * OrderOutbox::kPacketBytes);
    CHECK(first.bytes == second.bytes && first.records == second.records && first.hash == second.hash);
    CHECK(first.counts.malformed_messages == 0);
    const Run other = run(bench::make_pairs_feed({4, 20, 20'000}), SendPolicy::send_first);
    CHECK(other.hash != first.hash);
}

namespace {

struct Allocations {
    std::uint64_t on_the_path = 0;
    std::uint64_t orders = 0;
};

/// Of the last third of the packets. The duplicate control keeps the last 65,536 orders in memory that grows with them.
Allocations count_allocations(bool has_duplicate_control) {
    const auto feed = bench::make_pairs_feed({5, 20, 60'000});
    const auto path = make_path(SendPolicy::send_first);
    if (!has_duplicate_control) bench::set_every_control(*path, kNoLimit);
    TimeNs now_ns = kStart;
    Allocations counted;
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        const std::uint64_t before = check::allocations();
        path->on_packet(feed[packet], now_ns += kStep);
        path->outbox().journaled(path->outbox().unjournaled().size());
        const std::uint64_t during = check::allocations() - before;
        const auto bytes = trade(*path, now_ns);
        if (packet < 40'000) continue;
        counted.on_the_path += during;
        counted.orders += bytes.size() / OrderOutbox::kPacketBytes;
    }
    return counted;
}

}  // namespace

TEST(hot_path_allocates_nothing_once_it_is_warm) {
    const Allocations counted = count_allocations(false);
    CHECK(counted.orders > 50);
    CHECK(counted.on_the_path == 0);
}

TEST(hot_path_allocates_only_where_the_recent_orders_double) {
    const Allocations counted = count_allocations(true);
    CHECK(counted.orders > 50);
    CHECK(counted.on_the_path <= 4);
}

TEST(hot_path_keeps_orders_back_until_they_are_journaled) {
    const auto feed = bench::make_pairs_feed({3, 20, 20'000});
    const auto path = make_path(SendPolicy::journal_first);
    TimeNs now_ns = kStart;
    std::size_t packet = 0;
    while (path->outbox().unjournaled().empty() && packet < feed.size()) path->on_packet(feed[packet++], now_ns += kStep);
    OrderOutbox& outbox = path->outbox();
    CHECK(outbox.unjournaled().size() == 2 && outbox.ready().empty());
    outbox.journaled(1);
    CHECK(outbox.ready().size() == OrderOutbox::kPacketBytes && outbox.unjournaled().size() == 1);
    outbox.journaled(1);
    CHECK(outbox.ready().size() == 2 * OrderOutbox::kPacketBytes);
    outbox.sent(10);
    CHECK(outbox.ready().size() == 2 * OrderOutbox::kPacketBytes - 10);
}

TEST(hot_path_sends_no_order_that_does_not_fit) {
    const auto feed = bench::make_pairs_feed({3, 20, 20'000});
    HotPathConfig config = bench::make_pairs_config(20, 30, 40);
    config.books = {2'000, 2'000};
    config.outbox_orders_max = 4;
    HotPath path(config);
    bench::set_every_control(path);
    TimeNs now_ns = kStart;
    for (std::size_t packet = 0; packet < feed.size(); ++packet) path.on_packet(feed[packet], now_ns += kStep);
    CHECK(path.outbox().ready().size() <= 4 * OrderOutbox::kPacketBytes);
    CHECK(path.counts().blocked > 0 && path.trader().open() <= 2);
}

TEST(hot_path_sends_nothing_for_halted_instruments_and_under_a_kill_switch) {
    const auto feed = bench::make_pairs_feed({3, 20, 20'000});
    const auto killed = make_path(SendPolicy::send_first);
    killed->gate().controls().set_kill(ControlScope::all, 0, true);
    const auto halted = make_path(SendPolicy::send_first);
    TimeNs now_ns = kStart;
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        now_ns += kStep;
        killed->on_packet(feed[packet], now_ns);
        halted->on_packet(feed[packet], now_ns);
        if (packet == feed.opening) {
            for (std::uint32_t slot = 0; slot < 20; ++slot) halted->gate().set_halted(slot, true);
        }
    }
    CHECK(killed->counts().orders == 0 && killed->trader().refusals() > 0);
    CHECK(halted->counts().orders == 0 && halted->trader().refusals() > 0);
}

TEST(hot_path_holds_what_is_behind_a_gap_until_the_missing_comes) {
    const auto feed = bench::make_pairs_feed({3, 20, 2'000});
    const auto whole = make_path(SendPolicy::send_first);
    const auto torn = make_path(SendPolicy::send_first);
    for (std::size_t packet = 0; packet < feed.size(); ++packet) whole->on_packet(feed[packet], kStart);
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        if (packet != 500) torn->on_packet(feed[packet], kStart);
        if (packet == 502) {
            std::uint8_t request[mold::kHeaderBytes];
            CHECK(torn->feed().has_gap() && torn->feed().request(kStart, request) == mold::kHeaderBytes);
            torn->on_packet(feed[500], kStart);
            CHECK(!torn->feed().has_gap());
        }
    }
    CHECK(torn->counts().messages == whole->counts().messages);
    for (std::uint16_t locate = 1; locate <= 20; ++locate) {
        CHECK(torn->books().best(locate, Side::buy) == whole->books().best(locate, Side::buy));
    }
}

TEST(hot_path_goes_on_behind_a_gap_that_is_given_up) {
    const auto feed = bench::make_pairs_feed({3, 20, 200});
    const auto path = make_path(SendPolicy::send_first);
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        if (packet != 100) path->on_packet(feed[packet], kStart);
        if (packet == 101) CHECK(path->give_up_gap(kStart) > 0);
    }
    CHECK(!path->feed().has_gap());
}

TEST(hot_path_survives_bytes_that_are_no_packets_and_no_reports) {
    const auto feed = bench::make_pairs_feed({3, 20, 100});
    const auto path = make_path(SendPolicy::send_first);
    std::uint64_t cut = 0;
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        const auto bytes = feed[packet];
        const std::size_t missing = packet % bytes.size();
        cut += missing > 0 ? 1 : 0;
        path->on_packet(bytes.first(bytes.size() - missing), kStart);
    }
    CHECK(path->feed().counters().malformed == cut && cut > 50);
    const auto report = executed(77, 5);
    for (std::size_t size = 0; size < report.size(); ++size) path->on_report(std::span(report).first(size), kStart);
    CHECK(path->counts().malformed_reports == report.size());
    path->on_report(report, kStart);
    CHECK(path->trader().unknown_orders() == 1);
}

TEST(hot_path_configuration_is_checked_by_name) {
    HotPathConfig config = bench::make_pairs_config(4, 4, 40);
    CHECK(HotPath::check(config) == HotPathFault::none);
    config.zscores[1] = config.zscores[0];
    CHECK(HotPath::check(config) == HotPathFault::zscores);
    config = bench::make_pairs_config(4, 4, 40);
    config.symbols[1] = config.symbols[0];
    CHECK(HotPath::check(config) == HotPathFault::symbols);
    config = bench::make_pairs_config(4, 4, 40);
    config.owner.strategy_id = 0;
    CHECK(HotPath::check(config) == HotPathFault::owner);
    config = bench::make_pairs_config(4, 4, 40);
    config.nodes[0].inputs = {0};
    CHECK(HotPath::check(config) == HotPathFault::graph);
}
