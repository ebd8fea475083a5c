#pragma once

#include <cstdint>

namespace check {

/// Calls of operator new since the program started, of all threads.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace check
