#include "parley/engine_service.hpp"

#include <sys/eventfd.h>

#include <limits>
#include <system_error>

namespace parley {

using std::chrono::steady_clock;

EngineService::EngineService(std::shared_ptr<Storage> storage, Options options)
    : EngineService(std::move(storage), options, nullptr) {}

EngineService::EngineService(Follower& follower, Options options)
    : EngineService(follower.storage(), options, &follower) {}

EngineService::EngineService(std::shared_ptr<Storage> storage, Options options, Follower* follower)
    : options_(options), storage_(std::move(storage)), queue_(options.queue_capacity) {
    const int descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    event_signal_ = Descriptor(descriptor);
    journal_ = std::make_unique<Journal>(
        storage_, Journal::Options{options.segment_bytes, options.is_synced, options.lock});
    if (follower != nullptr) engine_ = follower->release_engine();
    recover(engine_ ? Verify::what_is_given : Verify::everything);
}

EngineService::~EngineService() {
    is_stopping_ = true;
    queue_.close("stopped");
    if (thread_.joinable()) thread_.join();
    syncer_.stop();
    keeper_.stop();
}

void EngineService::start() {
    const std::lock_guard lock(status_mutex_);
    if (state_ != "ready") throw EngineHalted(state_);
    state_ = "running";
    syncer_.start("syncer");
    keeper_.start("keeper");
    thread_ = std::thread([this] { run(); });
}

void EngineService::stop() {
    if (state() == "ready") start();
    is_stopping_ = true;
    queue_.close("stopped");
    if (thread_.joinable()) thread_.join();
    syncer_.stop();
    keeper_.stop();
    {
        const std::lock_guard lock(journal_mutex_);
        journal_.reset();
    }
    const std::lock_guard lock(status_mutex_);
    if (state_ == "running") state_ = "stopped";
}

void EngineService::run() noexcept {
    name_thread("engine");
    guarded([this] {
        serve();
        if (state() == "running") {
            sync(journal_->last_sequence());
            snapshot_if_due(true);
            keeper_.wait();
        }
    });
}

void EngineService::guarded(const std::function<void()>& work) noexcept {
    try {
        work();
    } catch (const JournalFenced& error) {
        halt("fenced", error.what());
    } catch (const std::system_error& error) {
        // whoever took over removes what the one before prepared: no disk failed then
        halt(journal_->is_fenced() ? "fenced" : "journal", error.what());
    } catch (const std::exception& error) {
        halt("engine", error.what());
    }
}

void EngineService::step() {
    if (state() != "ready") return;
    guarded([this] {
        for (Group group; !queue_.is_empty();) {
            static_cast<void>(queue_.take(group.batch, steady_clock::time_point{}));
            if (group.batch.count > 0) take_group(group);
        }
        sync_if_due(true);
        prepare_if_due();
        snapshot_if_due(false);
    });
}

void EngineService::serve() {
    Group group;
    group.batch.bytes.reserve(1 << 20);
    for (;;) {
        auto until = steady_clock::time_point::max();
        if (is_flying_) {
            until = steady_clock::time_point{};
        } else if (journal_->is_dirty()) {
            until = dirty_since_ + kMarketSyncEvery;
        }
        const bool is_open = wait_for_input(group.batch, until);
        if (group.batch.count == 0) {
            finish_group();
        } else if (is_flying_ || (group.batch.has_commands && !queue_.is_empty())) {
            write_group(group);
        } else {
            take_group(group);
        }
        if (!is_flying_) sync_if_due(false);
        prepare_if_due();
        snapshot_if_due(false);
        while (!is_stopping_ && !log_.wait_for_room(std::chrono::milliseconds(100))) signal();
        if (!is_open && !is_flying_) return;
    }
}

bool EngineService::wait_for_input(InputQueue::Batch& batch, steady_clock::time_point until) {
    const Stopwatch stopwatch(times_.idle);
    return queue_.take(batch, until);
}

/// Commands are on disk before they act; market data only before what it causes is released.
void EngineService::take_group(Group& group) {
    if (!journal_->is_dirty()) dirty_since_ = steady_clock::now();
    append(group);
    if (group.batch.has_commands) sync(journal_->last_sequence());
    apply_group(group);
    if (!events_.empty()) sync(journal_->last_sequence());
    release();
    note_done(group.batch.count);
}

/// Written while the group before is synced; that one is applied while this one is.
void EngineService::write_group(Group& group) {
    if (journal_->is_full_for(group.batch.bytes.size())) finish_group();
    append(group);
    if (is_flying_) wait_for_sync();
    syncer_.post([this, last = journal_->last_sequence()] { sync(last); });
    std::swap(group, flying_);
    if (std::exchange(is_flying_, true)) {
        apply_group(group);
        release();
        note_done(group.batch.count);
    }
}

void EngineService::finish_group() {
    if (!is_flying_) return;
    wait_for_sync();
    is_flying_ = false;
    apply_group(flying_);
    release();
    note_done(flying_.batch.count);
}

void EngineService::append(Group& group) {
    const Stopwatch stopwatch(times_.write);
    group.first_sequence = journal_->append(group.batch.bytes);
    journaled_bytes_ += group.batch.bytes.size();
}

void EngineService::sync(std::uint64_t sequence) {
    if (journal_->durable_sequence() >= sequence) return;
    const Stopwatch stopwatch(times_.sync);
    journal_->sync(sequence);
}

void EngineService::wait_for_sync() {
    const Stopwatch stopwatch(times_.wait);
    syncer_.wait();
}

/// What is durable is released piece by piece: whoever waits for the first of a group does not wait for its last.
void EngineService::apply_group(const Group& group) {
    const std::span<const std::uint8_t> bytes(group.batch.bytes);
    std::uint64_t sequence = group.first_sequence;
    for (std::size_t at = 0; at < bytes.size();) {
        at = apply_piece(bytes, at, sequence);
        if (at < bytes.size() && sequence - 1 <= journal_->durable_sequence()) release();
    }
}

/// Applies up to kRecordsPerLock records from offset `at` on. Returns the offset behind them.
std::size_t EngineService::apply_piece(std::span<const std::uint8_t> bytes, std::size_t at, std::uint64_t& sequence) {
    const Stopwatch stopwatch(times_.apply);
    const std::lock_guard lock(state_mutex_);
    payloads_.clear();
    while (payloads_.size() < kRecordsPerLock && at < bytes.size()) {
        const auto length = journal_format::get<std::uint32_t>(bytes.data() + at);
        payloads_.push_back(bytes.subspan(at + kRecordHeaderBytes, length));
        at += kRecordHeaderBytes + length;
    }
    engine_->apply_group(sequence, payloads_, events_);
    sequence += payloads_.size();
    return at;
}

void EngineService::sync_if_due(bool is_now) {
    if (!journal_->is_dirty()) return;
    if (is_now || steady_clock::now() >= dirty_since_ + kMarketSyncEvery) sync(journal_->last_sequence());
}

void EngineService::release() {
    const Stopwatch stopwatch(times_.release);
    const bool has_events = !events_.empty();
    log_.release(events_);
    journal_sequence_ = engine_->journal_sequence();
    event_number_ = engine_->event_number();
    command_sequence_ = engine_->command_sequence();
    if (has_events) signal();
}

void EngineService::note_done(std::size_t inputs) {
    if (inputs == 0) return;
    const std::lock_guard lock(status_mutex_);
    done_ += inputs;
    has_progressed_.notify_all();
}

bool EngineService::renew_lease() {
    const std::lock_guard lock(journal_mutex_);
    if (journal_ == nullptr) return true;
    bool is_ours = false;
    guarded([&] {
        journal_->require_epoch();
        journal_->renew_lease();
        is_ours = true;
    });
    return is_ours;
}

void EngineService::halt(const std::string& what, const std::string& why) noexcept {
    {
        const std::lock_guard lock(status_mutex_);  // nobody sees the state without the closed queue
        if (!state_.starts_with("halted")) state_ = "halted: " + what;
        queue_.close("halted: " + what + ": " + why);
    }
    has_progressed_.notify_all();
    signal();
}

void EngineService::set_state(const std::string& state) {
    const std::lock_guard lock(status_mutex_);
    if (!state_.starts_with("halted")) state_ = state;
}

std::string EngineService::state() const {
    const std::lock_guard lock(status_mutex_);
    return state_;
}

void EngineService::signal() noexcept {
    const eventfd_t one = 1;
    static_cast<void>(::eventfd_write(event_signal_.value(), one));
}

bool EngineService::drain(std::size_t count, std::vector<Event>& into) {
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(event_signal_.value(), &ignored));
    const bool has_more = log_.drain(count, into);
    if (has_more) signal();
    return has_more;
}

EventLog::Drained EngineService::drain(std::size_t count) {
    EventLog::Drained drained{{}, false};
    drained.has_more = drain(count, drained.events);
    return drained;
}

bool EngineService::flush(std::chrono::milliseconds most) {
    const std::uint64_t wanted = queue_.pushed();
    std::unique_lock lock(status_mutex_);
    has_progressed_.wait_for(lock, most, [&] { return done_ >= wanted || state_.starts_with("halted"); });
    return done_ >= wanted;
}

}  // namespace parley
