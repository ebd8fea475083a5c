#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>

#include "parley/signal_batch.hpp"
#include "pricing_arrays.hpp"
#include "signal_errors.hpp"
#include "signal_nodes.hpp"

namespace {

namespace nb = nanobind;
using namespace nanobind::literals;
using namespace parley;
using parley::bindings::InputArray;
using parley::bindings::require_size;

using parley::bindings::NodeTuple;
using TimeArray = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using IndexArray = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using KindArray = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using OutputMatrix = nb::ndarray<nb::numpy, double, nb::ndim<2>>;

void compile(SignalGraph* place, const std::vector<NodeTuple>& tuples, std::uint32_t instruments) {
    const std::vector<SignalNode> nodes = bindings::to_nodes(tuples);
    auto graph = std::make_unique<SignalGraph>();
    if (const SignalRefusal refusal = graph->compile(nodes, instruments)) {
        throw bindings::SignalGraphRefused(refusal);
    }
    new (place) SignalGraph(std::move(*graph));
}

void require_instrument(const SignalGraph& graph, std::uint32_t instrument) {
    if (instrument >= graph.instruments()) throw nb::index_error("the graph has no such instrument");
}

void require_nodes(const SignalGraph& graph, const std::vector<std::uint32_t>& nodes) {
    const bool holds = std::all_of(nodes.begin(), nodes.end(), [&](auto node) { return node < graph.size(); });
    if (!holds) throw nb::index_error("the graph has no such node");
}

void require_events(const SignalGraph& graph, const SignalColumns& events) {
    for (std::size_t at = 0; at < events.kind.size(); ++at) {
        const auto kind = static_cast<SignalEventKind>(events.kind[at]);
        if (kind > SignalEventKind::bar) throw nb::value_error("an event's kind is 0, 1, 2 or 3");
        if (kind < SignalEventKind::time) require_instrument(graph, events.instrument[at]);
    }
}

OutputMatrix make_matrix(std::size_t rows, std::size_t columns) {
    auto* values = new double[std::max<std::size_t>(1, rows * columns)];
    const nb::capsule owner(values, [](void* pointer) noexcept { delete[] static_cast<double*>(pointer); });
    return OutputMatrix(values, {rows, columns}, owner);
}

OutputMatrix run(SignalGraph& graph, const TimeArray& at_ns, const IndexArray& instrument, const KindArray& kind,
                 const InputArray& bid, const InputArray& ask, const InputArray& bid_size, const InputArray& ask_size,
                 const std::vector<std::uint32_t>& outputs) {
    const std::size_t size = at_ns.shape(0);
    require_size("instrument", instrument, "at_ns", size);
    require_size("kind", kind, "at_ns", size);
    require_size("bid", bid, "at_ns", size);
    require_size("ask", ask, "at_ns", size);
    require_size("bid_size", bid_size, "at_ns", size);
    require_size("ask_size", ask_size, "at_ns", size);
    require_nodes(graph, outputs);
    const SignalColumns events{{at_ns.data(), size}, {instrument.data(), size}, {kind.data(), size},
                               {bid.data(), size},   {ask.data(), size},        {bid_size.data(), size},
                               {ask_size.data(), size}};
    require_events(graph, events);
    OutputMatrix rows = make_matrix(size, outputs.size());
    bindings::without_gil(size, [&] { run_batch(graph, events, outputs, rows.data()); });
    return rows;
}

OutputMatrix run_rows(SignalGraph& graph, const TimeArray& at_ns, const Matrix& prices,
                      const std::vector<std::uint32_t>& outputs) {
    const std::size_t size = at_ns.shape(0);
    require_size("prices", prices, "at_ns", size);
    require_nodes(graph, outputs);
    if (prices.shape(1) != graph.instruments()) throw nb::value_error("prices need one column per instrument");
    OutputMatrix rows = make_matrix(size, outputs.size());
    bindings::without_gil(size * prices.shape(1), [&] {
        run_bars(graph, {at_ns.data(), size}, prices.data(), outputs, rows.data());
    });
    return rows;
}

void on_quote(SignalGraph& graph, TimeNs at_ns, std::uint32_t instrument, double bid, double ask, double bid_size,
              double ask_size) {
    require_instrument(graph, instrument);
    graph.on_quote(at_ns, instrument, {bid, ask, bid_size, ask_size});
}

void on_trade(SignalGraph& graph, TimeNs at_ns, std::uint32_t instrument, double price, double size, bool is_buyer) {
    require_instrument(graph, instrument);
    graph.on_trade(at_ns, instrument, price, size, is_buyer ? Side::buy : Side::sell);
}

double value(const SignalGraph& graph, std::uint32_t node) {
    require_nodes(graph, {node});
    return graph.value(node);
}

}  // namespace

