#pragma once

#include <cstdint>
#include <span>
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
    /// The epoch that wrote it.
    std::uint64_t epoch = 0;
};

/// The bytes of a snapshot file: the engine's state as `epoch` reached it.
[[nodiscard]] std::vector<std::uint8_t> encode_snapshot(const Engine& engine, std::uint64_t epoch,
                                                        std::size_t bytes_expected = 0);

/// Puts it beside the journal: temporary file, fsync, rename, fsync of the folder.
/// Throws std::system_error.
void write_snapshot(Storage& storage, std::uint64_t epoch, std::uint64_t sequence, std::span<const std::uint8_t> file);

/// Snapshots of the folder whose header can be read, newest first.
[[nodiscard]] std::vector<SnapshotFile> list_snapshots(const Storage& storage);

/// Loads into a fresh engine. Returns why not, in words, where the CRC or length does not hold, or the state is of
/// another version: then the engine is of no use. Empty where it is loaded.
[[nodiscard]] std::string load_snapshot(const Storage& storage, const SnapshotFile& file, Engine& engine);

}  // namespace parley
