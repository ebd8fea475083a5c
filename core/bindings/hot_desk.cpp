#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>

#include "engine_inputs.hpp"
#include "hot_facts.hpp"
#include "parley/hot_desk.hpp"
#include "signal_errors.hpp"
#include "signal_nodes.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;
using parley::bindings::NodeTuple;
using parley::bindings::TermsTuple;

namespace {

constexpr std::size_t kFactsAtOnceMax = 65'536;
constexpr std::int64_t kPortMax = 65'535;
constexpr std::size_t kUserBytesMax = 6;
constexpr std::size_t kPasswordBytesMax = 10;
constexpr std::size_t kSessionNameBytesMax = 10;

using Owner = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
using LimitsTuple = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;

Controls::Subject subject_of(const Owner& owner, std::int64_t venue_id) {
    const auto& [account_id, user_id, desk_id, firm_id, strategy_id] = owner;
    for (const std::int64_t id : {account_id, user_id, desk_id, firm_id, strategy_id}) {
        checked::within("owner", id, 0, kScopeIdMax);
    }
    return {firm_id, desk_id, desk_id, user_id, account_id, 0, strategy_id,
            checked::within("venue_id", venue_id, 0, kScopeIdMax)};
}

Limits limits_of(const LimitsTuple& given) {
    const auto& [lots, value, position_lots, position_value, collar] = given;
    return {checked::not_negative("max_order_quantity_lots", lots), checked::not_negative("max_order_value_micros", value),
            checked::not_negative("max_position_lots", position_lots),
            checked::not_negative("max_position_value_micros", position_value),
            checked::not_negative("price_collar_basis_points", collar)};
}

/// Throws what says which part of it cannot be.
void require(const HotPathConfig& config) {
    switch (HotPath::check(config)) {
        case HotPathFault::none: return;
        case HotPathFault::pairs:
            throw bindings::HotPathRefused("pairs", std::string(to_text(PairsTrader::check(config.pairs, config.symbols.size()))));
        case HotPathFault::graph: {
            SignalGraph graph;
            const SignalRefusal refusal = graph.compile(config.nodes, static_cast<std::uint32_t>(config.symbols.size()));
            throw bindings::HotPathRefused("graph", bindings::SignalGraphRefused(refusal).what());
        }
        case HotPathFault::symbols:
            throw bindings::HotPathRefused("symbols", "1 to 65,535 different ones of 1 to 8 characters");
        case HotPathFault::zscores:
            throw bindings::HotPathRefused("zscores", "each pair has a watched node of its own");
        case HotPathFault::owner: throw bindings::HotPathRefused("owner", "a strategy has an id above zero");
    }
}

void construct(HotDesk* place, const std::vector<std::string>& symbols, const std::vector<NodeTuple>& nodes,
               const std::vector<TermsTuple>& pairs, const Owner& owner, const LimitsTuple& limits, std::uint32_t open_max,
               std::int64_t through_ticks, bool is_journal_first, std::size_t book_orders_max, std::size_t book_levels_max,
               std::int64_t venue_id) {
    HotPathConfig config;
    config.symbols = symbols;
    config.nodes = bindings::to_nodes(nodes);
    for (const TermsTuple& fields : pairs) {
        config.pairs.push_back(bindings::to_terms(fields));
        config.zscores.push_back(std::get<8>(fields));
    }
    config.settings = {open_max, {checked::within("through_ticks", through_ticks, 0, kPriceTicksMax)}};
    config.owner = subject_of(owner, venue_id);
    config.limits = limits_of(limits);
    config.books = {book_orders_max, book_levels_max};
    config.send = is_journal_first ? SendPolicy::journal_first : SendPolicy::send_first;
    config.feed_begins_at = 1;
    require(config);
    const nb::gil_scoped_release released;
    new (place) HotDesk(config);
}

std::string short_text(const char* name, const std::string& text, std::size_t most) {
    if (text.size() > most) checked::refuse(name, static_cast<std::int64_t>(text.size()), 0, static_cast<std::int64_t>(most));
    return text;
}

std::uint16_t port_of(const char* name, std::int64_t port, std::int64_t least) {
    return static_cast<std::uint16_t>(checked::within(name, port, least, kPortMax));
}

void start(HotDesk& desk, std::int64_t feed_port, const std::string& feed_host, const std::string& feed_group,
           const std::string& gap_host, std::int64_t gap_port, const std::string& order_host, std::int64_t order_port,
           const std::string& user, const std::string& password, const std::string& session, std::int64_t next_sequence,
           bool cancel_on_disconnect, int cpu) {
    HotEndpoints endpoints;
    endpoints.feed_port = port_of("feed_port", feed_port, 0);
    endpoints.feed_host = feed_host;
    endpoints.feed_group = feed_group;
    endpoints.gap_host = gap_host;
    endpoints.gap_port = port_of("gap_port", gap_port, gap_host.empty() ? 0 : 1);
    endpoints.order_host = order_host;
    endpoints.order_port = port_of("order_port", order_port, 1);
    endpoints.user = short_text("user", user, kUserBytesMax);
    endpoints.password = short_text("password", password, kPasswordBytesMax);
    endpoints.session = short_text("session", session, kSessionNameBytesMax);
    endpoints.next_sequence = static_cast<std::uint64_t>(checked::positive("next_sequence", next_sequence));
    endpoints.cancel_on_disconnect = cancel_on_disconnect;
    const nb::gil_scoped_release released;
    desk.start(endpoints, cpu);
}

void replay(HotDesk& desk, const nb::list& facts) {
    if (desk.state() != HotDeskState::idle) throw std::logic_error("facts are replayed before the start");
    for (std::size_t at = 0; at < facts.size(); ++at) {
        if (!desk.replay(bindings::to_fact(nb::cast<nb::tuple>(facts[at])))) {
            throw nb::value_error(("fact " + std::to_string(at) + " cannot have happened").c_str());
        }
    }
}

nb::list take(HotDesk& desk, std::int64_t facts_max) {
    const std::int64_t most = checked::within("facts_max", facts_max, 1, kFactsAtOnceMax);
    nb::list facts;
    desk.take(static_cast<std::size_t>(most), [&](const HotFact& fact) { facts.append(bindings::to_tuple(fact)); });
    return facts;
}

/// Without the GIL, which the caller's other threads may need while the path's thread is elsewhere.
template <typename Act>
void call(HotDesk& desk, Act&& act) {
    const nb::gil_scoped_release released;
    desk.call(act);
}

void change(HotDesk& desk, const std::function<Refusal(OrderControls&)>& act) {
    Refusal refusal;
    call(desk, [&](HotPath& path) { refusal = path.gate().change_controls(act); });
    if (!refusal) return;
    throw std::invalid_argument(std::string(reason_name(refusal.reason)) + ": " + std::to_string(refusal.value) +
                                ", bound " + std::to_string(refusal.bound));
}

void set_scope_limits(HotDesk& desk, std::int64_t now_ns, int scope, std::int64_t scope_id, Limit max_order_quantity_lots,
                      Limit max_order_value_micros, Limit soft_order_value_micros, Limit max_open_risk_micros,
                      Limit period_collar_basis_points, std::int64_t collar_period_ns, Limit messages_per_second,
                      std::int64_t message_burst, Limit duplicate_window_ns, Limit max_executions,
                      std::int64_t execution_period_ns, Limit max_working_orders, Limit max_orders,
                      bool is_instrument_list_required, bool is_trader_list_required) {
    const auto named = checked::enumerator<ControlScope>("scope", scope);
    const std::int64_t id = checked::scope_id(named, scope_id);
    const ScopeLimits limits = scope_limits_of(
        max_order_quantity_lots, max_order_value_micros, soft_order_value_micros, max_open_risk_micros,
        period_collar_basis_points, collar_period_ns, messages_per_second, message_burst, duplicate_window_ns,
        max_executions, execution_period_ns, max_working_orders, max_orders, is_instrument_list_required,
        is_trader_list_required);
    change(desk, [&](OrderControls& controls) { return controls.set_limits(named, id, limits, now_ns); });
}

void enable_scope(HotDesk& desk, int scope, std::int64_t scope_id) {
    const auto named = checked::enumerator<ControlScope>("scope", scope);
    const std::int64_t id = checked::scope_id(named, scope_id);
    change(desk, [&](OrderControls& controls) {
        controls.enable(named, id);
        return Refusal{};
    });
}

void set_kill_switch(HotDesk& desk, int scope, std::int64_t scope_id, bool is_engaged) {
    const auto named = checked::enumerator<ControlScope>("scope", scope);
    const std::int64_t id = checked::scope_id(named, scope_id);
    call(desk, [&](HotPath& path) { path.gate().controls().set_kill(named, id, is_engaged); });
}

void set_trading_state(HotDesk& desk, int scope, std::int64_t scope_id, int state) {
    const auto named = checked::enumerator<ControlScope>("scope", scope);
    const std::int64_t id = checked::scope_id(named, scope_id);
    const auto wanted = checked::enumerator<TradingState>("state", state);
    call(desk, [&](HotPath& path) { path.gate().controls().set_state(named, id, wanted); });
}

void set_limits(HotDesk& desk, std::int64_t lots, std::int64_t value, std::int64_t position_lots, std::int64_t position_value,
                std::int64_t collar) {
    const Limits limits = limits_of({lots, value, position_lots, position_value, collar});
    call(desk, [&](HotPath& path) { path.gate().set_limits(limits); });
}

bool steer(HotDesk& desk, HotSteering what, std::int64_t pair) {
    const auto most = static_cast<std::int64_t>(desk.pairs()) - 1;
    const auto at = static_cast<std::uint32_t>(checked::within("pair", pair, 0, most));
    const nb::gil_scoped_release released;
    return desk.steer(what, at);
}

nb::list pairs(HotDesk& desk) {
    struct Row {
        PairState state{};
        std::int64_t held[kPairOrdersMax] = {};
        double zscore = 0.0;
    };
    std::vector<Row> rows(desk.pairs());
    call(desk, [&](HotPath& path) {
        for (std::uint32_t at = 0; at < rows.size(); ++at) {
            rows[at] = {path.trader().state(at), {path.trader().held(at, 0), path.trader().held(at, 1)}, path.zscore(at)};
        }
    });
    nb::list answer;
    for (const Row& row : rows) {
        const std::string_view state = to_text(row.state);
        answer.append(nb::make_tuple(nb::str(state.data(), state.size()), row.held[0], row.held[1], row.zscore));
    }
    return answer;
}

nb::list positions(HotDesk& desk) {
    struct Row {
        Position position;
        Touch touch;
        bool is_halted = false;
    };
    std::vector<Row> rows;
    call(desk, [&](HotPath& path) {
        for (std::uint32_t slot = 0; slot < path.gate().size(); ++slot) {
            rows.push_back({path.gate().position(slot), path.touch(slot), path.gate().is_halted(slot)});
        }
    });
    nb::list answer;
    for (const Row& row : rows) {
        answer.append(nb::make_tuple(row.position.lots, row.position.buy_working, row.position.sell_working,
                                     row.touch.bid.value, row.touch.ask.value, row.is_halted));
    }
    return answer;
}

nb::dict counts(HotDesk& desk) {
    HotPathCounts counted;
    mold::Counters feed;
    std::uint64_t refusals = 0, unknown = 0, flaws = 0, next = 0;
    std::uint32_t open = 0;
    call(desk, [&](HotPath& path) {
        counted = path.counts();
        feed = path.feed().counters();
        next = path.feed().next_sequence();
        refusals = path.trader().refusals();
        unknown = path.trader().unknown_orders();
        open = path.trader().open();
        flaws = path.books().flaws().total();
    });
    nb::dict answer;
    answer["messages"] = counted.messages;
    answer["malformed_messages"] = counted.malformed_messages;
    answer["quotes"] = counted.quotes;
    answer["trades"] = counted.trades;
    answer["orders"] = counted.orders;
    answer["blocked"] = counted.blocked;
    answer["withdrawn"] = counted.withdrawn;
    answer["malformed_reports"] = counted.malformed_reports;
    answer["adopted"] = counted.adopted;
    answer["never_arrived"] = counted.never_arrived;
    answer["busts"] = counted.busts;
    answer["refusals"] = refusals;
    answer["unknown_orders"] = unknown;
    answer["open_pairs"] = open;
    answer["losses"] = desk.losses();
    answer["datagrams"] = feed.datagrams;
    answer["gap_requests"] = feed.requests;
    answer["lost_messages"] = feed.lost;
    answer["next_feed_sequence"] = next;
    answer["book_flaws"] = flaws;
    return answer;
}

std::string state_hash(HotDesk& desk) {
    std::uint64_t hash = 0;
    call(desk, [&](HotPath& path) { hash = path.state_hash(); });
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

void bind_controls(nb::class_<HotDesk>& desk) {
    desk.def("set_limits", set_limits, "max_order_quantity_lots"_a, "max_order_value_micros"_a, "max_position_lots"_a,
             "max_position_value_micros"_a, "price_collar_basis_points"_a, "Of the account, each instrument by itself.")
        .def("set_scope_limits", set_scope_limits, "now_ns"_a, "scope"_a, "scope_id"_a, nb::kw_only(),
             "max_order_quantity_lots"_a = nb::none(), "max_order_value_micros"_a = nb::none(),
             "soft_order_value_micros"_a = nb::none(), "max_open_risk_micros"_a = nb::none(),
             "period_collar_basis_points"_a = nb::none(), "collar_period_ns"_a = 0, "messages_per_second"_a = nb::none(),
             "message_burst"_a = 0, "duplicate_window_ns"_a = nb::none(), "max_executions"_a = nb::none(),
             "execution_period_ns"_a = 0, "max_working_orders"_a = nb::none(), "max_orders"_a = nb::none(),
             "is_instrument_list_required"_a = false, "is_trader_list_required"_a = false,
             "As Engine.set_scope_limits. A strategy without limits of its own scope may send nothing. ValueError with the\n"
             "reason where there is no room for the scope.")
        .def("enable_scope", enable_scope, "scope"_a, "scope_id"_a,
             "Lets a scope trade again that its execution throttle has stopped.")
        .def("set_kill_switch", set_kill_switch, "scope"_a, "scope_id"_a, "is_engaged"_a,
             "As Engine.set_kill_switch: a killed scope sends nothing at all, also not to leave a position.")
        .def("set_trading_state", set_trading_state, "scope"_a, "scope_id"_a, "state"_a,
             "0 active, 1 reducing, 2 halted, as Engine.set_trading_state.");
}

void bind_steering(nb::class_<HotDesk>& desk) {
    desk.def("disable", [](HotDesk& self, std::int64_t pair) { steer(self, HotSteering::disable, pair); }, "pair"_a,
             "The pair decides nothing more; it keeps what it holds. Fact `steered`. ValueError for a pair that there is not, and\n"
             "where so many facts wait that there is no room for this one: then nothing happened.")
        .def("enable", [](HotDesk& self, std::int64_t pair) { return steer(self, HotSteering::enable, pair); }, "pair"_a,
             "False where it still holds or works: then it stays as it is. It enters once its z-score has been inside the\n"
             "exit level.")
        .def("unwind", [](HotDesk& self, std::int64_t pair) { steer(self, HotSteering::unwind, pair); }, "pair"_a,
             "From any state: leaves with the signals that follow, and enters again once its z-score has been inside the exit\n"
             "level. One that holds nothing is flat at once, also where it was disabled.")
        .def("set_entering", [](HotDesk& self, bool may_enter) {
            const nb::gil_scoped_release released;
            self.steer(may_enter ? HotSteering::entering_on : HotSteering::entering_off, 0);
        }, "may_enter"_a, "Whether any pair may enter; those that hold go on leaving.");
}

}  // namespace

void bind_hot_desk(nb::module_& module) {
    bindings::bind_hot_errors(module);
    nb::class_<HotDesk> desk(
        module, "HotDesk",
        "Pairs traded from the bytes of ITCH 5.0 in MoldUDP64 to those of OUCH 5.0 in SoupBinTCP, on a native thread of its\n"
        "own (docs/hot-path.md). Python takes facts, writes them down and says so. Prices are ticks of 1e-4 US dollar, a lot\n"
        "is a share, times are UTC nanoseconds. Every method may be called from any thread, take() from one at a time.");
    desk.def("__init__", construct, nb::kw_only(), "symbols"_a, "nodes"_a, "pairs"_a, "owner"_a, "limits"_a, "open_max"_a = 100,
             "through_ticks"_a = 200, "is_journal_first"_a = true, "book_orders_max"_a = 1'000'000,
             "book_levels_max"_a = 500'000, "venue_id"_a = 0,
             "symbols: of the instruments, by slot. nodes: as of SignalGraph. pairs: (first, second, first_lots, second_lots,\n"
             "entry, exit, stop, timeout_ns, node of the z-score). owner: (account_id, user_id, desk_id, firm_id,\n"
             "strategy_id). limits: as set_limits. open_max: pairs that may hold or work at once. through_ticks: how far\n"
             "beyond the touch an order may trade. is_journal_first: an order leaves once journaled() was said of its fact.\n"
             "Raises HotPathRefused, ValueError.")
        .def("replay", replay, "facts"_a,
             "What an earlier life did, before start(): the facts of its log, the oldest first, as take() gave them. Raises\n"
             "ValueError for one that cannot have happened, RuntimeError after the start.")
        .def("start", start, nb::kw_only(), "feed_port"_a, "feed_host"_a = "127.0.0.1", "feed_group"_a = "", "gap_host"_a = "",
             "gap_port"_a = 0, "order_host"_a, "order_port"_a, "user"_a, "password"_a, "session"_a = "",
             "next_sequence"_a = 1, "cancel_on_disconnect"_a = true, "cpu"_a = -1,
             "Opens the sockets and begins. feed_host: the interface; feed_group: multicast, or empty; gap_host: who sends\n"
             "messages of the feed again, or empty. session and next_sequence: what the log says, to hear what came since.\n"
             "cpu: the core that the thread keeps busy, below zero it sleeps between packets. Hosts are IPv4 addresses.\n"
             "Raises OSError where a socket fails, ValueError, RuntimeError where it has been started before.")
        .def("stop", &HotDesk::stop, nb::call_guard<nb::gil_scoped_release>(),
             "Ends the thread and the connection. Facts can still be taken.")
        .def("fileno", &HotDesk::descriptor, "A descriptor that is readable while facts wait.")
        .def_prop_ro("feed_port", &HotDesk::feed_port, "Where datagrams are taken, after start(): the one that was free for 0.")
        .def("take", take, "facts_max"_a = 4'096, nb::sig("def take(self, facts_max: int = 4096) -> list[tuple]"),
             "Facts in the order in which they happened:\n"
             "(\"order\", at_ns, order_id, pair, leg, slot, side, lots, price_ticks, feed_sequence, zscore)\n"
             "(\"report\", at_ns, sequence, message): OUCH, numbered by the session\n"
             "(\"ended\", at_ns, order_id, why): withdrawn: it never left; never_arrived: the venue does not know it\n"
             "(\"opened\", at_ns, session, next_sequence): a login was accepted\n"
             "(\"lost\", at_ns, why): the session is; tried again every second\n"
             "(\"gap\", at_ns, first_sequence, count): messages of the feed that nobody had\n"
             "(\"refused\", at_ns, pair, slot, reason, value, bound): by the gate; nothing was sent\n"
             "(\"steered\", at_ns, pair, what): disable, enable, unwind, gave_up; entering_on, entering_off of pair -1\n"
             "(\"over\", at_ns, why): no_such_session, not_authorized, feed_of_another_session, or what failed: nothing is\n"
             "decided any more; reports are still taken while the session lives.")
        .def("journaled", [](HotDesk& self, std::int64_t facts) {
            self.journaled(static_cast<std::uint64_t>(checked::not_negative("facts", facts)));
        }, "facts"_a, "So many more of the facts that were taken are on disk.")
        .def("pairs", pairs, nb::sig("def pairs(self) -> list[tuple[str, int, int, float]]"),
             "By pair: (state, lots held of the first leg, of the second, z-score; NaN: no value). States: flat, entering,\n"
             "long_spread, short_spread, exiting, legged, disabled.")
        .def("positions", positions, nb::sig("def positions(self) -> list[tuple[int, int, int, int, int, bool]]"),
             "By slot: (lots, buying, selling, bid_ticks, ask_ticks, is_halted); a price of 0: that side is empty.")
        .def("counts", counts, nb::sig("def counts(self) -> dict[str, int]"), "What was counted since the start, of reports and orders since the log begins.")
        .def_prop_ro("state", [](const HotDesk& self) { return std::string(to_text(self.state())); },
                     "idle, logging_in, recovering, open, lost, over or stopped.")
        .def("state_hash", state_hash, "Of signals and pairs, 16 hexadecimal digits.");
    bind_controls(desk);
    bind_steering(desk);
}
