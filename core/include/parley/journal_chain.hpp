#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "parley/storage.hpp"

namespace parley {

/// Epoch of what was written in format 1. Every opening for writing claims the next one.
inline constexpr std::uint64_t kFormat1Epoch = 0;
inline constexpr std::uint64_t kNoSeal = std::numeric_limits<std::uint64_t>::max();

[[nodiscard]] std::string segment_name(std::uint64_t epoch, std::uint64_t index);
/// A file whose existence says that the epoch is taken.
[[nodiscard]] std::string claim_name(std::uint64_t epoch);
/// A file with the last sequence that the epoch knows to be on disk. It may lag, never lead.
[[nodiscard]] std::string mark_name(std::uint64_t epoch);
/// The epoch's next segment while it is filled with zeros. Named by its epoch: what a writer that slept does to it must not
/// touch the one of who took over.
[[nodiscard]] std::string prepared_name(std::uint64_t epoch);

struct Segment {
    std::string name;
    std::uint64_t epoch = 0;
    std::uint64_t index = 0;
    /// 0: unknown, because its header is broken.
    std::uint64_t first_sequence = 0;
    bool has_header = true;
    /// The last sequence that counts: a later epoch began after it, whatever stands behind it in the file.
    std::uint64_t seal = kNoSeal;
    std::size_t header_bytes = 0;
};

/// The segments that make up the journal, in order. An epoch names the one before it and seals it where it begins; what
/// a gateway writes that does not know yet that another took over lies behind a seal, or in an epoch that is not in the
/// chain.
struct Chain {
    std::vector<Segment> segments;
    /// Files that are no part of it.
    std::vector<std::string> strays;
    /// The newest epoch that began to write, its first sequence, and the last sequence of each epoch.
    std::uint64_t epoch = 0;
    std::uint64_t epoch_first_sequence = 1;
    /// The epoch that the newest one names as the one before it.
    std::uint64_t previous_epoch = kFormat1Epoch;
    std::map<std::uint64_t, std::uint64_t> seals;
    std::uint64_t newest_claim = 0;

    /// Whether a state that `of_epoch` wrote after `sequence` is a state of this journal.
    [[nodiscard]] bool holds(std::uint64_t of_epoch, std::uint64_t sequence) const {
        const auto found = seals.find(of_epoch);
        return found != seals.end() && sequence <= found->second;
    }
};

/// Whether a snapshot that the epoch wrote is there, whole or not.
[[nodiscard]] bool has_snapshot_of(const Storage& storage, std::uint64_t epoch);

/// Reads names and headers; no record is verified. Throws std::system_error.
[[nodiscard]] Chain read_chain(const Storage& storage);

}  // namespace parley
