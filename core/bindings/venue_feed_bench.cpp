#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <stdexcept>

#include "feed_arrays.hpp"
#include "parley/venue_feed_bench.hpp"
#include "venue_feed_bindings.hpp"

namespace {

using namespace parley::bindings;
using namespace nanobind::literals;

nb::dict to_dict(const parley::bench::FrameTimes& times) {
    nb::dict answer;
    answer["ns_per_frame"] = times.nanoseconds_per_frame;
    answer["p50_ns"] = times.p50_ns;
    answer["p99_ns"] = times.p99_ns;
    answer["p999_ns"] = times.p999_ns;
    answer["frames"] = times.frames;
    answer["updates"] = times.updates;
    answer["checksum"] = times.checksum;
    return answer;
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

nb::dict bench_frames(const std::string& what, const nb::bytes& lines, const std::string& symbol,
                      const std::string& price_tick, const std::string& lot) {
    parley::bench::FrameWork work{parley::Venue::binance_spot, symbol, {}, {}, split_lines({lines.c_str(), lines.size()})};
    if (!parley::parse_scale(price_tick, work.price_tick) || !parley::parse_scale(lot, work.lot) || work.frames.empty()) {
        throw std::invalid_argument("bench_frames needs sizes that are decimals, and at least one line");
    }
    const auto run = what == "scan"     ? parley::bench::run_scan
                     : what == "decode" ? parley::bench::run_decode
                     : what == "books"  ? parley::bench::run_books
                                        : nullptr;
    if (run == nullptr) throw std::invalid_argument("what must be scan, decode or books");
    parley::bench::FrameTimes times;
    {
        const nb::gil_scoped_release released;
        times = run(work);
    }
    return to_dict(times);
}

}  // namespace

void bind_venue_feed_bench(nb::module_& module) {
    module.def("bench_frames", bench_frames, "what"_a, "lines"_a, "symbol"_a, "price_tick"_a, "lot"_a,
               nb::sig("def bench_frames(what: str, lines: bytes, symbol: str, price_tick: str, lot: str) -> "
                       "dict[str, typing.Any]"),
               "Times frames of Binance spot, one a line, the first a REST snapshot. `what`: scan (the floor), decode\n"
               "(to normalized updates) or books. Returns ns_per_frame (processor time), p50_ns, p99_ns, p999_ns of\n"
               "single frames (clock included), and counts of frames and updates.");
    module.def("bench_nothing", [](std::int64_t value) { return value; }, "value"_a,
               "Returns `value` (no unit): the least that a call from Python into the core can cost.");
}
