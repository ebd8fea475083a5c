#include <cmath>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "parley/pairs.hpp"

using namespace parley;

namespace {

constexpr TimeNs kSecond = 1'000'000'000;
constexpr Limits kLimits{1'000, 1'000'000'000'000, 10'000, 10'000'000'000'000, 1'000};

/// A trader of pairs on two instruments, with prices that stand, and a venue that fills what it is told to.
struct Desk {
    explicit Desk(std::uint32_t pairs = 1, std::uint32_t open_max = 10)
        : gate({1, 2, 2, 3, 4, 0, 5, 6}, kLimits, {instrument(11), instrument(12)}),
          trader(std::vector<PairTerms>(pairs, terms()), {open_max, {2}}, gate) {
        quote(0);
        CHECK(!gate.set_scope_limits(ControlScope::strategy, 5, caps(), 0));
    }
    static StrategyGate::Instrument instrument(InstrumentId id) {
        StrategyGate::Instrument made;
        made.id = id;
        made.valuation = {ValueKind::price, 1'000'000'000, 10'000'000, 0};
        return made;
    }
    static PairTerms terms() {
        PairTerms made;
        made.first = 0;
        made.second = 1;
        made.first_lots = {100};
        made.second_lots = {60};
        made.timeout_ns = 100 * kSecond;
        return made;
    }
    static ScopeLimits caps() {
        ScopeLimits limits;
        limits.max_order_value_micros = 1'000'000'000'000;
        limits.max_open_risk_micros = 1'000'000'000'000'000;
        limits.max_working_orders = 1'000;
        return limits;
    }
    void quote(TimeNs now_ns) {
        gate.set_mark(0, {5'000}, false, now_ns);
        gate.set_mark(1, {9'000}, false, now_ns);
    }
    std::vector<StrategyOrder> signal(double zscore, TimeNs now_ns = kSecond, std::uint32_t pair = 0) {
        if (is_alive) gate.set_alive(now_ns);
        trader.on_signal(pair, zscore, touches, now_ns);
        return {trader.orders().begin(), trader.orders().end()};
    }
    void fill(const std::vector<StrategyOrder>& orders, TimeNs now_ns = kSecond) {
        for (const StrategyOrder& order : orders) trader.on_fill(order.order_id, order.lots, now_ns);
    }
    bool works_nothing() const {
        const Position& first = gate.position(0);
        const Position& second = gate.position(1);
        return first.buy_working == 0 && first.sell_working == 0 && second.buy_working == 0 && second.sell_working == 0;
    }

    bool is_alive = true;
    StrategyGate gate;
    PairsTrader trader;
    std::vector<Touch> touches{{{4'999}, {5'001}}, {{8'999}, {9'001}}};
};

}  // namespace

TEST(pair_enters_with_both_legs_and_leaves_with_both) {
    Desk desk;
    CHECK(desk.signal(1.9).empty());
    const auto orders = desk.signal(2.0);
    CHECK(orders.size() == 2);
    CHECK(orders[0].side == Side::sell && orders[0].lots.value == 100 && orders[0].price.value == 4'997);
    CHECK(orders[1].side == Side::buy && orders[1].lots.value == 60 && orders[1].price.value == 9'003);
    CHECK(desk.trader.state(0) == PairState::entering);
    CHECK(desk.signal(3.0).empty());
    desk.fill(orders);
    CHECK(desk.trader.state(0) == PairState::short_spread && desk.trader.open() == 1);
    CHECK(desk.signal(0.6).empty());
    const auto exits = desk.signal(0.5);
    CHECK(exits.size() == 2 && exits[0].side == Side::buy && exits[1].side == Side::sell);
    desk.fill(exits);
    CHECK(desk.trader.state(0) == PairState::flat && desk.trader.open() == 0);
    CHECK(desk.gate.position(0).empty() && desk.gate.position(1).empty());
}

TEST(pair_sends_neither_leg_where_the_gate_refuses_one) {
    for (const int refused : {0, 1}) {
        Desk desk;
        desk.gate.set_halted(static_cast<std::uint32_t>(refused), true);
        CHECK(desk.signal(-2.5).empty());
        CHECK(desk.trader.state(0) == PairState::flat && desk.works_nothing());
        CHECK(desk.trader.refusals() == 1);
        CHECK(desk.trader.decision()->refusal.reason == Reason::instrument_not_trading);
        desk.gate.set_halted(static_cast<std::uint32_t>(refused), false);
        CHECK(desk.signal(-2.5, kSecond * 3 / 2).empty());
        CHECK(desk.signal(-2.5, kSecond * 2).size() == 2);
    }
}

TEST(pair_respects_kill_switch_stale_marks_and_limits) {
    Desk desk;
    desk.gate.controls().set_kill(ControlScope::account, 4, true);
    CHECK(desk.signal(2.5).empty() && desk.trader.decision()->refusal.reason == Reason::kill_switch);
    desk.gate.controls().set_kill(ControlScope::account, 4, false);
    desk.is_alive = false;
    CHECK(desk.signal(2.5, 20 * kSecond).empty());
    CHECK(desk.trader.decision()->refusal.reason == Reason::stale_or_jumped_market);
    desk.quote(30 * kSecond);
    Limits small = kLimits;
    small.max_order_quantity_lots = 99;
    desk.gate.set_limits(small);
    CHECK(desk.signal(2.5, 30 * kSecond).empty());
    CHECK(desk.trader.decision()->refusal.value == 100 && desk.trader.decision()->refusal.bound == 99);
    small.max_order_quantity_lots = 100;
    desk.gate.set_limits(small);
    CHECK(desk.signal(2.5, 40 * kSecond).empty());  // stale again: quoted at 30 s
    desk.quote(41 * kSecond);
    CHECK(desk.signal(2.5, 41 * kSecond).size() == 2);
}

TEST(pair_respects_the_position_limit) {
    Desk desk;
    Limits tight = kLimits;
    tight.max_position_lots = 99;
    desk.gate.set_limits(tight);
    CHECK(desk.signal(2.5).empty() && desk.trader.decision()->refusal.value == 100);
    CHECK(desk.works_nothing());
}

TEST(pair_counts_the_first_leg_while_the_second_is_asked) {
    Desk desk;
    ScopeLimits limits = Desk::caps();
    limits.max_working_orders = 1;
    CHECK(!desk.gate.set_scope_limits(ControlScope::strategy, 5, limits, 0));
    CHECK(desk.signal(2.5).empty() && desk.trader.decision()->refusal.reason == Reason::deployment_cap);
    CHECK(desk.works_nothing());
    limits.max_working_orders = 2;
    CHECK(!desk.gate.set_scope_limits(ControlScope::strategy, 5, limits, 0));
    const auto orders = desk.signal(2.5, 3 * kSecond);
    CHECK(orders.size() == 2);
    desk.trader.on_done(orders[0].order_id, 3 * kSecond);
    desk.trader.on_done(orders[1].order_id, 3 * kSecond);
    CHECK(desk.trader.state(0) == PairState::flat);
    CHECK(desk.signal(2.5, 3 * kSecond).size() == 2);
}

TEST(pair_counts_dollars_of_both_legs_against_the_credit) {
    Desk desk;
    ScopeLimits limits;
    limits.max_open_risk_micros = (100 * 50 + 60 * 90) * 1'000'000LL - 1;
    CHECK(!desk.gate.set_scope_limits(ControlScope::account, 4, limits, 0));
    CHECK(desk.signal(2.5).empty());
    CHECK(desk.trader.decision()->refusal.reason == Reason::customer_credit);
    CHECK(desk.trader.decision()->refusal.value == 10'400 * 1'000'000LL);
    ++limits.max_open_risk_micros;
    CHECK(!desk.gate.set_scope_limits(ControlScope::account, 4, limits, 0));
    CHECK(desk.signal(2.5, 3 * kSecond).size() == 2);
}

TEST(pair_without_caps_of_its_strategy_sends_nothing) {
    Desk desk;
    CHECK(!desk.gate.set_scope_limits(ControlScope::strategy, 5, ScopeLimits{}, 0));
    CHECK(desk.signal(2.5).empty() && desk.trader.decision()->refusal.reason == Reason::deployment_cap);
}

TEST(pair_with_unequal_fills_unwinds_the_excess_and_keeps_the_proportion) {
    Desk desk;
    const auto orders = desk.signal(-2.5);
    desk.trader.on_fill(orders[0].order_id, {100}, kSecond);
    desk.trader.on_fill(orders[1].order_id, {30}, kSecond);
    desk.trader.on_done(orders[1].order_id, kSecond);
    CHECK(desk.trader.state(0) == PairState::legged);
    const auto unwind = desk.signal(-2.5);
    CHECK(unwind.size() == 1 && unwind[0].side == Side::sell && unwind[0].lots.value == 50);
    desk.fill(unwind);
    CHECK(desk.trader.state(0) == PairState::long_spread);
    CHECK(desk.trader.held(0, 0) == 50 && desk.trader.held(0, 1) == -30);
    CHECK(desk.works_nothing());
}

TEST(pair_with_one_leg_unfilled_goes_back_to_flat) {
    Desk desk;
    const auto orders = desk.signal(2.5);
    desk.trader.on_done(orders[0].order_id, kSecond);
    desk.trader.on_fill(orders[1].order_id, {60}, kSecond);
    CHECK(desk.trader.state(0) == PairState::legged);
    const auto unwind = desk.signal(2.5);
    CHECK(unwind.size() == 1 && unwind[0].side == Side::sell && unwind[0].lots.value == 60);
    desk.fill(unwind);
    CHECK(desk.trader.state(0) == PairState::flat && desk.trader.open() == 0);
}

TEST(pair_that_cannot_leave_is_disabled_and_unwinds_when_told) {
    Desk desk;
    desk.fill(desk.signal(2.5));
    std::uint32_t tries = 0;
    for (auto orders = desk.signal(0.0); !orders.empty(); orders = desk.signal(0.0), ++tries) {
        for (const StrategyOrder& order : orders) desk.trader.on_done(order.order_id, kSecond);
    }
    CHECK(tries == kPairAttemptsMax + 1);
    CHECK(desk.trader.state(0) == PairState::disabled && desk.trader.held(0, 0) == -100);
    CHECK(!desk.trader.enable(0));
    desk.trader.unwind(0);
    desk.fill(desk.signal(0.0));
    CHECK(desk.trader.state(0) == PairState::flat && desk.gate.position(0).empty());
}

TEST(pair_that_was_disabled_while_entering_opens_nothing_with_the_next_login) {
    Desk desk;
    const auto orders = desk.signal(2.5);
    desk.trader.disable(0);
    for (const StrategyOrder& order : orders) desk.trader.on_done(order.order_id, kSecond);
    CHECK(orders.size() == 2 && desk.trader.enable(0));
    desk.trader.begin_recovery();
    desk.trader.end_recovery(kSecond);
    CHECK(desk.trader.state(0) == PairState::flat && desk.signal(0.0).empty());
}

TEST(pair_that_a_person_left_waits_for_the_spread_to_come_back) {
    Desk desk;
    desk.fill(desk.signal(2.5));
    desk.trader.unwind(0);
    desk.fill(desk.signal(2.5));
    CHECK(desk.trader.state(0) == PairState::flat);
    CHECK(desk.signal(2.5).empty() && desk.signal(0.4).empty());
    CHECK(desk.signal(2.5).size() == 2);
}

TEST(pair_that_holds_nothing_has_nothing_to_unwind) {
    Desk desk;
    desk.trader.disable(0);
    desk.trader.unwind(0);
    CHECK(desk.trader.state(0) == PairState::flat && desk.trader.open() == 0);
    CHECK(desk.signal(2.5).empty());
}

TEST(pair_stops_and_waits_for_the_spread_to_come_back) {
    Desk desk;
    desk.fill(desk.signal(2.5));
    CHECK(desk.signal(3.9).empty());
    desk.fill(desk.signal(4.0));
    CHECK(desk.trader.state(0) == PairState::flat);
    CHECK(desk.signal(3.0).empty());
    CHECK(desk.signal(0.4).empty());
    CHECK(desk.signal(3.0).size() == 2);
}

TEST(pair_leaves_when_its_time_is_up) {
    Desk desk;
    desk.fill(desk.signal(-2.5, kSecond), kSecond);
    CHECK(desk.signal(-2.5, 100 * kSecond).empty());
    CHECK(desk.signal(-2.5, 101 * kSecond).size() == 2);
}

TEST(pair_that_says_it_is_quiet_does_nothing) {
    Desk desk;
    int quiet = 0;
    int decided = 0;
    TimeNs now_ns = kSecond;
    std::uint32_t state = 1;
    for (int tick = 0; tick < 4'000; ++tick, now_ns += kSecond) {
        state = state * 1'664'525 + 1'013'904'223;
        const double zscore = (static_cast<double>(state >> 8) * 0x1.0p-24 - 0.5) * 10.0;
        desk.quote(now_ns);
        const bool is_quiet = desk.trader.is_quiet(0, zscore, now_ns);
        const std::uint64_t before = desk.trader.state_hash();
        const auto orders = desk.signal(zscore, now_ns);
        if (is_quiet) {
            ++quiet;
            CHECK(orders.empty() && desk.trader.decision() == nullptr && desk.trader.state_hash() == before);
        }
        decided += orders.empty() ? 0 : 1;
        desk.fill(orders, now_ns);
    }
    CHECK(quiet > 1'000 && decided > 500);
}

TEST(pair_in_a_position_is_not_quiet_at_its_levels_nor_when_it_is_late) {
    Desk desk;
    desk.fill(desk.signal(2.5));
    CHECK(desk.trader.state(0) == PairState::short_spread);
    const auto is_quiet = [&](double zscore, TimeNs now_ns = 2 * kSecond) { return desk.trader.is_quiet(0, zscore, now_ns); };
    CHECK(is_quiet(0.51) && is_quiet(2.5) && is_quiet(3.99));
    CHECK(!is_quiet(0.5) && !is_quiet(4.0) && !is_quiet(-3.0) && !is_quiet(std::nan("")));
    CHECK(is_quiet(2.5, 101 * kSecond - 1) && !is_quiet(2.5, 101 * kSecond));
}

TEST(pairs_open_no_more_than_allowed_and_none_without_prices) {
    Desk desk(3, 2);
    CHECK(desk.signal(2.5, kSecond, 0).size() == 2);
    CHECK(desk.signal(2.5, kSecond, 1).size() == 2);
    CHECK(desk.signal(2.5, kSecond, 2).empty() && desk.trader.decision() == nullptr);
    Desk other;
    other.touches[1].bid = {0};
    CHECK(other.signal(2.5).empty() && other.works_nothing());
    other.touches[1].bid = {8'999};
    CHECK(other.signal(std::numeric_limits<double>::quiet_NaN()).empty());
    other.trader.set_entering(false);
    CHECK(other.signal(2.5).empty());
}

TEST(pairs_ignore_reports_that_cannot_be_true) {
    Desk desk;
    const auto orders = desk.signal(2.5);
    desk.trader.on_fill(99, {5}, kSecond);
    desk.trader.on_done(-1, kSecond);
    CHECK(desk.trader.unknown_orders() == 2);
    desk.trader.on_fill(orders[0].order_id, {1'000'000}, kSecond);
    CHECK(desk.trader.held(0, 0) == -100);
    desk.trader.on_fill(orders[0].order_id, {1}, kSecond);
    CHECK(desk.trader.held(0, 0) == -100 && desk.trader.unknown_orders() == 3);
}

TEST(pairs_terms_are_checked_by_name) {
    PairTerms terms = Desk::terms();
    CHECK(PairsTrader::check({&terms, 1}, 1) == PairFault::unknown_instrument);
    terms.second = 0;
    CHECK(PairsTrader::check({&terms, 1}, 2) == PairFault::same_instrument);
    terms = Desk::terms();
    terms.stop = terms.entry;
    CHECK(PairsTrader::check({&terms, 1}, 2) == PairFault::invalid_levels);
    terms = Desk::terms();
    terms.first_lots = {0};
    CHECK(PairsTrader::check({&terms, 1}, 2) == PairFault::invalid_lots);
}

/// Whatever is filled and refused, what the gate holds is what the pairs hold, and nothing works when all is done.
TEST(pairs_and_gate_agree_after_random_fills) {
    Desk desk(8, 6);
    std::uint64_t state = 5;
    const auto next = [&state] { return (state = state * 6364136223846793005ULL + 1442695040888963407ULL) >> 33; };
    const std::uint64_t before = check::allocations();
    std::uint64_t allocated = 0;
    for (int step = 0; step < 20'000; ++step) {
        const TimeNs now_ns = kSecond * (1 + step / 4);
        desk.quote(now_ns);
        desk.gate.set_alive(now_ns);
        const double zscore = static_cast<double>(next() % 1'000) / 100.0 - 5.0;
        const std::uint64_t start = check::allocations();
        desk.trader.on_signal(static_cast<std::uint32_t>(next() % 8), zscore, desk.touches, now_ns);
        StrategyOrder orders[kPairOrdersMax];
        const std::size_t count = desk.trader.orders().size();
        for (std::size_t at = 0; at < count; ++at) orders[at] = desk.trader.orders()[at];
        for (std::size_t at = 0; at < count; ++at) {
            const auto filled = static_cast<std::int64_t>(next()) % (orders[at].lots.value + 1);
            if (filled > 0) desk.trader.on_fill(orders[at].order_id, {filled}, now_ns);
            if (filled < orders[at].lots.value) desk.trader.on_done(orders[at].order_id, now_ns);
        }
        if (step > 1'000) allocated += check::allocations() - start;
        for (std::uint32_t leg = 0; leg < 2; ++leg) {
            std::int64_t held = 0;
            for (std::uint32_t pair = 0; pair < 8; ++pair) held += desk.trader.held(pair, leg);
            CHECK(held == desk.gate.position(leg).lots);
        }
    }
    CHECK(desk.works_nothing());
    CHECK(allocated == 0 && before > 0);
    CHECK(desk.trader.refusals() == 0 && desk.trader.unknown_orders() == 0);
}
