#include "parley/hot_path_bench.hpp"

#include <algorithm>
#include <ctime>
#include <memory>

#include "parley/cycle_clock.hpp"

namespace parley::bench {
namespace {

constexpr TimeNs kStartNs = 1'800'000'000'000'000'000;
constexpr TimeNs kPacketNs = 1'000;

double thread_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// What nobody can leave out: the fields of the message that moved, and two orders from them.
struct Floor {
    ouch::EnterOrder orders[2];
    std::uint8_t bytes[2 * ouch::kEnterOrderBytes];
    std::uint64_t checksum = 0;

    void on(itch::OrderReplace message) noexcept {
        orders[message.new_reference() & 1].price_e4 = message.price_e4();
        orders[message.new_reference() & 1].quantity = message.shares();
    }
    void on(itch::OrderExecuted message) noexcept { orders[0].quantity = message.executed_shares(); }
    void encode() noexcept {
        for (std::size_t at = 0; at < 2; ++at) {
            ++orders[at].user_reference;
            ouch::encode_body(orders[at], bytes + at * ouch::kEnterOrderBytes);
        }
        checksum += bytes[5] + bytes[ouch::kEnterOrderBytes + 9];
    }
};

Samples measure_floor(const PairsFeed& feed, std::size_t warm_up, const CycleClock& clock) {
    Samples samples;
    Floor floor;
    samples.ns.reserve(feed.size());
    for (std::size_t packet = feed.opening; packet < feed.size(); ++packet) {
        const std::uint64_t begin = CycleClock::now();
        itch::walk(feed[packet].subspan(mold::kHeaderBytes), floor);
        floor.encode();
        const std::uint64_t end = CycleClock::now();
        if (packet >= warm_up) samples.ns.push_back(clock.nanoseconds(end - begin));
    }
    volatile std::uint64_t sink = floor.checksum;
    static_cast<void>(sink);
    std::sort(samples.ns.begin(), samples.ns.end());
    return samples;
}

double measure_clock(const CycleClock& clock) {
    std::vector<double> pairs(10'001);
    for (double& ns : pairs) {
        const std::uint64_t begin = CycleClock::now();
        ns = clock.nanoseconds(CycleClock::now() - begin);
    }
    std::nth_element(pairs.begin(), pairs.begin() + 5'000, pairs.end());
    return pairs[5'000];
}

struct DecodeOnly {
    std::uint64_t checksum = 0;
    void on(itch::OrderReplace message) noexcept { checksum += message.price_e4() + message.shares(); }
    void on(itch::OrderExecuted message) noexcept { checksum += message.executed_shares(); }
};

struct BooksOnly {
    itch::Books& books;
    void on(itch::AddOrder message) noexcept { books.on(message); }
    void on(itch::OrderReplace message) noexcept { books.on(message); }
    void on(itch::OrderExecuted message) noexcept { books.on(message); }
};

/// Thread nanoseconds per packet of `apply(packet, now)` over the packets behind the opening.
template <typename Apply>
double measure_mean(const PairsFeed& feed, Apply&& apply) {
    TimeNs now_ns = kStartNs;
    for (std::size_t packet = 0; packet < feed.opening; ++packet) apply(feed[packet], now_ns += kPacketNs);
    const double begin = thread_ns();
    for (std::size_t packet = feed.opening; packet < feed.size(); ++packet) apply(feed[packet], now_ns += kPacketNs);
    return (thread_ns() - begin) / static_cast<double>(feed.size() - feed.opening);
}

}  // namespace

std::size_t fill_all(HotPath& path, TimeNs now_ns) {
    OrderOutbox& outbox = path.outbox();
    outbox.journaled(outbox.unjournaled().size());
    const auto ready = outbox.ready();
    std::uint8_t report[34] = {'E'};
    for (std::size_t at = 0; at < ready.size(); at += OrderOutbox::kPacketBytes) {
        std::copy_n(ready.data() + at + 4, 4, report + 9);
        std::copy_n(ready.data() + at + 9, 4, report + 13);
        path.on_report(report, now_ns);
    }
    const std::size_t orders = ready.size() / OrderOutbox::kPacketBytes;
    outbox.sent(ready.size());
    return orders;
}

double Samples::quantile(double share) const noexcept {
    if (ns.empty()) return 0.0;
    const auto at = static_cast<std::size_t>(share * static_cast<double>(ns.size()));
    return ns[std::min(at, ns.size() - 1)];
}

TickToOrder run_tick_to_order(const PairsFeed& feed, const HotPathConfig& config, std::size_t warm_up) {
    const CycleClock clock;
    HotPath path(config);
    set_every_control(path);
    TickToOrder result;
    result.all.ns.reserve(feed.size());
    result.with_orders.ns.reserve(feed.size());
    result.settling.ns.reserve(feed.size());
    TimeNs now_ns = kStartNs;
    for (std::size_t packet = 0; packet < feed.size(); ++packet) {
        now_ns += kPacketNs;
        const std::uint64_t begin = CycleClock::now();
        path.on_packet(feed[packet], now_ns);
        const std::uint64_t ready = CycleClock::now();
        path.settle();
        const std::uint64_t settled = CycleClock::now();
        const std::size_t orders = fill_all(path, now_ns);
        if (packet < warm_up) continue;
        result.all.ns.push_back(clock.nanoseconds(ready - begin));
        if (orders == 0) continue;
        result.with_orders.ns.push_back(result.all.ns.back());
        result.settling.ns.push_back(clock.nanoseconds(settled - ready));
    }
    std::sort(result.settling.ns.begin(), result.settling.ns.end());
    result.quick_passes = path.gate().quick_passes();
    std::sort(result.all.ns.begin(), result.all.ns.end());
    std::sort(result.with_orders.ns.begin(), result.with_orders.ns.end());
    result.counts = path.counts();
    result.floor = measure_floor(feed, warm_up, clock);
    result.clock_ns = measure_clock(clock);
    return result;
}

Stages run_stages(const PairsFeed& feed, const HotPathConfig& config) {
    Stages stages;
    DecodeOnly decode;
    stages.decode_ns = measure_mean(
        feed, [&](auto packet, TimeNs) { itch::walk(packet.subspan(mold::kHeaderBytes), decode); });
    volatile std::uint64_t sink = decode.checksum;
    static_cast<void>(sink);
    itch::Books books(config.books);
    BooksOnly fills{books};
    stages.books_ns =
        measure_mean(feed, [&](auto packet, TimeNs) { itch::walk(packet.subspan(mold::kHeaderBytes), fills); });
    HotPath without_pairs(config);
    without_pairs.trader().set_entering(false);
    stages.signals_ns = measure_mean(feed, [&](auto packet, TimeNs now_ns) { without_pairs.on_packet(packet, now_ns); });
    HotPath whole(config);
    set_every_control(whole);
    stages.all_ns = measure_mean(feed, [&](auto packet, TimeNs now_ns) {
        whole.on_packet(packet, now_ns);
        whole.settle();
        fill_all(whole, now_ns);
    });
    return stages;
}

}  // namespace parley::bench
