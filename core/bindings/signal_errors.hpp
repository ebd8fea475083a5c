#pragma once

#include <nanobind/nanobind.h>

#include <stdexcept>
#include <string>

#include "parley/signal_graph.hpp"

namespace parley::bindings {

struct SignalGraphRefused : std::invalid_argument {
    explicit SignalGraphRefused(const SignalRefusal& why)
        : std::invalid_argument(std::string(to_text(why.fault)) + ": node " + std::to_string(why.node) + ", value " +
                                std::to_string(why.value) + ", bound " + std::to_string(why.bound)),
          refusal(why) {}
    SignalRefusal refusal;
};

void bind_signal_errors(nanobind::module_& module);

}  // namespace parley::bindings
