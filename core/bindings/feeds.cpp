#include "feeds.hpp"

void bind_feeds(nanobind::module_& module) { bind_itch(module); }
