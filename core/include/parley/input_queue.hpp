#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "parley/inputs.hpp"
#include "parley/journal.hpp"
#include "parley/journal_format.hpp"

namespace parley {

/// Most bytes that may wait for the engine, however few inputs they are.
inline constexpr std::size_t kQueueBytesMax = std::size_t{64} << 20;

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

    explicit InputQueue(std::size_t capacity) : capacity_(capacity) { filling_.bytes.reserve(1 << 20); }

    /// The next command taken must follow this one.
    void set_last_command(std::int64_t sequence) {
        const std::lock_guard lock(mutex_);
        last_command_ = sequence;
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

    /// Swaps what has arrived into `batch`, waiting until there is something, the queue closes, or `until`.
    /// False once it is closed and empty.
    bool take(Batch& batch, std::chrono::steady_clock::time_point until) {
        batch.clear();
        std::unique_lock lock(mutex_);
        const auto is_ready = [this] { return filling_.count > 0 || is_closed_; };
        if (until == std::chrono::steady_clock::time_point::max()) {
            has_input_.wait(lock, is_ready);
        } else {
            has_input_.wait_until(lock, until, is_ready);
        }
        std::swap(batch, filling_);
        return batch.count > 0 || !is_closed_;
    }

    [[nodiscard]] bool is_empty() const {
        const std::lock_guard lock(mutex_);
        return filling_.count == 0;
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
        if (filling_.count >= capacity_) throw QueueFull(filling_.count, capacity_);
        if (filling_.bytes.size() >= kQueueBytesMax) throw QueueFull(filling_.bytes.size(), kQueueBytesMax);
    }

    template <typename Encode>
    void append(Encode&& encode) {
        const std::size_t at = filling_.bytes.size();
        filling_.bytes.resize(at + kRecordHeaderBytes);
        Writer writer(filling_.bytes);
        encode(writer);
        const auto length = static_cast<std::uint32_t>(filling_.bytes.size() - at - kRecordHeaderBytes);
        journal_format::put(filling_.bytes.data() + at, length);
        ++pushed_;
        if (filling_.count++ == 0) has_input_.notify_one();
    }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable has_input_;
    Batch filling_;
    std::int64_t last_command_ = 0;
    std::uint64_t pushed_ = 0;
    bool is_closed_ = false;
    std::string reason_;
};

}  // namespace parley
