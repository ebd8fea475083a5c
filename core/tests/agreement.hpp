#pragma once

#include <cstdint>

/// Feeds the same random commands to the engine and to the reference book and compares what both say, event by event.
/// False, and the first difference is printed, where they do not agree.
[[nodiscard]] bool agree(std::uint64_t seed, std::int64_t commands, std::int64_t& events);
