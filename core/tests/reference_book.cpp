#include "reference_book.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace reference {

using parley::InstrumentPhase;
using parley::kPriceTicksMax;
using parley::kQuantityLotsMax;
using parley::OrderType;
using parley::SelfMatch;
using parley::TimeInForce;

namespace {

/// Ids remembered: commands name only recent ones.
constexpr std::size_t kSeenMax = 50'000;

int sign(int side) { return side == 0 ? 1 : -1; }

bool lasts(TimeInForce time) {
    return time == TimeInForce::gtc || time == TimeInForce::gtd || time == TimeInForce::day;
}

bool is_stop(OrderType type) { return type == OrderType::stop || type == OrderType::stop_limit; }

}  // namespace

void Book::say(EventKind kind, Reason reason, std::vector<std::int64_t> values) {
    said_.push_back({kind, reason, std::move(values)});
}

void Book::reject(std::int64_t id, Reason reason, std::int64_t value, std::int64_t bound) {
    say(EventKind::order_rejected, reason, {id, value, bound});
}

std::int64_t Book::position(std::int64_t account) const {
    const auto found = positions_.find(account);
    return found == positions_.end() ? 0 : found->second;
}

std::int64_t Book::best(int side) const {
    if (sides_[side].empty()) return 0;
    return side == 0 ? sides_[side].rbegin()->first : sides_[side].begin()->first;
}

bool Book::crosses(int side, std::int64_t price) const {
    return best(1 - side) != 0 && sign(side) * (price - best(1 - side)) >= 0;
}

/// Everything whose time has come ends, in the order of time, then of id.
void Book::at(std::int64_t now) {
    now_ = now;
    std::set<std::pair<std::int64_t, std::int64_t>> due;
    for (const auto& [key, order] : orders_) {
        if (order.expires != 0 && order.expires <= now) due.insert({order.expires, key});
    }
    for (const auto& [time, key] : due) drop(key, Reason::expired);
}

