#pragma once

#include <nanobind/nanobind.h>

void bind_venue_feed(nanobind::module_& module);
void bind_venue_feed_bench(nanobind::module_& module);
