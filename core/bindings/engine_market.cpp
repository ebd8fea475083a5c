#include <nanobind/stl/pair.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "engine_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

template <typename Input>
void put(EngineService& engine, std::int64_t now_ns, const Input& input) {
    engine.queue().push([&](parley::Writer& writer) { parley::codec::encode(writer, now_ns, input); });
}

void list_instrument(EngineService& engine, std::int64_t now_ns, std::int64_t instrument_id, std::string_view name,
                     nb::bytes terms_json, int value_kind, std::int64_t base_coin_id, std::int64_t lot_nanos,
                     std::int64_t tick_nanos, std::int64_t expiry_at_ns, std::int64_t collar_floor_ticks) {
    parley::ListInstrument input;
    input.instrument_id = checked::positive("instrument_id", instrument_id);
    input.name = checked::text("name", name);
    input.terms_json = checked::text("terms_json", {terms_json.c_str(), terms_json.size()});
    input.value_kind = checked::enumerator<parley::ValueKind>("value_kind", value_kind);
    input.base_coin_id = checked::within("base_coin_id", base_coin_id, 0, parley::kCoinsMax - 1);
    input.lot_nanos = checked::positive("lot_nanos", lot_nanos);
    input.tick_nanos = checked::positive("tick_nanos", tick_nanos);
    input.expiry_at_ns = checked::not_negative("expiry_at_ns", expiry_at_ns);
    input.collar_floor_ticks = checked::within("collar_floor_ticks", collar_floor_ticks, 0, parley::kPriceTicksMax);
    put(engine, now_ns, input);
}

void set_index(EngineService& engine, std::int64_t now_ns, std::int64_t coin_id, std::int64_t price_micros) {
    put(engine, now_ns,
        parley::SetIndex{checked::within("coin_id", coin_id, 0, parley::kCoinsMax - 1),
                         checked::not_negative("price_micros", price_micros)});
}

void add_level(parley::Quotes& quotes, parley::Side side, std::int64_t price, std::int64_t lots) {
    checked::within("price_ticks", price, 0, parley::kPriceTicksMax);
    checked::within("lots", lots, 0, parley::kQuantityLotsMax);
    quotes.add(side, {price}, {lots});
}

parley::Quotes quotes_of(std::int64_t instrument_id, std::int64_t mark_ticks) {
    parley::Quotes quotes;
    quotes.instrument_id = instrument_id;
    quotes.mark_ticks = checked::within("mark_ticks", mark_ticks, -1, parley::kPriceTicksMax);
    return quotes;
}

void put_quotes(EngineService& engine, std::int64_t now_ns, std::int64_t market_time_ns,
                const std::vector<parley::Quotes>& all) {
    engine.queue().push([&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, parley::SetQuotes{market_time_ns});
        writer.number(static_cast<std::int64_t>(all.size()));
        for (const parley::Quotes& quotes : all) parley::codec::put_quotes(writer, quotes);
    });
}

void set_quotes(EngineService& engine, std::int64_t now_ns, std::int64_t market_time_ns, std::int64_t instrument_id,
                std::int64_t mark_ticks, const Levels& bids, const Levels& asks) {
    parley::Quotes quotes = quotes_of(instrument_id, mark_ticks);
    for (const auto& [price, lots] : bids) add_level(quotes, parley::Side::buy, price, lots);
    for (const auto& [price, lots] : asks) add_level(quotes, parley::Side::sell, price, lots);
    put_quotes(engine, now_ns, market_time_ns, {quotes});
}

void add_row(parley::Quotes& quotes, parley::Side side, const Table& prices, const Table& lots, std::size_t row) {
    for (std::size_t level = 0; level < prices.shape(1); ++level) {
        add_level(quotes, side, prices(row, level), lots(row, level));
    }
}

