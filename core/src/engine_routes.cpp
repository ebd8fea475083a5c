#include <algorithm>
#include <cstdlib>

#include "parley/engine.hpp"

namespace parley {

/// The gate of an order, but for what only our own book can say. What passes is held as if it worked here.
void Engine::on(const PlaceRoute& route, const PlaceOrder& order) {
    if (route.venue.empty() || route.venue.size() > kVenueNameBytesMax) throw BadEncoding("no venue has such a name");
    Intent intent;
    if (const Refusal refusal = pass_route_gate(route, order, intent)) {
        emit(EventKind::route_refused, refusal.reason, order.order_id, refusal.value, refusal.bound);
        return;
    }
    Route& held = routes_[order.order_id];
    held.venue = route.venue;
    held.venue_id = route.venue_id;
    held.account = intent.account;
    held.instrument = intent.instrument;
    held.position = positions_.find_or_add(intent.account, intent.instrument);
    held.owner = intent.owner;
    held.side = order.side;
    held.quantity = order.quantity;
    held.price = order.price;
    hold_route(held, order.quantity);
    count_working_order(held.account, held.instrument, held.owner, 1);
    emit_texts(EventKind::route_admitted, held.venue, {}).values[0] = order.order_id;
}

Refusal Engine::pass_route_gate(const PlaceRoute& route, const PlaceOrder& order, Intent& intent) {
    intent.owner = owner_of(order);
    intent.attribution = order.attribution;
    intent.venue_id = route.venue_id;
    intent.side = order.side;
    intent.lots = order.quantity;
    if (order.order_type == OrderType::limit) intent.price = order.price;
    intent.account = find_account(order.account_id);
    intent.instrument = find_instrument(order.instrument_id);
    intent.position = positions_.find(intent.account, intent.instrument);
    Refusal refusal;
    if (intent.account != kNone && intent.instrument != kNone) {
        intent.path = &path_of(intent.account, intent.instrument, intent.owner);
        refusal = order_controls_.count_message(*intent.path, now_ns_);
    }
    if (!refusal) refusal = check_route(order, intent);
    if (!refusal) admit(intent);
    return refusal;
}

Refusal Engine::check_route(const PlaceOrder& order, Intent& intent) const {
    if (order.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, order.valid_until_ns};
    if (const Refusal refusal = check_route_form(order)) return refusal;
    if (intent.instrument == kNone) return {Reason::unknown_instrument, order.instrument_id, 0};
    if (const Refusal refusal = check_trading(*instruments_[intent.instrument])) return refusal;
    if (intent.account == kNone || order.account_id == kVenueAccount) return {Reason::no_limits, order.account_id, 0};
    if (order.user_id == 0) return {Reason::attribution, 0, 0};
    const Account& account = accounts_[intent.account];
    if (order.firm_id != account.firm_id) return {Reason::attribution, order.firm_id, account.firm_id};
    if (order.is_reduce_only) {
        const std::int64_t most = reducible(intent.account, intent.instrument, intent.side, kNone);
        if (order.quantity.value > most) return {Reason::reduce_only, order.quantity.value, std::max<std::int64_t>(most, 0)};
    }
    return check_intent(intent);
}

Refusal Engine::check_route_form(const PlaceOrder& order) const {
    if (routes_.contains(order.order_id)) return {Reason::duplicate_order, order.order_id, 0};
    if (routes_.size() - ended_routes_.size() >= kRoutesMax) {
        constexpr auto most = static_cast<std::int64_t>(kRoutesMax);
        return {Reason::too_many_orders, most, most};
    }
    const std::int64_t lots = order.quantity.value;
    if (lots <= 0 || lots > kQuantityLotsMax) return {Reason::invalid_quantity, lots, kQuantityLotsMax};
    const bool is_limit = order.order_type == OrderType::limit;
    if (!is_limit && order.order_type != OrderType::market) {
        return {Reason::terms_not_combinable, static_cast<std::int64_t>(order.order_type), 0};
    }
    const std::int64_t price = order.price.value;
    if (is_limit && (price <= 0 || price > kPriceTicksMax)) return {Reason::invalid_price, price, kPriceTicksMax};
    return {};
}

/// A cancel is a message too, and is never refused for it. What becomes of it the venue says.
void Engine::on(const CancelRoute& command) {
    const auto found = routes_.find(command.route_id);
    if (found == routes_.end() || found->second.leaves.value == 0) {
        const Reason why = found == routes_.end() ? Reason::unknown_order : Reason::too_late_to_cancel;
        emit(EventKind::route_amend_refused, why, command.route_id, 0, 0);
        return;
    }
    Route& route = found->second;
    count_route_message(route);
    request_route_cancel(command.route_id, route, Reason::requested);
}

void Engine::count_route_message(const Route& route) {
    if (order_controls_.is_empty()) return;
    static_cast<void>(order_controls_.count_message(path_of(route.account, route.instrument, route.owner), now_ns_));
}

void Engine::request_route_cancel(OrderId id, Route& route, Reason reason) {
    route.is_cancel_requested = true;
    emit(EventKind::route_cancel_requested, reason, id);
}

void Engine::request_route_cancels(ControlScope scope, std::int64_t scope_id, Reason reason) {
    for (auto& [id, route] : routes_) {
        if (route.leaves.value > 0 && is_route_covered(route, scope, scope_id)) request_route_cancel(id, route, reason);
    }
}

bool Engine::is_route_covered(const Route& route, ControlScope scope, std::int64_t scope_id) const {
    if (scope == ControlScope::venue) return route.venue_id == scope_id;
    if (scope == ControlScope::desk && route.owner.desk_id == scope_id) return true;
    return covers(scope, scope_id, subject_of(route.account, route.instrument, route.owner));
}

/// More is held from now on where it asks for more; less only when the venue says so.
void Engine::on(const AmendRoute& command) {
    const auto found = routes_.find(command.route_id);
    const bool is_open = found != routes_.end() && found->second.leaves.value > 0;
    Refusal refusal{Reason::unknown_order, command.route_id, 0};
    Lots quantity;
    PriceTicks price;
    if (is_open) {
        Route& route = found->second;
        count_route_message(route);
        quantity = command.quantity.value != 0 ? command.quantity : route.quantity;
        price = command.price.value != 0 ? command.price : route.price;
        refusal = check_route_amend(command, route, quantity, price);
    }
    if (refusal) {
        emit(EventKind::route_amend_refused, refusal.reason, command.route_id, refusal.value, refusal.bound);
        return;
    }
    Route& route = found->second;
    const Lots leaves{quantity.value - route.filled};
    if (leaves > route.leaves) hold_route(route, leaves);
    emit(EventKind::route_amend_admitted, Reason::none, command.route_id, quantity.value, price.value);
}

Refusal Engine::check_route_amend(const AmendRoute& command, Route& route, Lots quantity, PriceTicks price) {
    if (command.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, command.valid_until_ns};
    if (quantity.value <= route.filled || quantity.value > kQuantityLotsMax) {
        return {Reason::invalid_quantity, quantity.value, kQuantityLotsMax};
    }
    if (price.value <= 0 || price.value > kPriceTicksMax) return {Reason::invalid_price, price.value, kPriceTicksMax};
    if (const Refusal refusal = check_trading(*instruments_[route.instrument])) return refusal;
    // a part of a parent never grows beyond what left
    const bool has_parent = route.owner.parent_order_id != 0;
    if (has_parent && quantity > route.quantity) {
        return {Reason::orders_out_vs_orders_in, quantity.value, route.quantity.value};
    }
    Intent intent;
    intent.account = route.account;
    intent.instrument = route.instrument;
    intent.position = route.position;
    intent.owner = route.owner;
    intent.venue_id = route.venue_id;
    intent.attribution.strategy_id = route.owner.strategy_id;
    intent.attribution.parent_order_id = route.owner.parent_order_id;
    intent.side = route.side;
    intent.lots = {quantity.value - route.filled};
    intent.price = price;
    const Lots held = route.leaves;
    if (has_parent) order_controls_.give_back_to_parent(route.owner.parent_order_id, intent.lots);
    hold_route(route, {0});
    count_working_order(route.account, route.instrument, route.owner, -1);
    intent.path = &path_of(route.account, route.instrument, route.owner);
    const Refusal refusal = check_intent(intent);
    count_working_order(route.account, route.instrument, route.owner, 1);
    hold_route(route, held);
    if (has_parent) order_controls_.give_back_to_parent(route.owner.parent_order_id, {-intent.lots.value});
    return refusal;
}

/// Books what the venue executed, holds what may still be, and hands the report on. Numbers that are not the next are
/// passed over: the gateway reads the last number and says what follows it.
void Engine::on(const ReportRoute& report) {
    if (report.venue.empty() || report.venue.size() > kVenueNameBytesMax || report.report.size() > kRouteReportBytesMax ||
        report.leaves.value < 0 || report.leaves.value > kQuantityLotsMax || report.lots < -kQuantityLotsMax ||
        report.lots > kQuantityLotsMax) {
        throw BadEncoding("report that no venue could give");
    }
    if (report.number != venue_report(report.venue) + 1) return;
    if (venue_reports_.size() >= kRouteVenuesCountedMax && !venue_reports_.contains(report.venue)) return;
    venue_reports_[std::string(report.venue)] = report.number;
    const auto found = routes_.find(report.route_id);
    const std::int64_t execution_id = report.is_execution ? next_execution_id_++ : 0;
    Micros index_micros = 0;
    Event& event = emit_texts(EventKind::route_reported, std::string(report.venue), std::string(report.report));
    event.values = {report.route_id, report.number, execution_id, report.lots, report.price.value, report.leaves.value};
    if (found == routes_.end()) return;
    Route& route = found->second;
    index_micros = coins_[instruments_[route.instrument]->coin].price_micros;
    event.values[6] = index_micros;
    const std::int64_t held = route.leaves.value;
    if (report.is_execution) execute_route(route, report);
    // what was taken back counts as out, as in the database: it is not traded anew by itself
    const std::int64_t executed = std::max<std::int64_t>(report.lots, 0);
    const std::int64_t leaves = held == 0 ? 0 : report.leaves.value;
    order_controls_.give_back_to_parent(route.owner.parent_order_id, {held - executed - leaves});
    if (held == 0) return;
    hold_route(route, report.leaves);
    if (report.leaves.value > 0) {
        route.quantity.value = route.filled + report.leaves.value;
    } else {
        end_route(report.route_id, route);
    }
}

void Engine::execute_route(Route& route, const ReportRoute& report) {
    route.filled += report.lots;
    if (report.lots == 0) return;
    const Side side = report.lots > 0 ? route.side : opposite(route.side);
    change_position(route.position, route.owner, side, {std::abs(report.lots)}, report.price);
    enforce_reduce_only(route.account, route.instrument);
}

void Engine::hold_route(Route& route, Lots leaves) {
    if (leaves == route.leaves) return;
    change_working(route.position, route.owner, route.side, leaves.value - route.leaves.value);
    route.leaves = leaves;
}

/// A place among those that ended.
void Engine::end_route(OrderId id, Route& route) {
    count_working_order(route.account, route.instrument, route.owner, -1);
    ended_routes_.push_back(id);
    if (ended_routes_.size() <= kEndedRoutesMax) return;
    routes_.erase(ended_routes_.front());
    ended_routes_.pop_front();
}

/// What of them works counts in a scope that has limits only now; what their account holds is counted with its orders.
void Engine::seed_routes(ControlScope scope, std::int64_t scope_id) {
    for (const auto& [id, route] : routes_) {
        const bool is_covered = covers(scope, scope_id, subject_of(route.account, route.instrument, route.owner));
        if (route.leaves.value == 0 || !is_covered) continue;
        order_controls_.seed_orders(scope, scope_id, 1);
        if (scope != ControlScope::user && scope != ControlScope::strategy) continue;
        const Instrument& instrument = *instruments_[route.instrument];
        Position works;
        works.working(route.side) = route.leaves.value;
        order_controls_.seed(scope, scope_id, route.instrument, instrument.valuation, instrument.coin, works);
    }
}

OrderId Engine::find_route_in(Slot instrument) const noexcept {
    for (const auto& [id, route] : routes_) {
        if (route.leaves.value > 0 && route.instrument == instrument) return id;
    }
    return 0;
}

void Engine::forget_routes_in(Slot instrument) {
    std::erase_if(ended_routes_, [&](OrderId id) { return routes_.at(id).instrument == instrument; });
    std::erase_if(routes_, [&](const auto& each) { return each.second.instrument == instrument; });
}

std::vector<Engine::OpenRoute> Engine::open_routes() const {
    std::vector<OpenRoute> open;
    for (const auto& [id, route] : routes_) {
        if (route.leaves.value == 0) continue;
        open.push_back({id, route.venue, accounts_[route.account].id, instruments_[route.instrument]->id, route.side,
                        route.quantity, route.filled, route.leaves, route.price, route.is_cancel_requested});
    }
    return open;
}

std::int64_t Engine::venue_report(std::string_view venue) const noexcept {
    const auto found = venue_reports_.find(venue);
    return found == venue_reports_.end() ? 0 : found->second;
}

void Engine::save_routes(Writer& writer) const {
    writer.numbers(venue_reports_.size(), routes_.size());
    for (const auto& [venue, number] : venue_reports_) {
        writer.text(venue);
        writer.number(number);
    }
    for (const auto& [id, route] : routes_) {
        writer.text(route.venue);
        const Owner& owner = route.owner;
        writer.numbers(id, route.venue_id, accounts_[route.account].id, instruments_[route.instrument]->id, owner.user_id,
                       owner.desk_id, owner.strategy_id, owner.parent_order_id, route.side, route.quantity.value,
                       route.filled, route.leaves.value, route.price.value, route.is_cancel_requested);
    }
    writer.number(static_cast<std::int64_t>(ended_routes_.size()));
    for (const OrderId id : ended_routes_) writer.number(id);
}

void Engine::load_routes(Reader& reader) {
    const auto venues = reader.below<std::size_t>(kRouteVenuesCountedMax + 1);
    const auto count = reader.below<std::size_t>(kRoutesMax + kEndedRoutesMax + 1);
    for (std::size_t at = 0; at < venues; ++at) {
        const std::string venue(reader.text());
        venue_reports_[venue] = reader.number();
    }
    for (std::size_t at = 0; at < count; ++at) {
        const std::string venue(reader.text());
        Route& route = routes_[reader.number()];
        route.venue = venue;
        route.venue_id = reader.number();
        route.account = find_account(reader.number());
        route.instrument = find_instrument(reader.number());
        if (route.account == kNone || route.instrument == kNone) throw BadEncoding("route of an unknown account");
        route.position = positions_.find_or_add(route.account, route.instrument);
        route.owner.user_id = reader.number();
        route.owner.desk_id = reader.number();
        route.owner.strategy_id = reader.number();
        route.owner.parent_order_id = reader.number();
        route.side = reader.below<Side>(enumerators(Side{}));
        route.quantity.value = reader.number();
        route.filled = reader.number();
        route.leaves.value = reader.number();
        route.price.value = reader.number();
        route.is_cancel_requested = reader.flag();
    }
    for (auto ended = reader.below<std::size_t>(kEndedRoutesMax + 1); ended > 0; --ended) {
        ended_routes_.push_back(reader.number());
        if (!routes_.contains(ended_routes_.back())) throw BadEncoding("ended route that is not there");
    }
}

}  // namespace parley
