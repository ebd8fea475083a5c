#include "database.hpp"

#include <algorithm>

#include "parley/entered_inputs.hpp"

namespace parley::sim {

void Ledger::post(std::int64_t asset, AccountId debit, AccountId credit, std::int64_t amount) {
    balances_[{asset, debit}] += amount;
    balances_[{asset, credit}] -= amount;
}

bool Ledger::is_balanced() const noexcept {
    std::map<std::int64_t, std::int64_t> sums;
    for (const auto& [key, balance] : balances_) sums[key.first] += balance;
    return std::all_of(sums.begin(), sums.end(), [](const auto& sum) { return sum.second == 0; });
}

std::vector<NumberedCommand> Database::number(std::size_t count) {
    std::vector<NumberedCommand> batch;
    while (numbered_ < outbox_.size() && batch.size() < count) {
        Outbox& oldest = outbox_[numbered_++];
        oldest.sequence = static_cast<std::int64_t>(numbered_);
        batch.push_back({oldest.sequence, oldest.command});
    }
    cursor.given = static_cast<std::int64_t>(numbered_);
    return batch;
}

std::vector<NumberedCommand> Database::read_after(std::int64_t sequence, std::size_t count) const {
    std::vector<NumberedCommand> batch;
    for (auto at = static_cast<std::size_t>(sequence); at < numbered_ && batch.size() < count; ++at) {
        batch.push_back({outbox_[at].sequence, outbox_[at].command});
    }
    return batch;
}

const Command* Database::find_command(std::int64_t sequence) const noexcept {
    if (sequence < 1 || sequence > static_cast<std::int64_t>(numbered_)) return nullptr;
    return &outbox_[static_cast<std::size_t>(sequence - 1)].command;
}

bool Database::has_unnumbered() const noexcept { return numbered_ < outbox_.size(); }

OrderRow& Database::order(OrderId id) {
    const auto found = orders.find(id);
    insist(found != orders.end(), "O4", "the gateway speaks of order " + std::to_string(id) + ", which nobody placed");
    return found->second;
}

void Database::apply(const Event& event) {
    switch (event.kind) {
        case EventKind::order_entered:
            return enter(event);
        case EventKind::order_accepted:
            return accept(event);
        case EventKind::order_rejected: {
            OrderRow& row = order(event.values[0]);
            insist(row.state == OrderState::pending, "O3", "an order that was accepted is rejected");
            row.state = OrderState::rejected;
            return;
        }
        case EventKind::order_executed:
            return execute(event);
        case EventKind::order_canceled:
            return cancel(event);
        case EventKind::order_amended:
        case EventKind::order_restated:
            return restate(event);
        case EventKind::block_confirmed:
            return confirm_block(event);
        case EventKind::instrument_settled:
            std::erase_if(positions, [&](const auto& held) { return held.first.instrument == event.values[0]; });
            return;
        default:
            return;
    }
}

/// An order that the gateway took itself.
void Database::enter(const Event& event) {
    EnterOrder entered;
    PlaceOrder terms;
    codec::get_entered(event, entered, terms);
    const auto [row, is_new] = orders.try_emplace(terms.order_id);
    insist(is_new, "O3", "order " + std::to_string(terms.order_id) + " is entered twice");
    row->second.terms = terms;
}

void Database::accept(const Event& event) {
    OrderRow& row = order(event.values[0]);
    insist(row.state == OrderState::pending, "O3", "order " + std::to_string(event.values[0]) + " is accepted twice");
    row.state = OrderState::open;
    row.leaves = row.quantity = event.values[1];
}

/// Values: order, quantity, leaves.
void Database::restate(const Event& event) {
    OrderRow& row = order(event.values[0]);
    insist(row.state == OrderState::open, "O3", "an order changes that does not work");
    insist(event.values[1] == row.cumulative + event.values[2] && event.values[2] > 0, "O3", "a change loses lots");
    row.quantity = event.values[1];
    row.leaves = event.values[2];
}

/// Values: order, execution, account, instrument, side, price, lots, cumulative, leaves, liquidity, counterparty, index.
void Database::execute(const Event& event) {
    const auto& v = event.values;
    OrderRow& row = order(v[0]);
    insist(fills.emplace(FillKey{v[1], v[0]}, v[6]).second, "O2", "execution " + std::to_string(v[1]) + " came twice");
    row.cumulative += v[6];
    row.leaves -= v[6];
    insist(row.cumulative == v[7] && row.leaves == v[8] && row.leaves >= 0, "O3", "CumQty and LeavesQty do not add up");
    if (row.leaves == 0) row.state = OrderState::filled;
    const bool is_buy = v[4] == 0;
    positions[{v[2], v[3]}] += is_buy ? v[6] : -v[6];
    constexpr AccountId clearing = -1;
    ledger.post(v[3], is_buy ? v[2] : clearing, is_buy ? clearing : v[2], v[6]);
    ledger.post(0, is_buy ? clearing : v[2], is_buy ? v[2] : clearing, v[5] * v[6]);
}

/// Values: order, canceled lots, cumulative lots.
void Database::cancel(const Event& event) {
    OrderRow& row = order(event.values[0]);
    insist(row.state == OrderState::open, "O3", "an order that does not work is canceled");
    insist(row.leaves == event.values[1] && row.cumulative == event.values[2], "O3", "a cancel of other quantities");
    row.leaves = 0;
    row.state = OrderState::canceled;
}

void Database::confirm_block(const Event& event) {
    const auto found = blocks.find(event.values[0]);
    insist(found != blocks.end(), "O4", "a block is confirmed that nobody asked for");
    insist(confirmed_blocks.insert(event.values[0]).second, "O2", "a block is confirmed twice");
    std::int64_t execution = event.values[1];
    for (const BlockLeg& leg : found->second) {
        const std::int64_t lots = sign(leg.side) * leg.quantity.value;
        positions[{leg.taker_account_id, leg.instrument_id}] += lots;
        positions[{leg.maker_account_id, leg.instrument_id}] -= lots;
        insist(fills.emplace(FillKey{execution, -event.values[0]}, lots).second, "O2", "a block's execution came twice");
        ledger.post(leg.instrument_id, leg.taker_account_id, leg.maker_account_id, lots);
        ledger.post(0, leg.maker_account_id, leg.taker_account_id, lots * leg.price.value);
        ++execution;
    }
}

}  // namespace parley::sim
