#include <nanobind/nanobind.h>

void bind_pricing(nanobind::module_&) {}
