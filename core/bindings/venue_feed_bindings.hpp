#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <string>

#include "parley/decimal_ticks.hpp"
#include "parley/feed_update.hpp"

void bind_venue_feed(nanobind::module_& module);
void bind_frame_refused(nanobind::module_& module);
void bind_tardis_csv(nanobind::module_& module);
void bind_venue_feed_bench(nanobind::module_& module);

namespace parley::bindings {

/// Raises ValueError where `text` is not a positive decimal; `name` says whose.
[[nodiscard]] DecimalScale to_scale(const char* name, const std::string& text);
[[noreturn]] void raise_refused(FeedError error, std::size_t offset);

}  // namespace parley::bindings
