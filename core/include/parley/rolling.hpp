#pragma once
// Statistics over windows that slide: constant work per sample, no allocation, and an error that does not grow.

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>

#include "parley/units.hpp"

namespace parley {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

/// A sum whose rounding is carried along (Neumaier 1974): adding and taking away again leaves nothing behind.
class CompensatedSum {
public:
    void add(double x) noexcept {
        const double sum = sum_ + x;
        carry_ += std::abs(sum_) >= std::abs(x) ? (sum_ - sum) + x : (x - sum) + sum_;
        sum_ = sum;
    }
    void clear() noexcept { sum_ = carry_ = 0.0; }
    [[nodiscard]] double value() const noexcept { return sum_ + carry_; }

private:
    double sum_ = 0.0;
    double carry_ = 0.0;
};

/// Samples of the last `capacity` pushes, or of the last `span_ns` but never more than `capacity`: the window is
/// (now - span, now]. The memory belongs to somebody else.
class SampleWindow {
public:
    SampleWindow() = default;
    SampleWindow(double* values, TimeNs* times, std::uint32_t capacity, TimeNs span_ns) noexcept
        : values_(values), times_(times), span_ns_(span_ns), capacity_(capacity) {}

    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    [[nodiscard]] bool is_full() const noexcept { return size_ == capacity_; }
    [[nodiscard]] bool is_timed() const noexcept { return times_ != nullptr; }
    /// Samples that a timed window lost because more came within its span than it holds.
    [[nodiscard]] std::uint64_t overruns() const noexcept { return overruns_; }
    /// The sample that came `age` samples after the oldest.
    [[nodiscard]] double at(std::uint32_t age) const noexcept { return values_[place(age)]; }
    [[nodiscard]] TimeNs time_at(std::uint32_t age) const noexcept { return times_[place(age)]; }

    /// Drops what is older than the span; `on_evicted(value)` sees each.
    template <typename OnEvicted>
    void expire(TimeNs now_ns, OnEvicted&& on_evicted) noexcept {
        if (!is_timed()) return;
        while (size_ > 0 && times_[first_] <= now_ns - span_ns_) on_evicted(pop());
    }

    /// Room for one more: the oldest of a full window goes.
    template <typename OnEvicted>
    void push(TimeNs now_ns, double x, OnEvicted&& on_evicted) noexcept {
        if (is_full()) {
            overruns_ += is_timed() ? 1 : 0;
            on_evicted(pop());
        }
        append(now_ns, x);
    }

    void append(TimeNs now_ns, double x) noexcept {
        assert(size_ < capacity_);
        const std::uint32_t at = place(size_++);
        values_[at] = x;
        if (is_timed()) times_[at] = now_ns;
    }

    /// Of a full window: the new sample stands where the oldest was, which is returned.
    double replace_oldest(double x) noexcept {
        assert(is_full() && !is_timed());
        const double oldest = values_[first_];
        values_[first_] = x;
        first_ = first_ + 1 == capacity_ ? 0 : first_ + 1;
        return oldest;
    }
    /// Brings the oldest sample into the cache.
    void prefetch() const noexcept { __builtin_prefetch(values_ + first_, 1); }

    double pop() noexcept {
        assert(size_ > 0);
        const double oldest = values_[first_];
        first_ = first_ + 1 == capacity_ ? 0 : first_ + 1;
        --size_;
        return oldest;
    }
    void pop_newest() noexcept { --size_; }

private:
    [[nodiscard]] std::uint32_t place(std::uint32_t age) const noexcept {
        const std::uint32_t at = first_ + age;
        return at >= capacity_ ? at - capacity_ : at;
    }

