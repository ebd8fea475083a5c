#include <algorithm>
#include <cmath>

#include "parley/matching_bench.hpp"

namespace parley::bench {
namespace {

constexpr std::int64_t kMid = 100'000;
constexpr std::uint32_t kUsers = 1'000;

/// splitmix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::int64_t below(std::int64_t bound) noexcept {
        return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
    }
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

private:
    std::uint64_t state_;
};

class Generator {
public:
    Generator(std::uint64_t seed, std::size_t resting) : random_(seed), resting_(resting) {
        spread_ = std::max(20.0, static_cast<double>(resting) / 2'000);
    }

    std::vector<Command> run(std::size_t count) {
        commands_.reserve(resting_ + count);
        while (commands_.size() < resting_) add(fresh(Kind::gtc, false));
        while (commands_.size() < resting_ + count) add(next());
        return std::move(commands_);
    }

private:
    Command next() {
        const auto dice = random_.below(1'000);
        const bool is_crowded = desk_.resting() > resting_;
        if (dice < 128) return fresh(Kind::gtc, is_crowded);
        if (dice < 146) return fresh(Kind::ioc, true);
        const Kind kind = dice < 219 ? Kind::cancel : dice < 927 ? Kind::move : Kind::reduce;
        const OrderId id = pick();
        if (id == 0) return fresh(Kind::gtc, false);
        const BookNode& order = desk_.order(desk_.find(id));
        return {id, price(order.side(), false), 1, order.account(), kind, order.side()};
    }

    Command fresh(Kind kind, bool is_aggressive) {
        const Side side = random_.below(2) == 0 ? Side::buy : Side::sell;
        const auto account = static_cast<std::uint32_t>(random_.below(kUsers)) + 1;
        return {++last_id_, price(side, is_aggressive), random_.below(20) + 1, account, kind, side};
    }

    std::int64_t price(Side side, bool is_aggressive) {
        const auto away = static_cast<std::int64_t>(-std::log(1 - random_.unit()) * spread_) + 1;
        return kMid - sign(side) * (is_aggressive ? -away : away);
    }

    /// A live order, at random.
    OrderId pick() {
        while (!live_.empty()) {
            const auto at = static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(live_.size())));
            if (desk_.find(live_[at]) != kNone) return live_[at];
            live_[at] = live_.back();
            live_.pop_back();
        }
        return 0;
    }

    void add(const Command& command) {
        desk_.apply(command);
        if (command.kind == Kind::gtc && desk_.find(command.order_id) != kNone) live_.push_back(command.order_id);
        commands_.push_back(command);
    }

    Random random_;
    std::size_t resting_;
    double spread_;
    BookDesk desk_;
    std::vector<OrderId> live_;
    std::vector<Command> commands_;
    OrderId last_id_ = 0;
};

}  // namespace

std::vector<Command> make_commands(std::uint64_t seed, std::size_t count, std::size_t resting) {
    return Generator(seed, resting).run(count);
}

}  // namespace parley::bench
