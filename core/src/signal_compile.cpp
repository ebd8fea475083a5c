#include <algorithm>

#include "parley/signal_graph.hpp"

namespace parley {
namespace {

enum class StateKind : std::uint8_t { none, rolling, memory };

[[nodiscard]] bool is_between(SignalOp op, SignalOp first, SignalOp last) noexcept { return op >= first && op <= last; }
[[nodiscard]] bool is_quote_source(SignalOp op) noexcept { return is_between(op, SignalOp::bid, SignalOp::order_flow); }
[[nodiscard]] bool is_trade_source(SignalOp op) noexcept {
    return is_between(op, SignalOp::last_price, SignalOp::signed_size);
}
[[nodiscard]] bool is_window(SignalOp op) noexcept { return is_between(op, SignalOp::sum, SignalOp::lag); }
[[nodiscard]] bool is_extreme(SignalOp op) noexcept { return op == SignalOp::minimum || op == SignalOp::maximum; }

[[nodiscard]] StateKind state_kind(SignalOp op) noexcept {
    if (is_window(op)) return StateKind::rolling;
    const bool remembers = is_between(op, SignalOp::above, SignalOp::crosses_above) || op == SignalOp::latch ||
                           op == SignalOp::cooldown || is_between(op, SignalOp::ewma, SignalOp::sample);
    return remembers ? StateKind::memory : StateKind::none;
}

struct Arity {
    std::size_t least;
    std::size_t most;
};

[[nodiscard]] Arity arity(const SignalNode& node) noexcept {
    if (node.op <= SignalOp::constant) return {0, 0};
    if (node.op == SignalOp::all_of || node.op == SignalOp::any_of) return {1, kSignalInputsMax};
    const bool is_binary = is_between(node.op, SignalOp::add, SignalOp::greater) ||
                           node.op == SignalOp::crosses_above || node.op == SignalOp::latch || node.op == SignalOp::when;
    const std::size_t clock = node.has_clock ? 1 : 0;
    const std::size_t count = (is_binary ? 2 : 1) + clock;
    return {count, is_window(node.op) || clock == 0 ? count : 0};
}

[[nodiscard]] std::int64_t room(const SignalNode& node) noexcept {
    if (node.is_timed) return node.samples_max;
    return node.op == SignalOp::lag ? node.window + 1 : node.window;
}

[[nodiscard]] SignalRefusal check_window(const SignalNode& node, std::uint32_t at) noexcept {
    const bool has_period = node.op == SignalOp::timer || node.op == SignalOp::sample || node.op == SignalOp::cooldown;
    if (!has_period && !is_window(node.op)) return {};
    const std::int64_t most = has_period || node.is_timed ? kWindowNsMax : kWindowSamplesMax - 1;
    const bool needs_two = is_between(node.op, SignalOp::variance, SignalOp::zscore) && !node.is_timed;
    const std::int64_t least = needs_two ? 2 : 1;
    if (node.window < least) return {SignalFault::window_out_of_range, at, node.window, least};
    if (node.window > most) return {SignalFault::window_out_of_range, at, node.window, most};
    if (has_period) return {};
    if (room(node) < least || room(node) > kWindowSamplesMax) {
        return {SignalFault::window_out_of_range, at, room(node), kWindowSamplesMax};
    }
    if (node.samples_min > room(node)) {
        return {SignalFault::parameter_out_of_range, at, node.samples_min, room(node)};
    }
    return {};
}

[[nodiscard]] SignalRefusal check_parameters(const SignalNode& node, std::uint32_t at) noexcept {
    bool holds = std::isfinite(node.a) && std::isfinite(node.b);
    if (node.op == SignalOp::above) holds = holds && node.b <= node.a;
    if (node.op == SignalOp::ewma) holds = holds && node.a > 0.0 && (node.is_timed || node.a <= 1.0);
    return holds ? SignalRefusal{} : SignalRefusal{SignalFault::parameter_out_of_range, at, 0, 0};
}

[[nodiscard]] SignalRefusal check_node(const SignalNode& node, std::uint32_t at, std::size_t count,
                                       std::uint32_t instruments) noexcept {
    const auto [least, most] = arity(node);
    const std::size_t inputs = node.inputs.size();
    if (inputs < least || inputs > most) {
        return {SignalFault::wrong_inputs, at, static_cast<std::int64_t>(inputs), static_cast<std::int64_t>(least)};
    }
    for (const std::uint32_t input : node.inputs) {
        if (input >= count) return {SignalFault::unknown_input, at, input, static_cast<std::int64_t>(count)};
    }
    const bool has_instrument = is_quote_source(node.op) || is_trade_source(node.op);
    if (has_instrument && node.instrument >= instruments) {
        return {SignalFault::unknown_instrument, at, node.instrument, instruments};
    }
    if (const SignalRefusal refusal = check_window(node, at)) return refusal;
    return check_parameters(node, at);
}

[[nodiscard]] SignalRefusal check_samples(std::span<const SignalNode> nodes) noexcept {
    std::int64_t samples = 0;
    for (std::uint32_t at = 0; at < nodes.size(); ++at) {
        if (is_window(nodes[at].op)) samples += room(nodes[at]);
        if (samples > static_cast<std::int64_t>(kGraphSamplesMax)) {
            return {SignalFault::too_many_samples, at, samples, static_cast<std::int64_t>(kGraphSamplesMax)};
        }
    }
    return {};
}

[[nodiscard]] SignalRefusal check_size(std::size_t nodes, std::uint32_t instruments) noexcept {
    if (nodes == 0) return {SignalFault::no_nodes, 0, 0, 1};
    if (nodes > kSignalNodesMax) {
        return {SignalFault::too_many_nodes, 0, static_cast<std::int64_t>(nodes), std::int64_t{kSignalNodesMax}};
    }
    if (instruments > kSignalInstrumentsMax) {
        return {SignalFault::too_many_instruments, 0, instruments, kSignalInstrumentsMax};
    }
    return {};
}

/// Back along inputs that wait themselves: after as many steps as there are nodes, one stands on a cycle.
[[nodiscard]] std::uint32_t node_on_a_cycle(std::span<const SignalNode> nodes, std::span<const std::uint32_t> waits) {
    const auto stuck = std::find_if(waits.begin(), waits.end(), [](std::uint32_t count) { return count > 0; });
    auto at = static_cast<std::uint32_t>(stuck - waits.begin());
    for (std::size_t step = 0; step < nodes.size(); ++step) {
        const auto& inputs = nodes[at].inputs;
        at = *std::find_if(inputs.begin(), inputs.end(), [&](std::uint32_t input) { return waits[input] > 0; });
    }
    return at;
}

}  // namespace

SignalRefusal SignalGraph::compile(std::span<const SignalNode> nodes, std::uint32_t instruments) {
    assert(nodes_.empty());
    if (const SignalRefusal refusal = check_size(nodes.size(), instruments)) return refusal;
    for (std::uint32_t at = 0; at < nodes.size(); ++at) {
        if (const SignalRefusal refusal = check_node(nodes[at], at, nodes.size(), instruments)) return refusal;
    }
    if (const SignalRefusal refusal = check_samples(nodes)) return refusal;
    std::vector<std::uint32_t> sorted;
    if (const SignalRefusal refusal = order(nodes, sorted)) return refusal;
    tops_.resize(instruments);
    place_nodes(nodes, sorted);
    place_states(nodes, sorted);
    const SignalRefusal refusal = list_fan_out();
    if (refusal) *this = SignalGraph{};
    return refusal;
}

/// Kahn (1962): the order depends on nothing but the list.
SignalRefusal SignalGraph::order(std::span<const SignalNode> nodes, std::vector<std::uint32_t>& sorted) const {
    std::vector<std::uint32_t> waits(nodes.size());
    std::vector<std::vector<std::uint32_t>> readers(nodes.size());
    for (std::uint32_t at = 0; at < nodes.size(); ++at) {
        waits[at] = static_cast<std::uint32_t>(nodes[at].inputs.size());
        for (const std::uint32_t input : nodes[at].inputs) readers[input].push_back(at);
        if (waits[at] == 0) sorted.push_back(at);
    }
    for (std::size_t done = 0; done < sorted.size(); ++done) {
        for (const std::uint32_t reader : readers[sorted[done]]) {
            if (--waits[reader] == 0) sorted.push_back(reader);
        }
    }
    if (sorted.size() == nodes.size()) return {};
    return {SignalFault::cycle, node_on_a_cycle(nodes, waits), static_cast<std::int64_t>(nodes.size() - sorted.size()),
            0};
}

void SignalGraph::place_nodes(std::span<const SignalNode> nodes, std::span<const std::uint32_t> sorted) {
    nodes_.resize(nodes.size());
    values_.assign(nodes.size(), kNoValue);
    ticked_.assign(nodes.size(), 0);
    place_.resize(nodes.size());
    index_of_.assign(sorted.begin(), sorted.end());
    for (std::uint32_t at = 0; at < sorted.size(); ++at) place_[sorted[at]] = at;
    for (std::uint32_t at = 0; at < sorted.size(); ++at) {
        const SignalNode& from = nodes[sorted[at]];
        Node& node = nodes_[at];
        node.op = from.op;
        node.input_count = static_cast<std::uint8_t>(from.inputs.size());
        node.has_clock = from.has_clock;
        node.is_watched = from.is_watched;
        for (std::size_t i = 0; i < from.inputs.size(); ++i) node.inputs[i] = place_[from.inputs[i]];
        node.instrument = from.instrument;
        node.samples_min = from.samples_min;
        node.a = from.a;
        node.b = is_extreme(from.op) ? (from.is_timed ? 1.0 : 0.0) : from.b;
        node.window = from.op == SignalOp::ewma ? (from.is_timed ? 1 : 0) : from.window;
        if (from.op == SignalOp::constant) values_[at] = from.a;
        if (from.op == SignalOp::timer) timers_.push_back({from.window, std::numeric_limits<TimeNs>::min(), at});
    }
    if (!timers_.empty()) timer_due_ns_ = std::numeric_limits<TimeNs>::min();
}

void SignalGraph::place_states(std::span<const SignalNode> nodes, std::span<const std::uint32_t> sorted) {
    std::size_t samples = 0;
    for (const SignalNode& node : nodes) samples += is_window(node.op) ? static_cast<std::size_t>(room(node)) : 0;
    samples_.resize(samples);
    times_.resize(samples);
    samples = 0;
    for (std::uint32_t at = 0; at < sorted.size(); ++at) {
        const SignalNode& node = nodes[sorted[at]];
        const StateKind kind = state_kind(node.op);
        if (kind == StateKind::memory) {
            nodes_[at].state = static_cast<std::uint32_t>(memories_.size());
            memories_.emplace_back();
        } else if (kind == StateKind::rolling) {
            nodes_[at].state = static_cast<std::uint32_t>(rollings_.size());
            const auto capacity = static_cast<std::uint32_t>(room(node));
            const bool has_times = node.is_timed || is_extreme(node.op);
            Rolling& state = rollings_.emplace_back();
            state.samples = {samples_.data() + samples, has_times ? times_.data() + samples : nullptr, capacity,
                             node.window};
            samples += capacity;
        }
    }
}

SignalRefusal SignalGraph::list_fan_out() {
    std::vector<std::vector<std::uint32_t>> sources(tops_.size() * 2 + timers_.size() + 1);
    for (std::uint32_t at = 0; at < nodes_.size(); ++at) {
        const Node& node = nodes_[at];
        if (is_quote_source(node.op)) sources[std::size_t{node.instrument} * 2].push_back(at);
        if (node.op == SignalOp::bar) sources.back().push_back(at);
        if (is_trade_source(node.op)) sources[std::size_t{node.instrument} * 2 + 1].push_back(at);
    }
    for (std::size_t timer = 0; timer < timers_.size(); ++timer) {
        sources[tops_.size() * 2 + timer].push_back(timers_[timer].node);
    }
    std::vector<std::vector<std::uint32_t>> readers(nodes_.size());
    for (std::uint32_t at = 0; at < nodes_.size(); ++at) {
        for (std::size_t i = 0; i < nodes_[at].input_count; ++i) readers[nodes_[at].inputs[i]].push_back(at);
    }
    std::vector<std::uint8_t> is_reached(nodes_.size());
    std::size_t watched = 0;
    for (const auto& list : sources) {
        append_closure(list, readers, is_reached);
        if (fan_out_.nodes.size() > kGraphFanOutMax) {
            return {SignalFault::too_much_fan_out, list.empty() ? 0 : index_of_[list[0]],
                    static_cast<std::int64_t>(fan_out_.nodes.size()), static_cast<std::int64_t>(kGraphFanOutMax)};
        }
        for (const std::uint32_t at : fan_out_[fan_out_.ends.size() - 1]) watched += nodes_[at].is_watched ? 1 : 0;
    }
    fired_.resize(watched);
    list_windows();
    return {};
}

void SignalGraph::list_windows() {
    for (std::size_t instrument = 0; instrument < tops_.size(); ++instrument) {
        for (const std::uint32_t at : fan_out_[instrument * 2]) {
            if (state_kind(nodes_[at].op) == StateKind::rolling) quote_windows_.nodes.push_back(nodes_[at].state);
        }
        quote_windows_.ends.push_back(static_cast<std::uint32_t>(quote_windows_.nodes.size()));
    }
}

/// Everything that depends on `sources`, in topological order.
void SignalGraph::append_closure(std::span<const std::uint32_t> sources,
                                 std::span<const std::vector<std::uint32_t>> readers,
                                 std::vector<std::uint8_t>& is_reached) {
    auto& list = fan_out_.nodes;
    const std::size_t begin = list.size();
    const auto reach = [&](std::uint32_t at) {
        if (is_reached[at] == 0) list.push_back(at);
        is_reached[at] = 1;
    };
    std::for_each(sources.begin(), sources.end(), reach);
    for (std::size_t done = begin; done < list.size(); ++done) {
        const std::uint32_t at = list[done];
        std::for_each(readers[at].begin(), readers[at].end(), reach);
    }
    std::sort(list.begin() + static_cast<std::ptrdiff_t>(begin), list.end());
    for (std::size_t done = begin; done < list.size(); ++done) is_reached[list[done]] = 0;
    fan_out_.ends.push_back(static_cast<std::uint32_t>(list.size()));
}

}  // namespace parley
