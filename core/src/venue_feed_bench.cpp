#include "parley/venue_feed_bench.hpp"

#include <algorithm>
#include <chrono>

#include "matching_clock.hpp"
#include "parley/venue_feed.hpp"

namespace parley::bench {

namespace {

/// Runs every frame once for the mean, in one go, and once more, in a fresh state, with a clock around each.
template <typename Make>
FrameTimes measure(const FrameWork& work, Make&& make) {
    FrameTimes times;
    times.frames = static_cast<std::int64_t>(work.frames.size());
    {
        auto run = make();
        const std::int64_t start = processor_ns();
        for (const std::string_view frame : work.frames) run(frame, times);
        times.nanoseconds_per_frame =
            static_cast<double>(processor_ns() - start) / static_cast<double>(work.frames.size());
    }
    std::vector<std::int64_t> single;
    single.reserve(work.frames.size());
    FrameTimes again;
    auto run = make();
    for (const std::string_view frame : work.frames) {
        const auto start = std::chrono::steady_clock::now();
        run(frame, again);
        single.push_back((std::chrono::steady_clock::now() - start).count());
    }
    times.checksum ^= again.checksum;
    std::sort(single.begin(), single.end());
    const auto at = [&](std::size_t permille) { return single[std::min(single.size() - 1, single.size() * permille / 1'000)]; };
    times.p50_ns = at(500);
    times.p99_ns = at(990);
    times.p999_ns = at(999);
    return times;
}

VenueFeed make_feed(const FrameWork& work) {
    VenueFeed feed(work.venue);
    static_cast<void>(feed.list_instrument(work.symbol, work.price_tick, work.lot));
    return feed;
}

}  // namespace

FrameTimes run_scan(const FrameWork& work) {
    return measure(work, [] {
        return [](std::string_view frame, FrameTimes& times) {
            std::uint64_t number = 0;
            std::uint64_t sum = 0;
            for (const char byte : frame) {
                if (byte >= '0' && byte <= '9') {
                    number = number * 10 + static_cast<std::uint64_t>(byte - '0');
                } else if (byte == '"') {
                    sum ^= number;
                    number = 0;
                }
            }
            times.checksum ^= static_cast<std::int64_t>(sum);
        };
    });
}

FrameTimes run_decode(const FrameWork& work) {
    return measure(work, [&] {
        return [feed = make_feed(work)](std::string_view frame, FrameTimes& times) mutable {
            static_cast<void>(feed.decode(frame, 1, 0));
            times.updates += static_cast<std::int64_t>(feed.updates().size());
            for (const FeedUpdate& update : feed.updates().first(std::min<std::size_t>(1, feed.updates().size()))) {
                times.checksum ^= update.price_ticks;
            }
        };
    });
}

FrameTimes run_books(const FrameWork& work) {
    return measure(work, [&] {
        return [feed = make_feed(work)](std::string_view frame, FrameTimes& times) mutable {
            static_cast<void>(feed.apply_frame(frame, 1, 0));
            times.updates += static_cast<std::int64_t>(feed.updates().size());
            times.checksum = feed.sync(0).last_sequence();
        };
    });
}

}  // namespace parley::bench
