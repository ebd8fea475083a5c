#pragma once

#include <nanobind/nanobind.h>

#include "parley/events.hpp"

void bind_engine_errors(nanobind::module_& module);
void bind_engine_enums(nanobind::module_& module);
void bind_journal_bench(nanobind::module_& module);
void bind_standby(nanobind::module_& module);
void bind_engine_bench(nanobind::module_& module);
void bind_risk_gate_bench(nanobind::module_& module);

/// (event_number, journal_sequence, index, at_ns, command_sequence, kind, payload)
nanobind::tuple event_tuple(const parley::Event& event);
