#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <span>

void bind_itch(nanobind::module_& module);
void bind_itch_bench(nanobind::module_& module);
void bind_itch_books(nanobind::module_& module);
void bind_lobster(nanobind::module_& module);
void bind_market_data(nanobind::module_& module);
void bind_mold(nanobind::module_& module);
void bind_ouch(nanobind::module_& module);
void bind_soup(nanobind::module_& module);

namespace parley::bindings {

inline constexpr std::size_t kBytesWithoutGil = 65'536;  // about 50 microseconds of the slowest decoder

/// Bytes, a bytearray, a memoryview, an mmap or a NumPy array, read where they lie: anything contiguous with a buffer.
class ByteView {
public:
    explicit ByteView(nanobind::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) != 0) throw nanobind::python_error();
    }
    ~ByteView() { PyBuffer_Release(&buffer_); }
    ByteView(const ByteView&) = delete;
    ByteView& operator=(const ByteView&) = delete;

    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
        return {static_cast<const std::uint8_t*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
    }

private:
    Py_buffer buffer_{};
};

/// Runs `work` without the GIL where the bytes are many enough to be worth the hand-over.
template <typename Work>
auto over_bytes(std::span<const std::uint8_t> bytes, Work&& work) {
    if (bytes.size() < kBytesWithoutGil) return work();
    const nanobind::gil_scoped_release released;
    return work();
}

}  // namespace parley::bindings
