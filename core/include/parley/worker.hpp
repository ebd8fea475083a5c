#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace parley {

/// Shown by top and perf; cut after 15 characters. The caller's thread.
inline void name_thread(const char* name) noexcept { static_cast<void>(::pthread_setname_np(::pthread_self(), name)); }

/// Runs tasks in order on a thread of its own; where that was not started, at once in the caller's.
class Worker {
public:
    Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { stop(); }

    void start(const char* name) {
        thread_ = std::thread([this, name] {
            name_thread(name);
            run();
        });
    }

    /// Nothing runs any more after a task has thrown.
    void post(std::function<void()> task) {
        if (!thread_.joinable()) return task();
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
        has_changed_.notify_all();
    }

    /// Until everything posted is done. Throws what a task has thrown.
    void wait() {
        std::unique_lock lock(mutex_);
        has_changed_.wait(lock, [this] { return is_idle_locked() || failure_ != nullptr; });
        if (failure_ != nullptr) std::rethrow_exception(failure_);
    }

    /// Throws what a task has thrown.
    [[nodiscard]] bool is_idle() {
        const std::lock_guard lock(mutex_);
        if (failure_ != nullptr) std::rethrow_exception(failure_);
        return is_idle_locked();
    }

    /// What was posted is done first. A failure stays for wait and is_idle.
    void stop() noexcept {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock(mutex_);
            is_stopping_ = true;
            has_changed_.notify_all();
        }
        thread_.join();
    }

private:
    [[nodiscard]] bool is_idle_locked() const noexcept { return tasks_.empty() && !is_busy_; }

    void run() noexcept {
        std::unique_lock lock(mutex_);
        for (;;) {
            has_changed_.wait(lock, [this] { return !tasks_.empty() || is_stopping_; });
            if (tasks_.empty() || failure_ != nullptr) return;
            const auto task = std::move(tasks_.front());
            tasks_.pop_front();
            is_busy_ = true;
            lock.unlock();
            std::exception_ptr failure;
            try {
                task();
            } catch (...) {
                failure = std::current_exception();
            }
            lock.lock();
            is_busy_ = false;
            if (failure_ == nullptr) failure_ = failure;
            has_changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable has_changed_;
    std::deque<std::function<void()>> tasks_;
    std::exception_ptr failure_;
    std::thread thread_;
    bool is_busy_ = false;
    bool is_stopping_ = false;
};

}  // namespace parley
