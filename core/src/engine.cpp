#include "parley/engine.hpp"

#include <algorithm>
#include <utility>

namespace parley {

void Engine::dispatch(InputKind kind, Reader& reader) {
    switch (kind) {
        case InputKind::list_instrument:
            return on(codec::decode<ListInstrument>(reader));
        case InputKind::set_index: {
            const auto input = codec::decode<SetIndex>(reader);
            if (input.coin_id < 0 || input.coin_id >= kCoinsMax) throw BadEncoding("coin is out of range");
            order_controls_.renew_rooms();
            coins_[input.coin_id].revision = ++market_revision_;
            return coins_[input.coin_id].update(input.price_micros);
        }
        case InputKind::set_quotes:
            return on(codec::decode<SetQuotes>(reader), reader);
        case InputKind::feed_heartbeat:
            market_time_ns_ = codec::decode<FeedHeartbeat>(reader).market_time_ns;
            alive_at_ns_ = now_ns_;
            return;
        case InputKind::deliver:
            return on(codec::decode<Deliver>(reader));
        case InputKind::enter_order: {
            EnterOrder entered;
            PlaceOrder order;
            codec::get_entered(reader, entered, order);
            return on(entered, order);
        }
        case InputKind::enter_cancel:
            return on(codec::decode<EnterCancel>(reader));
        case InputKind::enter_amend:
            return on(codec::decode<EnterAmend>(reader));
        case InputKind::enter_route: {
            EnterRoute entered;
            PlaceRoute route;
            PlaceOrder order;
            codec::get_entered(reader, entered, route, order);
            return on(entered, route, order);
        }
        case InputKind::enter_route_cancel:
            return on(CancelRoute{0, codec::decode<EnterRouteCancel>(reader).route_id});
        case InputKind::report_route:
            return on(codec::decode<ReportRoute>(reader));
        default:
            return dispatch_command(kind, reader);
    }
}

template <typename Command>
Command Engine::take_command(Reader& reader) {
    auto command = codec::decode<Command>(reader);
    answer(command.command_sequence);
    return command;
}

void Engine::refuse_sequence() { throw BadEncoding("command is out of sequence"); }

void Engine::dispatch_command(InputKind kind, Reader& reader) {
    switch (kind) {
        case InputKind::amend_order:
            return on(take_command<AmendOrder>(reader));
        case InputKind::cancel_order:
            return on(take_command<CancelOrder>(reader));
        case InputKind::place_order:
            return on(take_command<PlaceOrder>(reader));
        case InputKind::cancel_all:
            return on(take_command<CancelAll>(reader));
        case InputKind::place_attributed_order: {
            auto command = take_command<PlaceOrder>(reader);
            codec::get_fields(reader, command.attribution);
            return on(command);
        }
        case InputKind::place_order_with_terms: {
            auto command = take_command<PlaceOrder>(reader);
            codec::get_fields(reader, command.attribution);
            codec::get_fields(reader, command.terms);
            return on(command);
        }
        case InputKind::set_limits:
            return on(take_command<SetLimits>(reader));
        case InputKind::set_trading_state:
            return on(take_command<SetTradingState>(reader));
        case InputKind::set_kill_switch:
            return on(take_command<SetKillSwitch>(reader));
        case InputKind::reserve_block:
            return on(take_command<ReserveBlock>(reader), reader);
        case InputKind::confirm_block:
            return on(take_command<ConfirmBlock>(reader));
        case InputKind::void_block:
            return on(take_command<VoidBlock>(reader));
        case InputKind::settle_instrument:
            return on(take_command<SettleInstrument>(reader));
        case InputKind::refuse_command:
            return on(take_command<RefuseCommand>(reader));
        default:
            return dispatch_control(kind, reader);
    }
}

void Engine::dispatch_control(InputKind kind, Reader& reader) {
    switch (kind) {
        case InputKind::set_scope_limits:
            return on(take_command<SetScopeLimits>(reader), reader);
        case InputKind::set_instrument_permission:
            return on(take_command<SetInstrumentPermission>(reader));
        case InputKind::set_trader_authorization:
            return on(take_command<SetTraderAuthorization>(reader));
        case InputKind::grant_override:
            return on(take_command<GrantOverride>(reader));
        case InputKind::enable_scope:
            return on(take_command<EnableScope>(reader));
        case InputKind::set_instrument_phase:
            return on(take_command<SetInstrumentPhase>(reader));
        case InputKind::set_price_bands:
            return on(take_command<SetPriceBands>(reader));
        case InputKind::place_route: {
            auto order = take_command<PlaceOrder>(reader);
            codec::get_fields(reader, order.attribution);
            return on(codec::decode<PlaceRoute>(reader), order);
        }
        case InputKind::cancel_route:
            return on(take_command<CancelRoute>(reader));
        case InputKind::amend_route:
            return on(take_command<AmendRoute>(reader));
        case InputKind::set_parent_order:
            return on(take_command<SetParentOrder>(reader));
        case InputKind::set_collateral:
            return on(take_command<SetCollateral>(reader), reader);
        case InputKind::note_command:
            take_command<NoteCommand>(reader);
            return;
        case InputKind::describe_instrument:
            return on(codec::decode<DescribeInstrument>(reader));
        case InputKind::set_margin_parameters:
            return on(codec::decode<SetMarginParameters>(reader));
        case InputKind::set_margin_inputs:
            return on(codec::decode<SetMarginInputs>(reader), reader);
        default:
            throw BadEncoding("unknown kind of input");
    }
}

void Engine::make_room_for_events() { events_->reserve(std::max<std::size_t>(events_->capacity() * 2, 64)); }

Event& Engine::emit_texts(EventKind kind, std::string first, std::string second) {
    Event& event = emit(kind, Reason::none);
    event.texts = std::make_shared<const std::array<std::string, 2>>(
        std::array<std::string, 2>{std::move(first), std::move(second)});
    return event;
}

void Engine::refuse_command(std::string_view command_id, Refusal refusal) {
    Event& event = emit_texts(EventKind::command_refused, std::string(command_id),
                              std::string(reason_name(refusal.reason)));
    event.values[0] = refusal.value;
    event.values[1] = refusal.bound;
}

Engine::Slot Engine::find_account(AccountId id) const noexcept {
    const Slot* slot = account_slots_.find(static_cast<std::uint64_t>(id));
    return slot == nullptr ? kNone : *slot;
}

Engine::Slot Engine::find_instrument(InstrumentId id) const noexcept {
    const Slot* slot = instrument_slots_.find(static_cast<std::uint64_t>(id));
    return slot == nullptr ? kNone : *slot;
}

Engine::Slot Engine::add_account(AccountId id) {
    const auto slot = static_cast<Slot>(accounts_.size());
    accounts_.emplace_back().id = id;
    account_slots_[static_cast<std::uint64_t>(id)] = slot;
    return slot;
}

Engine::Slot Engine::add_instrument(InstrumentId id) {
    auto slot = static_cast<Slot>(instruments_.size());
    if (free_instruments_.empty()) {
        instruments_.emplace_back();
    } else {
        slot = free_instruments_.back();
        free_instruments_.pop_back();
    }
    instruments_[slot] = std::make_unique<Instrument>(nodes_);
    instruments_[slot]->id = id;
    instrument_slots_[static_cast<std::uint64_t>(id)] = slot;
    return slot;
}

/// Listing again what is listed changes nothing; other terms under a known id are refused.
void Engine::on(const ListInstrument& input) {
    if (input.base_coin_id < 0 || input.base_coin_id >= kCoinsMax) throw BadEncoding("coin is out of range");
    const Slot known = find_instrument(input.instrument_id);
    if (known != kNone) {
        const Instrument& instrument = *instruments_[known];
        if (instrument.name == input.name && instrument.terms_json == input.terms_json) return;
        return refuse_command(input.name, {Reason::instrument_terms_changed, input.instrument_id, 0});
    }
    if (instrument_slots_.size() >= kInstrumentsMax) {
        return refuse_command(input.name, {Reason::too_many_instruments, static_cast<std::int64_t>(kInstrumentsMax),
                                           static_cast<std::int64_t>(kInstrumentsMax)});
    }
    Instrument& instrument = *instruments_[add_instrument(input.instrument_id)];
    instrument.name = input.name;
    instrument.terms_json = input.terms_json;
    instrument.valuation = {input.value_kind, input.lot_nanos, input.tick_nanos, input.collar_floor_ticks};
    instrument.coin = input.base_coin_id;
    instrument.expiry_at_ns = input.expiry_at_ns;
    emit_texts(EventKind::instrument_listed, instrument.terms_json, {}).values[0] = input.instrument_id;
}

void Engine::on(const SetQuotes& input, Reader& reader) {
    market_time_ns_ = input.market_time_ns;
    Quotes quotes;
    for (auto count = reader.below<std::size_t>(kInstrumentsMax + 1); count > 0; --count) {
        codec::get_quotes(reader, quotes);
        const Slot slot = find_instrument(quotes.instrument_id);
        if (slot != kNone && !instruments_[slot]->is_delivered) quote(*instruments_[slot], quotes);
    }
}

/// A quote whose price stays and whose size does not grow keeps its place in the queue; every other one is withdrawn
/// and goes to the back. What crosses a client's resting order trades with it, at the client's price.
void Engine::quote(Instrument& instrument, Quotes& quotes) {
    instrument.reference = {{quotes.mark_ticks}, now_ns_, quotes.is_crossed(), ++market_revision_};
    if (instrument.reference.is_crossed) quotes.counts[0] = quotes.counts[1] = 0;
    quoted_before_.clear();
    quoted_before_.swap(instrument.venue_orders);
    for (const Side side : {Side::buy, Side::sell}) {
        const auto levels = quotes.side(side);
        instrument.quoted[static_cast<std::size_t>(side)] = levels.empty() ? PriceTicks{} : levels.front().price;
    }
    for (const OrderIndex index : quoted_before_) keep_or_withdraw(instrument, index, quotes);
    for (const Side side : {Side::buy, Side::sell}) {
        for (const QuoteLevel& level : quotes.side(side)) {
            if (level.lots.value > 0) rest_venue_order(instrument, side, level);
        }
    }
    const Slot slot = find_instrument(instrument.id);
    reprice_pegs(slot);
    trigger_stops(slot);
}

void Engine::keep_or_withdraw(Instrument& instrument, OrderIndex index, Quotes& quotes) {
    const BookNode& order = nodes_[index];
    const PriceTicks price = nodes_.price(index);
    for (QuoteLevel& level : quotes.side(order.side())) {
        if (level.price != price || level.lots > order.lots || level.lots.value <= 0) continue;
        if (level.lots < order.lots) instrument.book.reduce(index, order.lots - level.lots);
        level.lots = {0};
        instrument.venue_orders.push_back(index);
        return;
    }
    instrument.book.remove(index);
    nodes_.give_back(index);
}

void Engine::rest_venue_order(Instrument& instrument, Side side, QuoteLevel level) {
    const Slot slot = find_instrument(instrument.id);
    Incoming quoted;
    quoted.instrument = slot;
    quoted.side = side;
    quoted.quantity = quoted.leaves = level.lots;
    quoted.limit = level.price;
    const Reason reason = trade_in_bands(quoted);
    if (quoted.leaves.value == 0 || reason == Reason::self_match || reason == Reason::price_band) return;
    const OrderIndex index = nodes_.take_order();
    nodes_[index].lots = quoted.leaves;
    nodes_[index].word = BookNode::word_of(side, kVenueSlot);
    nodes_.details(index) = {quoted.leaves, {}, next_arrival_++, slot};
    instrument.book.add(index, level.price);
    instrument.venue_orders.push_back(index);
}

void Engine::on(const Deliver& input) {
    market_time_ns_ = input.market_time_ns;
    const Slot slot = find_instrument(input.instrument_id);
    if (slot == kNone || instruments_[slot]->is_delivered) return;
    Instrument& instrument = *instruments_[slot];
    for (const OrderIndex index : std::exchange(instrument.venue_orders, {})) {
        instrument.book.remove(index);
        nodes_.give_back(index);
    }
    cancel_where(ControlScope::instrument, instrument.id, Reason::expired);
    instrument.is_delivered = true;
    emit(EventKind::instrument_delivered, Reason::none, instrument.id, input.delivery_price_micros,
         input.market_time_ns);
}

void Engine::on(const SetLimits& command) {
    Slot slot = find_account(command.account_id);
    if (slot == kNone) {
        if (accounts_.size() >= kAccountsMax) {
            return refuse_command({}, {Reason::too_many_accounts, command.account_id,
                                       static_cast<std::int64_t>(kAccountsMax)});
        }
        slot = add_account(command.account_id);
    }
    Account& account = accounts_[slot];
    account.firm_id = command.firm_id;
    account.desk_id = command.desk_id;
    account.limits.set(command.coin_id, command.limits);
    order_controls_.renew_paths();
    emit_texts(EventKind::limits_in_force, std::string(command.coin), {}).values[0] = command.account_id;
}

void Engine::on(const SetTradingState& command) {
    controls_.set_state(command.scope, command.scope_id, command.state);
    emit(EventKind::trading_state_changed, Reason::none, command.scope, command.scope_id, command.state);
}

void Engine::on(const SetKillSwitch& command) {
    controls_.set_kill(command.scope, command.scope_id, command.is_engaged);
    const std::int64_t canceled =
        command.is_engaged ? cancel_where(command.scope, command.scope_id, Reason::kill_switch) : 0;
    emit(EventKind::kill_switch_changed, Reason::none, command.scope, command.scope_id, command.is_engaged, canceled);
}

void Engine::on(const SettleInstrument& command) {
    const Slot slot = find_instrument(command.instrument_id);
    if (slot == kNone) {
        return refuse_command(command.command_id, {Reason::unknown_instrument, command.instrument_id, 0});
    }
    if (!instruments_[slot]->is_delivered) {
        return refuse_command(command.command_id, {Reason::instrument_not_delivered, command.instrument_id, 0});
    }
    for (const auto& [id, legs] : reservations_) {
        for (const BlockLeg& leg : legs) {
            if (leg.instrument_id != command.instrument_id) continue;
            return refuse_command(command.command_id, {Reason::reservation_pending, id, 0});
        }
    }
    if (const OrderId id = find_route_in(slot); id != 0) {
        return refuse_command(command.command_id, {Reason::reservation_pending, id, 0});
    }
    forget_routes_in(slot);
    forget_instrument(slot);
    emit(EventKind::instrument_settled, Reason::none, command.instrument_id);
}

void Engine::forget_instrument(Slot slot) {
    for (Slot account = 0; account < accounts_.size(); ++account) positions_.erase(account, slot);
    margin_.forget_instrument(slot);
    order_controls_.forget_instrument(slot, instruments_[slot]->valuation, instruments_[slot]->coin);
    instrument_slots_.erase(static_cast<std::uint64_t>(instruments_[slot]->id));
    instruments_[slot].reset();
    free_instruments_.push_back(slot);
}

void Engine::on(const RefuseCommand& command) {
    Event& event = emit_texts(EventKind::command_refused, std::string(command.command_id),
                              std::string(command.reason));
    event.values[0] = command.value;
    event.values[1] = command.bound;
}

std::vector<Engine::Listing> Engine::listings() const {
    std::vector<Listing> sorted;
    for (const auto& instrument : instruments_) {
        if (instrument) sorted.push_back({instrument->id, instrument->name, instrument->terms_json});
    }
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return sorted;
}

std::vector<Engine::Holding> Engine::holdings() const {
    std::vector<Holding> sorted;
    positions_.for_each([&](const HeldPosition& held) {
        if (held.position.empty()) return;
        sorted.push_back({accounts_[held.account].id, instruments_[held.instrument]->id, held.position});
    });
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
        return std::pair(a.account_id, a.instrument_id) < std::pair(b.account_id, b.instrument_id);
    });
    return sorted;
}

std::vector<Engine::Working> Engine::working_orders() const {
    std::vector<Working> sorted;
    working_.for_each([&](OrderIndex index) {
        const BookNode& order = nodes_[index];
        const OrderDetails& details = nodes_.details(index);
        sorted.push_back({order.key, accounts_[order.account()].id, instruments_[details.instrument]->id, order.side(),
                          incoming_of(index).limit, details.quantity, nodes_.leaves(index)});
    });
    std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.order_id < b.order_id; });
    return sorted;
}

std::vector<OrderBook::Depth> Engine::depth(InstrumentId id, Side side, std::size_t count) const {
    const Slot slot = find_instrument(id);
    if (slot == kNone) return {};
    return instruments_[slot]->book.depth(side, count);
}

}  // namespace parley
