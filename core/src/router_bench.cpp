#include "parley/router_bench.hpp"

#include <algorithm>
#include <chrono>

#include "matching_clock.hpp"

namespace parley::bench {
namespace {

std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// The unavoidable: best level of all books first until the quantity is reached. No fees, lots, pools or limits.
std::int64_t merge(const RouterCase& each) noexcept {
    std::array<const RouteLevel*, kRouteVenuesMax> heads{};
    std::array<const RouteLevel*, kRouteVenuesMax> ends{};
    std::array<std::int64_t, kRouteVenuesMax> lots{};
    std::size_t count = 0;
    for (const RouteVenue& venue : each.venues) {
        if (const auto* book = std::get_if<RouteBook>(&venue.source)) {
            heads[count] = book->levels.data();
            ends[count] = heads[count] + book->levels.size();
            lots[count++] = book->lot_units;
        }
    }
    const std::int64_t side = sign(each.order.side);
    std::int64_t left = each.order.quantity_units;
    std::int64_t notional = 0;
    while (left > 0) {
        std::size_t best = count;
        double lowest = 0;
        for (std::size_t at = 0; at < count; ++at) {
            if (heads[at] == ends[at]) continue;
            const double price = static_cast<double>(side * heads[at]->price) / static_cast<double>(lots[at]);
            if (best == count || price < lowest) {
                best = at;
                lowest = price;
            }
        }
        if (best == count) break;
        const std::int64_t units = std::min(left, heads[best]->lots * lots[best]);
        notional += units / lots[best] * heads[best]->price;
        left -= units;
        ++heads[best];
    }
    return notional;
}

template <typename Decide>
double mean_ns(const std::vector<RouterCase>& cases, std::size_t rounds, Decide&& decide) {
    const std::int64_t start = processor_ns();
    for (std::size_t round = 0; round < rounds; ++round) {
        for (const RouterCase& each : cases) decide(each);
    }
    return static_cast<double>(processor_ns() - start) / static_cast<double>(rounds * cases.size());
}

}  // namespace

RouterResult run_router(const std::vector<RouterCase>& cases, std::size_t rounds) {
    RouterResult result;
    Router router;
    std::int64_t solves = 0;
    const auto decide = [&](const RouterCase& each) {
        const RouteDecision& decision = router.route(each.order, each.venues);
        result.check += decision.total;
        solves += decision.solves;
    };
    result.nanoseconds = mean_ns(cases, rounds, decide);
    result.solves = static_cast<double>(solves) / static_cast<double>(rounds * cases.size());
    result.floor_nanoseconds = mean_ns(cases, rounds, [&](const RouterCase& each) { result.check += merge(each); });
    std::vector<std::int64_t> single;
    single.reserve(rounds * cases.size());
    for (std::size_t round = 0; round < rounds; ++round) {
        for (const RouterCase& each : cases) {
            const std::int64_t before = now_ns();
            decide(each);
            single.push_back(now_ns() - before);
        }
    }
    std::sort(single.begin(), single.end());
    result.p50_ns = single[single.size() / 2];
    result.p99_ns = single[single.size() * 99 / 100];
    result.p999_ns = single[single.size() * 999 / 1'000];
    return result;
}

}  // namespace parley::bench
