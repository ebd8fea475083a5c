#pragma once

#include <nanobind/nanobind.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "parley/hot_facts.hpp"

namespace parley::bindings {

struct HotPathRefused : std::invalid_argument {
    HotPathRefused(std::string which, std::string why)
        : std::invalid_argument(which + ": " + why), reason(std::move(which)), detail(std::move(why)) {}
    std::string reason;
    std::string detail;
};

void bind_hot_errors(nanobind::module_& module);

/// A fact as Python has it, and back. Throws nb::value_error for what no fact is.
[[nodiscard]] nanobind::tuple to_tuple(const HotFact& fact);
[[nodiscard]] HotFact to_fact(const nanobind::tuple& fields);

}  // namespace parley::bindings