void Book::place(const parley::PlaceOrder& c) {
    std::int64_t lots = c.quantity.value;
    const bool was_seen = seen_.contains(c.order_id);
    seen_[c.order_id] = true;
    if (seen_.size() > kSeenMax) seen_.erase(seen_.begin());
    if (was_seen) return reject(c.order_id, Reason::duplicate_order, c.order_id, 0);
    if (refused(c, lots)) return;
    say(EventKind::order_accepted, Reason::none, {c.order_id, c.quantity.value});
    if (lots < c.quantity.value) say(EventKind::order_restated, Reason::reduce_only, {c.order_id, lots, lots});
    Order order;
    order.id = c.order_id;
    order.account = c.account_id;
    order.side = static_cast<int>(c.side);
    order.type = c.order_type;
    order.lasts = c.time_in_force;
    order.quantity = order.leaves = lots;
    order.is_post_only = c.is_post_only;
    order.is_reduce_only = c.is_reduce_only;
    order.terms = c.terms;
    order.price = c.price.value;
    if (c.order_type == OrderType::market) order.price = c.side == parley::Side::buy ? mark_ + mark_ * (kCollarBasisPoints / 10'000) : 1;
    if (c.order_type == OrderType::peg || c.order_type == OrderType::stop_limit) order.limit = c.price.value;
    order.expires = c.terms.expires_at_ns;
    if (c.time_in_force == TimeInForce::day) {
        constexpr std::int64_t hour = 3'600'000'000'000;
        order.expires = now_ / hour / 24 * 24 * hour + 8 * hour;
        if (order.expires <= now_) order.expires += 24 * hour;
    }
    if (is_stop(c.order_type)) {
        order.is_waiting_stop = true;
        wait(order);
    } else if (c.order_type == OrderType::peg) {
        wait(order);
        move_pegs();
    } else {
        act(order);
    }
    trigger();
}

bool Book::refused(const parley::PlaceOrder& c, std::int64_t& lots) {
    const auto no = [&](Reason reason, std::int64_t value, std::int64_t bound) {
        reject(c.order_id, reason, value, bound);
        return true;
    };
    const bool rests = c.order_type == OrderType::limit && lasts(c.time_in_force);
    const bool stop = is_stop(c.order_type), peg = c.order_type == OrderType::peg;
    const auto& t = c.terms;
    if (c.is_post_only && !rests) return no(Reason::post_only_not_combinable, 1, 0);
    if ((t.display.value != 0 && !rests) ||
        (t.minimum.value != 0 && (c.time_in_force != TimeInForce::ioc || stop || peg)) ||
        ((t.stop.value != 0) != stop) || (t.peg_offset_ticks != 0 && !peg) || (peg && !lasts(c.time_in_force)) ||
        ((t.expires_at_ns != 0) != (c.time_in_force == TimeInForce::gtd))) {
        return no(Reason::terms_not_combinable, static_cast<int>(c.order_type), static_cast<int>(c.time_in_force));
    }
    if (lots <= 0 || lots > kQuantityLotsMax) return no(Reason::invalid_quantity, lots, kQuantityLotsMax);
    const bool priced = c.order_type == OrderType::limit || c.order_type == OrderType::stop_limit || (peg && c.price.value != 0);
    if (priced && (c.price.value <= 0 || c.price.value > kPriceTicksMax)) {
        return no(Reason::invalid_price, c.price.value, kPriceTicksMax);
    }
    if (t.expires_at_ns != 0 && t.expires_at_ns <= now_) return no(Reason::invalid_terms, t.expires_at_ns, now_);
    if (t.display.value > lots) return no(Reason::invalid_terms, t.display.value, lots);
    if (t.minimum.value > lots) return no(Reason::invalid_terms, t.minimum.value, lots);
    const bool collected = stop || (rests && !c.is_post_only);
    if (phase_ == InstrumentPhase::halted || (phase_ == InstrumentPhase::call && !collected)) {
        return no(Reason::instrument_phase, static_cast<int>(phase_), 0);
    }
    const int side = static_cast<int>(c.side);
    if (c.is_reduce_only) {
        const std::int64_t most = reducible(c.account_id, side, 0);
        if (most <= 0) return no(Reason::reduce_only, lots, 0);
        lots = std::min(lots, most);
    }
    const std::int64_t far = side == 0 ? mark_ + mark_ * (kCollarBasisPoints / 10'000) : 1;
    if (c.is_post_only && crosses(side, c.price.value)) return no(Reason::post_only_would_trade, c.price.value, best(1 - side));
    if (c.order_type == OrderType::market && !crosses(side, far)) return no(Reason::no_liquidity, best(1 - side), far);
    return false;
}

void Book::act(Order order) {
    const std::int64_t least = order.lasts == TimeInForce::fok ? order.leaves : order.terms.minimum.value;
    if (least > 0 && at_once(order) < least) {
        return end(order, order.lasts == TimeInForce::fok ? Reason::fill_or_kill : Reason::minimum_quantity);
    }
    const bool may_stand = order.type != OrderType::market && order.type != OrderType::stop && lasts(order.lasts);
    if (phase_ == InstrumentPhase::continuous) {
        if (!match(order, bound(order.side, order.price))) return end(order, Reason::self_match);
        if (order.leaves == 0) return end(order, Reason::none);
        if (crosses(order.side, order.price)) {
            if (!bands_.pauses) return end(order, Reason::price_band);
            phase_ = InstrumentPhase::call;
            say(EventKind::instrument_phase_changed, Reason::none, {1, static_cast<int>(phase_), 0, 0});
        }
    }
    if (may_stand) return stand(order);
    end(order, Reason::immediate_or_cancel);
}

void Book::end(const Order& order, Reason reason) {
    if (order.leaves > 0 && order.account != 0) {
        say(EventKind::order_canceled, reason, {order.id, order.leaves, order.quantity - order.leaves});
    }
}

void Book::stand(Order order) {
    order.arrival = ++arrivals_;
    order.is_in_book = true;
    order.shown = order.terms.display.value > 0 ? std::min(order.terms.display.value, order.leaves) : order.leaves;
    const std::int64_t key = order.account == 0 ? -++quotes_ : order.id;
    orders_[key] = order;
    sides_[order.side][order.price].push_back(key);
}

void Book::wait(Order order) {
    order.arrival = ++arrivals_;
    order.is_in_book = false;
    orders_[order.id] = order;
}

/// False: stopped at an order of its own account.
bool Book::match(Order& order, std::int64_t limit) {
    while (order.leaves > 0 && crosses(order.side, limit)) {
        const std::int64_t price = best(1 - order.side);
        const std::int64_t key = sides_[1 - order.side][price].front();
        if (orders_[key].account == order.account) {
            if (!meet(order, key)) return false;
            continue;
        }
        const std::int64_t maker = orders_[key].account;
        const std::int64_t lots = std::min(order.leaves, orders_[key].shown);
        trade(order, key, price, lots);
        take(key, lots);
        cut_reduce_only(maker);
        cut_reduce_only(order.account);
    }
    return true;
}

bool Book::meet(Order& order, std::int64_t key) {
    if (order.account == 0 || order.terms.self_match == SelfMatch::cancel_newest) return false;
    if (order.terms.self_match == SelfMatch::cancel_oldest) {
        drop(key, Reason::self_match);
        return true;
    }
    if (order.terms.self_match == SelfMatch::cancel_both) {
        drop(key, Reason::self_match);
        return false;
    }
    const std::int64_t old = orders_[key].leaves;
    if (old <= order.leaves) {
        drop(key, Reason::self_match);
    } else {
        cut(key, old - order.leaves);
        say(EventKind::order_restated, Reason::self_match, {key, orders_[key].quantity, orders_[key].leaves});
    }
    if (old >= order.leaves) return false;
    order.leaves -= old;
    order.quantity -= old;
    say(EventKind::order_restated, Reason::self_match, {order.id, order.quantity, order.leaves});
    return true;
}

void Book::trade(Order& taker, std::int64_t key, std::int64_t price, std::int64_t lots) {
    ++executions_;
    last_ = price;
    taker.leaves -= lots;
    tell(taker, orders_[key].account, price, lots, true);
    Order maker = orders_[key];
    maker.leaves -= lots;
    tell(maker, taker.account, price, lots, false);
}

void Book::tell(const Order& order, std::int64_t other, std::int64_t price, std::int64_t lots, bool is_taker) {
    if (order.account == 0) return;
    positions_[order.account] += sign(order.side) * lots;
    say(EventKind::order_executed, Reason::none,
        {order.id, executions_, order.account, 1, order.side, price, lots, order.quantity - order.leaves, order.leaves,
         is_taker ? 1 : 0, other, kIndexMicros});
}

/// Traded lots go; an iceberg shows more at the back of its queue.
void Book::take(std::int64_t key, std::int64_t lots) {
    Order& order = orders_[key];
    order.leaves -= lots;
    order.shown -= lots;
    if (order.leaves == 0) return leave(key);
    if (order.shown > 0) return;
    order.shown = std::min(order.terms.display.value, order.leaves);
    Queue& queue = sides_[order.side][order.price];
    queue.remove(key);
    queue.push_back(key);
}

void Book::leave(std::int64_t key) {
    const Order order = orders_[key];
    if (order.is_in_book) {
        Queue& queue = sides_[order.side][order.price];
        queue.remove(key);
        if (queue.empty()) sides_[order.side].erase(order.price);
    }
    orders_.erase(key);
}

void Book::drop(std::int64_t key, Reason reason) {
    const Order order = orders_[key];
    leave(key);
    end(order, reason);
}

void Book::cut(std::int64_t key, std::int64_t leaves) {
    Order& order = orders_[key];
    order.quantity -= order.leaves - leaves;
    order.leaves = leaves;
    order.shown = std::min(order.shown, leaves);
}

void Book::cut_reduce_only(std::int64_t account) {
    if (account == 0) return;
    std::map<std::int64_t, std::int64_t> by_arrival;
    for (const auto& [key, order] : orders_) {
        if (order.is_reduce_only && order.account == account) by_arrival[order.arrival] = key;
    }
    std::int64_t most[2] = {std::max<std::int64_t>(-position(account), 0), std::max<std::int64_t>(position(account), 0)};
    for (const auto& [arrival, key] : by_arrival) {
        const Order order = orders_[key];
        const std::int64_t keeps = std::min(order.leaves, most[order.side]);
        most[order.side] -= keeps;
        if (keeps == 0) {
            drop(key, Reason::reduce_only);
        } else if (keeps < order.leaves) {
            cut(key, keeps);
            say(EventKind::order_restated, Reason::reduce_only, {key, orders_[key].quantity, keeps});
        }
    }
}

std::int64_t Book::reducible(std::int64_t account, int side, std::int64_t without) const {
    std::int64_t most = -sign(side) * position(account);
    for (const auto& [key, order] : orders_) {
        if (order.is_reduce_only && order.account == account && order.side == side && key != without) most -= order.leaves;
    }
    return most;
}

/// What could trade now, up to the first own order unless own orders give way.
std::int64_t Book::at_once(const Order& order) const {
    const std::int64_t limit = bound(order.side, order.price);
    const int other = 1 - order.side;
    std::vector<std::int64_t> prices;
    for (const auto& [price, queue] : sides_[other]) prices.push_back(price);
    if (other == 0) std::reverse(prices.begin(), prices.end());
    std::int64_t lots = 0;
    for (const std::int64_t price : prices) {
        if (sign(order.side) * (limit - price) < 0) break;
        for (const std::int64_t key : sides_[other].at(price)) {
            if (orders_.at(key).account != order.account) {
                if (!orders_.at(key).is_reduce_only) lots += orders_.at(key).leaves;
            } else if (order.terms.self_match != SelfMatch::cancel_oldest) {
                return lots;
            }
        }
    }
    return lots;
}

std::int64_t Book::bound(int side, std::int64_t limit) const {
    const auto nearer = [&](std::int64_t around, std::int64_t basis_points) {
        if (basis_points == 0 || around <= 0) return;
        const auto band = static_cast<std::int64_t>(static_cast<__int128>(around) * (10'000 + sign(side) * basis_points) / 10'000);
        limit = side == 0 ? std::min(limit, band) : std::max(limit, band);
    };
    nearer(bands_.reference.value, bands_.static_basis_points);
    nearer(last_ > 0 ? last_ : bands_.reference.value, bands_.dynamic_basis_points);
    return limit;
}

void Book::cancel(std::int64_t id) {
    if (orders_.contains(id)) return drop(id, Reason::requested);
    say(EventKind::cancel_rejected, seen_.contains(id) ? Reason::too_late_to_cancel : Reason::unknown_order, {id});
}

void Book::set_bands(const parley::PriceBands& bands) {
    bands_ = bands;
    say(EventKind::price_bands_set, Reason::none,
        {1, bands.reference.value, bands.static_basis_points, bands.dynamic_basis_points, bands.pauses});
}

}  // namespace reference
