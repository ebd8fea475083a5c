#include "parley/risk_gate_bench.hpp"

#include <nanobind/nanobind.h>

#include "engine_bindings.hpp"
#include "engine_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

constexpr std::int64_t kOrdersMax = 10'000'000;
constexpr std::int64_t kOptionsMax = 10'000;

nb::dict answer_of(const parley::bench::GateResult& result) {
    nb::dict answer;
    answer["ns"] = result.nanoseconds;
    answer["p50_ns"] = result.p50_ns;
    answer["p99_ns"] = result.p99_ns;
    answer["p999_ns"] = result.p999_ns;
    answer["refused"] = result.refused;
    return answer;
}

nb::dict bench_risk_gate(std::int64_t seed, std::int64_t orders, std::int64_t options, int part) {
    const auto count = static_cast<std::size_t>(checked::within("orders", orders, 1, kOrdersMax));
    const auto held = static_cast<std::size_t>(checked::within("options", options, 10, kOptionsMax));
    checked::within("part", part, 0, 2);
    parley::bench::GateResult result;
    {
        const nb::gil_scoped_release released;
        const auto from = static_cast<std::uint64_t>(seed);
        result = part == 2 ? parley::bench::run_gated_engine(from, count, held)
                           : parley::bench::run_gate(from, count, held, part == 0);
    }
    return answer_of(result);
}

nb::dict bench_revalue(std::int64_t accounts, std::int64_t positions, std::int64_t share_percent) {
    const auto count = static_cast<std::size_t>(checked::within("accounts", accounts, 1, 65'536));
    const auto each = static_cast<std::size_t>(checked::within("positions", positions, 10, 200));
    const auto share = static_cast<std::size_t>(checked::within("share_percent", share_percent, 10, 100));
    parley::bench::RevalueResult result;
    double floor_ms = 0;
    {
        const nb::gil_scoped_release released;
        result = parley::bench::run_revalue(count, each, share);
        floor_ms = parley::bench::run_revalue_floor(count, each) * static_cast<double>(share) / 100.0;
    }
    nb::dict answer;
    answer["ms"] = result.milliseconds;
    answer["margins_ms"] = result.margins_milliseconds;
    answer["floor_ms"] = floor_ms;
    answer["positions"] = result.positions;
    return answer;
}

}  // namespace

void bind_risk_gate_bench(nb::module_& module) {
    module.def("bench_risk_gate", bench_risk_gate, "seed"_a, "orders"_a, "options"_a, "part"_a,
               "The gate on orders of an account that holds `options` options, every control on, marks moving every 64\n"
               "orders. part: 0 the floor (add a scenario vector, take the least), 1 the gate alone, 2 the whole engine for\n"
               "an order and its cancel. Returns ns (mean, processor time), p50_ns, p99_ns, p999_ns, refused.");
    module.def("bench_revalue", bench_revalue, "accounts"_a, "positions"_a, "share_percent"_a,
               "One input that moves that share of the positions. Returns ms, margins_ms (to renew the margin of every\n"
               "account afterwards), floor_ms (to add as many scenario vectors), positions.");
}
