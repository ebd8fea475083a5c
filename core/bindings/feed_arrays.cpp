#include "feed_arrays.hpp"

#include <cstdint>
#include <stdexcept>

namespace parley::bindings {

namespace {

struct Field {
    const char* name;
    const char* type;
    std::size_t offset;
};

constexpr Field kFields[] = {
    {"venue_time_ns", "<i8", offsetof(FeedUpdate, venue_time_ns)},
    {"receive_time_ns", "<i8", offsetof(FeedUpdate, receive_time_ns)},
    {"first_sequence", "<i8", offsetof(FeedUpdate, first_sequence)},
    {"last_sequence", "<i8", offsetof(FeedUpdate, last_sequence)},
    {"previous_sequence", "<i8", offsetof(FeedUpdate, previous_sequence)},
    {"price_ticks", "<i8", offsetof(FeedUpdate, price_ticks)},
    {"quantity_lots", "<i8", offsetof(FeedUpdate, quantity_lots)},
    {"instrument_slot", "<u4", offsetof(FeedUpdate, instrument_slot)},
    {"kind", "u1", offsetof(FeedUpdate, kind)},
    {"side", "u1", offsetof(FeedUpdate, side)},
    {"flags", "<u2", offsetof(FeedUpdate, flags)},
};

nb::object make_dtype() {
    nb::list names;
    nb::list formats;
    nb::list offsets;
    for (const Field& field : kFields) {
        names.append(field.name);
        formats.append(field.type);
        offsets.append(field.offset);
    }
    nb::dict layout;
    layout["names"] = names;
    layout["formats"] = formats;
    layout["offsets"] = offsets;
    layout["itemsize"] = sizeof(FeedUpdate);
    return nb::module_::import_("numpy").attr("dtype")(layout);
}

/// How NumPy describes the dtype to the buffer protocol.
const std::string& update_format() {
    static const std::string format = [] {
        const nb::object empty = nb::module_::import_("numpy").attr("empty")(1, update_dtype());
        const Buffer buffer(empty, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT);
        return std::string(buffer.view().format);
    }();
    return format;
}

}  // namespace

nb::object update_dtype() {
    static PyObject* dtype = make_dtype().release().ptr();  // lives as long as the process
    return nb::borrow(dtype);
}

nb::object to_array(std::span<const FeedUpdate> updates) {
    nb::object array = nb::module_::import_("numpy").attr("empty")(updates.size(), update_dtype());
    if (!updates.empty()) {
        const Buffer buffer(array, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE);
        std::memcpy(buffer.view().buf, updates.data(), updates.size_bytes());
    }
    return array;
}

/// NumPy's array object up to the fields that we read, as its C interface fixes them (PyArrayObject in ndarraytypes.h).
/// Asking for a buffer instead makes NumPy write out the whole layout as text, which takes a microsecond.
struct ArrayHead {
    PyObject base;
    char* data;
    int dimensions;
    std::intptr_t* shape;
    std::intptr_t* strides;
    PyObject* owner;
    PyObject* dtype;
};

std::optional<std::span<const FeedUpdate>> peek_updates(nb::handle array) noexcept {
    static const PyTypeObject* array_type = Py_TYPE(to_array({}).release().ptr());
    if (Py_TYPE(array.ptr()) != array_type) return std::nullopt;
    const auto* head = reinterpret_cast<const ArrayHead*>(array.ptr());
    // The dtype is compared by identity: where it is ours, the fields before it are where we think they are.
    if (head->dtype != update_dtype().ptr() || head->dimensions != 1) return std::nullopt;
    const bool is_tight = head->strides[0] == sizeof(FeedUpdate) &&
                          reinterpret_cast<std::uintptr_t>(head->data) % alignof(FeedUpdate) == 0;
    if (!is_tight) return std::nullopt;
    return std::span(reinterpret_cast<const FeedUpdate*>(head->data), static_cast<std::size_t>(head->shape[0]));
}

UpdateView::UpdateView(nb::handle array) : buffer_(array, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) {
    const Py_buffer& view = buffer_.view();
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(view.buf) % alignof(FeedUpdate) == 0;
    if (view.itemsize != sizeof(FeedUpdate) || view.ndim != 1 || view.format == nullptr || !is_aligned ||
        view.format != update_format()) {
        throw std::invalid_argument("updates must be a contiguous one-dimensional array of update_dtype()");
    }
}

}  // namespace parley::bindings
