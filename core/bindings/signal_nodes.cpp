#include "signal_nodes.hpp"

namespace parley::bindings {
namespace {

SignalNode to_node(const NodeTuple& fields) {
    SignalNode node;
    const auto& [op, inputs, instrument, a, b, window, is_timed, has_clock, is_watched, samples_max, samples_min] =
        fields;
    if (!parse(op, node.op)) throw nanobind::value_error(("unknown operation: " + op).c_str());
    node.inputs = inputs;
    node.instrument = instrument;
    node.a = a;
    node.b = b;
    node.window = window;
    node.is_timed = is_timed;
    node.has_clock = has_clock;
    node.is_watched = is_watched;
    node.samples_max = samples_max;
    node.samples_min = samples_min;
    return node;
}

}  // namespace

std::vector<SignalNode> to_nodes(const std::vector<NodeTuple>& tuples) {
    std::vector<SignalNode> nodes;
    nodes.reserve(tuples.size());
    for (const NodeTuple& fields : tuples) nodes.push_back(to_node(fields));
    return nodes;
}

PairTerms to_terms(const TermsTuple& fields) {
    PairTerms terms;
    std::uint32_t node = 0;
    std::tie(terms.first, terms.second, terms.first_lots.value, terms.second_lots.value, terms.entry, terms.exit,
             terms.stop, terms.timeout_ns, node) = fields;
    return terms;
}

}  // namespace parley::bindings
