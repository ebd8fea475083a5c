#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parley/entered_inputs.hpp"
#include "parley/journal.hpp"
#include "parley/journal_format.hpp"

namespace parley {

/// Most bytes that may wait for the engine, however few inputs they are.
inline constexpr std::size_t kQueueBytesMax = std::size_t{64} << 20;

/// A group that is written and synced at once holds so many bytes, and its last record: what waits behind it is not held
/// up by more, and a disk that takes 10 ms still takes a million commands a second.
inline constexpr std::size_t kGroupBytesMax = std::size_t{512} << 10;

struct QueueFull : std::runtime_error {
    QueueFull(std::size_t full_value, std::size_t full_bound)
        : std::runtime_error("queue full"), value(full_value), bound(full_bound) {}
    std::size_t value, bound;
};

struct CommandGap : std::runtime_error {
    CommandGap(std::int64_t gap_value, std::int64_t gap_bound)
        : std::runtime_error("command sequence has a gap"), value(gap_value), bound(gap_bound) {}
    std::int64_t value, bound;
};

struct EngineHalted : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Inputs on their way to the engine thread, from any number of threads, encoded as the journal stores them with room
/// for each record's header: what is put in once is written and applied without another copy.
class InputQueue {
public:
    struct Batch {
        std::vector<std::uint8_t> bytes;
        std::size_t count = 0;
        bool has_commands = false;

        void clear() noexcept {
            bytes.clear();
            count = 0;
            has_commands = false;
        }
    };

    explicit InputQueue(std::size_t capacity) : capacity_(capacity) { filling_.bytes.reserve(kGroupBytesReserved); }

    /// The next command taken must follow this one.
    void set_last_command(std::int64_t sequence) {
        const std::lock_guard lock(mutex_);
        last_command_ = sequence;
    }

    /// The next order that is entered gets the id behind this one.
    void set_last_entered(OrderId id) {
        const std::lock_guard lock(mutex_);
        last_entered_ = id;
    }

    /// `encode(Writer&)` writes the payload. Throws QueueFull, EngineHalted.
    template <typename Encode>
    void push(Encode&& encode) {
        const std::lock_guard lock(mutex_);
        admit();
        append(encode);
    }

    /// False, and nothing happens, for a command that was taken before. Throws CommandGap, QueueFull, EngineHalted.
    template <typename Encode>
    bool push_command(std::int64_t sequence, Encode&& encode) {
        const std::lock_guard lock(mutex_);
        if (sequence <= last_command_) return false;
        if (sequence != last_command_ + 1) throw CommandGap(sequence, last_command_ + 1);
        admit();
        append(encode);
        filling_.has_commands = true;
        last_command_ = sequence;
        return true;
    }

    /// Enters the next order of a session: `encode(Writer&, OrderId)`. Returns its id. Throws QueueFull, EngineHalted.
    template <typename Encode>
    OrderId push_entered(Encode&& encode) {
        const std::lock_guard lock(mutex_);
        admit();
        const OrderId id = last_entered_ + 1;
        if (id >= kEnteredOrdersEnd) throw QueueFull(static_cast<std::size_t>(id), kEnteredOrdersEnd);
        append([&](Writer& writer) { encode(writer, id); });
        filling_.has_commands = true;
        return last_entered_ = id;
    }

    /// As push, for what is on disk before it acts and has no sequence.
    template <typename Encode>
    void push_request(Encode&& encode) {
        const std::lock_guard lock(mutex_);
        admit();
        append(encode);
        filling_.has_commands = true;
    }

    /// Swaps what has arrived, up to a group, into `batch`, waiting until there is something, the queue closes, or
    /// `until`. False once it is closed and empty.
    bool take(Batch& batch, std::chrono::steady_clock::time_point until) {
        batch.clear();
        std::unique_lock lock(mutex_);
        const auto is_ready = [this] { return waiting_ > 0 || is_closed_; };
        if (until == std::chrono::steady_clock::time_point::max()) {
            has_input_.wait(lock, is_ready);
        } else {
            has_input_.wait_until(lock, until, is_ready);
        }
        std::swap(batch, full_.empty() ? filling_ : full_.front());
        if (!full_.empty()) recycle_front();
        waiting_ -= batch.count;
        waiting_bytes_ -= batch.bytes.size();
        return batch.count > 0 || !is_closed_;
    }

    [[nodiscard]] bool is_empty() const {
        const std::lock_guard lock(mutex_);
        return waiting_ == 0;
    }

    /// From now on every push throws EngineHalted with this reason.
    void close(const std::string& reason) {
        const std::lock_guard lock(mutex_);
        if (!is_closed_) reason_ = reason;
        is_closed_ = true;
        has_input_.notify_all();
    }

    /// Inputs put in since the beginning.
    [[nodiscard]] std::uint64_t pushed() const {
        const std::lock_guard lock(mutex_);
        return pushed_;
    }

private:
    void admit() const {
        if (is_closed_) throw EngineHalted(reason_);
        if (waiting_ >= capacity_) throw QueueFull(waiting_, capacity_);
        if (waiting_bytes_ >= kQueueBytesMax) throw QueueFull(waiting_bytes_, kQueueBytesMax);
    }

    template <typename Encode>
    void append(Encode&& encode) {
        if (filling_.bytes.size() >= kGroupBytesMax) begin_group();
        const std::size_t at = filling_.bytes.size();
        filling_.bytes.resize(at + kRecordHeaderBytes);
        Writer writer(filling_.bytes);
        encode(writer);
        const auto length = static_cast<std::uint32_t>(filling_.bytes.size() - at - kRecordHeaderBytes);
        journal_format::put(filling_.bytes.data() + at, length);
        ++pushed_;
        ++filling_.count;
        waiting_bytes_ += filling_.bytes.size() - at;
        if (waiting_++ == 0) has_input_.notify_one();
    }

    void begin_group() {
        full_.push_back(std::move(filling_));
        filling_ = {};
        if (!spare_.empty()) {
            std::swap(filling_, spare_.back());
            spare_.pop_back();
        } else {
            filling_.bytes.reserve(kGroupBytesReserved);
        }
    }

    void recycle_front() {
        if (spare_.size() < kSpareGroupsMax) spare_.push_back(std::move(full_.front()));
        full_.pop_front();
    }

    static constexpr std::size_t kGroupBytesReserved = kGroupBytesMax + (std::size_t{64} << 10);
    static constexpr std::size_t kSpareGroupsMax = 16;

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable has_input_;
    std::deque<Batch> full_;  // groups that wait before filling_
    Batch filling_;
    std::vector<Batch> spare_;
    std::size_t waiting_ = 0;
    std::size_t waiting_bytes_ = 0;
    std::int64_t last_command_ = 0;
    OrderId last_entered_ = kEnteredOrdersFrom;
    std::uint64_t pushed_ = 0;
    bool is_closed_ = false;
    std::string reason_;
};

}  // namespace parley
