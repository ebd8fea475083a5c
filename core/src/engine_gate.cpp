#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

/// What holds for this owner's orders in the instrument, put together anew only where something of it has changed or
/// the clock went back. Good until the next path is asked for.
ControlPath& Engine::path_of(Slot account, Slot instrument, const Owner& owner) const {
    const ControlPath::Key key{account, instrument, owner.user_id, owner.desk_id, owner.strategy_id};
    const std::uint64_t revision = paths_revision();
    ControlPath& path = paths_.find(key);
    if (path.revision == revision && path.key == key) return path;
    path.key = key;
    path.revision = revision;
    put_together(path, owner);
    return path;
}

ControlPath& Engine::find_path(OrderIndex index) {
    OrderDetails& details = nodes_.details(index);
    ControlPath& path = path_of(nodes_[index].account(), details.instrument, details.owner);
    details.path = paths_.place_of(path);
    return path;
}

void Engine::put_together(ControlPath& path, const Owner& owner) const {
    const Instrument& instrument = *instruments_[path.key.instrument];
    const Controls::Subject subject = subject_of(path.key.account, path.key.instrument, owner);
    const Limits* limits = accounts_[path.key.account].limits.find(instrument.coin);
    const Limits own = limits == nullptr ? Limits{} : *limits;
    path.is_plain = limits != nullptr && own.price_collar_basis_points >= 0 && !controls_.check(subject) &&
                    !controls_.is_reducing(subject);
    path.market_revision = ControlPath::kNoMarket;
    path.max_quantity_lots = own.max_order_quantity_lots;
    path.max_value_micros = clear_of(std::max<Micros>(own.max_order_value_micros, 0));
    order_controls_.put_together(subject, instrument.valuation, path, now_ns_);
}

/// What the limits of the path come to at the mark and index of now, and until when those are fresh. False where something
/// can be said against them. The path is plain.
bool Engine::measure(ControlPath& path, const Instrument& instrument) const noexcept {
    const Reference& reference = instrument.reference;
    const CoinIndex& index = coins_[instrument.coin];
    const Valuation& valuation = instrument.valuation;
    path.market_revision = ControlPath::kNoMarket;
    if (valuation.kind != ValueKind::fixed_usd && index.price_micros <= 0) return false;
    if (risk::check_reference(reference, index, valuation, alive_at_ns_, now_ns_)) return false;
    const TimeNs age_ns = saturate(Wide{now_ns_} - reference.at_ns);
    const bool is_fresh = age_ns <= kReferenceAgeMaxNs && age_ns >= -kReferenceAheadMaxNs;
    path.fresh_from_ns = is_fresh ? reference.at_ns - kReferenceAheadMaxNs : now_ns_;
    path.fresh_until_ns = is_fresh ? reference.at_ns + kReferenceAgeMaxNs : now_ns_;
    path.buy_until = path.sell_until = reference.mark;
    path.lot_value_micros = valuation.rough_value({0}, index.price_micros);
    path.tick_value_micros = valuation.rough_value({1}, index.price_micros) - path.lot_value_micros;
    const Limits& limits = *accounts_[path.key.account].limits.find(instrument.coin);
    const double most_value = clear_of(std::max<Micros>(limits.max_position_value_micros, 0));
    const double mark_value = valuation.rough_value(reference.mark, index.price_micros);
    constexpr double most = 4e18;
    const double most_lots = most_value > 0.0 ? std::clamp(most_value / mark_value, 0.0, most) : 0.0;
    path.max_worst_lots = std::min(limits.max_position_lots, static_cast<std::int64_t>(most_lots));
    path.market_revision = std::max(reference.revision, index.revision);
    return true;
}

/// Whether the collar lets a price pass that is farther from the mark than any before; then it is remembered.
bool Engine::is_in_collar(ControlPath& path, const Instrument& instrument, Side side, PriceTicks price) const noexcept {
    const Limits& limits = *accounts_[path.key.account].limits.find(instrument.coin);
    const bool is_out = static_cast<bool>(risk::check_collar(side, price, instrument.valuation, instrument.reference.mark,
                                                             limits.price_collar_basis_points));
    if (!is_out) (side == Side::buy ? path.buy_until : path.sell_until) = price;
    return !is_out;
}

/// Whether no control but the margin can refuse the order: what nearly every order is told by few comparisons. False
/// says nothing; check_controls says.
bool Engine::is_clear(Intent& intent) const noexcept {
    ControlPath& path = *intent.path;
    if (!intent.price) return false;
    const Instrument& instrument = *instruments_[intent.instrument];
    const PriceTicks price = *intent.price;
    const std::int64_t worst = position_at(intent.position).worst(intent.side, intent.lots.value);
    if (!is_within(path, instrument, intent.side, intent.lots, price, worst)) return false;
    if (order_controls_.is_idle()) return intent.attribution.strategy_id == 0 && intent.attribution.parent_order_id == 0;
    if (intent.identity == 0) intent.identity = identity_of(intent);
    return order_controls_.is_clear(path,
                                    {.parent_order_id = intent.attribution.parent_order_id,
                                     .identity = intent.identity,
                                     .side = intent.side,
                                     .lots = intent.lots,
                                     .price = price,
                                     .lot_risk_micros = lot_risk_of(instrument)},
                                    coins_, now_ns_);
}

/// Micro-dollars of one lot that count as open risk, to some digits.
double Engine::lot_risk_of(const Instrument& instrument) const noexcept {
    const bool is_in_coins = instrument.valuation.kind != ValueKind::fixed_usd;
    const double unit = is_in_coins ? static_cast<double>(coins_[instrument.coin].price_micros) * 1e-9 : 1e-3;
    return static_cast<double>(instrument.valuation.lot_nanos) * unit;
}

std::uint64_t Engine::identity_of(const Intent& intent) const noexcept {
    return RecentOrders::hash_of({accounts_[intent.account].id, instruments_[intent.instrument]->id, intent.lots.value,
                                  intent.price->value, intent.side});
}

/// The order was accepted: it counts from now on.
void Engine::admit(const Intent& intent) {
    if (order_controls_.is_idle()) return;
    order_controls_.admit(*intent.path,
                          {.order_id = intent.order_id,
                           .parent_order_id = intent.attribution.parent_order_id,
                           .identity = intent.identity != 0 ? intent.identity : identity_of(intent),
                           .lots = intent.lots,
                           .mark = instruments_[intent.instrument]->reference.mark},
                          now_ns_);
}

}  // namespace parley
