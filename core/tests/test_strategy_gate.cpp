#include <deque>
#include <random>
#include <vector>

#include "check.hpp"
#include "parley/strategy_gate.hpp"

using namespace parley;

namespace {

constexpr TimeNs kStart = 1'800'000'000'000'000'000;
constexpr std::uint32_t kInstruments = 6;
constexpr Limits kLimits{500, 40'000'000'000, 1'500, 100'000'000'000, 1'000};
constexpr Controls::Subject kOwner{.firm_id = 1, .order_desk_id = 2, .account_desk_id = 2, .user_id = 3,
                                   .account_id = 4, .instrument_id = 0, .strategy_id = 5, .venue_id = 6};

std::vector<StrategyGate::Instrument> instruments() {
    std::vector<StrategyGate::Instrument> made(kInstruments);
    for (std::uint32_t at = 0; at < kInstruments; ++at) {
        made[at].id = at + 11;
        made[at].valuation = {ValueKind::price, 1'000'000'000, 10'000'000, 0};
    }
    return made;
}

ScopeLimits wide() {
    ScopeLimits limits;
    limits.max_order_value_micros = 1'000'000'000'000;
    limits.max_open_risk_micros = 1'000'000'000'000'000;
    limits.max_working_orders = 1'000;
    return limits;
}

/// Limits that random orders meet now and then.
ScopeLimits tight(std::mt19937_64& random) {
    const auto below = [&](std::int64_t bound) { return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound)); };
    ScopeLimits limits = wide();
    limits.max_order_quantity_lots = 200 + below(300);
    limits.soft_order_value_micros = 20'000'000'000 + below(10'000'000'000);
    limits.max_open_risk_micros = 60'000'000'000 + below(200'000'000'000);
    limits.period_collar_basis_points = 50 + below(200);
    limits.collar_period_ns = 20'000;
    limits.messages_per_second = 1'000'000'000 / 1'500;
    limits.message_burst = 3 + below(10);
    limits.duplicate_window_ns = 4'000;
    limits.max_working_orders = 6 + below(12);
    limits.max_orders = 200 + below(800);
    limits.max_executions = 100 + below(200);
    limits.execution_period_ns = 100'000;
    return limits;
}

/// Two gates that are told the same: one may pass orders on its bounds, the other asks every control each time, which
/// limits that were just set make it do.
struct Both {
    StrategyGate quick{kOwner, kLimits, instruments()};
    StrategyGate thorough{kOwner, kLimits, instruments()};

    template <typename Act>
    void tell(Act&& act) {
        act(quick);
        act(thorough);
    }
    Refusal ask(const StrategyOrder& order, TimeNs now_ns) {
        thorough.set_limits(kLimits);
        const Refusal expected = thorough.ask(order, now_ns);
        const Refusal answer = quick.ask(order, now_ns);
        CHECK(answer.reason == expected.reason && answer.value == expected.value && answer.bound == expected.bound);
        return answer;
    }
};

void change_controls(Both& gates, std::mt19937_64& random, TimeNs now_ns) {
    constexpr std::pair<ControlScope, std::int64_t> scopes[] = {{ControlScope::all, 0}, {ControlScope::firm, 1},
                                                                {ControlScope::account, 4}, {ControlScope::instrument, 12},
                                                                {ControlScope::strategy, 5}};
    const auto [scope, id] = scopes[random() % std::size(scopes)];
    const ScopeLimits limits = tight(random);
    const bool is_on = random() % 3 == 0;
    switch (random() % 8) {
        case 0: return gates.tell([&](StrategyGate& gate) { gate.controls().set_kill(ControlScope::user, 3, is_on); });
        case 1:
            return gates.tell([&](StrategyGate& gate) {
                gate.controls().set_state(ControlScope::desk, 2, is_on ? TradingState::reducing : TradingState::active);
            });
        case 2: {
            SetInstrumentPermission permission;
            permission.scope = scope;
            permission.scope_id = id;
            permission.instrument_id = 13;
            permission.permission = is_on ? Permission::restricted : Permission::none;
            return gates.tell([&](StrategyGate& gate) {
                CHECK(!gate.change_controls([&](OrderControls& all) { return all.set_permission(permission); }));
            });
        }
        case 3: return gates.tell([&](StrategyGate& gate) { gate.set_halted(4, is_on); });
        case 4:
            return gates.tell([&](StrategyGate& gate) {
                gate.change_controls([](OrderControls& all) {
                    all.enable(ControlScope::strategy, 5);
                    return Refusal{};
                });
            });
        default:
            return gates.tell([&](StrategyGate& gate) { CHECK(!gate.set_scope_limits(scope, id, limits, now_ns)); });
    }
}

