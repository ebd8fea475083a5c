#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace parley {

/// A flag that another thread, or an event loop, can wait for: readable while it is raised.
class EventFlag {
public:
    EventFlag() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    EventFlag(const EventFlag&) = delete;
    EventFlag& operator=(const EventFlag&) = delete;
    ~EventFlag() { ::close(descriptor_); }

    /// A counter that is full says the same as one that is not: nothing can fail that matters.
    void raise() const noexcept {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(descriptor_, &one, sizeof one);
    }
    void lower() const noexcept {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t taken = ::read(descriptor_, &count, sizeof count);
    }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace parley
