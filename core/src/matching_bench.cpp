#include "parley/matching_bench.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>

#include "parley/engine.hpp"

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

/// A book with its pools and ids: what the commands act on.
class Venue {
public:
    Venue() : book_(orders_, levels_), index_of_(1 << 16) {}

    void apply(const Command& command) {
        switch (command.kind) {
            case Kind::gtc:
                return place(command, true);
            case Kind::ioc:
                return place(command, false);
            case Kind::cancel:
                return drop(command.order_id);
            case Kind::move:
                return move(command);
            case Kind::reduce:
                return reduce(command);
        }
    }
    [[nodiscard]] bool has(OrderId id) const { return index_of_.contains(static_cast<std::uint64_t>(id)); }
    [[nodiscard]] const RestingOrder& order(OrderId id) const {
        return orders_[*index_of_.find(static_cast<std::uint64_t>(id))];
    }
    [[nodiscard]] std::int64_t trades() const noexcept { return trades_; }
    [[nodiscard]] std::size_t resting() const noexcept { return index_of_.size(); }

private:
    void place(const Command& command, bool may_rest) {
        const auto outcome = book_.match(
            command.side, {command.price}, {command.lots}, command.account,
            [this](const RestingOrder&, Lots) { ++trades_; },
            [this](OrderIndex index) {
                index_of_.erase(static_cast<std::uint64_t>(orders_[index].id));
                orders_.give_back(index);
            });
        if (!may_rest || outcome.stop != OrderBook::Stop::no_cross) return;
        const OrderIndex index = orders_.take();
        RestingOrder& order = orders_[index];
        order.id = command.order_id;
        order.price = {command.price};
        order.leaves = order.quantity = outcome.leaves;
        order.account = command.account;
        order.side = command.side;
        book_.add(index);
        index_of_[static_cast<std::uint64_t>(order.id)] = index;
    }
    void drop(OrderId id) {
        const OrderIndex* found = index_of_.find(static_cast<std::uint64_t>(id));
        if (found == nullptr) return;
        const OrderIndex index = *found;
        book_.remove(index);
        orders_.give_back(index);
        index_of_.erase(static_cast<std::uint64_t>(id));
    }
    void move(const Command& command) {
        const OrderIndex* found = index_of_.find(static_cast<std::uint64_t>(command.order_id));
        if (found == nullptr) return;
        if (book_.crosses(command.side, {command.price})) {
            Command again = command;
            again.lots = orders_[*found].leaves.value;
            drop(command.order_id);
            return place(again, true);
        }
        book_.remove(*found);
        orders_[*found].price = {command.price};
        book_.add(*found);
    }
    void reduce(const Command& command) {
        const OrderIndex* found = index_of_.find(static_cast<std::uint64_t>(command.order_id));
        if (found == nullptr) return;
        if (orders_[*found].leaves.value > command.lots) book_.reduce(*found, {command.lots});
    }

    OrderPool orders_;
    LevelPool levels_;
    OrderBook book_;
    FlatMap<OrderIndex> index_of_;
    std::int64_t trades_ = 0;
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
        const bool is_crowded = venue_.resting() > resting_;
        if (dice < 128) return fresh(Kind::gtc, is_crowded);
        if (dice < 146) return fresh(Kind::ioc, true);
        const Kind kind = dice < 219 ? Kind::cancel : dice < 927 ? Kind::move : Kind::reduce;
        const OrderId id = pick();
        if (id == 0) return fresh(Kind::gtc, false);
        const RestingOrder& order = venue_.order(id);
        return {id, price(order.side, false), 1, order.account, kind, order.side};
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
            if (venue_.has(live_[at])) return live_[at];
            live_[at] = live_.back();
            live_.pop_back();
        }
        return 0;
    }

    void add(const Command& command) {
        venue_.apply(command);
        if (command.kind == Kind::gtc && venue_.has(command.order_id)) live_.push_back(command.order_id);
        commands_.push_back(command);
    }

    Random random_;
    std::size_t resting_;
    double spread_;
    Venue venue_;
    std::vector<OrderId> live_;
    std::vector<Command> commands_;
    OrderId last_id_ = 0;
};