void bind_signals(nb::module_& module) {
    bindings::bind_signal_errors(module);
    nb::class_<SignalGraph>(module, "SignalGraph",
                            "A compiled graph of signals; built by strategies.signals.Graph. Values are float; NaN: no "
                            "value. Times are UTC nanoseconds and only go forward.")
        .def("__init__", &compile, "nodes"_a, "instruments"_a,
             "Nodes as (op, inputs, instrument, a, b, window, is_timed, has_clock, is_watched, samples_max, "
             "samples_min). Raises SignalGraphRefused.")
        .def("on_quote", &on_quote, "at_ns"_a, "instrument"_a, "bid"_a, "ask"_a, "bid_size"_a, "ask_size"_a,
             "The best quote of an instrument: prices (NaN: that side is empty) and sizes in the caller's units. Evaluates "
             "what depends on it. Raises IndexError for an unknown instrument.")
        .def("on_trade", &on_trade, "at_ns"_a, "instrument"_a, "price"_a, "size"_a, "is_buyer"_a,
             "A trade; is_buyer: whether the aggressor bought. Raises IndexError for an unknown instrument.")
        .def("on_time", &SignalGraph::on_time, "at_ns"_a, "Runs the timers that are due.")
        .def("on_bar", &SignalGraph::on_bar, "at_ns"_a, "Every price of a bar is in: the bar sources tick.")
        .def("value", &value, "node"_a,
             "Of the node at that place of the list; NaN: no value. Raises IndexError for an unknown node.")
        .def("fired", [](const SignalGraph& graph) {
            return std::vector<std::uint32_t>(graph.fired().begin(), graph.fired().end());
        }, "Watched nodes that ticked during the last event.")
        .def("run", &run, "at_ns"_a, "instrument"_a, "kind"_a, "bid"_a, "ask"_a, "bid_size"_a, "ask_size"_a,
             "outputs"_a,
             "Feeds columns of events (kind 0 quote, 1 trade, 2 time, 3 end of a bar) and returns one row of the outputs after each. A "
             "trade has its price in bid, its size in bid_size, and ask_size above 0 for a buyer. Releases the GIL.")
        .def("run_bars", &run_rows, "at_ns"_a, "prices"_a, "outputs"_a,
             "One row of prices per time, one column per instrument; NaN is a gap. Returns one row of the outputs after "
             "each. Releases the GIL.")
        .def("state_hash", [](const SignalGraph& graph) {
            char text[17];
            std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(graph.state_hash()));
            return std::string(text);
        }, "FNV-1a over every value, window and state, 16 hexadecimal digits.")
        .def_prop_ro("evaluations", &SignalGraph::evaluations, "Nodes evaluated since the start.")
        .def_prop_ro("overruns", &SignalGraph::overruns, "Samples that timed windows lost for want of room.")
        .def_prop_ro("instruments", &SignalGraph::instruments, "Instruments that events may name: 0 up to this.")
        .def("__len__", &SignalGraph::size, "Number of nodes.");
}
