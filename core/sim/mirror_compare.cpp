#include "mirror.hpp"

namespace parley::sim {

void Mirror::compare(const Engine& engine) const {
    std::map<OrderId, std::int64_t> working, expected;
    for (const auto& order : engine.working_orders()) working[order.order_id] = order.leaves.value;
    for (const auto& [id, order] : open_) expected[id] = order.leaves;
    insist(working == expected, "O3", "the engine works other orders than its events say");
    const auto as_tuple = [](const Position& p) { return std::tuple(p.lots, p.buy_working, p.sell_working); };
    std::map<Booking, std::tuple<std::int64_t, std::int64_t, std::int64_t>> held, wanted;
    for (const auto& holding : engine.holdings()) {
        held[{holding.account_id, holding.instrument_id}] = as_tuple(holding.position);
    }
    for (const auto& [booking, position] : holdings_) {
        if (!position.empty()) wanted[booking] = as_tuple(position);
    }
    insist(held == wanted, "O11", "the engine holds and reserves other lots than its events say");
    compare_controls(engine);
    for (const auto& listing : engine.listings()) {
        const auto bids = engine.depth(listing.id, Side::buy, 1), asks = engine.depth(listing.id, Side::sell, 1);
        const auto trading = trading_.find(listing.id);
        const bool trades = trading == trading_.end() || trading->second.phase == InstrumentPhase::continuous;
        insist(!trades || bids.empty() || asks.empty() || bids[0].price < asks[0].price, "auction", "the book is crossed");
    }
}

void Mirror::compare(const Database& database) const {
    for (const auto& [id, row] : database.orders) {
        const auto found = open_.find(id);
        const bool is_open = row.state == OrderState::open;
        insist(is_open == (found != open_.end()), "O3", name("database and engine differ on order", id));
        if (!is_open) continue;
        const Order& order = found->second;
        insist(order.leaves == row.leaves && order.cumulative == row.cumulative && order.quantity == row.quantity, "O3",
               name("database and engine differ on the quantities of order", id));
    }
    std::map<Booking, std::int64_t> held, wanted;
    for (const auto& [booking, position] : holdings_) {
        if (position.lots != 0) wanted[booking] = position.lots;
    }
    for (const auto& [booking, lots] : database.positions) {
        if (lots != 0) held[booking] = lots;
    }
    insist(held == wanted, "O2", "positions are not the sum of the fills");
}

}  // namespace parley::sim
