#include <nanobind/stl/string.h>

#include <exception>
#include <system_error>

#include "engine_bindings.hpp"
#include "parley/bytes.hpp"
#include "parley/engine_service.hpp"

namespace nb = nanobind;

namespace {

struct Errors {
    PyObject* queue_full = nullptr;
    PyObject* command_gap = nullptr;
    PyObject* engine_halted = nullptr;
    PyObject* journal_damaged = nullptr;
    PyObject* journal_locked = nullptr;
    PyObject* journal_fenced = nullptr;
    PyObject* events_released = nullptr;
};
Errors errors;  // live as long as the module

PyObject* add_error(nb::module_& module, const char* name, PyObject* base, const char* doc) {
    const std::string qualified = std::string("parley_core.") + name;
    PyObject* type = PyErr_NewExceptionWithDoc(qualified.c_str(), doc, base, nullptr);
    if (type == nullptr) throw nb::python_error();
    module.attr(name) = nb::handle(type);
    return type;
}

template <typename... Attributes>
void raise(PyObject* type, const std::string& message, const Attributes&... attributes) {
    nb::object error = nb::borrow(type)(message);
    ((error.attr(attributes.first) = attributes.second), ...);
    PyErr_SetObject(type, error.ptr());
}

void translate(const std::exception_ptr& pointer, void*) {
    using std::pair;
    try {
        std::rethrow_exception(pointer);
    } catch (const parley::QueueFull& error) {
        raise(errors.queue_full, error.what(), pair("value", error.value), pair("bound", error.bound));
    } catch (const parley::CommandGap& error) {
        raise(errors.command_gap, error.what(), pair("value", error.value), pair("bound", error.bound));
    } catch (const parley::EngineHalted& error) {
        raise(errors.engine_halted, error.what(), pair("reason", std::string(error.what())));
    } catch (const parley::JournalDamaged& error) {
        raise(errors.journal_damaged, error.what(), pair("sequence", error.sequence));
    } catch (const parley::JournalLocked& error) {
        raise(errors.journal_locked, error.what());
    } catch (const parley::JournalFenced& error) {
        raise(errors.journal_fenced, error.what());
    } catch (const parley::EventsReleased& error) {
        raise(errors.events_released, error.what());
    } catch (const std::system_error& error) {
        nb::object os_error = nb::borrow(PyExc_OSError)(error.code().value(), std::string(error.what()));
        PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(os_error.ptr())), os_error.ptr());
    }
}

}  // namespace

void bind_engine_errors(nb::module_& module) {
    errors.queue_full = add_error(module, "QueueFull", PyExc_RuntimeError,
                                  "The engine's input queue is full: try again later. `value`, `bound`: inputs or bytes.");
    errors.command_gap = add_error(module, "CommandGap", PyExc_ValueError,
                                   "A command came before the one that precedes it. `value`: its sequence, `bound`: "
                                   "the sequence expected.");
    errors.engine_halted = add_error(module, "EngineHalted", PyExc_RuntimeError,
                                     "The engine takes no more inputs: it was stopped, or its journal failed. "
                                     "`reason` says which.");
    errors.journal_damaged = add_error(module, "JournalDamaged", PyExc_RuntimeError,
                                       "Bytes that were once on disk are missing or changed. `sequence`: the first "
                                       "damaged record.");
    errors.journal_locked =
        add_error(module, "JournalLocked", PyExc_RuntimeError, "Another engine holds the journal's folder.");
    errors.journal_fenced = add_error(module, "JournalFenced", PyExc_RuntimeError,
                                      "Another engine took the journal over while this one was opening it.");
    errors.events_released = add_error(module, "EventsReleased", PyExc_LookupError,
                                       "Events that were released by release_events and are no longer on disk.");
    nb::register_exception_translator(translate);
}
