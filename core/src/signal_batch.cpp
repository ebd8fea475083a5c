#include "parley/signal_batch.hpp"

namespace parley {
namespace {

double* write_row(const SignalGraph& graph, std::span<const std::uint32_t> outputs, double* row) noexcept {
    for (const std::uint32_t output : outputs) *row++ = graph.value(output);
    return row;
}

}  // namespace

void run_batch(SignalGraph& graph, const SignalColumns& events, std::span<const std::uint32_t> outputs,
               double* rows) noexcept {
    for (std::size_t at = 0; at < events.at_ns.size(); ++at) {
        const TimeNs now_ns = events.at_ns[at];
        switch (static_cast<SignalEventKind>(events.kind[at])) {
            case SignalEventKind::quote:
                graph.on_quote(now_ns, events.instrument[at],
                               {events.bid[at], events.ask[at], events.bid_size[at], events.ask_size[at]});
                break;
            case SignalEventKind::trade:
                graph.on_trade(now_ns, events.instrument[at], events.bid[at], events.bid_size[at],
                               events.ask_size[at] > 0.0 ? Side::buy : Side::sell);
                break;
            case SignalEventKind::time: graph.on_time(now_ns); break;
            case SignalEventKind::bar: graph.on_bar(now_ns); break;
        }
        rows = write_row(graph, outputs, rows);
    }
}

void run_bars(SignalGraph& graph, std::span<const std::int64_t> at_ns, const double* prices,
              std::span<const std::uint32_t> outputs, double* rows) noexcept {
    for (const TimeNs now_ns : at_ns) {
        for (std::uint32_t instrument = 0; instrument < graph.instruments(); ++instrument) {
            const double price = *prices++;
            if (std::isfinite(price)) graph.on_quote(now_ns, instrument, {price, price, 1.0, 1.0});
        }
        graph.on_bar(now_ns);
        rows = write_row(graph, outputs, rows);
    }
}

}  // namespace parley
