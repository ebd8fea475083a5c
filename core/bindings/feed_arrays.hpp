#pragma once
// Structured NumPy arrays of normalized updates, in and out without a copy on the way in.

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "parley/feed_update.hpp"

namespace parley::bindings {

namespace nb = nanobind;

inline constexpr std::size_t kUpdatesWithoutGil = 1'024;  // about 50 microseconds

/// numpy.dtype of FeedUpdate; made once.
[[nodiscard]] nb::object update_dtype();

/// A fresh array that holds these updates.
[[nodiscard]] nb::object to_array(std::span<const FeedUpdate> updates);

/// The bytes of a Python object for as long as this lives.
class Buffer {
public:
    Buffer(nb::handle object, int flags) {
        if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    [[nodiscard]] const Py_buffer& view() const noexcept { return view_; }
    [[nodiscard]] std::string_view text() const noexcept {
        return {static_cast<const char*>(view_.buf), static_cast<std::size_t>(view_.len)};
    }

private:
    Py_buffer view_{};
};

/// The updates in an array of update_dtype(), for as long as the GIL is held: no copy, no buffer to give back. Empty
/// where it is anything else, an array of an equal but not the same dtype included; UpdateView then says what it is.
[[nodiscard]] std::optional<std::span<const FeedUpdate>> peek_updates(nb::handle array) noexcept;

/// The updates in an array of update_dtype(). Raises ValueError for any other layout.
class UpdateView {
public:
    explicit UpdateView(nb::handle array);
    [[nodiscard]] std::span<const FeedUpdate> updates() const noexcept {
        const auto& view = buffer_.view();
        return {static_cast<const FeedUpdate*>(view.buf), static_cast<std::size_t>(view.len) / sizeof(FeedUpdate)};
    }

private:
    Buffer buffer_;
};

}  // namespace parley::bindings