    double* values_ = nullptr;
    TimeNs* times_ = nullptr;
    TimeNs span_ns_ = 0;
    std::uint64_t overruns_ = 0;
    std::uint32_t capacity_ = 0;
    std::uint32_t first_ = 0;
    std::uint32_t size_ = 0;
};

/// Mean and variance of a sliding window after Welford (1962): a sample in, a sample out, never a difference of large
/// squares. Where a large sample has left and taken the digits with it, after many changes, and always for a few
/// samples, `is_worn` asks for a rebuild from the samples.
class Moments {
public:
    static constexpr double kLossMax = 1e-7;
    static constexpr std::uint32_t kChangesPerSample = 32;
    static constexpr std::uint32_t kAlwaysExact = 8;

    void add(double x) noexcept {
        note(x);
        const double delta = x - mean_;
        mean_ += delta / static_cast<double>(++count_);
        settle(m2_ + delta * (x - mean_), x);
    }

    void remove(double x) noexcept {
        if (--count_ == 0) {
            *this = Moments{};
            return;
        }
        const double delta = x - mean_;
        mean_ -= delta / static_cast<double>(count_);
        settle(m2_ - delta * (x - mean_), last_);
    }

    void replace(double old, double x) noexcept {
        note(x);
        const double delta = x - old;
        const double before = mean_;
        mean_ += delta / static_cast<double>(count_);
        settle(m2_ + delta * ((x - mean_) + (old - before)), x);
    }

    [[nodiscard]] bool is_worn() const noexcept {
        return m2_ < peak_ * kLossMax || changes_ > kChangesPerSample * count_ || (count_ <= kAlwaysExact && m2_ != 0.0);
    }

    /// Two passes over the samples.
    void rebuild(const SampleWindow& window) noexcept {
        CompensatedSum sum;
        for (std::uint32_t age = 0; age < window.size(); ++age) sum.add(window.at(age));
        const double count = static_cast<double>(window.size());
        mean_ = sum.value() / count;
        double squares = 0.0;
        double rest = 0.0;
        for (std::uint32_t age = 0; age < window.size(); ++age) {
            const double delta = window.at(age) - mean_;
            squares += delta * delta;
            rest += delta;
        }
        peak_ = m2_ = std::max(0.0, squares - rest * rest / count);
        changes_ = 0;
    }

    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
    [[nodiscard]] double mean() const noexcept { return mean_; }
    /// Of a sample (divided by count - 1); no value below two samples.
    [[nodiscard]] double variance() const noexcept {
        return count_ < 2 ? kNoValue : std::max(0.0, m2_) / static_cast<double>(count_ - 1);
    }

private:
    void note(double x) noexcept {
        run_ = x == last_ ? run_ + 1 : 1;
        last_ = x;
        ++changes_;
    }
    /// A window of equal samples has no variance at all: what rounding left would divide a z-score.
    void settle(double m2, double x) noexcept {
        m2_ = m2;
        if (run_ >= count_) {
            mean_ = x;
            m2_ = peak_ = 0.0;
        }
        peak_ = std::max(peak_, m2_);
    }

    double mean_ = 0.0;
    double m2_ = 0.0;
    double peak_ = 0.0;
    double last_ = kNoValue;
    std::uint32_t count_ = 0;
    std::uint32_t run_ = 0;
    std::uint32_t changes_ = 0;
};

/// Least or largest of a window by a queue of the samples that may still become it (Lemire 2006): constant work on
/// average, at most the window's length for one sample. `key` is a time or a number of the sample.
class Extreme {
public:
    explicit Extreme(bool is_maximum = false) noexcept : sign_(is_maximum ? 1.0 : -1.0) {}

    void expire(SampleWindow& queue, std::int64_t key, std::int64_t span) const noexcept {
        while (queue.size() > 0 && queue.time_at(0) <= key - span) queue.pop();
    }
    void push(SampleWindow& queue, std::int64_t key, double x) const noexcept {
        while (queue.size() > 0 && sign_ * queue.at(queue.size() - 1) <= sign_ * x) queue.pop_newest();
        queue.push(key, x, [](double) {});
    }

private:
    double sign_;
};

}  // namespace parley
