#include "parley/pairs_backtest.hpp"

#include <cassert>
#include <cmath>
#include <stdexcept>

namespace parley {
namespace {

constexpr Controls::Subject kOwner{.firm_id = 1, .order_desk_id = 1, .account_desk_id = 1, .user_id = 1, .account_id = 1,
                                   .instrument_id = 0, .strategy_id = 1, .venue_id = 1};

std::vector<StrategyGate::Instrument> instruments_of(std::size_t count, double tick) {
    std::vector<StrategyGate::Instrument> made(count);
    for (std::size_t at = 0; at < count; ++at) {
        made[at].id = static_cast<InstrumentId>(at) + 1;
        made[at].valuation = {ValueKind::price, 1'000'000'000, std::llround(tick * 1e9), 0};
    }
    return made;
}

class Backtest {
public:
    Backtest(SignalGraph& graph, const std::vector<PairTerms>& pairs, std::span<const std::uint32_t> zscores,
             const PairsBacktestSettings& settings)
        : graph_(graph),
          settings_(settings),
          zscores_(zscores),
          gate_(kOwner, settings.limits, instruments_of(graph.instruments(), settings.tick)),
          trader_(pairs, settings.trader, gate_),
          touches_(graph.instruments()),
          last_(graph.instruments(), 0.0),
          cash_(pairs.size(), 0.0) {
        result_.trades.assign(pairs.size(), 0);
        if (gate_.set_scope_limits(ControlScope::strategy, kOwner.strategy_id, settings.caps, 0)) {
            throw std::length_error("the controls have no room for the strategy");
        }
    }

    void bar(std::size_t at, TimeNs now_ns, const double* row) {
        fill(now_ns, row);
        quote(now_ns, row);
        if (at >= settings_.trade_from) decide(now_ns);
        mark();
    }

    PairsBacktestResult finish() {
        for (std::uint32_t pair = 0; pair < trader_.size(); ++pair) {
            result_.pair_profit.push_back(cash_[pair] + held_value(pair, false));
        }
        result_.refusals = trader_.refusals();
        return std::move(result_);
    }

private:
    struct Pending {
        StrategyOrder order;
        std::uint32_t pair;
    };

    void fill(TimeNs now_ns, const double* row) {
        for (const Pending& each : pending_) {
            const double price = row[each.order.instrument];
            if (!std::isfinite(price)) {
                ++result_.unfilled;
                trader_.on_done(each.order.order_id, now_ns);
                continue;
            }
            const double value = price * static_cast<double>(each.order.lots.value);
            const double cost = value * settings_.cost_basis_points * 1e-4;
            cash_[each.pair] -= static_cast<double>(sign(each.order.side)) * value + cost;
            result_.costs += cost;
            result_.turnover += value;
            trader_.on_fill(each.order.order_id, each.order.lots, now_ns);
        }
        pending_.clear();
    }

    void quote(TimeNs now_ns, const double* row) {
        gate_.set_alive(now_ns);
        for (std::uint32_t instrument = 0; instrument < graph_.instruments(); ++instrument) {
            const double price = row[instrument];
            touches_[instrument] = {};
            if (!std::isfinite(price)) continue;
            last_[instrument] = price;
            const PriceTicks ticks{std::llround(price / settings_.tick)};
            touches_[instrument] = {ticks, ticks};
            gate_.set_mark(instrument, ticks, false, now_ns);
            graph_.on_quote(now_ns, instrument, {price, price, 1.0, 1.0});
        }
        graph_.on_bar(now_ns);
    }

    void decide(TimeNs now_ns) {
        for (std::uint32_t pair = 0; pair < trader_.size(); ++pair) {
            trader_.on_signal(pair, graph_.value(zscores_[pair]), touches_, now_ns);
            for (const StrategyOrder& order : trader_.orders()) {
                pending_.push_back({order, pair});
                ++result_.trades[pair];
            }
        }
    }

    [[nodiscard]] double held_value(std::uint32_t pair, bool is_gross) const {
        const PairTerms& terms = trader_.terms(pair);
        const double first = static_cast<double>(trader_.held(pair, 0)) * last_[terms.first];
        const double second = static_cast<double>(trader_.held(pair, 1)) * last_[terms.second];
        return is_gross ? std::abs(first) + std::abs(second) : first + second;
    }

    void mark() {
        double equity = 0.0;
        double gross = 0.0;
        for (std::uint32_t pair = 0; pair < trader_.size(); ++pair) {
            equity += cash_[pair] + held_value(pair, false);
            gross += held_value(pair, true);
        }
        result_.equity.push_back(equity);
        result_.gross.push_back(gross);
    }

    SignalGraph& graph_;
    PairsBacktestSettings settings_;
    std::span<const std::uint32_t> zscores_;
    StrategyGate gate_;
    PairsTrader trader_;
    std::vector<Touch> touches_;
    std::vector<double> last_;
    std::vector<double> cash_;
    std::vector<Pending> pending_;
    PairsBacktestResult result_;
};

}  // namespace

PairsBacktestResult run_pairs_backtest(SignalGraph& graph, const std::vector<PairTerms>& pairs,
                                       std::span<const std::uint32_t> zscores, std::span<const std::int64_t> at_ns,
                                       const double* prices, const PairsBacktestSettings& settings) {
    assert(pairs.size() == zscores.size());
    Backtest backtest(graph, pairs, zscores, settings);
    for (std::size_t at = 0; at < at_ns.size(); ++at, prices += graph.instruments()) backtest.bar(at, at_ns[at], prices);
    return backtest.finish();
}

}  // namespace parley
