#pragma once

#include <cstdint>
#include <filesystem>

#include "parley/engine_service.hpp"

namespace parley::bench {

struct JournalLoad {
    std::uint64_t seed = 1;
    /// Of the mix LOB-1K: a move amends the price, a reduce the quantity, as in the engine's own rows.
    std::size_t commands = 1'000'000;
    /// Commands that are put in at once, as a reader of a socket does.
    std::size_t batch = 64;
    /// Offered per second; 0: as fast as they are taken.
    double rate = 0;
};

struct JournalResult {
    std::size_t commands = 0;
    double seconds = 0;  ///< wall time from the first command put in to the last acknowledged
    std::uint64_t bytes = 0;
    std::size_t groups = 0;  ///< times that acknowledgements came
    /// From when a command was due to when its acknowledgement could be read.
    std::int64_t p50_ns = 0;
    std::int64_t p99_ns = 0;
    std::int64_t p999_ns = 0;
    std::int64_t most_ns = 0;
    /// Processor time of the thread that puts in and of the one that drains.
    std::int64_t producer_cpu_ns = 0;
    std::int64_t consumer_cpu_ns = 0;
};

/// Through queue, journal, engine and event log of a service, with a thread that puts in and one that drains.
[[nodiscard]] JournalResult run_journal(EngineService& service, const JournalLoad& load);

struct FloorResult {
    double seconds = 0;
    std::int64_t p50_ns = 0;
    std::int64_t p99_ns = 0;
};

/// The unavoidable: as many bytes, written over zeros and synced with fdatasync, `group_bytes` at a time.
[[nodiscard]] FloorResult run_journal_floor(const std::filesystem::path& folder, std::uint64_t bytes,
                                            std::size_t group_bytes);

}  // namespace parley::bench
