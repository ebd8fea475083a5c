#pragma once

#include <cstdint>
#include <vector>

#include "parley/router.hpp"

namespace parley::bench {

struct RouterCase {
    RouteOrder order;
    std::vector<RouteVenue> venues;
};

struct RouterResult {
    double nanoseconds = 0;        ///< processor time of a decision, mean
    double floor_nanoseconds = 0;  ///< of the bare merge of the books' levels up to the quantity
    std::int64_t p50_ns = 0;       ///< of single decisions, the clock included
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
    double solves = 0;  ///< mean
    std::int64_t check = 0;
};

/// Decides every case `rounds` times over, one case after the other, as a stream of different orders would.
[[nodiscard]] RouterResult run_router(const std::vector<RouterCase>& cases, std::size_t rounds);

}  // namespace parley::bench
