#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

#include "engine_bindings.hpp"
#include "engine_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

void construct(EngineService* self, const std::filesystem::path& directory, std::int64_t segment_bytes,
               std::int64_t snapshot_interval, std::int64_t queue_capacity, bool fsync,
               std::int64_t retained_segments) {
    EngineService::Options options;
    options.segment_bytes = static_cast<std::uint64_t>(checked::within("segment_bytes", segment_bytes, 4'096, 1LL << 40));
    options.snapshot_interval = static_cast<std::uint64_t>(checked::positive("snapshot_interval", snapshot_interval));
    options.queue_capacity = static_cast<std::size_t>(checked::within("queue_capacity", queue_capacity, 1, 1LL << 24));
    options.retained_segments =
        static_cast<std::size_t>(checked::within("retained_segments", retained_segments, 1, 1LL << 20));
    options.is_synced = fsync;
    const nb::gil_scoped_release released;
    new (self) EngineService(std::make_shared<parley::PosixStorage>(directory, true), options);
}

template <typename Events>
nb::list event_list(const Events& events) {
    nb::list list;
    for (const auto& event : events) list.append(event_tuple(event));
    return list;
}

std::size_t count_of(std::int64_t max_events) {
    return static_cast<std::size_t>(checked::within("max_events", max_events, 0, 1LL << 32));
}

nb::list drain(EngineService& engine, std::int64_t max_events) {
    const std::size_t count = count_of(max_events);
    parley::EventLog::Drained drained;
    {
        const nb::gil_scoped_release released;
        drained = engine.drain(count);
    }
    return event_list(drained.events);
}

nb::list events_from(EngineService& engine, std::int64_t event_number, std::int64_t max_events) {
    const std::size_t count = count_of(max_events);
    std::vector<parley::Event> events;
    {
        const nb::gil_scoped_release released;
        events = engine.events_from(event_number, count);
    }
    return event_list(events);
}

/// Reads between two inputs without holding the interpreter meanwhile.
template <typename Read>
auto read(EngineService& engine, Read&& read_engine) {
    const nb::gil_scoped_release released;
    return engine.read(read_engine);
}

nb::tuple depth(EngineService& engine, std::int64_t instrument_id, std::int64_t levels) {
    const auto count = static_cast<std::size_t>(checked::within("levels", levels, 0, 1'000'000));
    const auto sides = read(engine, [&](const parley::Engine& state) {
        return std::pair(state.depth(instrument_id, parley::Side::buy, count),
                         state.depth(instrument_id, parley::Side::sell, count));
    });
    nb::list bids, asks;
    for (const auto& level : sides.first) bids.append(nb::make_tuple(level.price.value, level.lots.value));
    for (const auto& level : sides.second) asks.append(nb::make_tuple(level.price.value, level.lots.value));
    return nb::make_tuple(bids, asks);
}

nb::list instruments(EngineService& engine) {
    nb::list list;
    for (const auto& listing : read(engine, [](const parley::Engine& state) { return state.listings(); })) {
        list.append(nb::make_tuple(listing.id, listing.name,
                                   nb::bytes(listing.terms_json.data(), listing.terms_json.size())));
    }
    return list;
}

nb::list positions(EngineService& engine) {
    nb::list list;
    for (const auto& held : read(engine, [](const parley::Engine& state) { return state.holdings(); })) {
        list.append(nb::make_tuple(held.account_id, held.instrument_id, held.position.lots,
                                   held.position.buy_working, held.position.sell_working));
    }
    return list;
}

nb::list working_orders(EngineService& engine) {
    nb::list list;
    for (const auto& order : read(engine, [](const parley::Engine& state) { return state.working_orders(); })) {
        list.append(nb::make_tuple(order.order_id, order.account_id, order.instrument_id,
                                   static_cast<int>(order.side), order.price.value, order.quantity.value,
                                   order.leaves.value));
    }
    return list;
}

std::string state_hash(EngineService& engine) {
    return read(engine, [](const parley::Engine& state) { return state.state_hash(); });
}

bool flush(EngineService& engine, double timeout_seconds) {
    const nb::gil_scoped_release released;
    return engine.flush(std::chrono::milliseconds(static_cast<std::int64_t>(timeout_seconds * 1e3)));
}

nb::tuple replay(const std::filesystem::path& directory, bool from_genesis) {
    parley::Replay result;
    {
        const nb::gil_scoped_release released;
        parley::PosixStorage storage(directory, false);
        result = parley::replay_folder(storage, from_genesis);
    }
    return nb::make_tuple(result.state_hash, result.journal_sequence, result.event_number);
}

void bind_life(EngineClass& engine) {
    engine
        .def("__init__", construct, "directory"_a, nb::kw_only(), "segment_bytes"_a = std::int64_t{64} << 20,
             "snapshot_interval"_a = 1'000'000, "queue_capacity"_a = 65'536, "fsync"_a = true,
             "retained_segments"_a = 16,
             "Opens the folder, alone (JournalLocked), and recovers: newest valid snapshot, then the journal's tail.\n"
             "A torn tail that nobody was told about is cut; other damage raises JournalDamaged with its sequence.\n\n"
             "segment_bytes: size of a journal file. snapshot_interval: inputs between snapshots (one is also taken\n"
             "with every new segment, and by stop). queue_capacity: inputs that may wait. fsync=False: for tests and\n"
             "benchmarks only. retained_segments: segments kept though release_events lets them go. Raises OSError.")
        .def("start", &EngineService::start, "Starts the engine thread. Inputs put in before are applied first.")
        .def("stop", &EngineService::stop, nb::call_guard<nb::gil_scoped_release>(),
             "Applies what was put in, syncs, writes a snapshot, releases the folder. Final; reads still answer.")
        .def("renew_lease", &EngineService::renew_lease, nb::call_guard<nb::gil_scoped_release>(),
             "Shows a standby that this process lives. False, and the engine halts, where another took over.")
        .def("flush", flush, "timeout_seconds"_a = 10.0,
             "Waits until all that was put in is applied and its events are released. False: it was not, in time.")
        .def_prop_ro("event_fd", &EngineService::event_descriptor,
                     "eventfd that is readable while there may be events to drain, and once when the engine halts.");
}

void bind_events(EngineClass& engine) {
    engine
        .def("drain", drain, "max_events"_a = 4'096,
             "Events released since the last drain, as (event_number, journal_sequence, index, at_ns,\n"
             "command_sequence, kind, payload): payload holds the fields of the struct in wire.gateway in order,\n"
             "enumerators as their numbers, instrument terms as JSON bytes. Events of earlier lives of the engine are\n"
             "not here: see events_from.")
        .def("events_from", events_from, "event_number"_a, "max_events"_a = 4'096,
             "The same tuples from event_number on, of any life: from memory, else by replaying a snapshot and the\n"
             "journal. Empty beyond the last. Raises EventsReleased, JournalDamaged.")
        .def("release_events", &EngineService::release_events, "event_number"_a,
             "Nobody will ask for events up to this one again: journal segments that hold only such, beyond\n"
             "retained_segments, are removed at the next snapshot. Without it nothing is ever removed.");
}

void bind_reads(EngineClass& engine) {
    engine.def("state_hash", state_hash, "Hash of the whole state: equal states, however reached, hash equally.")
        .def_prop_ro("journal_sequence", &EngineService::journal_sequence, "Last input applied.")
        .def_prop_ro("event_number", &EngineService::event_number, "Last event released; 0 before the first.")
        .def_prop_ro("command_sequence", &EngineService::command_sequence, "Last command applied and durable.")
        .def_prop_ro("state", &EngineService::state,
                     "ready, running, stopped, `halted: journal` (a write or sync failed), `halted: fenced` (another\n"
                     "engine took over) or `halted: engine`.")
        .def_prop_ro("recovery", &EngineService::recovery, "What opening found, in words, for the log.")
        .def("depth", depth, "instrument_id"_a, "levels"_a = 10,
             "([(price_ticks, lots), ...] bids, the same of asks), best first; empty for an unknown instrument.")
        .def("instruments", instruments, "[(instrument_id, name, terms_json), ...] by id.")
        .def("positions", positions,
             "[(account_id, instrument_id, position_lots, buy_working_lots, sell_working_lots), ...]; working\n"
             "includes reservations.")
        .def("working_orders", working_orders,
             "[(order_id, account_id, instrument_id, side, price_ticks, quantity_lots, leaves_lots), ...] by id.");
}

}  // namespace

void bind_engine(nb::module_& module) {
    module.attr("__version__") = "0.1.0";
    bind_engine_errors(module);
    bind_engine_enums(module);
    bind_engine_bench(module);
    bind_risk_gate_bench(module);
    EngineClass engine(module, "Engine",
                       "Order books, risk gate and journal on a thread of their own. All methods are thread safe.\n\n"
                       "now_ns is the wall clock, market_time_ns the clock of the market that is playing, both UTC\n"
                       "nanoseconds; the engine has no clock of its own. Prices are ticks, quantities lots, values\n"
                       "micro-dollars.");
    bind_life(engine);
    bind_events(engine);
    bind_reads(engine);
    bind_market_inputs(engine);
    bind_commands(engine);
    bind_block_commands(engine);
    bind_order_commands(engine);
    bind_control_commands(engine);
    bind_entered_orders(engine);
    bind_routes(engine);
    bind_in_force(engine);
    bind_standby(module);
    bind_journal_bench(module);
    bind_margin_inputs(engine);
    module.def("replay", replay, "directory"_a, "from_genesis"_a = true,
               "(state_hash, journal_sequence, event_number) of a journal's folder, rebuilt without changing it, from\n"
               "its first record or from its newest snapshot. Raises JournalDamaged.");
}
