#pragma once

#include <nanobind/nanobind.h>

#include <cstring>

#include "parley/uint256.hpp"

/// Python's integers from 0 to 2^256 - 1 as Uint256; others are refused with TypeError, as nanobind refuses.
namespace nanobind::detail {

template <>
struct type_caster<parley::Uint256> {
    NB_TYPE_CASTER(parley::Uint256, const_name("int"))

    bool from_python(handle source, std::uint8_t, cleanup_list*) noexcept {
        if (!PyLong_Check(source.ptr())) return false;
        const object bytes =
            steal<object>(PyObject_CallMethod(source.ptr(), "to_bytes", "is", 32, "little"));
        if (!bytes.is_valid()) {
            PyErr_Clear();
            return false;
        }
        std::memcpy(value.limbs.data(), PyBytes_AS_STRING(bytes.ptr()), 32);
        return true;
    }
    static handle from_cpp(const parley::Uint256& number, rv_policy, cleanup_list*) noexcept {
        const object bytes =
            steal<object>(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(number.limbs.data()), 32));
        if (!bytes.is_valid()) return {};
        return PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyLong_Type), "from_bytes", "Os", bytes.ptr(), "little");
    }
};

}  // namespace nanobind::detail
