#include <cmath>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "parley/signal_graph.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

SignalNode node(SignalOp op, std::vector<std::uint32_t> inputs, std::int64_t window = 0, double a = 0.0) {
    SignalNode made;
    made.op = op;
    made.inputs = std::move(inputs);
    made.window = window;
    made.a = a;
    return made;
}

/// For each pair of neighbors: mid, log, spread, z-score, threshold, flow over a second, extremes.
std::vector<SignalNode> pairs_of(std::uint32_t instruments) {
    std::vector<SignalNode> nodes;
    for (std::uint32_t at = 0; at < instruments; ++at) {
        nodes.push_back(node(SignalOp::mid, {}));
        nodes.back().instrument = at;
        nodes.push_back(node(SignalOp::log, {at * 2}));
    }
    for (std::uint32_t at = 0; at + 1 < instruments; ++at) {
        const auto first = static_cast<std::uint32_t>(nodes.size());
        nodes.push_back(node(SignalOp::spread, {at * 2 + 1, at * 2 + 3}, 0, 0.9));
        nodes.push_back(node(SignalOp::zscore, {first}, 50));
        nodes.back().is_watched = true;
        nodes.push_back(node(SignalOp::above, {first + 1}, 0, 2.0));
        nodes.push_back(node(SignalOp::sum, {first}, 1'000'000'000));
        nodes.back().is_timed = true;
        nodes.back().samples_max = 256;
        nodes.push_back(node(SignalOp::maximum, {first}, 30));
        nodes.push_back(node(SignalOp::lag, {first}, 10));
        nodes.push_back(node(SignalOp::ewma, {first}, 0, 0.1));
    }
    return nodes;
}

void feed(SignalGraph& graph, std::uint64_t seed, int events) {
    std::uint64_t state = seed;
    TimeNs now_ns = 0;
    for (int at = 0; at < events; ++at) {
        now_ns += static_cast<TimeNs>(next(state) % 20'000'000);
        const auto instrument = static_cast<std::uint32_t>(next(state) % graph.instruments());
        const double bid = 100.0 + static_cast<double>(next(state) % 100) * 0.01;
        graph.on_quote(now_ns, instrument, {bid, bid + 0.01, 5.0, 7.0});
    }
}

}  // namespace

TEST(signal_graph_allocates_nothing_once_compiled) {
    SignalGraph graph;
    CHECK(!graph.compile(pairs_of(40), 40));
    const std::uint64_t before = check::allocations();
    feed(graph, 1, 50'000);
    CHECK(check::allocations() == before);
    CHECK(before > 0);
    CHECK(graph.evaluations() > 400'000);
}

TEST(signal_graph_replays_bit_for_bit_and_moves_with_its_windows) {
    SignalGraph first;
    SignalGraph second;
    CHECK(!first.compile(pairs_of(10), 10));
    CHECK(!second.compile(pairs_of(10), 10));
    feed(first, 3, 5'000);
    SignalGraph moved = std::move(second);
    feed(moved, 3, 5'000);
    CHECK(first.state_hash() == moved.state_hash());
    feed(moved, 4, 1);
    CHECK(first.state_hash() != moved.state_hash());
}

TEST(signal_graph_evaluates_in_topological_order_whatever_the_order_of_the_list) {
    std::vector<SignalNode> nodes{node(SignalOp::subtract, {2, 1}), node(SignalOp::log, {2}), node(SignalOp::mid, {})};
    SignalGraph graph;
    CHECK(!graph.compile(nodes, 1));
    graph.on_quote(1, 0, {2.0, 4.0, 1.0, 1.0});
    CHECK(graph.value(0) == 3.0 - std::log(3.0));
}

TEST(signal_graph_that_is_refused_stays_empty_and_can_be_compiled_after_all) {
    std::vector<SignalNode> nodes{node(SignalOp::mid, {}), node(SignalOp::add, {0, 2}), node(SignalOp::log, {1})};
    SignalGraph graph;
    CHECK(graph.compile(nodes, 1).fault == SignalFault::cycle);
    CHECK(graph.size() == 0);
    nodes[1].inputs[1] = 0;
    CHECK(!graph.compile(nodes, 1));
    nodes[1].inputs[1] = 3;
    SignalGraph other;
    CHECK(other.compile(nodes, 1).fault == SignalFault::unknown_input);
    nodes[1].inputs = {0};
    CHECK(other.compile(nodes, 1).fault == SignalFault::wrong_inputs);
    nodes[0].instrument = 1;
    nodes[1].inputs = {0, 0};
    CHECK(other.compile(nodes, 1).fault == SignalFault::unknown_instrument);
}

TEST(moments_forget_a_spike) {
    double values[8];
    SampleWindow window(values, nullptr, 8, 0);
    Moments moments;
    for (int at = 0; at < 40; ++at) {
        const double x = at == 20 ? 1e12 : 1.0 + 1e-6 * (at % 2);
        double old = 0.0;
        bool is_replaced = false;
        window.push(0, x, [&](double evicted) { old = evicted; is_replaced = true; });
        is_replaced ? moments.replace(old, x) : moments.add(x);
        if (moments.is_worn()) moments.rebuild(window);
    }
    CHECK(std::abs(moments.variance() * 3.5 / 1e-12 - 1.0) < 1e-6);
}
