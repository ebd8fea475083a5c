#include <algorithm>
#include <limits>

#include "parley/engine_loading.hpp"
#include "parley/engine_service.hpp"

namespace parley {

namespace {

constexpr auto kEverything = std::numeric_limits<std::uint64_t>::max();
/// Events that one replay brings back at most, so that the next pages need none.
constexpr std::size_t kReplayedEventsMax = 65'536;

/// Thrown through a scan when enough was read.
struct Enough {};

void require_no_later_epoch(const Storage& storage, const Scan& scan) {
    for (const SnapshotFile& file : list_snapshots(storage)) {
        if (file.epoch > scan.chain.epoch) {
            throw JournalDamaged(scan.last_sequence + 1, "a snapshot is of an epoch that is missing");
        }
    }
}

}  // namespace

void EngineService::recover(Verify verify) {
    if (!engine_) {
        engine_ = load_newest(*storage_, read_chain(*storage_), recovery_, [](const SnapshotFile&) { return true; });
    }
    const std::uint64_t after = engine_->journal_sequence();
    const Scan scan = scan_behind(verify);
    if (scan.last_sequence < after) throw JournalDamaged(scan.last_sequence + 1, "a snapshot is ahead of the journal");
    require_no_later_epoch(*storage_, scan);
    snapshot_sequence_ = after;
    journal_->resume(scan);
    journal_sequence_ = engine_->journal_sequence();
    event_number_ = engine_->event_number();
    command_sequence_ = engine_->command_sequence();
    log_.begin_after(event_number_);
    queue_.set_last_command(command_sequence_);
    queue_.set_last_entered(engine_->last_entered());
    recovery_ += "state at " + std::to_string(after) + ", " + std::to_string(scan.last_sequence - after) +
                 " records replayed, " + std::to_string(scan.last_sequence - scan.durable_sequence) +
                 " written again, " + std::to_string(scan.bytes_cut) + " bytes of torn tail cut, epoch " +
                 std::to_string(journal_->epoch());
}

Scan EngineService::scan_behind(Verify verify) {
    try {
        return apply_journal(*storage_, *engine_, kEverything, verify, [](std::vector<Event>&) {});
    } catch (const JournalDamaged& damage) {
        throw with_notes(damage, recovery_);
    }
}

void EngineService::prepare_if_due() {
    if (journal_->take_wants_next()) keeper_.post([this] { journal_->prepare_next(); });
}

/// The state is copied here and written by the keeper; while one is on its way, the next snapshot waits. What else the
/// keeper has to do is no reason to wait: short segments, prepared without a pause, would put it off for ever.
void EngineService::snapshot_if_due(bool is_now) {
    const std::uint64_t sequence = engine_->journal_sequence();
    if (!(is_snapshot_due() || is_now) || sequence == snapshot_sequence_) return;
    if (!keeper_.is_idle() && is_snapshot_flying_) {
        if (!is_now) return;
        keeper_.wait();
    }
    if (sequence > journal_->durable_sequence()) {
        wait_for_sync();
        sync(journal_->last_sequence());
    }
    const Stopwatch stopwatch(times_.snapshot);
    snapshot_sequence_ = sequence;
    is_snapshot_wanted_ = false;
    is_snapshot_flying_ = true;
    auto encoded = encode_snapshot(*engine_, journal_->epoch(), snapshot_bytes_ + snapshot_bytes_ / 8);
    snapshot_bytes_ = encoded.size();
    journaled_bytes_ = 0;
    keeper_.post([this, sequence, file = std::move(encoded)] {
        guarded([&] { keep_snapshot(sequence, file); });
        is_snapshot_flying_ = false;
    });
}

bool EngineService::is_snapshot_due() {
    const std::uint64_t inputs = engine_->journal_sequence() - snapshot_sequence_;
    if (journal_->take_rolled() || inputs >= options_.snapshot_interval) is_snapshot_wanted_ = true;
    const bool is_small = snapshot_bytes_ <= kSmallSnapshotBytes;
    return is_snapshot_wanted_ && (is_small || journaled_bytes_ >= kJournaledPerSnapshot * snapshot_bytes_);
}

void EngineService::keep_snapshot(std::uint64_t sequence, const std::vector<std::uint8_t>& file) {
    journal_->require_epoch();
    write_snapshot(*storage_, journal_->epoch(), sequence, file);
    remove_old_files();
}

/// Keeps the newest snapshot from which every event that may still be asked for can be replayed, and the segments
/// behind it; older segments up to the retained number; newer snapshots up to kSnapshotsKept. Before anything is
/// released, as after every restart, each snapshot may be where a replay has to begin.
void EngineService::remove_old_files() {
    const std::lock_guard lock(files_mutex_);
    const Chain chain = read_chain(*storage_);
    const auto snapshots = list_snapshots(*storage_);
    const std::int64_t released = released_through_;
    const auto base = std::find_if(snapshots.begin(), snapshots.end(), [&](const SnapshotFile& file) {
        return file.event_number <= released && chain.holds(file.epoch, file.sequence);
    });
    if (base == snapshots.end()) return;
    remove_old_segments(chain, *base);
    for (std::size_t at = kSnapshotsKept; at < snapshots.size(); ++at) {
        if (snapshots[at].name != base->name) storage_->remove(snapshots[at].name);
    }
    storage_->sync_directory();
}

/// The oldest that stays is of the epoch of `base` or of one before it, although another may hold the next record: the
/// headers lead from the newest epoch back to that one, and without them nothing shows that `base` is of this journal.
void EngineService::remove_old_segments(const Chain& chain, const SnapshotFile& base) {
    const auto& segments = chain.segments;
    std::size_t count = segments.size();
    for (std::size_t at = 0; at + 1 < segments.size() && count > options_.retained_segments; ++at, --count) {
        const Segment& next = segments[at + 1];
        if (next.first_sequence > base.sequence + 1 || next.epoch > base.epoch) return;
        storage_->remove(segments[at].name);
        storage_->sync_directory();  // oldest first, also after a power loss: the rest has no hole
    }
}

std::vector<Event> EngineService::events_from(std::int64_t number, std::size_t count) {
    const std::int64_t last = event_number_;
    if (number < 1 || number > last || count == 0) return {};
    const auto available = static_cast<std::size_t>(last - number + 1);
    if (auto events = log_.from(number, std::min(count, available))) return std::move(*events);
    return replay_from(number, std::min(count, available));
}

std::vector<Event> EngineService::replay_from(std::int64_t number, std::size_t count) {
    const std::lock_guard lock(files_mutex_);
    if (replayed_.empty() || number < replayed_.front().number || number > replayed_.back().number) {
        replayed_.clear();
        const std::int64_t last_event = event_number_;
        std::string notes;
        const Chain chain = read_chain(*storage_);
        const auto scratch = load_newest(*storage_, chain, notes, [&](const SnapshotFile& file) {
            return file.event_number < number;
        });
        if (chain.segments.empty() || chain.segments.front().first_sequence > scratch->journal_sequence() + 1) {
            throw EventsReleased("event " + std::to_string(number) + " was released and is no longer kept");
        }
        try {
            apply_journal(*storage_, *scratch, journal_sequence_, Verify::what_is_given, [&](auto& events) {
                for (Event& event : events) {
                    if (event.number < number || event.number > last_event) continue;
                    replayed_.push_back(std::move(event));
                    if (replayed_.size() >= kReplayedEventsMax) throw Enough{};
                }
            });
        } catch (const Enough&) {
            // a page is full
        }
    }
    if (replayed_.empty()) throw JournalDamaged(journal_sequence_, "the journal does not hold its own events");
    const auto begin = replayed_.begin() + (number - replayed_.front().number);
    const auto available = static_cast<std::size_t>(replayed_.end() - begin);
    return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, available))};
}

Replay replay_folder(const Storage& storage, bool is_from_genesis) {
    std::string notes;
    const auto engine =
        load_newest(storage, read_chain(storage), notes, [&](const SnapshotFile&) { return !is_from_genesis; });
    const Scan scan = apply_journal(storage, *engine, kEverything, Verify::what_is_given, [](std::vector<Event>&) {});
    require_no_later_epoch(storage, scan);
    return {engine->state_hash(), engine->journal_sequence(), engine->event_number()};
}

}  // namespace parley
