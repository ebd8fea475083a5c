#include "parley/risk.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>
#include <vector>

namespace parley {

void CoinIndex::update(Micros price) noexcept {
    const Micros move = price > price_micros ? price - price_micros : price_micros - price;
    is_jumped = price <= 0 || (price_micros > 0 && Wide{move} * 2 > price_micros);
    price_micros = price;
}

namespace {

/// Without the slow division of 128 bits where 64 do.
template <std::int64_t Divisor>
Wide divided(Wide wide) noexcept {
    const auto narrow = static_cast<std::int64_t>(wide);
    return narrow == wide ? Wide{narrow / Divisor} : wide / Divisor;
}

}  // namespace

Micros Valuation::value(Lots lots, PriceTicks price, Micros index_micros) const noexcept {
    const Wide nanos = Wide{lots.value} * lot_nanos;
    switch (kind) {
        case ValueKind::fixed_usd:
            return saturate(divided<1'000>(nanos));
        case ValueKind::index:
            return saturate(divided<1'000'000>(saturate(divided<1'000>(nanos)) * Wide{index_micros}));
        case ValueKind::price: {
            const Micros price_micros = saturate(divided<1'000>(Wide{price.value} * tick_nanos));
            return saturate(divided<1'000'000>(saturate(divided<1'000>(nanos)) * Wide{price_micros}));
        }
    }
    return 0;
}

PriceTicks Valuation::collar(Side side, PriceTicks mark, std::int64_t basis_points) const noexcept {
    const std::int64_t share = saturate(divided<10'000>(Wide{mark.value} * basis_points));
    return {mark.value + sign(side) * std::max(share, collar_floor_ticks)};
}

std::int64_t Position::reducible(Side side) const noexcept {
    return std::max<std::int64_t>(0, -worst(side, 0));
}

namespace {

/// What a key holds beside its scope.
void require_scope_id(std::int64_t scope_id) {
    if (scope_id < 0 || scope_id > kScopeIdMax) throw BadEncoding("scope id is out of range");
}

}  // namespace

void Controls::set_state(ControlScope scope, std::int64_t scope_id, TradingState state) {
    require_scope_id(scope_id);
    ++revision_;
    if (state == TradingState::active) {
        states_.by_key.erase(key(scope, scope_id));
    } else {
        states_.by_key[key(scope, scope_id)] = static_cast<std::uint8_t>(state);
    }
    states_.note_scopes();
}

void Controls::set_kill(ControlScope scope, std::int64_t scope_id, bool is_engaged) {
    require_scope_id(scope_id);
    ++revision_;
    if (is_engaged) {
        killed_.by_key[key(scope, scope_id)] = 1;
    } else {
        killed_.by_key.erase(key(scope, scope_id));
    }
    killed_.note_scopes();
}

void Controls::Scoped::note_scopes() noexcept {
    scopes = 0;
    by_key.for_each([this](std::uint64_t at, std::uint8_t) { scopes |= 1U << (at >> 56); });
}

template <typename Test>
Refusal Controls::first(const Subject& subject, const Scoped& scoped, Reason reason, Test&& test) noexcept {
    // numbered as ControlScope
    const std::int64_t ids[] = {0, subject.firm_id, subject.order_desk_id, subject.user_id, subject.account_id,
                                subject.instrument_id, subject.strategy_id, subject.venue_id};
    for (std::uint32_t rest = scoped.scopes; rest != 0; rest &= rest - 1) {
        const auto scope = static_cast<ControlScope>(std::countr_zero(rest));
        const std::int64_t id = ids[static_cast<std::size_t>(scope)];
        if (id == 0 && scope == ControlScope::strategy) continue;  // a person
        if (test(key(scope, id))) return {reason, static_cast<std::int64_t>(scope), id};
        if (scope != ControlScope::desk || !test(key(scope, subject.account_desk_id))) continue;
        return {reason, static_cast<std::int64_t>(scope), subject.account_desk_id};
    }
    return {};
}

Refusal Controls::check(const Subject& subject) const noexcept {
    if (killed_.scopes != 0) {
        const auto killed = [this](std::uint64_t at) { return killed_.by_key.contains(at); };
        if (const Refusal refusal = first(subject, killed_, Reason::kill_switch, killed)) return refusal;
    }
    if (states_.scopes == 0) return {};
    constexpr auto halted = static_cast<std::uint8_t>(TradingState::halted);
    const auto is_halted = [this](std::uint64_t at) {
        const auto* state = states_.by_key.find(at);
        return state != nullptr && *state == halted;
    };
    Refusal refusal = first(subject, states_, Reason::trading_state, is_halted);
    if (refusal) refusal.value = halted;
    return refusal;
}

bool Controls::is_reducing(const Subject& subject) const noexcept {
    if (states_.scopes == 0) return false;
    return static_cast<bool>(
        first(subject, states_, Reason::trading_state, [this](std::uint64_t at) { return states_.by_key.contains(at); }));
}

std::vector<Controls::InForce> Controls::in_force() const {
    std::vector<InForce> found;
    for (const auto* map : {&killed_.by_key, &states_.by_key}) {
        const bool is_kill_switch = map == &killed_.by_key;
        map->for_each([&](std::uint64_t at, std::uint8_t value) {
            const auto state = is_kill_switch ? TradingState::halted : static_cast<TradingState>(value);
            const auto scope_id = static_cast<std::int64_t>(at & ((std::uint64_t{1} << 56) - 1));
            found.push_back({static_cast<ControlScope>(at >> 56), scope_id, state, is_kill_switch});
        });
    }
    return found;
}

void Controls::save(Writer& writer) const {
    for (const auto* map : {&killed_.by_key, &states_.by_key}) {
        std::vector<std::pair<std::uint64_t, std::uint8_t>> sorted;
        map->for_each([&](std::uint64_t at, std::uint8_t value) { sorted.emplace_back(at, value); });
        std::sort(sorted.begin(), sorted.end());
        writer.number(static_cast<std::int64_t>(sorted.size()));
        for (const auto& [at, value] : sorted) writer.numbers(at, value);
    }
}

void Controls::load(Reader& reader) {
    for (auto* scoped : {&killed_, &states_}) {
        auto* const map = &scoped->by_key;
        map->clear();
        for (std::int64_t count = reader.number(); count > 0; --count) {
            const auto at = static_cast<std::uint64_t>(reader.number());
            if (static_cast<std::int64_t>(at >> 56) >= enumerators(ControlScope{})) {
                throw BadEncoding("scope is out of range");
            }
            (*map)[at] = reader.below<std::uint8_t>(enumerators(TradingState{}));
        }
        scoped->note_scopes();
    }
}

namespace risk {
namespace {

/// A time far ahead of the clock says that the clock was set back: nobody knows how old it is.
bool is_fresh(TimeNs age_ns) noexcept { return age_ns <= kReferenceAgeMaxNs && age_ns >= -kReferenceAheadMaxNs; }

/// Age of the fresher sign of life: of the quote, or of its feed.
TimeNs age_of(const Reference& reference, TimeNs alive_at_ns, TimeNs now_ns) noexcept {
    const TimeNs quoted_ns = saturate(Wide{now_ns} - reference.at_ns);
    const TimeNs alive_ns = saturate(Wide{now_ns} - alive_at_ns);
    if (is_fresh(quoted_ns) != is_fresh(alive_ns)) return is_fresh(quoted_ns) ? quoted_ns : alive_ns;
    return std::abs(quoted_ns) <= std::abs(alive_ns) ? quoted_ns : alive_ns;
}

}  // namespace

Refusal check_quantity(const Limits& limits, Lots lots) noexcept {
    if (lots.value <= limits.max_order_quantity_lots) return {};
    return {Reason::max_order_quantity, lots.value, limits.max_order_quantity_lots};
}

Refusal check_reference(const Reference& reference, const CoinIndex& index, const Valuation& valuation,
                        TimeNs alive_at_ns, TimeNs now_ns) noexcept {
    if (reference.mark.value < 0 || reference.is_crossed) return {Reason::stale_or_jumped_market, -1, 0};
    const TimeNs age_ns = age_of(reference, alive_at_ns, now_ns);
    if (!is_fresh(age_ns)) return {Reason::stale_or_jumped_market, age_ns, kReferenceAgeMaxNs};
    const bool needs_index = valuation.kind == ValueKind::index;
    if (index.is_jumped || (needs_index && index.price_micros <= 0)) {
        return {Reason::stale_or_jumped_market, index.price_micros, 0};
    }
    return {};
}

Refusal check_collar(Side side, PriceTicks price, PriceTicks bound) noexcept {
    if ((price - bound).value * sign(side) <= 0) return {};
    return {Reason::price_collar, price.value, bound.value};
}

Refusal check_collar(Side side, PriceTicks price, const Valuation& valuation, PriceTicks mark,
                     std::int64_t basis_points) noexcept {
    if ((price - mark).value * sign(side) <= 0) return {};
    return check_collar(side, price, valuation.collar(side, mark, basis_points));
}

Refusal check_value(const Limits& limits, Micros value) noexcept {
    if (value <= limits.max_order_value_micros) return {};
    return {Reason::max_order_value, value, limits.max_order_value_micros};
}

Refusal check_position(const Limits& limits, const Position& position, Side side, Lots lots,
                       const Valuation& valuation, PriceTicks mark, Micros index_micros) noexcept {
    const std::int64_t worst = position.worst(side, lots.value);
    if (worst > limits.max_position_lots) return {Reason::position, worst, limits.max_position_lots};
    if (worst <= 0) return {};
    const Micros value = valuation.value({worst}, mark, index_micros);
    if (value > limits.max_position_value_micros) return {Reason::position, value, limits.max_position_value_micros};
    return {};
}

Refusal check_reducing(const Position& position, Side side, Lots lots) noexcept {
    const std::int64_t reducible = position.reducible(side);
    if (lots.value <= reducible) return {};
    return {Reason::trading_state, lots.value, reducible};
}

}  // namespace risk
}  // namespace parley
