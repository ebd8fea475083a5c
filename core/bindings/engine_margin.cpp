#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>

#include <cmath>
#include <optional>
#include <utility>

#include "engine_inputs.hpp"
#include "parley/margin_inputs.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using parley::EngineService;

namespace {

using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

double bounded(const char* name, double value, double least, double most) {
    if (value >= least && value <= most) return value;
    throw std::invalid_argument(std::string(name) + " " + std::to_string(value) + " is not between " +
                                std::to_string(least) + " and " + std::to_string(most));
}

constexpr double kSmallest = 1e-12;
constexpr double kPriceMax = 1e12;

void describe_instrument(EngineService& engine, std::int64_t now_ns, std::int64_t instrument_id, int margin_kind,
                         bool is_inverse, bool is_call, double strike, std::int64_t venue_id) {
    const auto kind = checked::enumerator<parley::MarginKind>("margin_kind", margin_kind);
    if (kind == parley::MarginKind::option) bounded("strike", strike, kSmallest, kPriceMax);
    const parley::DescribeInstrument input{checked::positive("instrument_id", instrument_id),
                                           checked::within("venue_id", venue_id, 1, parley::kScopeIdMax),
                                           kind, is_inverse, is_call, strike};
    engine.queue().push([&](parley::Writer& writer) { parley::codec::encode(writer, now_ns, input); });
}

void set_margin_parameters(EngineService& engine, std::int64_t now_ns, std::int64_t coin_id, double maintenance_haircut,
                           double initial_haircut, double stable_price, double confidence) {
    const parley::SetMarginParameters input{
        checked::within("coin_id", coin_id, 0, parley::kCoinsMax - 1),
        bounded("maintenance_haircut", maintenance_haircut, 0.0, 1.0),
        bounded("initial_haircut", initial_haircut, 0.0, 1.0),
        bounded("stable_price", stable_price, kSmallest, 10.0),
        bounded("confidence", confidence, 0.0, 1.0),
    };
    engine.queue().push([&](parley::Writer& writer) { parley::codec::encode(writer, now_ns, input); });
}

void set_margin_inputs(EngineService& engine, std::int64_t now_ns, std::int64_t coin_id, double spot,
                       const Column& expiry_at_ns, const Doubles& years, const Doubles& rate,
                       const Column& instrument_ids, const Doubles& forward, const Doubles& volatility) {
    const std::size_t expiries = expiry_at_ns.shape(0), marks = instrument_ids.shape(0);
    const bool is_even = years.shape(0) == expiries && rate.shape(0) == expiries && forward.shape(0) == marks &&
                         volatility.shape(0) == marks && expiries <= parley::kMarginExpiriesMax &&
                         marks <= parley::kMarginMarksMax;
    if (!is_even) throw std::invalid_argument("arrays do not have the same number of rows");
    const parley::SetMarginInputs input{checked::within("coin_id", coin_id, 0, parley::kCoinsMax - 1),
                                        bounded("spot", spot, kSmallest, kPriceMax)};
    for (std::size_t i = 0; i < expiries; ++i) {
        bounded("years", years(i), kSmallest, 100.0);
        bounded("rate", rate(i), -10.0, 10.0);
    }
    for (std::size_t i = 0; i < marks; ++i) {
        bounded("forward", forward(i), kSmallest, kPriceMax);
        bounded("volatility", volatility(i), 0.0, 100.0);
    }
    engine.queue().push([&](parley::Writer& writer) {
        parley::codec::encode(writer, now_ns, input);
        writer.number(static_cast<std::int64_t>(expiries));
        for (std::size_t i = 0; i < expiries; ++i) {
            parley::MarginExpiry row{expiry_at_ns(i), years(i), rate(i)};
            parley::codec::put_fields(writer, row);
        }
        writer.number(static_cast<std::int64_t>(marks));
        for (std::size_t i = 0; i < marks; ++i) {
            parley::MarginMark row{instrument_ids(i), forward(i), volatility(i)};
            parley::codec::put_fields(writer, row);
        }
    });
}

std::optional<double> initial_margin(EngineService& engine, std::int64_t account_id) {
    const nb::gil_scoped_release released;
    return engine.read([&](const parley::Engine& state) { return state.initial_margin(account_id); });
}

std::optional<std::pair<double, double>> margin_after(EngineService& engine, std::int64_t account_id,
                                                      std::int64_t instrument_id, std::int64_t lots,
                                                      std::int64_t price_ticks) {
    const nb::gil_scoped_release released;
    const auto headroom = engine.read([&](const parley::Engine& state) {
        return state.margin_after(account_id, instrument_id, lots, {price_ticks});
    });
    if (!headroom || !headroom->is_priced) return std::nullopt;
    return std::pair(headroom->after, headroom->before);
}

}  // namespace

void bind_margin_inputs(EngineClass& engine) {
    engine
        .def("describe_instrument", describe_instrument, "now_ns"_a, "instrument_id"_a, "margin_kind"_a,
             "is_inverse"_a, "is_call"_a = false, "strike"_a = 0.0, "venue_id"_a = parley::kPaperVenue,
             "What a listing does not say, once, after it. margin_kind: 0 option, 1 future, 2 perpetual, 3 spot.\n"
             "is_inverse: priced (options) or settled (futures, perpetuals) in coins. strike: dollars.")
        .def("set_margin_parameters", set_margin_parameters, "now_ns"_a, "coin_id"_a, "maintenance_haircut"_a = 0.0,
             "initial_haircut"_a = 0.0, "stable_price"_a = 1.0, "confidence"_a = 1.0,
             "Of a coin: haircuts as shares of the collateral (initial on top of maintenance), dollars of one stable\n"
             "coin, confidence of the prices from 0 to 1.")
        .def("set_margin_inputs", set_margin_inputs, "now_ns"_a, "coin_id"_a, "spot"_a, "expiry_at_ns"_a, "years"_a,
             "rate"_a, "instrument_ids"_a, "forward"_a, "volatility"_a,
             "Spot in dollars; of each expiry the years to it (above 0) and the rate that discounts option values; of\n"
             "each instrument the forward and volatility (options) or the mark price (futures, perpetuals, spot). Others\n"
             "keep what they had. Revalues every position that it touches. Raises ValueError for what is out of range.")
        .def("initial_margin", initial_margin, "account_id"_a,
             "Net initial margin in dollars, everything that works at its worst; None without collateral.")
        .def("margin_after", margin_after, "account_id"_a, "instrument_id"_a, "lots"_a, "price_ticks"_a,
             "(after, before): the same if `lots` (signed) were filled at the price. None without collateral or marks.");
}
