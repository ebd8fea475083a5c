#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "parley/engine.hpp"
#include "parley/event_log.hpp"
#include "parley/follower.hpp"
#include "parley/input_queue.hpp"
#include "parley/journal.hpp"
#include "parley/posix_storage.hpp"
#include "parley/service_times.hpp"
#include "parley/snapshot.hpp"
#include "parley/worker.hpp"

namespace parley {

/// Longest that market data without an event may wait for its sync.
inline constexpr std::chrono::milliseconds kMarketSyncEvery{50};
/// Newest snapshots kept besides the one that the released events still need.
inline constexpr std::size_t kSnapshotsKept = 4;
/// A snapshot of more than kSmallSnapshotBytes is taken only once so many times as many bytes were journaled since the
/// last: the copy holds the engine up, 0.1 µs an order.
inline constexpr std::uint64_t kJournaledPerSnapshot = 4;
inline constexpr std::size_t kSmallSnapshotBytes = std::size_t{1} << 20;
/// Records applied between two chances for a reader of the state.
inline constexpr std::size_t kRecordsPerLock = 1'000;

/// Events that were released by release_events and are no longer on disk.
struct EventsReleased : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An engine with its thread and its journal: input -> batch -> write -> sync -> apply -> release. Under load one batch
/// is written while the one before it is synced, and applied while the next one is.
class EngineService {
public:
    struct Options {
        std::uint64_t segment_bytes = std::uint64_t{64} << 20;
        std::uint64_t snapshot_interval = 1'000'000;
        std::size_t queue_capacity = 65'536;
        /// Segments kept though no released event needs them.
        std::size_t retained_segments = 16;
        bool is_synced = true;
        LockMode lock = LockMode::if_free;
    };

    /// Locks the folder and recovers: newest valid snapshot, then the tail. Throws JournalLocked, JournalDamaged,
    /// std::system_error.
    EngineService(std::shared_ptr<Storage> storage, Options options);
    /// The same from where a follower stands: only what it has not read is read. The follower can go on where this
    /// throws JournalLocked, and not otherwise.
    EngineService(Follower& follower, Options options);
    EngineService(const EngineService&) = delete;
    EngineService& operator=(const EngineService&) = delete;
    ~EngineService();

    void start();
    /// Without a thread, for tests and the simulator: writes, syncs and applies what was put in, as one batch, and
    /// releases its events. Does nothing once halted.
    void step();
    /// Applies what was put in, syncs, writes a snapshot and lets the folder go. Final.
    void stop();
    /// Shows a standby that this process lives. Halts, and returns false, where another has taken over.
    bool renew_lease();

    [[nodiscard]] InputQueue& queue() noexcept { return queue_; }
    [[nodiscard]] EventLog::Drained drain(std::size_t count);
    /// The same into a vector that is used again and again. Whether there are more.
    bool drain(std::size_t count, std::vector<Event>& into);
    [[nodiscard]] int event_descriptor() const noexcept { return event_signal_.value(); }
    /// Waits until all that was put in before is applied and released. False after `most`, or when halted.
    bool flush(std::chrono::milliseconds most);

    /// Events from `number` on, as they were released; from memory, else by replaying a snapshot and the journal.
    /// Throws EventsReleased, JournalDamaged.
    [[nodiscard]] std::vector<Event> events_from(std::int64_t number, std::size_t count);
    /// Nobody will ask for events up to `number` again: segments that hold only such may be removed.
    void release_events(std::int64_t number) noexcept { released_through_ = number; }

    [[nodiscard]] std::string state() const;
    [[nodiscard]] const std::string& recovery() const noexcept { return recovery_; }
    [[nodiscard]] std::uint64_t journal_sequence() const noexcept { return journal_sequence_; }
    [[nodiscard]] std::int64_t event_number() const noexcept { return event_number_; }
    [[nodiscard]] std::int64_t command_sequence() const noexcept { return command_sequence_; }

