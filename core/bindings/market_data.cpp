#include "parley/sbe_market_data.hpp"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <string>

#include "feeds.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

/// Messages as dictionaries under the names of the schema, in snake case.
struct Dicts {
    nb::list messages;

    static nb::bytes raw(std::string_view text) { return nb::bytes(text.data(), text.size()); }
    void on(const market_data::BookUpdate& update) {
        nb::dict message = begin("BookUpdate");
        message["instrument_id"] = update.instrument_id();
        message["venue_time_ns"] = update.venue_time_ns();
        message["sequence"] = update.sequence();
        message["is_snapshot"] = update.is_snapshot();
        nb::list levels;
        update.levels().for_each([&](const market_data::BookUpdate::LevelsEntry& level) {
            nb::dict entry;
            entry["price_ticks"] = level.price_ticks();
            entry["quantity_lots"] = level.quantity_lots();
            entry["side"] = static_cast<int>(level.side());
            entry["orders"] = level.orders();
            levels.append(entry);
        });
        message["levels"] = levels;
    }
    void on(const market_data::Trade& trade) {
        nb::dict message = begin("Trade");
        message["instrument_id"] = trade.instrument_id();
        message["venue_time_ns"] = trade.venue_time_ns();
        message["price_mantissa"] = trade.price().mantissa();
        message["price_exponent"] = static_cast<int>(trade.price().exponent());
        message["quantity_lots"] = trade.quantity_lots();
        message["taker_side"] = static_cast<int>(trade.taker_side());
        message["is_known_side"] = is_known(trade.taker_side());
        message["flags"] = nb::make_tuple(trade.flags().liquidation(), trade.flags().block(), trade.flags().implied());
        message["trade_id"] = raw(trade.trade_id());
    }
    void on(const market_data::InstrumentStatus& status) {
        nb::dict message = begin("InstrumentStatus");
        message["symbol"] = raw(status.symbol());
        message["state"] = static_cast<int>(status.state());
        message["legs"] = status.legs();
        message["funding_rate"] = status.funding_rate();
        message["reason"] = raw(status.reason());
    }
    void on(const market_data::DeepBook& book) {
        nb::dict message = begin("DeepBook");
        message["instrument_id"] = book.instrument_id();
        nb::list prices;
        book.prices().for_each([&](const market_data::DeepBook::PricesEntry& price) {
            nb::list orders;
            price.orders().for_each([&](const market_data::DeepBook::PricesEntry::OrdersEntry& order) {
                orders.append(nb::make_tuple(order.quantity_lots(), raw(order.order_id())));
            });
            prices.append(nb::make_tuple(price.price_ticks(), static_cast<int>(price.side()), orders));
        });
        message["prices"] = prices;
        message["note"] = raw(book.note());
    }

private:
    nb::dict begin(const char* name) {
        nb::dict message;
        message["message"] = name;
        messages.append(message);
        return message;
    }
};

nb::tuple sbe_market_data(const nb::handle& data) {
    const bindings::ByteView view(data);
    std::span<const std::uint8_t> bytes = view.bytes();
    Dicts dicts;
    sbe::Flaw flaw = sbe::Flaw::none;
    while (!bytes.empty() && flaw == sbe::Flaw::none) flaw = market_data::decode(bytes, dicts);
    return nb::make_tuple(dicts.messages, sbe::name_of(flaw), view.bytes().size() - bytes.size());
}

}  // namespace

void bind_market_data(nb::module_& module) {
    module.def("sbe_market_data", sbe_market_data, "data"_a,
               nb::sig("def sbe_market_data(data: bytes | bytearray | memoryview) -> tuple[list[dict], str, int]"),
               "Messages of core/schemas/market_data.xml, one after the other: (messages, flaw, consumed). The flaw is none,\n"
               "truncated, short_block, unknown_schema, unknown_template or too_many_entries; it stops the reading, and\n"
               "`consumed` is where its message begins. An absent optional value is None.");
}
