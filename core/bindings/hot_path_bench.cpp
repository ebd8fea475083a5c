#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "parley/hot_path_bench.hpp"
#include "parley/hot_sockets_bench.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

constexpr std::size_t kPacketsMax = 10'000'000;
constexpr std::uint32_t kSymbolsMax = 8'000;

nb::dict to_dict(const bench::Samples& samples) {
    nb::dict answer;
    answer["count"] = samples.ns.size();
    answer["p50_ns"] = samples.quantile(0.5);
    answer["p99_ns"] = samples.quantile(0.99);
    answer["p999_ns"] = samples.quantile(0.999);
    return answer;
}

/// A made market and the pairs on it: every run reads the same bytes.
class PairsBench {
public:
    PairsBench(std::uint64_t seed, std::uint32_t symbols, std::uint32_t pairs, std::uint32_t window, std::size_t packets) {
        if (packets == 0 || packets > kPacketsMax) throw nb::value_error("packets: 1 to 10,000,000");
        if (symbols < 3 || symbols > kSymbolsMax) throw nb::value_error("symbols: 3 to 8,000");
        if (pairs == 0 || pairs > kPairsMax) throw nb::value_error("pairs: 1 to 4,096");
        const nb::gil_scoped_release released;
        feed_ = bench::make_pairs_feed({seed, symbols, packets});
        config_ = bench::make_pairs_config(symbols, pairs, window);
        if (HotPath::check(config_) != HotPathFault::none) throw nb::value_error("window out of range");
    }

    [[nodiscard]] nb::dict run_ticks(std::size_t warm_up) const {
        bench::TickToOrder found;
        {
            const nb::gil_scoped_release released;
            found = bench::run_tick_to_order(feed_, config_, warm_up);
        }
        nb::dict answer;
        answer["with_orders"] = to_dict(found.with_orders);
        answer["settling"] = to_dict(found.settling);
        answer["all"] = to_dict(found.all);
        answer["floor"] = to_dict(found.floor);
        answer["clock_ns"] = found.clock_ns;
        answer["orders"] = found.counts.orders;
        answer["quick_passes"] = found.quick_passes;
        answer["quotes"] = found.counts.quotes;
        answer["messages"] = found.counts.messages;
        return answer;
    }
    [[nodiscard]] nb::dict run_stages() const {
        bench::Stages found;
        {
            const nb::gil_scoped_release released;
            found = bench::run_stages(feed_, config_);
        }
        nb::dict answer;
        answer["decode_ns"] = found.decode_ns;
        answer["books_ns"] = found.books_ns;
        answer["signals_ns"] = found.signals_ns;
        answer["all_ns"] = found.all_ns;
        return answer;
    }
    [[nodiscard]] nb::dict run_sockets(std::size_t packets) const {
        bench::SocketTimes found;
        {
            const nb::gil_scoped_release released;
            found = bench::run_sockets(feed_, config_, packets);
        }
        nb::dict answer;
        answer["ready"] = to_dict(found.ready);
        answer["sent"] = to_dict(found.sent);
        answer["round_trip"] = to_dict(found.round_trip);
        answer["send_floor"] = to_dict(found.send_floor);
        answer["tcp_floor"] = to_dict(found.tcp_floor);
        answer["udp_floor"] = to_dict(found.udp_floor);
        answer["is_pinned"] = found.is_pinned;
        return answer;
    }

private:
    bench::PairsFeed feed_;
    HotPathConfig config_;
};

}  // namespace

void bind_hot_path_bench(nb::module_& module) {
    nb::class_<PairsBench>(module, "BenchPairs",
                           "A seeded market as ITCH in MoldUDP64, and pairs on it with every control in force.")
        .def(nb::init<std::uint64_t, std::uint32_t, std::uint32_t, std::uint32_t, std::size_t>(), "seed"_a, "symbols"_a,
             "pairs"_a, "window"_a, "packets"_a)
        .def("run_ticks", &PairsBench::run_ticks, "warm_up"_a,
             "Datagram bytes to order bytes in memory: quantiles in wall nanoseconds of packets that led to orders, of "
             "what is counted after the bytes, of all packets, and of the floor; the first `warm_up` packets are not counted.")
        .def("run_stages", &PairsBench::run_stages,
             "Thread nanoseconds per packet of the path cut off behind each stage.")
        .def("run_sockets", &PairsBench::run_sockets, "packets"_a,
             "Over loopback sockets with a peer on the other core; wall nanoseconds. Raises OSError, and RuntimeError "
             "where no datagram led to an order.");
}
