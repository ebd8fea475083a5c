#include "parley/journal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <system_error>
#include <thread>

namespace parley {

namespace {

/// The first segment of an epoch is small, so that opening is quick; each further one is so many times as large.
constexpr std::uint64_t kFirstSegmentBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kSegmentGrowth = 4;
/// The next segment is prepared when so much of this one is filled.
constexpr std::uint64_t kPreparedFromPart = 4;
constexpr std::size_t kZerosAtOnce = std::size_t{256} << 10;
/// Between two pieces of zeros, so that they do not fill the disk's queue in front of what is to be acknowledged.
constexpr std::chrono::milliseconds kZerosEvery{1};
/// Times that the next epoch may be claimed under our hands before we give up.
constexpr int kClaimAttemptsMax = 100;
constexpr const char* kLease = "lease";

}  // namespace

JournalDamaged::JournalDamaged(std::uint64_t damaged_sequence, const std::string& what_is_wrong)
    : std::runtime_error("journal damaged at sequence " + std::to_string(damaged_sequence) + ": " + what_is_wrong),
      sequence(damaged_sequence),
      why(what_is_wrong) {}

Journal::Journal(std::shared_ptr<Storage> storage, Options options)
    : storage_(std::move(storage)), options_(options), lock_(storage_->lock(options.lock)) {
    if (!lock_) throw JournalLocked("another engine holds " + storage_->place());
    claim_epoch();
}

/// A claim is a file that only one can make. Claims below the newest are removed in ascending order, so the holder of
/// an old one always finds either the next claim or its own gone.
void Journal::claim_epoch() {
    for (int attempt = 0; attempt < kClaimAttemptsMax; ++attempt) {
        const std::uint64_t wanted = read_chain(*storage_).newest_claim + 1;
        try {
            static_cast<void>(storage_->open(claim_name(wanted), OpenMode::create_new));
        } catch (const std::system_error& error) {
            if (error.code() != std::errc::file_exists) throw;
            continue;
        }
        if (read_chain(*storage_).newest_claim != wanted) continue;
        epoch_ = wanted;
        own_claim_ = claim_name(wanted);
        next_claim_ = claim_name(wanted + 1);
        return;
    }
    throw JournalLocked("others keep claiming " + storage_->place());
}

void Journal::require_epoch() const {
    if (storage_->exists(next_claim_) || !storage_->exists(own_claim_)) {
        throw JournalFenced("another engine took over " + storage_->place());
    }
}

bool Journal::is_fenced() const noexcept {
    try {
        require_epoch();
    } catch (const JournalFenced&) {
        return true;
    } catch (const std::system_error&) {
        return false;  // unknown: the disk does not answer
    }
    return false;
}

void Journal::resume(const Scan& scan) {
    last_sequence_ = scan.last_sequence;
    durable_sequence_ = scan.last_sequence;
    const bool is_skipped = is_without_trace(scan);
    previous_epoch_ = is_skipped ? scan.chain.previous_epoch : scan.chain.epoch;
    epoch_first_sequence_ = scan.durable_sequence + 1;
    begin_epoch(scan);
    mark_ = storage_->open(mark_name(epoch_), OpenMode::create);
    lease_ = storage_->open(kLease, OpenMode::create);
    note_durable();
    remove_leftovers(scan, is_skipped);
}

/// An epoch that began and wrote neither a record nor a snapshot: the next one names the epoch before it instead, so that
/// restarts without input leave no file behind. Both begin at the same sequence, so the same is sealed.
bool Journal::is_without_trace(const Scan& scan) const {
    const Chain& chain = scan.chain;
    return chain.epoch != kFormat1Epoch && chain.previous_epoch < chain.epoch && scan.unproven.empty() &&
           scan.last_sequence < chain.epoch_first_sequence && scan.durable_sequence == scan.last_sequence &&
           !has_snapshot_of(*storage_, chain.epoch);
}

/// A whole header in the first segment is what makes the epoch count. Everything that it takes over is durable before.
void Journal::begin_epoch(const Scan& scan) {
    index_ = 1;
    segment_ = create_zeroed(segment_name(epoch_, index_), size_of_segment(index_), false);
    segment_->write_at(journal_format::kSegmentHeaderBytes, scan.unproven);
    segment_size_ = journal_format::kSegmentHeaderBytes + scan.unproven.size();
    sync_file(*segment_);
    storage_->sync_directory();
    require_epoch();
    auto own = header();
    own.first_sequence = epoch_first_sequence_;
    segment_->write_at(0, journal_format::segment_header(own));
    sync_file(*segment_);
    const auto claim = storage_->open(own_claim_, OpenMode::write);
    claim->write_at(0, journal_format::claim_bytes({epoch_, previous_epoch_, epoch_first_sequence_}));
    sync_file(*claim);
}

/// Only what the new epoch has made useless; a crash in between leaves no more than files that are not in the chain.
void Journal::remove_leftovers(const Scan& scan, bool is_previous_removed) {
    if (is_previous_removed) {
        for (const Segment& segment : scan.chain.segments) {
            if (segment.epoch == scan.chain.epoch) storage_->remove(segment.name);
        }
    } else if (!scan.last_segment.empty()) {
        const auto last = storage_->open(scan.last_segment, OpenMode::write);
        if (last->size() > scan.last_segment_bytes) last->truncate(scan.last_segment_bytes);
    }
    for (const std::string& name : scan.chain.strays) storage_->remove(name);
    for (const std::string& name : storage_->list()) {  // sorted: claims in ascending order
        const bool is_claim = name.ends_with(".epoch") && name < own_claim_;
        const bool is_mark = name == mark_name(kFormat1Epoch) || (name.ends_with(".durable") && name < mark_name(epoch_));
        if (is_claim || is_mark) storage_->remove(name);
    }
}

journal_format::SegmentHeader Journal::header() const noexcept {
    return {epoch_, index_, last_sequence_ + 1, previous_epoch_, epoch_first_sequence_};
}

std::uint64_t Journal::size_of_segment(std::uint64_t index) const noexcept {
    std::uint64_t bytes = kFirstSegmentBytes;
    for (std::uint64_t i = 1; i < index && bytes < options_.segment_bytes; ++i) bytes *= kSegmentGrowth;
    return std::min(bytes, options_.segment_bytes);
}

std::unique_ptr<StorageFile> Journal::create_zeroed(const std::string& name, std::uint64_t bytes,
                                                    bool is_paced) const {
    static const std::vector<std::uint8_t> zeros(kZerosAtOnce);
    auto file = storage_->open(name, OpenMode::create_new);
    for (std::uint64_t at = 0; at < bytes; at += kZerosAtOnce) {
        if (is_paced && at > 0) {
            sync_file(*file);
            std::this_thread::sleep_for(kZerosEvery);
        }
        file->write_at(at, std::span(zeros).first(std::min<std::uint64_t>(kZerosAtOnce, bytes - at)));
    }
    return file;
}

void Journal::prepare_next() {
    {
        const std::lock_guard guard(prepared_mutex_);
        if (prepared_ != nullptr || prepared_index_ > index_) return;
        prepared_index_ = index_ + 1;
    }
    const std::string name = prepared_name(epoch_);
    storage_->remove(name);
    try {
        auto file = create_zeroed(name, size_of_segment(prepared_index_), true);
        sync_file(*file);
        const std::lock_guard guard(prepared_mutex_);
        prepared_ = std::move(file);
    } catch (const std::system_error&) {  // the next segment grows instead; a write that matters fails by itself
        storage_->remove(name);
    }
}

/// The segment before is durable by then. Where none is prepared in time, one that grows does.
void Journal::begin_segment() {
    std::unique_ptr<StorageFile> next;
    {
        const std::lock_guard guard(prepared_mutex_);
        next = std::move(prepared_);
        ++index_;
        if (next) name_prepared();
    }
    if (!next) next = storage_->open(segment_name(epoch_, index_), OpenMode::create_new);
    segment_ = std::move(next);
    segment_->write_at(0, journal_format::segment_header(header()));
    segment_size_ = journal_format::kSegmentHeaderBytes;
    if (options_.is_synced) storage_->sync_directory();
    has_rolled_ = true;
    has_asked_for_next_ = false;
}

/// Who took over removed what was prepared here.
void Journal::name_prepared() const {
    try {
        storage_->rename(prepared_name(epoch_), segment_name(epoch_, index_));
    } catch (const std::system_error&) {
        require_epoch();
        throw;
    }
}

bool Journal::take_wants_next() noexcept {
    if (has_asked_for_next_ || segment_size_ < size_of_segment(index_) / kPreparedFromPart) return false;
    has_asked_for_next_ = true;
    return true;
}

bool Journal::is_full_for(std::size_t bytes) const noexcept {
    return segment_size_ + bytes > size_of_segment(index_) && segment_size_ > journal_format::kSegmentHeaderBytes;
}

std::uint64_t Journal::append(std::span<std::uint8_t> records) {
    if (is_full_for(records.size())) {
        sync();
        begin_segment();
    }
    const std::uint64_t first = last_sequence_ + 1;
    last_sequence_ += journal_format::stamp(records, first, durable_sequence_);
    segment_->write_at(segment_size_, records);
    segment_size_ += records.size();
    return first;
}

/// Whoever takes over claims before it reads. So what was on disk before this found no claim was read by the next.
void Journal::sync(std::uint64_t sequence) {
    if (durable_sequence_ >= sequence) return;
    sync_file(*segment_);
    require_epoch();
    durable_sequence_ = sequence;
    note_durable();
}

void Journal::sync_file(StorageFile& file) const {
    if (options_.is_synced) file.sync();
}

/// Not synced itself: it may lag after a power loss, never lead. After a mere crash it shows that a tail was cut.
void Journal::note_durable() { mark_->write_at(0, journal_format::durable_mark(durable_sequence_)); }

void Journal::renew_lease() {
    std::array<std::uint8_t, 16> bytes{};
    journal_format::put(bytes.data(), epoch_);
    journal_format::put(bytes.data() + 8, ++lease_renewals_);
    lease_->write_at(0, bytes);
}

}  // namespace parley
