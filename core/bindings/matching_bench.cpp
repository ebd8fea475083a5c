#include <nanobind/nanobind.h>

#include "engine_bindings.hpp"
#include "engine_inputs.hpp"
#include "parley/matching_bench.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

constexpr std::int64_t kCommandsMax = 100'000'000;

std::vector<parley::bench::Command> make(std::int64_t seed, std::int64_t count, std::int64_t resting) {
    checked::within("count", count, 1, kCommandsMax);
    checked::within("resting", resting, 0, kCommandsMax);
    return parley::bench::make_commands(static_cast<std::uint64_t>(seed), static_cast<std::size_t>(count),
                                        static_cast<std::size_t>(resting));
}

template <typename Run>
nb::dict measured(std::int64_t seed, std::int64_t count, std::int64_t resting, Run&& run) {
    parley::bench::Result result;
    {
        const nb::gil_scoped_release released;
        result = run(make(seed, count, resting), static_cast<std::size_t>(resting));
    }
    nb::dict answer;
    answer["ns_per_command"] = result.nanoseconds_per_command;
    answer["p50_ns"] = result.p50_ns;
    answer["p99_ns"] = result.p99_ns;
    answer["p999_ns"] = result.p999_ns;
    answer["clock_ns"] = result.clock_ns;
    answer["trades"] = result.trades;
    answer["events"] = result.events;
    answer["resting"] = result.resting;
    return answer;
}

nb::dict bench_matching(std::int64_t seed, std::int64_t count, std::int64_t resting) {
    return measured(seed, count, resting, parley::bench::run_book);
}

nb::dict bench_matching_singly(std::int64_t seed, std::int64_t count, std::int64_t resting) {
    return measured(seed, count, resting, parley::bench::run_book_singly);
}

nb::dict bench_floor(std::int64_t seed, std::int64_t count, std::int64_t resting) {
    return measured(seed, count, resting, parley::bench::run_floor);
}

nb::dict bench_engine(std::int64_t seed, std::int64_t count, std::int64_t resting) {
    return measured(seed, count, resting, parley::bench::run_engine);
}

nb::list bench_commands(std::int64_t seed, std::int64_t count, std::int64_t resting) {
    nb::list list;
    for (const auto& command : make(seed, count, resting)) {
        list.append(nb::make_tuple(static_cast<int>(command.kind), command.order_id, command.account,
                                   static_cast<int>(command.side), command.price, command.lots));
    }
    return list;
}

}  // namespace

void bind_engine_bench(nb::module_& module) {
    module.def("bench_matching", bench_matching, "seed"_a, "count"_a, "resting"_a,
               "The book alone under the LOB-1K mix of `count` commands after `resting` orders filled it. Returns\n"
               "ns_per_command, p50_ns, p99_ns and p999_ns of single commands as they come in a batch (clock_ns, what\n"
               "reading the clock costs, is in them), trades, resting at the end.");
    module.def("bench_matching_singly", bench_matching_singly, "seed"_a, "count"_a, "resting"_a,
               "The same with nothing looked at ahead: each command as if it were the only one.");
    module.def("bench_floor", bench_floor, "seed"_a, "count"_a, "resting"_a,
               "The same commands through a bare ladder: ids and prices are places of arrays, nothing is checked.");
    module.def("bench_engine", bench_engine, "seed"_a, "count"_a, "resting"_a,
               "The same through decoding, risk gate, positions and events; a move or reduce is an amend. Also returns\n"
               "events.");
    module.def("bench_commands", bench_commands, "seed"_a, "count"_a, "resting"_a,
               "The commands themselves, the `resting` that fill the book included: (kind 0 gtc, 1 ioc, 2 cancel,\n"
               "3 move, 4 reduce; order_id; account; side; price; lots), for a peer to run.");
}
