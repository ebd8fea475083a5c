#include "parley/router_bench.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

#include <utility>
#include <vector>

#include "engine_inputs.hpp"
#include "router_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

constexpr std::int64_t kRoundsMax = 1'000'000;
using Cases = std::vector<std::pair<parley::RouteOrder, std::vector<const HeldVenue*>>>;

nb::dict bench_router(const Cases& given, std::int64_t rounds) {
    checked::within("rounds", rounds, 1, kRoundsMax);
    if (given.empty()) throw std::invalid_argument("no cases");
    std::vector<parley::bench::RouterCase> cases;
    for (const auto& [order, venues] : given) {
        cases.push_back({order, views_of(venues)});
        check_directions(order, cases.back().venues);
    }
    parley::bench::RouterResult result;
    {
        const nb::gil_scoped_release released;
        result = parley::bench::run_router(cases, static_cast<std::size_t>(rounds));
    }
    nb::dict answer;
    answer["ns"] = result.nanoseconds;
    answer["floor_ns"] = result.floor_nanoseconds;
    answer["p50_ns"] = result.p50_ns;
    answer["p99_ns"] = result.p99_ns;
    answer["p999_ns"] = result.p999_ns;
    answer["solves"] = result.solves;
    answer["check"] = result.check;
    return answer;
}

}  // namespace

void bind_router_bench(nb::module_& module) {
    module.def("bench_router", bench_router, "cases"_a, "rounds"_a,
               "Decides every (order, venues) `rounds` times: ns and floor_ns are means of processor time of a decision\n"
               "and of the bare merge of the books' levels; p50_ns, p99_ns, p999_ns of single decisions, clock included;\n"
               "solves is the mean number of convex problems.");
}
