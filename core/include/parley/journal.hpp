#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parley/journal_chain.hpp"
#include "parley/journal_format.hpp"
#include "parley/storage.hpp"

namespace parley {

using journal_format::kRecordHeaderBytes;

/// Bytes of the journal or of a snapshot that were once on disk are missing or changed.
struct JournalDamaged : std::runtime_error {
    JournalDamaged(std::uint64_t damaged_sequence, const std::string& what_is_wrong);
    std::uint64_t sequence;
    std::string why;
};

/// Another engine holds the folder.
struct JournalLocked : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Another engine has taken the journal over: what was written since is not part of it.
struct JournalFenced : std::runtime_error {
    using std::runtime_error::runtime_error;
};

using OnRecord = std::function<void(std::uint64_t sequence, std::span<const std::uint8_t> payload)>;

struct Scan {
    Chain chain;
    std::uint64_t last_sequence = 0;
    /// The last sequence of which the files prove that it was synced. What follows is whole, but perhaps only in the
    /// page cache: its records, to be written again.
    std::uint64_t durable_sequence = 0;
    std::vector<std::uint8_t> unproven;
    std::uint64_t bytes_cut = 0;
    /// Where the journal ends: a file and the bytes of it that count up to durable_sequence.
    std::string last_segment;
    std::uint64_t last_segment_bytes = 0;
};

enum class Verify : std::uint8_t {
    everything,
    /// Only segments that hold what comes after `after`.
    what_is_given,
};

/// Gives every record after `after`, in order, up to `last`; verifies all that it passes, and changes nothing.
/// Throws JournalDamaged where bytes that were once durable do not hold; a torn tail beyond them ends the scan.
[[nodiscard]] Scan scan_journal(const Storage& storage, std::uint64_t after, std::uint64_t last, Verify verify,
                                const OnRecord& on_record);

/// Appends records to segments. Whoever writes holds the folder's lock and its newest epoch.
///
/// One thread appends; one thread at a time syncs, perhaps another; prepare_next may run beside both.
class Journal {
public:
    struct Options {
        std::uint64_t segment_bytes;
        bool is_synced;
        LockMode lock = LockMode::if_free;
    };

    /// Locks the folder and claims the next epoch: nobody who wrote before can acknowledge from now on.
    /// Throws JournalLocked, std::system_error.
    Journal(std::shared_ptr<Storage> storage, Options options);

    /// Begins the epoch behind what scan_journal found, with the unproven records written and synced again.
    void resume(const Scan& scan);

    /// Stamps and writes records laid out by InputQueue (a header's room before each payload). Returns the sequence
    /// of the first. Throws std::system_error: then nothing more may be written.
    std::uint64_t append(std::span<std::uint8_t> records);
    /// Whether append would begin a new segment, for which nothing may be syncing.
    [[nodiscard]] bool is_full_for(std::size_t bytes) const noexcept;
    /// Makes everything up to `sequence`, which was appended, durable, and makes sure that it counts.
    /// Throws std::system_error: then it is unknown what is on disk. Throws JournalFenced.
    void sync(std::uint64_t sequence);
    void sync() { sync(last_sequence_); }

    /// True once in each segment, when the next one should be prepared.
    [[nodiscard]] bool take_wants_next() noexcept;
    /// Fills the next segment with zeros so that a sync writes data only. Does nothing where that is done.
    void prepare_next();
    /// Throws JournalFenced.
    void require_epoch() const;
    /// Whether another engine is known to have taken the journal over.
    [[nodiscard]] bool is_fenced() const noexcept;
    /// Shows a standby that this process lives.
    void renew_lease();

    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
    [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
    [[nodiscard]] std::uint64_t durable_sequence() const noexcept { return durable_sequence_; }
    [[nodiscard]] bool is_dirty() const noexcept { return durable_sequence_ < last_sequence_; }
    /// Whether a new segment was begun since the last call.
    [[nodiscard]] bool take_rolled() noexcept { return std::exchange(has_rolled_, false); }

private:
    void claim_epoch();
    [[nodiscard]] bool is_without_trace(const Scan& scan) const;
    void begin_epoch(const Scan& scan);
    void begin_segment();
    void name_prepared() const;
    void remove_leftovers(const Scan& scan, bool is_previous_removed);
    void note_durable();
    void sync_file(StorageFile& file) const;
    [[nodiscard]] journal_format::SegmentHeader header() const noexcept;
    [[nodiscard]] std::uint64_t size_of_segment(std::uint64_t index) const noexcept;
    [[nodiscard]] std::unique_ptr<StorageFile> create_zeroed(const std::string& name, std::uint64_t bytes,
                                                            bool is_paced) const;

    std::shared_ptr<Storage> storage_;
    Options options_;
    std::unique_ptr<StorageLock> lock_;
    std::unique_ptr<StorageFile> mark_;
    std::unique_ptr<StorageFile> lease_;
    std::unique_ptr<StorageFile> segment_;
    std::uint64_t epoch_ = 0;
    std::uint64_t previous_epoch_ = 0;
    std::uint64_t epoch_first_sequence_ = 1;
    std::uint64_t index_ = 0;
    std::uint64_t segment_size_ = 0;
    std::uint64_t lease_renewals_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::atomic<std::uint64_t> durable_sequence_ = 0;
    bool has_rolled_ = false;
    bool has_asked_for_next_ = false;
    std::string own_claim_;
    std::string next_claim_;

    std::mutex prepared_mutex_;  // prepared_, prepared_index_
    std::unique_ptr<StorageFile> prepared_;
    std::uint64_t prepared_index_ = 0;
};

}  // namespace parley
