#include "signal_errors.hpp"

#include <nanobind/stl/string.h>

#include <exception>

namespace parley::bindings {
namespace {

namespace nb = nanobind;
PyObject* refused = nullptr;  // lives as long as the module

void translate(const std::exception_ptr& pointer, void*) {
    try {
        std::rethrow_exception(pointer);
    } catch (const SignalGraphRefused& error) {
        nb::object raised = nb::borrow(refused)(std::string(error.what()));
        raised.attr("reason") = std::string(to_text(error.refusal.fault));
        raised.attr("node") = error.refusal.node;
        raised.attr("value") = error.refusal.value;
        raised.attr("bound") = error.refusal.bound;
        PyErr_SetObject(refused, raised.ptr());
    }
}

}  // namespace

void bind_signal_errors(nb::module_& module) {
    refused = PyErr_NewExceptionWithDoc("parley_core.SignalGraphRefused",
                                        "A graph that cannot be compiled. `reason`, `node`: which, `value` and "
                                        "`bound`: what was compared.",
                                        PyExc_ValueError, nullptr);
    if (refused == nullptr) throw nb::python_error();
    module.attr("SignalGraphRefused") = nb::handle(refused);
    nb::register_exception_translator(translate);
}

}  // namespace parley::bindings