void set_quotes_many(EngineService& engine, std::int64_t now_ns, std::int64_t market_time_ns,
                     const Column& instrument_ids, const Column& mark_ticks, const Table& bid_prices,
                     const Table& bid_lots, const Table& ask_prices, const Table& ask_lots) {
    const std::size_t rows = instrument_ids.shape(0);
    bool is_even = mark_ticks.shape(0) == rows && rows <= parley::kInstrumentsMax;
    for (const Table* table : {&bid_prices, &bid_lots, &ask_prices, &ask_lots}) {
        is_even = is_even && table->shape(0) == rows && table->shape(1) == bid_prices.shape(1);
    }
    if (!is_even) throw std::invalid_argument("arrays do not have the same number of rows and levels");
    std::vector<parley::Quotes> all;
    all.reserve(rows);
    for (std::size_t row = 0; row < rows; ++row) {
        parley::Quotes& quotes = all.emplace_back(quotes_of(instrument_ids(row), mark_ticks(row)));
        add_row(quotes, parley::Side::buy, bid_prices, bid_lots, row);
        add_row(quotes, parley::Side::sell, ask_prices, ask_lots, row);
    }
    put_quotes(engine, now_ns, market_time_ns, all);
}

void feed_heartbeat(EngineService& engine, std::int64_t now_ns, std::int64_t market_time_ns) {
    put(engine, now_ns, parley::FeedHeartbeat{market_time_ns});
}

void deliver(EngineService& engine, std::int64_t now_ns, std::int64_t market_time_ns, std::int64_t instrument_id,
             std::int64_t delivery_price_micros) {
    put(engine, now_ns, parley::Deliver{market_time_ns, instrument_id,
                                        checked::not_negative("delivery_price_micros", delivery_price_micros)});
}

}  // namespace

void bind_market_inputs(EngineClass& engine) {
    engine
        .def("list_instrument", list_instrument, "now_ns"_a, "instrument_id"_a, "name"_a, "terms_json"_a,
             "value_kind"_a, "base_coin_id"_a, "lot_nanos"_a, "tick_nanos"_a, "expiry_at_ns"_a,
             "collar_floor_ticks"_a,
             "Lists an instrument; the same again changes nothing, other terms under a known id give a\n"
             "command_refused event `instrument_terms_changed`.\n\n"
             "value_kind: how a lot is worth money: 0 a fixed number of dollars, 1 coins at the index, 2 coins at the\n"
             "price. lot_nanos: dollars (0) or coins (1, 2) of one lot, times 1e9. tick_nanos: tick size times 1e9.\n"
             "expiry_at_ns: 0 for none. collar_floor_ticks: least width of the price collar.\n"
             "Raises ValueError, QueueFull, EngineHalted; so do all inputs.")
        .def("set_index", set_index, "now_ns"_a, "coin_id"_a, "price_micros"_a,
             "Index price of a coin in micro-dollars. A move by more than half blocks new risk in the coin until the\n"
             "next index confirms it.")
        .def("set_quotes", set_quotes, "now_ns"_a, "market_time_ns"_a, "instrument_id"_a, "mark_ticks"_a, "bids"_a,
             "asks"_a,
             "Replaces the venue's own depth (account 0), at most 10 (price_ticks, lots) a side, best first, and the\n"
             "mark (-1: none). Resting client orders that it crosses trade at their own price. Crossed quotes are\n"
             "withdrawn, and are no reference until the next ones. Unknown and delivered instruments are passed over.")
        .def("set_quotes_many", set_quotes_many, "now_ns"_a, "market_time_ns"_a, "instrument_ids"_a, "mark_ticks"_a,
             "bid_prices"_a, "bid_lots"_a, "ask_prices"_a, "ask_lots"_a,
             "set_quotes for n instruments in one journal record. int64 arrays, C order: (n,), (n,), then four of\n"
             "(n, levels); a level with no lots or no price is left out.")
        .def("feed_heartbeat", feed_heartbeat, "now_ns"_a, "market_time_ns"_a,
             "The feed is alive and all marks hold: the age of every reference price starts again.")
        .def("deliver", deliver, "now_ns"_a, "market_time_ns"_a, "instrument_id"_a, "delivery_price_micros"_a,
             "The instrument expired: cancels its orders (reason `expired`), then says so. Once.");
}