StrategyOrder random_order(std::mt19937_64& random, OrderId id, PriceTicks mark) {
    StrategyOrder order;
    order.order_id = id;
    order.instrument = static_cast<std::uint32_t>(random() % kInstruments);
    order.side = random() % 2 == 0 ? Side::buy : Side::sell;
    order.lots = {static_cast<std::int64_t>(1 + random() % (random() % 50 == 0 ? 600 : 60))};
    order.price = {mark.value + sign(order.side) * static_cast<std::int64_t>(random() % (random() % 40 == 0 ? 1'500 : 30))};
    return order;
}

/// Random orders, fills, cancels, prices and commands, told to both.
class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed) {
        gates.tell([](StrategyGate& gate) { CHECK(!gate.set_scope_limits(ControlScope::strategy, 5, wide(), kStart)); });
    }

    void step(OrderId id) {
        now_ns_ += static_cast<TimeNs>(random_() % 2'000);
        mark_.value += static_cast<std::int64_t>(random_() % 21) - 10;
        if (random_() % 60 == 0) change_controls(gates, random_, now_ns_);
        if (random_() % 8 == 0) gates.quick.settle();
        gates.tell([&](StrategyGate& gate) {
            gate.set_alive(now_ns_);
            for (std::uint32_t at = 0; at < kInstruments; ++at) gate.set_mark(at, mark_, false, now_ns_);
        });
        if (random_() % 8 != 0) order_ = random_order(random_, id, mark_);
        order_.order_id = id;
        place(order_);
        // In bursts: between them orders pass that are counted nowhere yet.
        if (working_.size() < 10 && random_() % 12 != 0) return;
        while (working_.size() > 2) finish_oldest();
    }

    Both gates;
    std::uint64_t refused = 0;

private:
    void place(const StrategyOrder& order) {
        if (gates.ask(order, now_ns_)) {
            ++refused;
            return;
        }
        gates.tell([&](StrategyGate& gate) {
            gate.hold(order);
            gate.admit(order, now_ns_);
        });
        working_.push_back(order);
    }
    void finish_oldest() {
        const StrategyOrder done = working_.front();
        working_.pop_front();
        const Lots filled{static_cast<std::int64_t>(random_() % (static_cast<std::uint64_t>(done.lots.value) + 1))};
        gates.tell([&](StrategyGate& gate) {
            if (filled.value > 0) gate.fill(done, {filled, done.price, done.order_id}, now_ns_);
            if (filled < done.lots) gate.release(done, done.lots - filled);
            gate.finish(done);
        });
    }

    std::mt19937_64 random_;
    TimeNs now_ns_ = kStart;
    PriceTicks mark_{5'000};
    StrategyOrder order_{1, 0, Side::buy, {1}, {5'000}};
    std::deque<StrategyOrder> working_;
};

}  // namespace

TEST(strategy_gate_answers_as_if_it_asked_every_control_each_time) {
    std::uint64_t quick = 0;
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Walk walk(seed);
        for (OrderId id = 1; id <= 4'000; ++id) walk.step(id);
        for (std::uint32_t at = 0; at < kInstruments; ++at) {
            const Position& one = walk.gates.quick.position(at);
            const Position& other = walk.gates.thorough.position(at);
            CHECK(one.lots == other.lots && one.buy_working == other.buy_working && one.sell_working == other.sell_working);
        }
        CHECK(walk.gates.thorough.quick_passes() == 0);
        quick += walk.gates.quick.quick_passes();
        refused += walk.refused;
    }
    CHECK(quick > 1'000);
    CHECK(refused > 5'000);
}

TEST(strategy_gate_sees_a_kill_switch_with_the_next_order) {
    Both gates;
    gates.tell([](StrategyGate& gate) {
        CHECK(!gate.set_scope_limits(ControlScope::strategy, 5, wide(), kStart));
        gate.set_alive(kStart);
        gate.set_mark(0, {5'000}, false, kStart);
    });
    StrategyOrder order{1, 0, Side::buy, {10}, {5'001}};
    for (; order.order_id < 4; ++order.order_id) {
        CHECK(!gates.quick.ask(order, kStart));
        gates.quick.settle();
    }
    CHECK(gates.quick.quick_passes() == 2);
    gates.quick.controls().set_kill(ControlScope::strategy, 5, true);
    CHECK(gates.quick.ask(order, kStart).reason == Reason::kill_switch);
}

TEST(strategy_gate_counts_what_was_out_before_a_scope_was_known) {
    StrategyGate gate(kOwner, kLimits, instruments());
    CHECK(!gate.set_scope_limits(ControlScope::strategy, 5, wide(), kStart));
    gate.set_alive(kStart);
    gate.set_mark(0, {5'000}, false, kStart);
    StrategyOrder order{1, 0, Side::buy, {10}, {5'000}};
    for (; order.order_id <= 2; ++order.order_id) {
        CHECK(!gate.ask(order, kStart));
        gate.hold(order);
        gate.admit(order, kStart);
    }
    ScopeLimits firm;
    firm.max_working_orders = 2;
    CHECK(!gate.set_scope_limits(ControlScope::firm, 1, firm, kStart));
    CHECK(gate.ask(order, kStart).reason == Reason::deployment_cap);

    order.order_id = 1;
    gate.fill(order, {order.lots, order.price, 1}, kStart);
    gate.finish(order);
    order.order_id = 3;
    CHECK(!gate.ask(order, kStart));

    ScopeLimits account;
    account.max_open_risk_micros = 3 * 10 * 50 * 1'000'000LL - 1;  // ten filled, ten that work and ten more, of 50 dollars
    CHECK(!gate.set_scope_limits(ControlScope::account, 4, account, kStart));
    CHECK(gate.ask(order, kStart).reason == Reason::customer_credit);
    ++account.max_open_risk_micros;
    CHECK(!gate.set_scope_limits(ControlScope::account, 4, account, kStart));
    CHECK(!gate.ask(order, kStart));
}

TEST(strategy_gate_asks_the_margin_of_an_account_that_has_collateral) {
    StrategyGate gate(kOwner, kLimits, instruments());
    CHECK(!gate.set_scope_limits(ControlScope::strategy, 5, wide(), kStart));
    gate.set_alive(kStart);
    gate.set_mark(0, {5'000}, false, kStart);
    gate.set_mark(1, {5'000}, false, kStart);
    gate.describe(0, 0, {11, 6, MarginKind::perpetual, false, false, 0.0});
    gate.set_margin_parameters({0, 0.03, 0.07, 1.0, 1.0});
    const MarginMark marks[] = {{11, 50.0, 0.0}};
    gate.set_margin_inputs({0, 50.0}, {}, marks);
    const StrategyOrder small{1, 0, Side::buy, {10}, {5'001}};
    const StrategyOrder large{2, 0, Side::buy, {400}, {5'001}};
    CHECK(!gate.ask(large, kStart));
    gate.settle();
    CHECK(!gate.ask(large, kStart));
    CHECK(gate.quick_passes() == 1);
    CHECK(!gate.set_collateral({1, 4, 0, 200'000'000}, {}));
    CHECK(!gate.ask(small, kStart));
    const Refusal refusal = gate.ask(large, kStart);
    CHECK(refusal.reason == Reason::margin_headroom && refusal.value < 0 && refusal.bound == 0);
    const StrategyOrder unpriced{3, 1, Side::buy, {1}, {5'001}};
    CHECK(gate.ask(unpriced, kStart).reason == Reason::stale_or_jumped_market);
}

TEST(strategy_gate_counts_what_is_held_against_the_margin) {
    StrategyGate gate(kOwner, kLimits, instruments());
    CHECK(!gate.set_scope_limits(ControlScope::strategy, 5, wide(), kStart));
    gate.set_alive(kStart);
    gate.set_mark(0, {5'000}, false, kStart);
    gate.describe(0, 0, {11, 6, MarginKind::perpetual, false, false, 0.0});
    gate.set_margin_parameters({0, 0.03, 0.07, 1.0, 1.0});
    const MarginMark marks[] = {{11, 50.0, 0.0}};
    gate.set_margin_inputs({0, 50.0}, {}, marks);
    CHECK(!gate.set_collateral({1, 4, 0, 200'000'000}, {}));
    StrategyOrder order{1, 0, Side::buy, {10}, {5'000}};
    while (!gate.ask(order, kStart) && order.order_id < 100) {
        gate.hold(order);
        gate.admit(order, kStart);
        ++order.order_id;
    }
    CHECK(order.order_id > 1 && order.order_id < 100);
    CHECK(gate.ask(order, kStart).reason == Reason::margin_headroom);
    order.order_id = 1;
    gate.release(order, order.lots);
    gate.finish(order);
    CHECK(!gate.ask(order, kStart));
}