    [[nodiscard]] ServiceTimes& times() noexcept { return times_; }

    /// Reads the engine between two inputs.
    template <typename Read>
    auto read(Read&& read_engine) {
        const std::lock_guard lock(state_mutex_);
        return read_engine(static_cast<const Engine&>(*engine_));
    }

private:
    struct Group {
        InputQueue::Batch batch;
        std::uint64_t first_sequence = 0;
    };

    EngineService(std::shared_ptr<Storage> storage, Options options, Follower* follower);
    void recover(Verify verify);
    [[nodiscard]] Scan scan_behind(Verify verify);
    void run() noexcept;
    /// Halts where `work` throws.
    void guarded(const std::function<void()>& work) noexcept;
    void serve();
    void take_group(Group& group);
    void write_group(Group& group);
    void finish_group();
    [[nodiscard]] bool wait_for_input(InputQueue::Batch& batch, std::chrono::steady_clock::time_point until);
    void append(Group& group);
    void sync(std::uint64_t sequence);
    void wait_for_sync();
    void apply_group(const Group& group);
    [[nodiscard]] std::size_t apply_piece(std::span<const std::uint8_t> bytes, std::size_t at, std::uint64_t& sequence);
    void sync_if_due(bool is_now);
    void release();
    void note_done(std::size_t inputs);
    void prepare_if_due();
    void snapshot_if_due(bool is_now);
    [[nodiscard]] bool is_snapshot_due();
    void keep_snapshot(std::uint64_t sequence, const std::vector<std::uint8_t>& file);
    void remove_old_files();
    void remove_old_segments(const Chain& chain, const SnapshotFile& base);
    void halt(const std::string& what, const std::string& why) noexcept;
    void set_state(const std::string& state);
    void signal() noexcept;
    [[nodiscard]] std::vector<Event> replay_from(std::int64_t number, std::size_t count);

    const Options options_;
    const std::shared_ptr<Storage> storage_;
    std::mutex journal_mutex_;  // the end of journal_
    std::unique_ptr<Journal> journal_;
    InputQueue queue_;
    EventLog log_;
    Descriptor event_signal_;
    std::thread thread_;

    std::mutex state_mutex_;  // engine_
    std::unique_ptr<Engine> engine_;
    std::mutex files_mutex_;  // removal of files against replays
    std::vector<Event> replayed_;

    mutable std::mutex status_mutex_;  // state_, done_
    std::condition_variable has_progressed_;
    std::string state_ = "ready";
    std::uint64_t done_ = 0;
    std::string recovery_;

    std::atomic<std::uint64_t> journal_sequence_ = 0;
    std::atomic<std::int64_t> event_number_ = 0;
    std::atomic<std::int64_t> command_sequence_ = 0;
    std::atomic<std::int64_t> released_through_ = 0;
    std::atomic<bool> is_stopping_ = false;

    ServiceTimes times_;

    // the engine thread's own
    std::vector<Event> events_;
    std::vector<Engine::Payload> payloads_;  // at most kRecordsPerLock
    Group flying_;  // written, being synced
    bool is_flying_ = false;
    std::uint64_t snapshot_sequence_ = 0;
    bool is_snapshot_wanted_ = false;
    std::size_t snapshot_bytes_ = 0;  // of the last one
    std::uint64_t journaled_bytes_ = 0;  // since it
    std::atomic<bool> is_snapshot_flying_ = false;
    std::chrono::steady_clock::time_point dirty_since_;

    Worker syncer_;
    Worker keeper_;  // snapshots, old files, the next segment
};

struct Replay {
    std::string state_hash;
    std::uint64_t journal_sequence;
    std::int64_t event_number;
};
/// Rebuilds the state of a folder without changing it, from its first record or from its newest snapshot.
/// Throws JournalDamaged, also where the first records are no longer kept.
[[nodiscard]] Replay replay_folder(const Storage& storage, bool is_from_genesis);

}  // namespace parley
