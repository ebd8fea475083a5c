#include <random>

#include "check.hpp"
#include "order_desk.hpp"

using namespace parley;

namespace {

/// Two engines that are told the same. Before every command the second one hears an index again, so that it measures the
/// room of every scope anew; the first one goes on counting what came since it measured.
class BothDesks {
public:
    explicit BothDesks(std::uint64_t seed) : random_(seed) {}

    void step() {
        const std::int64_t what = below(100);
        if (what < 2) {
            set_scope();
        } else if (what < 3) {
            quick.now += 3'000'000'000;
            thorough.now = quick.now;
            tell([](OrderDesk& desk) { desk.quote(990, 1'010); });
        } else if (what < 5) {
            tell([](OrderDesk& desk) { desk.give(CancelAll{}); });
        } else if (what < 30) {
            const OrderId id = below(20) + std::max<OrderId>(quick.orders - 20, 1);
            tell([&](OrderDesk& desk) { desk.give(CancelOrder{0, id}); });
        } else if (what < 40) {
            const OrderId id = below(20) + std::max<OrderId>(quick.orders - 20, 1);
            const std::int64_t lots = 1 + below(30), price = 985 + below(30);
            tell([&](OrderDesk& desk) { desk.amend(id, lots, price); });
        } else {
            place();
        }
    }

    OrderDesk quick, thorough;
    std::size_t placed = 0, rejected = 0;

private:
    [[nodiscard]] std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
    }

    template <typename Act>
    void tell(Act&& act) {
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        codec::encode(writer, thorough.now, SetIndex{1, 1'000'000});
        thorough.engine.apply(++thorough.records, bytes, thorough.last);
        act(quick);
        act(thorough);
        CHECK(quick.last.size() == thorough.last.size());
        for (std::size_t i = 0; i < std::min(quick.last.size(), thorough.last.size()); ++i) {
            const Event &one = quick.last[i], &other = thorough.last[i];
            CHECK(one.kind == other.kind && one.reason == other.reason && one.values == other.values);
        }
    }

    void set_scope() {
        constexpr std::pair<ControlScope, std::int64_t> scopes[] = {{ControlScope::all, 0}, {ControlScope::account, 2},
                                                                    {ControlScope::user, 3}, {ControlScope::instrument, 1},
                                                                    {ControlScope::venue, 1}};
        const auto [scope, id] = scopes[below(5)];
        ScopeLimits limits;
        limits.max_open_risk_micros = (100 + below(4'000)) * 1'000'000;
        limits.max_working_orders = 5 + below(60);
        limits.max_orders = 20 + below(200);
        limits.messages_per_second = 40 + below(50);
        limits.message_burst = 10 + below(100);
        tell([&, scope = scope, id = id](OrderDesk& desk) { desk.set_scope(scope, id, limits); });
    }

    void place() {
        const AccountId account = 1 + below(4);
        const Side side = below(2) == 0 ? Side::buy : Side::sell;
        const std::int64_t lots = 1 + below(20), price = 985 + below(30);
        quick.now += 20'000'000;
        thorough.now = quick.now;
        tell([&](OrderDesk& desk) { desk.place(account, side, lots, price); });
        ++placed;
        rejected += quick.last.front().kind == EventKind::order_rejected ? 1 : 0;
    }

    std::mt19937_64 random_;
};

}  // namespace

TEST(counting_since_the_room_was_measured_answers_like_measuring) {
    std::size_t placed = 0, rejected = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        BothDesks desks(seed);
        for (int i = 0; i < 3'000; ++i) desks.step();
        placed += desks.placed;
        rejected += desks.rejected;
    }
    CHECK(rejected > placed / 20);
    CHECK(placed - rejected > placed / 5);
}

TEST(a_scope_id_that_no_key_holds_is_refused) {
    const auto is_refused = [](auto command) {
        OrderDesk desk;
        try {
            desk.give(command);
        } catch (const BadEncoding&) {
            return true;
        }
        return false;
    };
    for (const std::int64_t id : {std::int64_t{-1}, kScopeIdMax + 1}) {
        CHECK(is_refused(SetKillSwitch{0, ControlScope::user, id, true}));
        CHECK(is_refused(SetTradingState{0, ControlScope::user, id, TradingState::halted}));
    }
    CHECK(!is_refused(SetKillSwitch{0, ControlScope::user, kScopeIdMax, true}));
}
