// Random graphs, most of them refused, and random events for those that compile.

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "parley/signal_graph.hpp"

namespace {

using namespace parley;

constexpr std::size_t kNodesMax = 64;
constexpr std::uint32_t kInstruments = 4;

/// Takes values off the front of the fuzzer's bytes; zeros when they are used up.
class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
    template <typename Value>
    Value take() {
        Value value{};
        const std::size_t size = std::min(sizeof value, rest_.size());
        if (size > 0) std::memcpy(&value, rest_.data(), size);
        rest_ = rest_.subspan(size);
        return value;
    }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
    std::span<const std::uint8_t> rest_;
};

SignalNode take_node(Bytes& bytes, std::size_t count) {
    SignalNode node;
    node.op = static_cast<SignalOp>(bytes.take<std::uint8_t>() % (static_cast<int>(SignalOp::when) + 1));
    const auto flags = bytes.take<std::uint8_t>();
    node.is_timed = (flags & 1) != 0;
    node.has_clock = (flags & 2) != 0;
    node.is_watched = (flags & 4) != 0;
    for (int input = flags >> 5; input > 0; --input) {
        node.inputs.push_back(static_cast<std::uint32_t>(bytes.take<std::uint8_t>() % (count + 1)));
    }
    node.instrument = bytes.take<std::uint8_t>() % (kInstruments + 1);
    node.window = (flags & 8) != 0 ? bytes.take<std::int64_t>() : bytes.take<std::int8_t>();
    node.a = (flags & 16) != 0 ? bytes.take<double>() : 0.5;
    node.b = (flags & 16) != 0 ? bytes.take<double>() : 0.25;
    node.samples_max = bytes.take<std::uint8_t>();
    node.samples_min = bytes.take<std::uint8_t>() % 8;
    return node;
}

void take_event(Bytes& bytes, SignalGraph& graph) {
    const auto kind = bytes.take<std::uint8_t>();
    const TimeNs now_ns = (kind & 4) != 0 ? bytes.take<std::int64_t>() : bytes.take<std::int32_t>();
    const auto instrument = static_cast<std::uint32_t>(kind >> 4) % kInstruments;
    if (kind % 16 == 0) {
        graph.on_bar(now_ns);
    } else if (kind % 4 == 0) {
        graph.on_time(now_ns);
    } else if (kind % 4 == 1) {
        const auto price = bytes.take<double>();
        graph.on_trade(now_ns, instrument, price, bytes.take<float>(), (kind & 8) != 0 ? Side::buy : Side::sell);
    } else {
        const auto bid = bytes.take<double>();
        const auto ask = bytes.take<double>();
        graph.on_quote(now_ns, instrument, {bid, ask, bytes.take<float>(), bytes.take<float>()});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes({data, size});
    const std::size_t count = bytes.take<std::uint8_t>() % kNodesMax;
    std::vector<SignalNode> nodes;
    for (std::size_t at = 0; at < count; ++at) nodes.push_back(take_node(bytes, count));
    SignalGraph graph;
    if (graph.compile(nodes, kInstruments)) return 0;
    while (!bytes.empty()) {
        take_event(bytes, graph);
        for (const std::uint32_t fired : graph.fired()) {
            if (fired >= graph.size()) __builtin_trap();
        }
    }
    static_cast<void>(graph.state_hash());
    return 0;
}
