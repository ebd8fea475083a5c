#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parley/storage.hpp"
#include "parley/units.hpp"

namespace parley {

/// Bytes of the journal or of a snapshot that were once on disk are missing or changed.
struct JournalDamaged : std::runtime_error {
    JournalDamaged(std::uint64_t damaged_sequence, const std::string& why);
    std::uint64_t sequence;
};

/// Another engine holds the folder.
struct JournalLocked : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A record on disk: length of the payload, CRC-32C of everything after this field, sequence, the last sequence known
/// to be on disk when it was written, payload. Integers are little-endian.
inline constexpr std::size_t kRecordHeaderBytes = 24;
inline constexpr std::size_t kSegmentHeaderBytes = 24;

struct Segment {
    std::string name;
    std::uint64_t first_sequence;
};

/// Segments of the folder, by sequence.
[[nodiscard]] std::vector<Segment> list_segments(const Storage& storage);

using OnRecord = std::function<void(std::uint64_t sequence, std::span<const std::uint8_t> payload)>;

struct Scan {
    std::uint64_t last_sequence = 0;
    std::uint64_t bytes_cut = 0;
};

/// Gives every record of the folder after `after`, in order, up to `last`; verifies all that it passes.
/// Throws JournalDamaged where bytes that were once durable do not hold; a torn tail beyond them ends the scan, and
/// is cut off the file if `may_cut`.
Scan scan_journal(Storage& storage, std::uint64_t after, std::uint64_t last, bool may_cut, const OnRecord& on_record);

/// Appends records to segments. Whoever writes holds the folder's lock until the journal is destroyed.
class Journal {
public:
    struct Options {
        std::uint64_t segment_bytes;
        bool is_synced;
    };

    /// Locks the folder. Throws JournalLocked, std::system_error.
    Journal(std::shared_ptr<Storage> storage, Options options);

    /// Continues after what scan_journal found.
    void resume(std::uint64_t last_sequence);

    /// Stamps and writes records laid out by InputQueue (a header's room before each payload). Returns the sequence
    /// of the first. Throws std::system_error: then nothing more may be written.
    std::uint64_t append(std::span<std::uint8_t> records);
    /// Makes everything appended durable. Throws std::system_error: then it is unknown what is on disk.
    void sync();

    [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
    [[nodiscard]] std::uint64_t durable_sequence() const noexcept { return durable_sequence_; }
    [[nodiscard]] bool is_dirty() const noexcept { return durable_sequence_ < last_sequence_; }
    /// Whether a new segment was begun since the last call.
    [[nodiscard]] bool take_rolled() noexcept { return std::exchange(has_rolled_, false); }

private:
    void begin_segment();
    void note_durable();

    std::shared_ptr<Storage> storage_;
    Options options_;
    std::unique_ptr<StorageLock> lock_;
    std::unique_ptr<StorageFile> durable_;
    std::unique_ptr<StorageFile> segment_;
    std::uint64_t segment_size_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t durable_sequence_ = 0;
    bool has_rolled_ = false;
};

}  // namespace parley
