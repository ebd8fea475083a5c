#pragma once

#include <cstdint>

/// Journals that many random inputs in a folder of the disk, with restarts that are no stops in between, and rebuilds
/// the state from the first record and from the newest snapshot. False, and what differs is printed, where either has
/// another hash than an engine that was given the same inputs without a journal.
[[nodiscard]] bool replay_long(std::uint64_t seed, std::int64_t inputs);
