#pragma once
// NumPy arrays in and out, with errors that name the array.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace parley::bindings {

namespace nb = nanobind;

using InputArray = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using FlagArray = nb::ndarray<const bool, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using OutputArray = nb::ndarray<nb::numpy, double, nb::ndim<1>>;

inline constexpr std::size_t kElementsWithoutGil = 512;  // about 50 microseconds of the slowest function

template <typename Array>
void require_size(const char* name, const Array& array, const char* of, std::size_t size) {
    if (array.shape(0) != size) {
        throw nb::value_error((std::string("shape mismatch: ") + name + " has " + std::to_string(array.shape(0)) +
                               " elements, " + of + " has " + std::to_string(size))
                                  .c_str());
    }
}

inline void require_finite(const char* name, double value) {
    if (!(value - value == 0.0)) {
        throw nb::value_error((std::string(name) + " is not a finite number").c_str());
    }
}

[[nodiscard]] inline std::span<const double> to_span(const InputArray& array) { return {array.data(), array.shape(0)}; }

[[nodiscard]] inline const std::uint8_t* flags(const FlagArray& array) {
    static_assert(sizeof(bool) == 1);
    return reinterpret_cast<const std::uint8_t*>(array.data());
}

[[nodiscard]] inline OutputArray make_output(std::size_t size) {
    auto* values = new double[size == 0 ? 1 : size];
    const nb::capsule owner(values, [](void* pointer) noexcept { delete[] static_cast<double*>(pointer); });
    return OutputArray(values, {size}, owner);
}

// Runs `work` without the GIL where it is long enough to be worth the hand-over.
template <typename Work>
void without_gil(std::size_t size, Work&& work) {
    if (size < kElementsWithoutGil) {
        work();
        return;
    }
    const nb::gil_scoped_release release;
    work();
}

}  // namespace parley::bindings
