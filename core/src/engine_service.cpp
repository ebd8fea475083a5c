#include "parley/engine_service.hpp"

#include <sys/eventfd.h>

#include <limits>
#include <system_error>

namespace parley {

using std::chrono::steady_clock;

EngineService::EngineService(std::shared_ptr<Storage> storage, Options options)
    : options_(options), storage_(std::move(storage)), queue_(options.queue_capacity) {
    const int descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    event_signal_ = Descriptor(descriptor);
    journal_ = std::make_unique<Journal>(storage_, Journal::Options{options.segment_bytes, options.is_synced});
    recover();
}

EngineService::~EngineService() {
    is_stopping_ = true;
    queue_.close("stopped");
    if (thread_.joinable()) thread_.join();
}

void EngineService::start() {
    const std::lock_guard lock(status_mutex_);
    if (state_ != "ready") throw EngineHalted(state_);
    state_ = "running";
    thread_ = std::thread([this] { run(); });
}

void EngineService::stop() {
    if (state() == "ready") start();
    is_stopping_ = true;
    queue_.close("stopped");
    if (thread_.joinable()) thread_.join();
    journal_.reset();
    const std::lock_guard lock(status_mutex_);
    if (state_ == "running") state_ = "stopped";
}

void EngineService::run() noexcept {
    guarded([this] {
        serve();
        if (state() == "running") {
            journal_->sync();
            snapshot_if_due(true);
        }
    });
}

template <typename Work>
void EngineService::guarded(Work&& work) noexcept {
    try {
        work();
    } catch (const std::system_error& error) {
        halt("journal", error.what());
    } catch (const std::exception& error) {
        halt("engine", error.what());
    }
}

void EngineService::step() {
    if (state() != "ready") return;
    guarded([this] {
        InputQueue::Batch batch;
        static_cast<void>(queue_.take(batch, steady_clock::time_point{}));
        if (batch.count > 0) take_batch(batch);
        sync_if_due(true);
        snapshot_if_due(false);
        note_done(batch.count);
    });
}

void EngineService::serve() {
    InputQueue::Batch batch;
    batch.bytes.reserve(1 << 20);
    for (;;) {
        const auto until = journal_->is_dirty() ? dirty_since_ + kMarketSyncEvery : steady_clock::time_point::max();
        const bool is_open = queue_.take(batch, until);
        if (batch.count > 0) take_batch(batch);
        sync_if_due(false);
        snapshot_if_due(false);
        note_done(batch.count);
        while (!is_stopping_ && !log_.wait_for_room(std::chrono::milliseconds(100))) signal();
        if (!is_open) return;
    }
}

/// Commands are on disk before they act; market data only before what it causes is released.
void EngineService::take_batch(InputQueue::Batch& batch) {
    if (!journal_->is_dirty()) dirty_since_ = steady_clock::now();
    const std::uint64_t first = journal_->append(batch.bytes);
    if (batch.has_commands) journal_->sync();
    apply_batch(first, batch);
    if (!events_.empty()) journal_->sync();
    release();
}

void EngineService::apply_batch(std::uint64_t first_sequence, const InputQueue::Batch& batch) {
    const std::span<const std::uint8_t> bytes(batch.bytes);
    std::uint64_t sequence = first_sequence;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::lock_guard lock(state_mutex_);
        for (std::size_t i = 0; i < kRecordsPerLock && at < bytes.size(); ++i, ++sequence) {
            const auto length = journal_format::get<std::uint32_t>(bytes.data() + at);
            engine_.apply(sequence, bytes.subspan(at + kRecordHeaderBytes, length), events_);
            at += kRecordHeaderBytes + length;
        }
    }
}

void EngineService::sync_if_due(bool is_now) {
    if (!journal_->is_dirty()) return;
    if (is_now || steady_clock::now() >= dirty_since_ + kMarketSyncEvery) journal_->sync();
}

void EngineService::release() {
    const bool has_events = !events_.empty();
    log_.release(events_);
    journal_sequence_ = engine_.journal_sequence();
    event_number_ = engine_.event_number();
    command_sequence_ = engine_.command_sequence();
    if (has_events) signal();
}

void EngineService::note_done(std::size_t inputs) {
    if (inputs == 0) return;
    const std::lock_guard lock(status_mutex_);
    done_ += inputs;
    has_progressed_.notify_all();
}

void EngineService::halt(const std::string& what, const std::string& why) {
    set_state("halted: " + what);
    queue_.close("halted: " + what + ": " + why);
    has_progressed_.notify_all();
    signal();
}

void EngineService::set_state(const std::string& state) {
    const std::lock_guard lock(status_mutex_);
    state_ = state;
}

std::string EngineService::state() const {
    const std::lock_guard lock(status_mutex_);
    return state_;
}

void EngineService::signal() noexcept {
    const eventfd_t one = 1;
    static_cast<void>(::eventfd_write(event_signal_.value(), one));
}

EventLog::Drained EngineService::drain(std::size_t count) {
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(event_signal_.value(), &ignored));
    auto drained = log_.drain(count);
    if (drained.has_more) signal();
    return drained;
}

bool EngineService::flush(std::chrono::milliseconds most) {
    const std::uint64_t wanted = queue_.pushed();
    std::unique_lock lock(status_mutex_);
    has_progressed_.wait_for(lock, most, [&] { return done_ >= wanted || state_.starts_with("halted"); });
    return done_ >= wanted;
}

}  // namespace parley
