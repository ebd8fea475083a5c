#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "parley/engine.hpp"
#include "parley/storage.hpp"

namespace parley {

/// A snapshot file, as its name and header say; nothing is verified yet.
struct SnapshotFile {
    std::string name;
    std::uint64_t sequence = 0;
    std::int64_t event_number = 0;
};

/// Writes the engine's state beside the journal: temporary file, fsync, rename, fsync of the folder.
/// Throws std::system_error.
void write_snapshot(Storage& storage, const Engine& engine);

/// Snapshots of the folder whose header can be read, newest first.
[[nodiscard]] std::vector<SnapshotFile> list_snapshots(Storage& storage);

/// Loads into a fresh engine. False, and the engine untouched, where the CRC or length does not hold.
[[nodiscard]] bool load_snapshot(const Storage& storage, const SnapshotFile& file, Engine& engine);

}  // namespace parley
