#pragma once

#include <cstdint>
#include <span>

#include "parley/signal_graph.hpp"

namespace parley {

enum class SignalEventKind : std::uint8_t { quote, trade, time, bar };

/// Events as columns of one length. A quote reads bid, ask and both sizes; a trade reads its price in `bid`, its size
/// in `bid_size` and the aggressor in `ask_size`: above zero, a buyer.
struct SignalColumns {
    std::span<const std::int64_t> at_ns;
    std::span<const std::uint32_t> instrument;
    std::span<const std::uint8_t> kind;
    std::span<const double> bid;
    std::span<const double> ask;
    std::span<const double> bid_size;
    std::span<const double> ask_size;
};

/// Feeds every event; after each, the values of the nodes `outputs` become one row of `rows`.
void run_batch(SignalGraph& graph, const SignalColumns& events, std::span<const std::uint32_t> outputs,
               double* rows) noexcept;

/// One price per instrument and time, row by row: each finite price is a quote of one price on both sides, and
/// the bar ends with the row. After each row, the values of `outputs` become one row of `rows`.
void run_bars(SignalGraph& graph, std::span<const std::int64_t> at_ns, const double* prices,
              std::span<const std::uint32_t> outputs, double* rows) noexcept;

}  // namespace parley
