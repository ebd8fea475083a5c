#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/rolling.hpp"
#include "parley/units.hpp"

namespace parley {

inline constexpr std::size_t kSignalNodesMax = 65'536;
inline constexpr std::size_t kSignalInputsMax = 4;
inline constexpr std::uint32_t kSignalInstrumentsMax = 65'536;
inline constexpr std::int64_t kWindowSamplesMax = 1 << 20;
/// Later times count as this one: far enough to add a window to it.
inline constexpr TimeNs kSignalTimeNsMax = TimeNs{1} << 62;
inline constexpr TimeNs kWindowNsMax = 7LL * 86'400 * 1'000'000'000;
/// Samples of all windows of a graph, and nodes of all its fan-out lists.
inline constexpr std::size_t kGraphSamplesMax = 1 << 24;
inline constexpr std::size_t kGraphFanOutMax = 1 << 24;

/// What a node computes; formulas and sources stand in docs/signals.md.
enum class SignalOp : std::uint8_t {
    // sources: of an instrument's quotes, of its trades, of the time, of the end of a bar, of nothing
    bid, ask, bid_size, ask_size, mid, micro_price, book_imbalance, order_flow,
    last_price, last_size, signed_size,
    timer, bar, constant,
    // arithmetic
    log, exp, abs, negate, square, sqrt, affine, add, subtract, multiply, ratio, spread,
    // logic: 1, 0, or no value
    greater, above, crosses_above, all_of, any_of, invert, latch, cooldown,
    // windows and sampling
    sum, mean, variance, deviation, zscore, minimum, maximum, lag, ewma, changes, sample, when,
};
[[nodiscard]] std::string_view to_text(SignalOp op) noexcept;
/// False for a name that no operation has.
[[nodiscard]] bool parse(std::string_view text, SignalOp& op) noexcept;

/// A node as it is configured. Inputs are places in the list of nodes, in any order.
struct SignalNode {
    SignalOp op{};
    std::vector<std::uint32_t> inputs;
    std::uint32_t instrument = 0;    ///< of a source
    double a = 0.0;                  ///< constant; factor; hedge; level that switches on
    double b = 0.0;                  ///< offset; level that switches off
    std::int64_t window = 0;         ///< samples, or nanoseconds where is_timed
    bool is_timed = false;
    bool has_clock = false;          ///< the last input only tells the time to look again
    bool is_watched = false;         ///< reported by fired() whenever it ticks
    std::uint32_t samples_max = 0;   ///< room of a timed window
    std::uint32_t samples_min = 1;   ///< fewer samples give no value
};

enum class SignalFault : std::uint8_t {
    none, no_nodes, too_many_nodes, too_many_instruments, wrong_inputs, unknown_input, unknown_instrument, cycle,
    window_out_of_range, parameter_out_of_range, too_many_samples, too_much_fan_out,
};
[[nodiscard]] std::string_view to_text(SignalFault fault) noexcept;

/// Why a graph cannot be compiled: the node, what was compared.
struct SignalRefusal {
    SignalFault fault = SignalFault::none;
    std::uint32_t node = 0;
    std::int64_t value = 0;
    std::int64_t bound = 0;
    [[nodiscard]] explicit operator bool() const noexcept { return fault != SignalFault::none; }
};

/// Best of both sides; a side that is empty has no price (NaN) and size 0. Units are the caller's.
struct TopOfBook {
    double bid = kNoValue;
    double ask = kNoValue;
    double bid_size = 0.0;
    double ask_size = 0.0;
};

/// Signals as a graph in topological order in flat memory. An event evaluates only what can depend on it and only
/// where an input ticked; nothing is allocated after compile(). Time is an input: the same events give the same
/// values bit for bit.
class SignalGraph {
public:
    SignalGraph() = default;
    SignalGraph(const SignalGraph&) = delete;
    SignalGraph& operator=(const SignalGraph&) = delete;
    SignalGraph(SignalGraph&&) = default;
    SignalGraph& operator=(SignalGraph&&) = default;

    /// Once, on an empty graph. A refused graph stays empty.
    [[nodiscard]] SignalRefusal compile(std::span<const SignalNode> nodes, std::uint32_t instruments);

    /// An event that comes with an earlier time than the last one counts as of the last one.
    void on_quote(TimeNs now_ns, std::uint32_t instrument, const TopOfBook& top) noexcept;
    void on_trade(TimeNs now_ns, std::uint32_t instrument, double price, double size, Side aggressor) noexcept;
    void on_time(TimeNs now_ns) noexcept;
    /// Every price of a bar is in: the bar sources tick.
    void on_bar(TimeNs now_ns) noexcept;
    /// Brings into the cache what a quote of the instrument will touch.
    void prefetch(std::uint32_t instrument) const noexcept;

