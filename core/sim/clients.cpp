#include "clients.hpp"

namespace parley::sim {
namespace {

constexpr std::size_t kUnansweredMax = 16;

std::int64_t firm_of(AccountId account) { return account <= 2 ? 1 : 2; }

bool is_same(const PlaceOrder& a, const PlaceOrder& b) noexcept {
    return a.account_id == b.account_id && a.instrument_id == b.instrument_id && a.side == b.side &&
           a.quantity == b.quantity && a.price == b.price && a.order_type == b.order_type &&
           a.time_in_force == b.time_in_force && a.valid_until_ns == b.valid_until_ns && a.terms == b.terms &&
           a.is_reduce_only == b.is_reduce_only && a.attribution.parent_order_id == b.attribution.parent_order_id;
}

}  // namespace

SetLimits Clients::limits_of(AccountId account) {
    SetLimits limits;
    limits.account_id = account;
    limits.firm_id = firm_of(account);
    limits.desk_id = limits.firm_id * 10;
    limits.limits = {context_.random.between(8, 20), 1LL << 50, context_.random.between(10, 60), 1LL << 60, 5'000};
    return limits;
}

void Clients::open() {
    for (AccountId account = 1; account <= kAccounts; ++account) database_.send_to_gateway(limits_of(account));
}

void Clients::step(const std::array<std::int64_t, 4>& mids) {
    const std::int64_t dice = context_.random.between(0, 99);
    if (dice < 47) return place(mids);
    if (dice < 59) return cancel();
    if (dice < 72) return amend(mids);
    if (dice < 78) return block();
    if (dice < 82) return control();
    if (dice < 86) return auction(mids);
    if (dice < 89) return set_parent();
    if (dice < 91) return bound_scope();
    if (dice < 92) return list();
    if (dice < 93) return set_collateral();
    if (dice < 95) return settle();
    if (dice < 96) return submit(limits_of(context_.random.between(1, kAccounts)));
    if (dice < 97 && context_.strikes(Fault::command_malformed, 500)) {
        return submit(RefuseCommand{0, "", "malformed", 0, 0});
    }
    if (dice < 98) return submit(NoteCommand{});
    static_cast<void>(settle_answers());
}

void Clients::place(const std::array<std::int64_t, 4>& mids) {
    if (unanswered_.size() >= kUnansweredMax) return;
    send({"c" + std::to_string(++requests_), draft(mids)});
}

PlaceOrder Clients::draft(const std::array<std::int64_t, 4>& mids) {
    Random& random = context_.random;
    PlaceOrder terms;
    terms.account_id = random.between(1, kAccounts);
    terms.firm_id = firm_of(terms.account_id);
    terms.desk_id = terms.firm_id * 10 + random.between(0, 1);
    terms.user_id = user_of(terms.account_id);
    terms.instrument_id = random.between(1, kInstruments);
    terms.valid_until_ns = context_.clock.wall() + random.between(1, 20) * kSecond;
    terms.side = static_cast<Side>(random.below(2));
    terms.quantity = {random.between(1, 10)};
    terms.price = {mids[static_cast<std::size_t>(terms.instrument_id)] + random.between(-6, 6)};
    shape(terms);
    return terms;
}

void Clients::send(const Request& request) {
    try {
        const OrderId id = database_.transaction([&] { return store(request); });
        if (context_.strikes(Fault::client_answer_lost, 30)) {
            unanswered_.push_back(request);
            return;
        }
        acknowledged_.emplace_back(request, id);
    } catch (const DatabaseError&) {
        unanswered_.push_back(request);
    }
}

/// The same client id again gives the same order.
OrderId Clients::store(const Request& request) {
    const auto known = database_.orders_by_client_id.find(request.client_id);
    if (known != database_.orders_by_client_id.end()) return known->second;
    PlaceOrder terms = request.terms;
    terms.order_id = next_order_++;
    database_.orders[terms.order_id].terms = terms;
    database_.orders_by_client_id[request.client_id] = terms.order_id;
    database_.send_to_gateway(terms);
    return terms.order_id;
}

bool Clients::settle_answers() {
    if (unanswered_.empty()) return true;
    const Request request = unanswered_.front();
    unanswered_.pop_front();
    context_.faults.fire(Fault::client_retried);
    send(request);
    return unanswered_.empty();
}

void Clients::insist_on_acknowledged() const {
    for (const auto& [request, id] : acknowledged_) {
        const auto found = database_.orders.find(id);
        insist(found != database_.orders.end() && is_same(found->second.terms, request.terms), "O5",
               "an acknowledged order is missing or other: " + std::to_string(id));
    }
}

void Clients::submit(const Command& command) {
    try {
        database_.transaction([&] { database_.send_to_gateway(command); });
    } catch (const DatabaseError&) {
        return;  // an operator sees that it failed and looks
    }
}

void Clients::cancel() {
    if (next_order_ == 1) return;
    const OrderId newest = next_order_ - 1;
    submit(CancelOrder{0, context_.random.between(std::max<OrderId>(1, newest - 20), newest)});
}

void Clients::control() {
    Random& random = context_.random;
    if (!rearm_.empty() && random.chance(700)) {
        submit(rearm_.back());
        rearm_.pop_back();
        return;
    }
    const AccountId account = random.between(1, kAccounts);
    switch (random.below(4)) {
        case 0:
            submit(SetKillSwitch{0, ControlScope::account, account, true});
            rearm_.emplace_back(SetKillSwitch{0, ControlScope::account, account, false});
            return;
        case 1:
            submit(SetKillSwitch{0, ControlScope::firm, firm_of(account), true});
            rearm_.emplace_back(SetKillSwitch{0, ControlScope::firm, firm_of(account), false});
            return;
        case 2:
            submit(SetTradingState{0, ControlScope::instrument, 1, static_cast<TradingState>(1 + random.below(2))});
            rearm_.emplace_back(SetTradingState{0, ControlScope::instrument, 1, TradingState::active});
            return;
        default:
            submit(CancelAll{0, ControlScope::account, account});
    }
}

void Clients::block() {
    Random& random = context_.random;
    if (next_block_ > 1 && random.chance(600)) {
        const ReservationId id = random.between(std::max<ReservationId>(1, next_block_ - 4), next_block_ - 1);
        return random.chance(600) ? submit(ConfirmBlock{0, id}) : submit(VoidBlock{0, id});
    }
    ReserveCommand command;
    command.head.reservation_id = next_block_++;
    command.head.valid_until_ns = context_.clock.wall() + random.between(1, 30) * kSecond;
    const AccountId taker = random.between(1, kAccounts);
    for (std::int64_t leg = random.between(1, 3); leg > 0; --leg) {
        command.legs.push_back({random.between(1, kInstruments), static_cast<Side>(random.below(2)),
                                {1'000 + random.between(-5, 5)}, {random.between(1, 6)}, taker,
                                taker % kAccounts + 1});
    }
    database_.blocks[command.head.reservation_id] = command.legs;
    submit(command);
}

void Clients::settle() {
    if (context_.random.chance(300)) submit(SettleInstrument{0, kExpiring, ""});
}

}  // namespace parley::sim
