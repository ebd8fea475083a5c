#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "parley/margin_book.hpp"

using namespace parley;

namespace {

constexpr TimeNs kStart = 1'800'000'000'000'000'000;
constexpr TimeNs kDay = 86'400'000'000'000;
constexpr std::uint32_t kOptions = 24, kAccounts = 3;
constexpr std::int64_t kCoins = 2;

/// A margin book under a random market, whose every order is asked twice: of check(), which may pass it on bounds, and
/// of the exact margin.
class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed) {
        for (std::uint32_t slot = 0; slot < kOptions + 8; ++slot) describe(slot);
        move_market(0);
        move_market(1);
        for (std::uint32_t account = 0; account < kAccounts; ++account) set_cash(account, 5e5);
    }

    void step() {
        const std::int64_t what = below(100);
        if (what < 4) {
            move_market(below(kCoins));
        } else if (what < 5) {
            set_parameters();
        } else if (what < 8) {
            set_cash(any_account(), 1e3 * std::pow(10.0, unit() * 4.0));
        } else {
            order();
        }
    }

    std::size_t clear = 0, passed = 0, refused = 0;

private:
    [[nodiscard]] std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
    }
    [[nodiscard]] double unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
    [[nodiscard]] std::uint32_t any_account() { return static_cast<std::uint32_t>(below(kAccounts)); }

    void describe(std::uint32_t slot) {
        static constexpr MarginKind others[] = {MarginKind::future, MarginKind::perpetual, MarginKind::spot,
                                                MarginKind::future};
        const std::int64_t coin = slot % kCoins;
        const MarginKind kind = slot < kOptions ? MarginKind::option : others[slot / 2 % 4];
        const bool is_inverse = slot / 2 % 3 != 0 && kind != MarginKind::spot;
        const TimeNs expiry = kStart + kDay * (slot / 2 % 4 + 1) * 9;
        slots_[slot + 1] = slot;
        const bool is_option = kind == MarginKind::option;
        const double lot = is_inverse && !is_option ? 10.0 : 0.1, tick = is_inverse && is_option ? 1e-4 : 0.5;
        book_.describe(slot, {slot + 1, expiry, coin, lot, tick},
                       {slot + 1, 1, kind, is_inverse, slot % 4 < 2, 1'000.0 * (0.5 + unit())});
    }

    void move_market(std::int64_t coin) {
        const double spot = 1'000.0 * (0.7 + 0.6 * unit());
        std::vector<MarginExpiry> expiries;
        std::vector<MarginMark> marks;
        for (std::uint32_t day = 1; day <= 4; ++day) {
            const double years = (day * 9.0 - 2.0 * unit()) / 365.0 * (day == 4 ? 20.0 : 1.0);
            if (below(3) != 0 || is_first_) expiries.push_back({kStart + kDay * day * 9, years, 0.2 * unit() - 0.1});
        }
        for (std::uint32_t slot = 0; slot < kOptions + 8; ++slot) {
            if (slot % kCoins != coin || (below(3) == 0 && !is_first_)) continue;
            marks.push_back({slot + 1, spot * (0.98 + 0.04 * unit()), 0.2 + unit()});
        }
        book_.set_inputs({coin, spot}, expiries, marks, slots_);
        is_first_ = is_first_ && coin == 0;
    }

    void set_parameters() {
        book_.set_parameters({below(kCoins), 0.1 * unit(), 0.1 * unit(), 0.95 + 0.05 * unit(), unit() + 0.2});
    }

    void set_cash(std::uint32_t account, double dollars) {
        const CoinBalance balances[] = {{0, below(400'000'000'000) - 100'000'000'000}, {1, below(50'000'000'000)}};
        CHECK(!book_.set_collateral(account, {0, account, 1LL << 40, static_cast<Micros>(dollars * 1e6)}, balances));
    }

    /// Half of them with money that makes it a close decision.
    void order() {
        const std::uint32_t account = any_account();
        const auto slot = static_cast<std::uint32_t>(below(kOptions + (below(4) == 0 ? 8 : 0)));
        const std::int64_t lots = (below(2) == 0 ? 1 : -1) * static_cast<std::int64_t>(std::pow(10.0, unit() * 3.0));
        const bool is_coins = slot < kOptions && slot / 2 % 3 != 0;
        const PriceTicks price{1 + below(is_coins ? 4'000 : 600)};
        if (below(2) == 0) come_close(account, slot, lots, price);
        const bool is_clear = book_.is_clear(account, slot, lots, price);
        const Refusal answer = book_.check(account, slot, lots, price);
        const MarginBook::Headroom exact = book_.headroom(account, slot, lots, price);
        const bool passes = exact.is_priced && (exact.after >= 0.0 || exact.after >= exact.before);
        CHECK(!answer == passes);
        CHECK(!is_clear || exact.after >= 0.0);
        clear += is_clear ? 1 : 0;
        passed += passes ? 1 : 0;
        refused += passes ? 0 : 1;
        if (passes && below(3) != 0) take(account, slot, lots, price);
    }

    void come_close(std::uint32_t account, std::uint32_t slot, std::int64_t lots, PriceTicks price) {
        const MarginBook::Headroom now = book_.headroom(account, slot, lots, price);
        if (!now.is_priced) return;
        const double miss = (unit() - 0.4) * std::pow(10.0, -6.0 * unit()) * std::fabs(now.after - now.before);
        const CoinBalance coins[] = {{0, below(2'000'000'000'000) - 500'000'000'000}, {1, 1'000'000'000}};
        CHECK(!book_.set_collateral(account, {0, account, 1LL << 40, 0}, coins));
        const double after = book_.headroom(account, slot, lots, price).after;
        const auto micros = static_cast<Micros>((miss - after) * 1e6);
        CHECK(!book_.set_collateral(account, {0, account, 1LL << 40, micros}, coins));
    }

    /// It works, is canceled or trades.
    void take(std::uint32_t account, std::uint32_t slot, std::int64_t lots, PriceTicks price) {
        Position& held = positions_[account][slot];
        const std::int64_t what = below(4);
        if (what == 0) {
            book_.execute(account, slot, lots, price, ++execution_);
            held.lots += lots;
        } else if (what == 1) {
            held.buy_working = held.sell_working = 0;
        } else {
            (lots > 0 ? held.buy_working : held.sell_working) += std::abs(lots);
        }
        book_.set_position(account, slot, held);
    }

    std::mt19937_64 random_;
    MarginBook book_;
    FlatMap<MarginBook::Slot> slots_;
    Position positions_[kAccounts][kOptions + 8] = {};
    std::int64_t execution_ = 0;
    bool is_first_ = true;
};

}  // namespace

TEST(bounds_pass_no_order_that_the_margin_refuses) {
    std::size_t clear = 0, passed = 0, refused = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Walk walk(seed);
        for (int i = 0; i < 4'000; ++i) walk.step();
        clear += walk.clear;
        passed += walk.passed;
        refused += walk.refused;
    }
    CHECK(clear > passed / 4);
    CHECK(passed > clear + 10'000);
    CHECK(refused > 20'000);
}