    /// Of the node at `index` of the list that was compiled; NaN: no value.
    [[nodiscard]] double value(std::uint32_t index) const noexcept { return values_[place_[index]]; }
    /// Watched nodes that ticked during the last event, as indices of the list that was compiled. A node that ticked
    /// both with a timer and with the event stands here twice.
    [[nodiscard]] std::span<const std::uint32_t> fired() const noexcept { return {fired_.data(), fired_count_}; }
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] std::uint32_t instruments() const noexcept { return static_cast<std::uint32_t>(tops_.size()); }
    /// Nodes that were evaluated since the start.
    [[nodiscard]] std::uint64_t evaluations() const noexcept { return evaluations_; }
    /// Samples that timed windows lost for want of room.
    [[nodiscard]] std::uint64_t overruns() const noexcept;
    /// FNV-1a over every value, window and state.
    [[nodiscard]] std::uint64_t state_hash() const noexcept;

private:
    struct alignas(64) Node {  // one line of the cache
        SignalOp op{};
        std::uint8_t input_count = 0;
        bool has_clock = false;
        bool is_watched = false;
        std::uint32_t inputs[kSignalInputsMax] = {};
        std::uint32_t instrument = 0;
        std::uint32_t state = 0;  ///< place in the states of its kind
        std::uint32_t samples_min = 1;
        double a = 0.0;
        double b = 0.0;
        std::int64_t window = 0;
    };
    struct alignas(64) Rolling {
        SampleWindow samples;
        Moments moments;
        CompensatedSum sum;
        std::int64_t pushed = 0;
    };
    struct Memory {
        double value = kNoValue;
        TimeNs at_ns = 0;
        bool is_on = false;
        bool is_known = false;
    };
    struct Top : TopOfBook {
        double order_flow = kNoValue;
        double last_price = kNoValue;
        double last_size = kNoValue;
        double signed_size = kNoValue;
    };
    /// Lists of nodes, one behind the other.
    struct FanOut {
        std::vector<std::uint32_t> nodes;
        std::vector<std::uint32_t> ends;
        [[nodiscard]] std::span<const std::uint32_t> operator[](std::size_t list) const noexcept {
            const std::uint32_t begin = list == 0 ? 0 : ends[list - 1];
            return {nodes.data() + begin, nodes.data() + ends[list]};
        }
    };
    struct Timer {
        std::int64_t period_ns;
        TimeNs due_ns;
        std::uint32_t node;
    };

    // signal_compile.cpp
    [[nodiscard]] SignalRefusal order(std::span<const SignalNode> nodes, std::vector<std::uint32_t>& sorted) const;
    void place_nodes(std::span<const SignalNode> nodes, std::span<const std::uint32_t> sorted);
    void place_states(std::span<const SignalNode> nodes, std::span<const std::uint32_t> sorted);
    [[nodiscard]] SignalRefusal list_fan_out();
    void list_windows();
    void append_closure(std::span<const std::uint32_t> sources,
                        std::span<const std::vector<std::uint32_t>> readers, std::vector<std::uint8_t>& is_reached);

    // signal_graph.cpp
    void begin(TimeNs now_ns) noexcept;
    void run_timers() noexcept;
    void propagate(std::span<const std::uint32_t> touched) noexcept;
    [[nodiscard]] bool ticked(std::uint32_t node) const noexcept { return ticked_[node] == generation_; }
    [[nodiscard]] bool has_ticked_input(const Node& node) const noexcept;
    [[nodiscard]] double input(const Node& node, std::size_t at) const noexcept { return values_[node.inputs[at]]; }
    [[nodiscard]] double evaluate(const Node& node, bool& ticks) noexcept;
    [[nodiscard]] double source(const Node& node) const noexcept;
    [[nodiscard]] double logic(const Node& node) noexcept;
    [[nodiscard]] double memory(const Node& node, bool& ticks) noexcept;
    [[nodiscard]] double zscore(const Node& node) noexcept;
    [[nodiscard]] double rolling(const Node& node) noexcept;
    void slide(const Node& node, Rolling& state) noexcept;
    [[nodiscard]] double extreme(const Node& node, Rolling& state) noexcept;
    [[nodiscard]] double lag(const Node& node, Rolling& state) noexcept;
    [[nodiscard]] double moments(const Node& node, const Rolling& state) const noexcept;
    [[nodiscard]] double ewma(const Node& node, Memory& state) const noexcept;

    std::vector<Node> nodes_;              // in topological order
    std::vector<double> values_;           // beside nodes_
    std::vector<std::uint64_t> ticked_;    // beside nodes_: generation of the last tick
    std::vector<std::uint32_t> place_;     // from the configured index
    std::vector<std::uint32_t> index_of_;  // back
    std::vector<Rolling> rollings_;
    std::vector<Memory> memories_;
    std::vector<double> samples_;
    std::vector<TimeNs> times_;
    std::vector<Top> tops_;
    FanOut quote_windows_;                 // places in rollings_ that quotes of each instrument move
    FanOut fan_out_;                       // quotes and trades of each instrument, each timer, bars
    std::vector<Timer> timers_;
    std::vector<std::uint32_t> fired_;
    std::size_t fired_count_ = 0;
    std::uint64_t generation_ = 0;
    std::uint64_t evaluations_ = 0;
    TimeNs now_ns_ = 0;
    TimeNs timer_due_ns_ = std::numeric_limits<TimeNs>::max();
};

}  // namespace parley
