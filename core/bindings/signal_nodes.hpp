#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "parley/pairs.hpp"
#include "parley/signal_graph.hpp"

namespace parley::bindings {

/// (op, inputs, instrument, a, b, window, is_timed, has_clock, is_watched, samples_max, samples_min)
using NodeTuple = std::tuple<std::string, std::vector<std::uint32_t>, std::uint32_t, double, double, std::int64_t, bool,
                             bool, bool, std::uint32_t, std::uint32_t>;
/// (first, second, first_lots, second_lots, entry, exit, stop, timeout_ns, node of the z-score)
using TermsTuple = std::tuple<std::uint32_t, std::uint32_t, std::int64_t, std::int64_t, double, double, double,
                              std::int64_t, std::uint32_t>;

/// Throws nb::value_error for an operation that there is not.
[[nodiscard]] std::vector<SignalNode> to_nodes(const std::vector<NodeTuple>& tuples);
[[nodiscard]] PairTerms to_terms(const TermsTuple& fields);

}  // namespace parley::bindings
