#pragma once

#include <cstdint>
#include <vector>

#include "parley/pairs_feed.hpp"

namespace parley::bench {

/// Wall nanoseconds of single packets, sorted; the reading of the clock is in them.
struct Samples {
    std::vector<double> ns;
    [[nodiscard]] double quantile(double share) const noexcept;
};

struct TickToOrder {
    Samples with_orders;     ///< packets that led to orders: bytes received to order bytes ready
    Samples settling;        ///< of those: what is counted after the bytes are ready
    Samples all;             ///< every packet
    Samples floor;           ///< the same packets decoded, and two orders encoded, with nothing in between
    double clock_ns = 0.0;   ///< two readings of the clock after each other
    HotPathCounts counts;
    std::uint64_t quick_passes = 0;  ///< legs that passed the gate on its bounds alone
};

/// Runs the feed through a path; the first `warm_up` packets are not measured. Orders are filled at once, unmeasured.
[[nodiscard]] TickToOrder run_tick_to_order(const PairsFeed& feed, const HotPathConfig& config, std::size_t warm_up);

/// The venue of the measurement: whatever is ready counts as sent and is filled, the records are thrown away. Returns
/// the number of orders.
std::size_t fill_all(HotPath& path, TimeNs now_ns);

/// Thread nanoseconds per packet, on average, of the path cut off behind a stage.
struct Stages {
    double decode_ns = 0.0;
    double books_ns = 0.0;
    double signals_ns = 0.0;   ///< with the graph, without pairs
    double all_ns = 0.0;
};
[[nodiscard]] Stages run_stages(const PairsFeed& feed, const HotPathConfig& config);

}  // namespace parley::bench
