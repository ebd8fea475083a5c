#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include "engine_bindings.hpp"
#include "engine_inputs.hpp"
#include "parley/order_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

template <typename Command>
bool put(EngineService& engine, std::int64_t now_ns, const Command& command) {
    return engine.queue().push_command(command.command_sequence, [&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, command);
    });
}

bool amend_order(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                 std::int64_t valid_until_ns, std::int64_t order_id, std::optional<std::int64_t> quantity_lots,
                 std::optional<std::int64_t> price_ticks) {
    parley::AmendOrder command;
    command.command_sequence = command_sequence;
    command.valid_until_ns = valid_until_ns;
    command.order_id = checked::positive("order_id", order_id);
    if (quantity_lots) command.quantity.value = checked::positive("quantity_lots", *quantity_lots);
    if (price_ticks) command.price.value = checked::positive("price_ticks", *price_ticks);
    return put(engine, now_ns, command);
}

bool set_instrument_phase(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                          std::int64_t instrument_id, int phase, std::string_view command_id) {
    return put(engine, now_ns,
               parley::SetInstrumentPhase{command_sequence, instrument_id,
                                          checked::enumerator<parley::InstrumentPhase>("phase", phase),
                                          checked::text("command_id", command_id)});
}

bool set_price_bands(EngineService& engine, std::int64_t now_ns, std::int64_t command_sequence,
                     std::int64_t instrument_id, std::int64_t reference_ticks, std::int64_t static_basis_points,
                     std::int64_t dynamic_basis_points, bool pauses, std::string_view command_id) {
    parley::SetPriceBands command;
    command.command_sequence = command_sequence;
    command.instrument_id = instrument_id;
    command.bands = {{reference_ticks}, static_basis_points, dynamic_basis_points, pauses};
    command.command_id = checked::text("command_id", command_id);
    return put(engine, now_ns, command);
}

nb::object indicative(EngineService& engine, std::int64_t instrument_id) {
    parley::Engine::Uncrossing found;
    {
        const nb::gil_scoped_release released;
        found = engine.read([&](const parley::Engine& state) { return state.indicative(instrument_id); });
    }
    if (found.lots.value == 0) return nb::none();
    return nb::make_tuple(found.price.value, found.lots.value, found.imbalance_lots);
}

}  // namespace

void bind_order_commands(EngineClass& engine) {
    engine
        .def("amend_order", amend_order, "now_ns"_a, "command_sequence"_a, "valid_until_ns"_a, "order_id"_a,
             "quantity_lots"_a = nb::none(), "price_ticks"_a = nb::none(),
             "quantity_lots: the whole order, what was executed included. Fewer lots at the same price keep the place\n"
             "in the queue; anything else passes the risk gate again and goes to the back, or trades. Event\n"
             "order_amended (then what follows from it), or amend_rejected with reason, value and bound.")
        .def("set_instrument_phase", set_instrument_phase, "now_ns"_a, "command_sequence"_a, "instrument_id"_a,
             "phase"_a, "command_id"_a = "",
             "phase: 0 continuous, 1 call (orders are collected, nothing trades), 2 halted (no new orders either).\n"
             "Back to continuous, what crosses trades at one price. Event instrument_phase_changed with that price and\n"
             "volume, or command_refused.")
        .def("set_price_bands", set_price_bands, "now_ns"_a, "command_sequence"_a, "instrument_id"_a,
             "reference_ticks"_a, "static_basis_points"_a, "dynamic_basis_points"_a, "pauses"_a = false,
             "command_id"_a = "",
             "Nothing trades farther from reference_ticks, or from the last trade, than the basis points (0: no band).\n"
             "An order that would is canceled `price_band`, or with pauses calls an auction. Event price_bands_set.")
        .def("indicative", indicative, "instrument_id"_a,
             "(price_ticks, lots, imbalance_lots) of an uncrossing now, or None where nothing crosses.");
}
