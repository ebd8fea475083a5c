#include "parley/journal_bench.hpp"

#include <nanobind/stl/filesystem.h>

#include "engine_bindings.hpp"
#include "engine_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

nb::dict stage_times(const parley::ServiceTimes& times) {
    nb::dict stages;
    const auto add = [&](const char* name, const parley::StageTime& stage) {
        stages[name] = nb::make_tuple(stage.total_ns(), stage.most_ns());
    };
    add("idle", times.idle);
    add("write", times.write);
    add("sync", times.sync);
    add("wait", times.wait);
    add("apply", times.apply);
    add("release", times.release);
    add("snapshot", times.snapshot);
    return stages;
}

nb::dict bench_journal(parley::EngineService& engine, std::int64_t seed, std::int64_t count, std::int64_t batch,
                       double rate) {
    parley::bench::JournalLoad load;
    load.seed = static_cast<std::uint64_t>(seed);
    load.commands = static_cast<std::size_t>(checked::within("count", count, 1, 100'000'000));
    load.batch = static_cast<std::size_t>(checked::within("batch", batch, 1, 1'000'000));
    load.rate = rate;
    parley::bench::JournalResult result;
    {
        const nb::gil_scoped_release released;
        result = parley::bench::run_journal(engine, load);
    }
    nb::dict answer;
    answer["commands"] = result.commands;
    answer["seconds"] = result.seconds;
    answer["bytes"] = result.bytes;
    answer["groups"] = result.groups;
    answer["p50_ns"] = result.p50_ns;
    answer["p99_ns"] = result.p99_ns;
    answer["p999_ns"] = result.p999_ns;
    answer["most_ns"] = result.most_ns;
    answer["producer_cpu_ns"] = result.producer_cpu_ns;
    answer["consumer_cpu_ns"] = result.consumer_cpu_ns;
    answer["stages"] = stage_times(engine.times());
    return answer;
}

nb::tuple bench_journal_floor(const std::filesystem::path& directory, std::int64_t bytes, std::int64_t group_bytes) {
    const auto total = static_cast<std::uint64_t>(checked::within("bytes", bytes, 1, 1LL << 36));
    const auto group = static_cast<std::size_t>(checked::within("group_bytes", group_bytes, 1, 1LL << 28));
    parley::bench::FloorResult result;
    {
        const nb::gil_scoped_release released;
        result = parley::bench::run_journal_floor(directory, total, group);
    }
    return nb::make_tuple(result.seconds, result.p50_ns, result.p99_ns);
}

}  // namespace

void bind_journal_bench(nb::module_& module) {
    module.def("bench_journal", bench_journal, "engine"_a, "seed"_a, "count"_a, "batch"_a = 64, "rate"_a = 0.0,
               "Puts `count` commands of the mix LOB-1K through a fresh, started engine, `batch` at once, `rate` a second\n"
               "(0: as fast as they are taken), and drains its events. Returns commands, seconds, bytes, groups, and\n"
               "p50_ns, p99_ns, p999_ns, most_ns from when a command was due to when it was acknowledged,\n"
               "producer_cpu_ns and consumer_cpu_ns, and stages: (total_ns, most_ns) of each step of the service.");
    module.def("bench_journal_floor", bench_journal_floor, "directory"_a, "bytes"_a, "group_bytes"_a,
               "(seconds, p50_ns, p99_ns of a group) of writing as many bytes over zeros with an fdatasync per group.");
}