std::int64_t now_ns() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// Processor time of this thread: what other processes do on a shared machine does not count.
std::int64_t processor_ns() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// Runs `apply` over [begin, end): four fifths at once for the mean, the rest one by one for the percentiles.
template <typename Apply>
void measure(Result& result, std::size_t begin, std::size_t end, Apply&& apply) {
    const std::size_t middle = begin + (end - begin) * 4 / 5;
    const std::int64_t start = processor_ns();
    for (std::size_t at = begin; at < middle; ++at) apply(at);
    const std::int64_t stop = processor_ns();
    result.nanoseconds_per_command = static_cast<double>(stop - start) / static_cast<double>(middle - begin);
    std::vector<std::int64_t> single;
    single.reserve(end - middle);
    for (std::size_t at = middle; at < end; ++at) {
        const std::int64_t before = now_ns();
        apply(at);
        single.push_back(now_ns() - before);
    }
    std::sort(single.begin(), single.end());
    if (single.empty()) return;
    result.p50_ns = single[single.size() / 2];
    result.p99_ns = single[single.size() * 99 / 100];
}

/// Journal payloads of the commands, and where each begins.
struct Payloads {
    std::vector<std::uint8_t> bytes;
    std::vector<std::size_t> starts;
    std::int64_t command_sequence = 0;

    template <typename Input>
    void add(const Input& input) {
        starts.push_back(bytes.size());
        Writer writer(bytes);
        codec::encode(writer, 1, input);
    }
    void set_up();
    void place(const Command& command, OrderId id, std::int64_t lots);

    [[nodiscard]] std::span<const std::uint8_t> at(std::size_t index) const {
        const std::size_t end = index + 1 < starts.size() ? starts[index + 1] : bytes.size();
        return {bytes.data() + starts[index], end - starts[index]};
    }
};

void Payloads::set_up() {
    ListInstrument listing;
    listing.instrument_id = 1;
    listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
    listing.collar_floor_ticks = kPriceTicksMax;
    add(listing);
    Quotes quotes;
    quotes.instrument_id = 1;
    quotes.mark_ticks = kMid;
    add(SetQuotes{1});
    Writer writer(bytes);
    writer.number(1);
    codec::put_quotes(writer, quotes);
    for (std::uint32_t user = 1; user <= kUsers; ++user) {
        SetLimits limits;
        limits.command_sequence = ++command_sequence;
        limits.account_id = user;
        limits.limits = {kQuantityLotsMax, 1LL << 60, 1LL << 60, 1LL << 60, 10'000};
        add(limits);
    }
}

void Payloads::place(const Command& command, OrderId id, std::int64_t lots) {
    PlaceOrder order;
    order.command_sequence = ++command_sequence;
    order.valid_until_ns = 1;
    order.order_id = id;
    order.account_id = command.account;
    order.user_id = command.account;
    order.instrument_id = 1;
    order.side = command.side;
    order.time_in_force = command.kind == Kind::ioc ? TimeInForce::ioc : TimeInForce::gtc;
    order.quantity = {lots};
    order.price = {command.price};
    add(order);
}

}  // namespace

std::vector<Command> make_commands(std::uint64_t seed, std::size_t count, std::size_t resting) {
    return Generator(seed, resting).run(count);
}

Result run_book(const std::vector<Command>& commands, std::size_t warm_up) {
    Venue venue;
    Result result;
    for (std::size_t at = 0; at < warm_up; ++at) venue.apply(commands[at]);
    measure(result, warm_up, commands.size(), [&](std::size_t at) { venue.apply(commands[at]); });
    result.trades = venue.trades();
    result.resting = static_cast<std::int64_t>(venue.resting());
    return result;
}

/// Ids change with every move, as an engine without a replace command sees it.
Result run_engine(const std::vector<Command>& commands, std::size_t warm_up) {
    Payloads payloads;
    payloads.set_up();
    std::size_t first_measured = payloads.starts.size();
    FlatMap<OrderId> current(commands.size());
    OrderId next_id = 0;
    for (std::size_t at = 0; at < commands.size(); ++at) {
        const Command& command = commands[at];
        OrderId& id = current[static_cast<std::uint64_t>(command.order_id)];
        if (command.kind != Kind::gtc && command.kind != Kind::ioc) {
            payloads.add(CancelOrder{++payloads.command_sequence, id});
        }
        if (command.kind != Kind::cancel) payloads.place(command, id = ++next_id, std::max<std::int64_t>(command.lots, 1));
        if (at < warm_up) first_measured = payloads.starts.size();
    }
    Engine engine;
    Result result;
    std::vector<Event> events;
    const auto apply = [&](std::size_t at) {
        engine.apply(at + 1, payloads.at(at), events);
        if (events.size() < 256) return;
        result.events += static_cast<std::int64_t>(events.size());
        events.clear();
    };
    for (std::size_t at = 0; at < first_measured; ++at) apply(at);
    result.events = 0;
    measure(result, first_measured, payloads.starts.size(), apply);
    result.resting = static_cast<std::int64_t>(engine.working_orders().size());
    return result;
}

}  // namespace parley::bench
