#include <algorithm>

#include "parley/order_controls.hpp"

namespace parley {
namespace {

/// The keys of a map, sorted: what is saved does not depend on how it came about.
template <typename Value>
std::vector<std::uint64_t> sorted_keys(const FlatMap<Value>& map) {
    std::vector<std::uint64_t> keys;
    map.for_each([&](std::uint64_t key, const Value&) { keys.push_back(key); });
    std::sort(keys.begin(), keys.end());
    return keys;
}

template <typename Keys>
void save_count(Writer& writer, const Keys& keys) {
    writer.number(static_cast<std::int64_t>(keys.size()));
}

}  // namespace

void ExecutionCount::save(Writer& writer) const {
    writer.numbers(times_.size(), next_);
    for (const TimeNs at_ns : times_) writer.number(at_ns);
}

void ExecutionCount::load(Reader& reader) {
    times_.assign(reader.below<std::size_t>(kExecutionsCountedMax + 1), kNever);
    next_ = reader.below<std::size_t>(static_cast<std::int64_t>(times_.size()) + 1);
    for (TimeNs& at_ns : times_) at_ns = reader.number();
}

void OrderControls::save_scope(Writer& writer, const Scope& scope) const {
    ScopeLimits limits = scope.limits;
    writer.numbers(scope.scope, scope.scope_id);
    codec::put_fields(writer, limits);
    writer.numbers(scope.messages.nano_tokens, scope.messages.at_ns, scope.working_orders, scope.orders,
                   scope.is_disabled);
    scope.executions.save(writer);
}

/// Scopes in the order of their slots: the order in which the commands that made them came.
void OrderControls::save(Writer& writer, std::span<const Terms> instruments) const {
    save_count(writer, scopes_);
    for (const Scope& scope : scopes_) save_scope(writer, scope);
    save_counters(writer, instruments);
    recent_.save(writer);
    save_lists(writer);
    save_grants(writer);
}

void OrderControls::load(Reader& reader, std::span<const Terms> instruments) {
    for (auto count = reader.below<std::size_t>(kScopesMax + 1); count > 0; --count) {
        const auto kind = reader.below<ControlScope>(enumerators(ControlScope{}));
        Scope& scope = scopes_[find_or_add(kind, reader.number())];
        ScopeLimits limits;
        codec::get_fields(reader, limits);
        scope.set(limits);
        scope.messages.nano_tokens = reader.number();
        scope.messages.at_ns = reader.number();
        scope.working_orders = reader.number();
        scope.orders = reader.number();
        scope.is_disabled = reader.flag();
        scope.executions.load(reader);
    }
    load_counters(reader, instruments);
    recent_.load(reader);
    load_lists(reader);
    load_grants(reader);
}

void OrderControls::save_counters(Writer& writer, std::span<const Terms> instruments) const {
    std::vector<std::array<std::int64_t, 3>> sorted;  // scope slot, instrument id, instrument slot
    counter_slots_.for_each([&](std::uint64_t key, Slot) {
        const auto slot = static_cast<std::size_t>(key & 0xffff);
        sorted.push_back({static_cast<std::int64_t>(key >> 16), instruments[slot].id, static_cast<std::int64_t>(slot)});
    });
    std::sort(sorted.begin(), sorted.end());
    save_count(writer, sorted);
    for (const auto& [scope, id, slot] : sorted) {
        const Counter& held = *counter(static_cast<Slot>(scope), static_cast<Slot>(slot));
        writer.numbers(scope, id, held.position.lots, held.position.buy_working, held.position.sell_working,
                       held.window_at_ns, held.window_mark.value);
    }
}

void OrderControls::load_counters(Reader& reader, std::span<const Terms> instruments) {
    FlatMap<Slot> slot_of(instruments.size());
    for (Slot slot = 0; slot < instruments.size(); ++slot) {
        if (instruments[slot].id != 0) slot_of[static_cast<std::uint64_t>(instruments[slot].id)] = slot;
    }
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const auto scope = reader.below<Slot>(static_cast<std::int64_t>(scopes_.size()));
        const Slot* slot = slot_of.find(static_cast<std::uint64_t>(reader.number()));
        if (slot == nullptr) throw BadEncoding("counter of an unknown instrument");
        Counter& held = counter_of(scope, *slot);
        held.position.lots = reader.number();
        held.position.buy_working = reader.number();
        held.position.sell_working = reader.number();
        held.window_at_ns = reader.number();
        held.window_mark.value = reader.number();
        scopes_[scope].risk.add(instruments[*slot].valuation, instruments[*slot].coin, worst_lots(held.position));
    }
}

void OrderControls::save_lists(Writer& writer) const {
    const auto listed = sorted_keys(permissions_);
    save_count(writer, listed);
    for (const std::uint64_t key : listed) writer.numbers(key, *permissions_.find(key));
    const auto traders = sorted_keys(traders_);
    save_count(writer, traders);
    for (const std::uint64_t key : traders) writer.number(static_cast<std::int64_t>(key));
}

void OrderControls::load_lists(Reader& reader) {
    for (std::int64_t count = reader.number(); count > 0; --count) {
        const auto key = static_cast<std::uint64_t>(reader.number());
        permissions_[key] = reader.below<Permission>(enumerators(Permission{}));
        if (key >> 40 >= scopes_.size()) throw BadEncoding("permission of an unknown scope");
        scopes_[key >> 40].has_permissions = true;
    }
    for (std::int64_t count = reader.number(); count > 0; --count) {
        traders_[static_cast<std::uint64_t>(reader.number())] = 1;
    }
}

void OrderControls::save_grants(Writer& writer) const {
    const auto granted = sorted_keys(overrides_);
    save_count(writer, granted);
    for (const std::uint64_t key : granted) {
        const Override& each = *overrides_.find(key);
        writer.numbers(key, each.account_id, each.instrument_id, each.side, each.max_quantity.value, each.control,
                       each.valid_until_ns, each.requested_by);
    }
    const auto parents = sorted_keys(parents_);
    save_count(writer, parents);
    for (const std::uint64_t key : parents) {
        const Parent& parent = *parents_.find(key);
        writer.numbers(key, parent.quantity.value, parent.out.value);
    }
}

void OrderControls::load_grants(Reader& reader) {
    for (std::int64_t count = reader.number(); count > 0; --count) {
        Override& each = overrides_[static_cast<std::uint64_t>(reader.number())];
        each.account_id = reader.number();
        each.instrument_id = reader.number();
        each.side = reader.below<Side>(enumerators(Side{}));
        each.max_quantity.value = reader.number();
        each.control = reader.below<Reason>(enumerators(Reason{}));
        each.valid_until_ns = reader.number();
        each.requested_by = reader.number();
    }
    for (std::int64_t count = reader.number(); count > 0; --count) {
        Parent& parent = parents_[static_cast<std::uint64_t>(reader.number())];
        parent.quantity.value = reader.number();
        parent.out.value = reader.number();
    }
}

}  // namespace parley
