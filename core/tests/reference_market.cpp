#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>

#include "reference_book.hpp"

namespace reference {

using parley::InstrumentPhase;
using parley::kPriceTicksMax;
using parley::kQuantityLotsMax;
using parley::OrderType;

void Book::amend(const parley::AmendOrder& c) {
    const auto no = [&](Reason reason, std::int64_t value, std::int64_t bound) {
        say(EventKind::amend_rejected, reason, {c.order_id, value, bound});
    };
    if (!orders_.contains(c.order_id)) {
        return no(seen_.contains(c.order_id) ? Reason::too_late_to_cancel : Reason::unknown_order, 0, 0);
    }
    Order order = orders_[c.order_id];
    const bool is_peg = order.type == OrderType::peg;
    const std::int64_t standing = order.is_in_book && !is_peg ? order.price : order.limit;
    const std::int64_t executed = order.quantity - order.leaves;
    const std::int64_t leaves = c.quantity.value == 0 ? order.leaves : c.quantity.value - executed;
    const std::int64_t price = c.price.value == 0 ? standing : c.price.value;
    if (c.quantity.value != 0 && (leaves <= 0 || c.quantity.value > kQuantityLotsMax)) {
        return no(Reason::invalid_quantity, c.quantity.value, executed);
    }
    if (c.price.value > kPriceTicksMax || (order.is_waiting_stop && order.type == OrderType::stop && c.price.value != 0)) {
        return no(Reason::invalid_price, c.price.value, kPriceTicksMax);
    }
    const bool keeps_place = price == standing && leaves <= order.leaves;
    if (!keeps_place) {
        if (phase_ == InstrumentPhase::halted) return no(Reason::instrument_phase, static_cast<int>(phase_), 0);
        if (order.is_reduce_only) {
            const std::int64_t most = std::max<std::int64_t>(reducible(order.account, order.side, c.order_id), 0);
            if (leaves > most) return no(Reason::reduce_only, leaves, most);
        }
        if (order.is_post_only && order.is_in_book && crosses(order.side, price)) {
            return no(Reason::post_only_would_trade, price, 0);
        }
    }
    say(EventKind::order_amended, Reason::none, {c.order_id, executed + leaves, leaves, price});
    if (keeps_place) return cut(c.order_id, leaves);
    const bool waits = !order.is_in_book;
    leave(c.order_id);
    order.quantity = executed + leaves;
    order.leaves = leaves;
    order.price = price;
    if (order.type == OrderType::peg || waits) {
        order.limit = price;
        wait(order);
        move_pegs();
    } else {
        act(order);
    }
    trigger();
}

/// What stays at its price with no more lots keeps its place; the rest of the venue's quote is new.
void Book::quote(parley::Quotes quotes) {
    is_mark_good_ = !quotes.is_crossed();
    mark_ = quotes.mark_ticks;
    if (!is_mark_good_) quotes.counts[0] = quotes.counts[1] = 0;
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> wanted;
    std::vector<std::pair<std::int64_t, std::int64_t>> sequence;
    for (int side = 0; side < 2; ++side) {
        quoted_[side] = quotes.counts[side] > 0 ? quotes.levels[side][0].price.value : 0;
        for (std::size_t at = 0; at < quotes.counts[side]; ++at) {
            wanted[{side, quotes.levels[side][at].price.value}] = quotes.levels[side][at].lots.value;
            sequence.emplace_back(side, quotes.levels[side][at].price.value);
        }
    }
    std::vector<std::int64_t> standing;
    for (const auto& [key, order] : orders_) {
        if (order.account == 0) standing.push_back(key);
    }
    for (const std::int64_t key : standing) {
        Order& order = orders_[key];
        const auto found = wanted.find({order.side, order.price});
        if (found != wanted.end() && found->second > 0 && found->second <= order.leaves) {
            order.leaves = order.shown = found->second;
            wanted.erase(found);
        } else {
            leave(key);
        }
    }
    for (const auto& at : sequence) {
        if (!wanted.contains(at) || wanted[at] == 0) continue;
        Order order;
        order.side = static_cast<int>(at.first);
        order.price = at.second;
        order.quantity = order.leaves = wanted[at];
        wanted[at] = 0;
        act(order);
    }
    move_pegs();
    trigger();
}

std::int64_t Book::peg_price(const Order& order) const {
    const bool primary = order.terms.peg_reference == parley::PegReference::primary;
    if (quoted_[order.side] == 0 || (!primary && quoted_[1 - order.side] == 0)) return 0;
    std::int64_t price = quoted_[order.side];
    if (!primary) price = (quoted_[0] + quoted_[1] + (order.side == 1 ? 1 : 0)) / 2;
    price += order.terms.peg_offset_ticks;
    if (order.limit != 0) price = order.side == 0 ? std::min(price, order.limit) : std::max(price, order.limit);
    return price > 0 && price <= kPriceTicksMax ? price : 0;
}

void Book::move_pegs() {
    if (phase_ != InstrumentPhase::continuous) return;
    std::map<std::int64_t, std::int64_t> by_arrival;
    for (auto& [key, order] : orders_) {
        if (order.type == OrderType::peg && peg_price(order) != (order.is_in_book ? order.price : 0)) {
            by_arrival[order.arrival] = key;
        }
    }
    for (const auto& [arrival, key] : by_arrival) {
        Order order = orders_[key];
        leave(key);
        order.is_in_book = false;
        orders_[key] = order;  // waits, with its old arrival, until its turn
    }
    for (const auto& [arrival, key] : by_arrival) {
        if (!orders_.contains(key) || peg_price(orders_[key]) == 0) continue;
        Order order = orders_[key];
        leave(key);
        order.price = peg_price(order);
        act(order);
    }
}

/// By last trade before by mark, buys before sells, the first price reached, then the oldest; again until none is left.
void Book::trigger() {
    while (phase_ == InstrumentPhase::continuous) {
        const Order* first = nullptr;
        const auto rank = [](const Order& order) {
            const std::int64_t price = order.side == 0 ? order.terms.stop.value : -order.terms.stop.value;
            return std::tuple(order.terms.trigger, order.side, price, order.arrival);
        };
        const auto reached = [&](const Order& order) {
            if (order.terms.trigger == parley::Trigger::last_trade) return last_;
            return is_mark_good_ ? mark_ : 0;
        };
        for (const auto& [key, order] : orders_) {
            if (!order.is_waiting_stop || reached(order) <= 0) continue;
            const std::int64_t beyond = reached(order) - order.terms.stop.value;
            if (order.side == 0 ? beyond < 0 : beyond > 0) continue;
            if (first == nullptr || rank(order) < rank(*first)) first = &order;
        }
        if (first == nullptr) return;
        Order order = *first;
        say(EventKind::order_triggered, Reason::none,
            {order.id, order.terms.trigger == parley::Trigger::mark ? mark_ : last_});
        leave(order.id);
        order.is_waiting_stop = false;
        const std::int64_t far = order.side == 0 ? mark_ + mark_ * (kCollarBasisPoints / 10'000) : 1;
        order.price = order.type == OrderType::stop ? far : order.limit;
        act(order);
    }
}

void Book::set_phase(InstrumentPhase phase) {
    std::int64_t price = 0, lots = 0;
    if (phase_ != InstrumentPhase::continuous && phase == InstrumentPhase::continuous) uncross(price, lots);
    phase_ = phase;
    if (lots > 0 && bands_.static_basis_points > 0) bands_.reference = {price};
    const bool opens = phase == InstrumentPhase::continuous;
    say(EventKind::instrument_phase_changed, Reason::none, {1, static_cast<int>(phase), price, lots});
    while (opens && phase_ == phase && best(0) != 0 && best(1) != 0 && best(0) >= best(1)) trade_on();
    move_pegs();
    trigger();
}

/// Of the two best orders that still cross, the younger acts; quotes of the venue do not.
void Book::trade_on() {
    std::int64_t older = sides_[0][best(0)].front(), younger = sides_[1][best(1)].front();
    if (orders_[older].arrival > orders_[younger].arrival) std::swap(older, younger);
    if (orders_[younger].account == 0 && orders_[older].account != 0) std::swap(older, younger);
    const Order order = orders_[younger];
    leave(younger);
    if (order.account != 0) act(order);
}

/// Tries every price of the book: most lots, least imbalance, nearest to the reference, lowest.
void Book::uncross(std::int64_t& price, std::int64_t& lots) {
    std::set<std::int64_t> prices;
    for (const auto& side : sides_) {
        for (const auto& [at, queue] : side) prices.insert(at);
    }
    const std::int64_t near = last_ > 0 ? last_ : mark_;
    std::tuple<std::int64_t, std::int64_t, std::int64_t> best_rank{0, 0, 0};
    for (const std::int64_t at : prices) {
        std::int64_t buys = 0, sells = 0;
        for (const auto& [key, order] : orders_) {
            if (!order.is_in_book) continue;
            if (order.side == 0 && order.price >= at) buys += order.leaves;
            if (order.side == 1 && order.price <= at) sells += order.leaves;
        }
        const std::tuple rank{-std::min(buys, sells), std::abs(buys - sells), std::abs(at - near)};
        if (std::get<0>(rank) == 0 || (price != 0 && rank >= best_rank)) continue;
        best_rank = rank;
        price = at;
    }
    std::int64_t left = -std::get<0>(best_rank);
    while (left > 0 && best(0) >= price && best(1) != 0 && best(1) <= price) {
        std::int64_t older = sides_[0][best(0)].front(), younger = sides_[1][best(1)].front();
        if (orders_[older].arrival > orders_[younger].arrival) std::swap(older, younger);
        if (orders_[older].account == orders_[younger].account) {
            drop(younger, Reason::self_match);
            continue;
        }
        const std::int64_t accounts[2] = {orders_[older].account, orders_[younger].account};
        const std::int64_t traded = std::min({left, orders_[older].shown, orders_[younger].shown});
        Order taker = orders_[younger];
        trade(taker, older, price, traded);
        take(older, traded);
        take(younger, traded);
        left -= traded;
        lots += traded;
        for (const std::int64_t account : accounts) cut_reduce_only(account);
    }
}

}  // namespace reference
