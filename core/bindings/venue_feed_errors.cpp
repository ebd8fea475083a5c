#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <stdexcept>
#include <string>

#include "venue_feed_bindings.hpp"

namespace nb = nanobind;

namespace {

PyObject* frame_refused = nullptr;  // lives as long as the module

}  // namespace

namespace parley::bindings {

DecimalScale to_scale(const char* name, const std::string& text) {
    DecimalScale scale;
    if (!parse_scale(text, scale)) {
        throw std::invalid_argument(std::string(name) + " must be a positive decimal such as 0.01, not " + text);
    }
    return scale;
}

[[noreturn]] void raise_refused(FeedError error, std::size_t offset) {
    const std::string message = std::string(parley::name(error)) + " at byte " + std::to_string(offset);
    nb::object raised = nb::borrow(frame_refused)(message);
    raised.attr("reason") = parley::name(error);
    raised.attr("offset") = offset;
    PyErr_SetObject(frame_refused, raised.ptr());
    throw nb::python_error();
}

}  // namespace parley::bindings

void bind_frame_refused(nb::module_& module) {
    frame_refused = PyErr_NewExceptionWithDoc(
        "parley_core.FrameRefused",
        "A frame or file is malformed; it changed nothing. `reason`: a word such as excess_digits or ends_early; "
        "`offset`: where, in bytes from its front.",
        PyExc_ValueError, nullptr);
    if (frame_refused == nullptr) throw nb::python_error();
    module.attr("FrameRefused") = nb::handle(frame_refused);
}
