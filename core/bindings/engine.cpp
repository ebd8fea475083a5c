#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_engine(nb::module_& module) { module.attr("__version__") = "0.1.0"; }
