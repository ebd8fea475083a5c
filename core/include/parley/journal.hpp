#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>
#include <string>
#include <vector>

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

/// A file descriptor that closes itself.
class File {
public:
    File() = default;
    /// Throws std::system_error.
    File(const std::filesystem::path& path, int flags);
    [[nodiscard]] static File adopt(int descriptor) noexcept {
        File file;
        file.descriptor_ = descriptor;
        return file;
    }
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept;
    ~File();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// Each throws std::system_error.
    void write_all(std::span<const std::uint8_t> bytes);
    void write_at(std::span<const std::uint8_t> bytes, std::int64_t offset);
    void sync_data();

private:
    int descriptor_ = -1;
};

[[nodiscard]] std::vector<std::uint8_t> read_file(const std::filesystem::path& path);
/// Makes new, renamed and removed names of the folder durable.
void sync_directory(const std::filesystem::path& folder);

/// A record on disk: length of the payload, CRC-32C of everything after this field, sequence, the last sequence known
/// to be on disk when it was written, payload. Integers are little-endian.
inline constexpr std::size_t kRecordHeaderBytes = 24;
inline constexpr std::size_t kSegmentHeaderBytes = 24;

struct Segment {
    std::filesystem::path path;
    std::uint64_t first_sequence;
};

/// Segments of the folder, by sequence.
[[nodiscard]] std::vector<Segment> list_segments(const std::filesystem::path& folder);

using OnRecord = std::function<void(std::uint64_t sequence, std::span<const std::uint8_t> payload)>;

struct Scan {
    std::uint64_t last_sequence = 0;
    std::uint64_t bytes_cut = 0;
};

/// Gives every record of the folder after `after`, in order, up to `last`; verifies all that it passes.
/// Throws JournalDamaged where bytes that were once durable do not hold; a torn tail beyond them ends the scan, and
/// is cut off the file if `may_cut`.
Scan scan_journal(const std::filesystem::path& folder, std::uint64_t after, std::uint64_t last, bool may_cut,
                  const OnRecord& on_record);

/// Appends records to segments. Whoever writes holds the folder's lock until the journal is destroyed.
class Journal {
public:
    struct Options {
        std::uint64_t segment_bytes;
        bool is_synced;
    };

    /// Creates and locks the folder. Throws JournalLocked, std::system_error.
    Journal(std::filesystem::path folder, Options options);

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
    [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    void begin_segment();
    void note_durable();

    std::filesystem::path folder_;
    Options options_;
    File lock_;
    File durable_;
    File segment_;
    std::uint64_t segment_size_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t durable_sequence_ = 0;
    bool has_rolled_ = false;
};

}  // namespace parley
