#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

#include "engine_bindings.hpp"
#include "engine_inputs.hpp"
#include "parley/follower.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::Follower;

namespace {

void construct(Follower* self, const std::filesystem::path& directory) {
    const nb::gil_scoped_release released;
    new (self) Follower(std::make_shared<parley::PosixStorage>(directory, true));
}

parley::EngineService* take_over(Follower& follower, bool seize) {
    parley::EngineService::Options options;
    options.lock = seize ? parley::LockMode::seize : parley::LockMode::if_free;
    return new parley::EngineService(follower, options);
}

}  // namespace

void bind_standby(nb::module_& module) {
    nb::class_<Follower>(module, "Standby",
                         "A second engine that reads a journal while another process writes it. It changes no file, and\n"
                         "applies only what the writer knows to be on disk. One thread at a time.")
        .def("__init__", construct, "directory"_a,
             "Loads the newest snapshot. Raises JournalDamaged, OSError.")
        .def("follow", &Follower::follow, nb::call_guard<nb::gil_scoped_release>(),
             "Applies what became durable since; returns how many records. Raises JournalDamaged, OSError.")
        .def("take_over", take_over, "seize"_a = false, nb::rv_policy::take_ownership,
             nb::call_guard<nb::gil_scoped_release>(),
             "The engine that goes on from here, not started yet. Raises JournalLocked while the writer lives (then\n"
             "following can go on), unless `seize`: that takes the journal also from a writer that only sleeps, which\n"
             "can acknowledge nothing afterwards. After any other outcome the standby must not be used again.")
        .def_prop_ro("lease", &Follower::lease, "A number that changes with every sign of life of the writer.")
        .def_prop_ro("journal_sequence", [](const Follower& self) { return self.engine().journal_sequence(); },
                     "Last input applied.")
        .def("state_hash", [](const Follower& self) { return self.engine().state_hash(); },
             "As Engine.state_hash: that of the writer at the same journal_sequence.");
}
