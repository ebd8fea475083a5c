#include <algorithm>
#include <limits>

#include "parley/engine_service.hpp"

namespace parley {

namespace {

constexpr auto kEverything = std::numeric_limits<std::uint64_t>::max();
/// Events that one replay brings back at most, so that the next pages need none.
constexpr std::size_t kReplayedEventsMax = 65'536;

/// Thrown through a scan when enough was read.
struct Enough {};

/// Loads the newest snapshot that holds and that `accepts`. Returns its sequence, or 0 for genesis.
template <typename Accept>
std::uint64_t load_newest(Storage& storage, Engine& engine, std::string& notes, Accept&& accepts) {
    for (const SnapshotFile& file : list_snapshots(storage)) {
        if (!accepts(file)) continue;
        if (load_snapshot(storage, file, engine)) return file.sequence;
        notes += "damaged snapshot " + std::to_string(file.sequence) + " passed over; ";
    }
    return 0;
}

Scan replay(Storage& storage, Engine& engine, std::uint64_t after, std::uint64_t last, bool may_cut,
            const std::function<void(std::vector<Event>&)>& on_events) {
    std::vector<Event> events;
    return scan_journal(storage, after, last, may_cut, [&](std::uint64_t sequence, auto payload) {
        try {
            engine.apply(sequence, payload, events);
        } catch (const BadEncoding& error) {
            throw JournalDamaged(sequence, error.what());
        }
        on_events(events);
        events.clear();
    });
}

}  // namespace

void EngineService::recover() {
    const std::uint64_t after = load_newest(*storage_, engine_, recovery_, [](const SnapshotFile&) { return true; });
    const Scan scan = replay(*storage_, engine_, after, kEverything, true, [](std::vector<Event>&) {});
    if (scan.last_sequence < after) throw JournalDamaged(scan.last_sequence + 1, "a snapshot is ahead of the journal");
    snapshot_sequence_ = after;
    journal_->resume(scan.last_sequence);
    journal_sequence_ = engine_.journal_sequence();
    event_number_ = engine_.event_number();
    command_sequence_ = engine_.command_sequence();
    log_.begin_after(event_number_);
    queue_.set_last_command(command_sequence_);
    recovery_ += "snapshot " + std::to_string(after) + ", " + std::to_string(scan.last_sequence - after) +
                 " records replayed, " + std::to_string(scan.bytes_cut) + " bytes of torn tail cut";
}

void EngineService::snapshot_if_due(bool is_now) {
    const std::uint64_t sequence = engine_.journal_sequence();
    const bool is_due = sequence - snapshot_sequence_ >= options_.snapshot_interval || journal_->take_rolled();
    if (sequence == snapshot_sequence_ || !(is_now || is_due)) return;
    sync_if_due(true);
    write_snapshot(*storage_, engine_);
    snapshot_sequence_ = sequence;
    remove_old_files();
}

/// Keeps the newest snapshot from which every event that may still be asked for can be replayed, and the segments
/// behind it; older segments up to the retained number; newer snapshots up to kSnapshotsKept.
void EngineService::remove_old_files() {
    const std::lock_guard lock(files_mutex_);
    const auto snapshots = list_snapshots(*storage_);
    const std::int64_t released = released_through_;
    const auto base = std::find_if(snapshots.begin(), snapshots.end(),
                                   [&](const SnapshotFile& file) { return file.event_number <= released; });
    const std::uint64_t needed_after = base == snapshots.end() ? 0 : base->sequence;
    auto segments = list_segments(*storage_);
    std::size_t count = segments.size();
    for (std::size_t at = 0; at + 1 < segments.size() && count > options_.retained_segments; ++at, --count) {
        if (segments[at + 1].first_sequence > needed_after + 1) break;
        storage_->remove(segments[at].name);
    }
    for (std::size_t at = kSnapshotsKept; at < snapshots.size(); ++at) {
        if (snapshots[at].sequence != needed_after) storage_->remove(snapshots[at].name);
    }
    storage_->sync_directory();
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
        Engine scratch;
        std::string notes;
        const std::uint64_t after = load_newest(*storage_, scratch, notes, [&](const SnapshotFile& file) {
            return file.event_number < number;
        });
        const auto segments = list_segments(*storage_);
        if (segments.empty() || segments.front().first_sequence > after + 1) {
            throw EventsReleased("event " + std::to_string(number) + " was released and is no longer kept");
        }
        try {
            replay(*storage_, scratch, after, journal_sequence_, false, [&](std::vector<Event>& events) {
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

Replay replay_folder(Storage& storage, bool is_from_genesis) {
    Engine engine;
    std::string notes;
    const std::uint64_t after =
        load_newest(storage, engine, notes, [&](const SnapshotFile&) { return !is_from_genesis; });
    replay(storage, engine, after, kEverything, false, [](std::vector<Event>&) {});
    return {engine.state_hash(), engine.journal_sequence(), engine.event_number()};
}

}  // namespace parley
