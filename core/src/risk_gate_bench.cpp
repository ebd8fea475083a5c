#include "parley/risk_gate_bench.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

#include "matching_clock.hpp"
#include "parley/engine.hpp"

namespace parley::bench {

/// The gate without the book behind it.
struct GateAccess {
    static Refusal pass(Engine& engine, const PlaceOrder& command, TimeNs now_ns) {
        engine.now_ns_ = now_ns;
        Engine::Intent intent;
        return engine.pass_gate(command, intent);
    }
};

namespace {

constexpr std::int64_t kCoin = 0;
constexpr double kSpot = 60'000.0;
constexpr std::size_t kExpiries = 10;
constexpr TimeNs kNow = 1'800'000'000'000'000'000;
constexpr TimeNs kDay = 86'400'000'000'000;
constexpr AccountId kClient = 1, kMaker = 2;
constexpr std::int64_t kTrader = 11, kBot = 7, kFirm = 1, kDesk = 1;
constexpr OrderId kParent = 1'000'000'000;
constexpr PriceTicks kMark{500};
constexpr std::int64_t kMost = std::int64_t{1} << 60;
constexpr std::size_t kMarksEvery = 64;
/// From one order to the next.
constexpr TimeNs kStep = 1'000;
/// Orders of the account that work all the while, away from the market.
constexpr std::size_t kWorking = 50;
constexpr OrderId kWorkingId = 2'000'000'000;

std::int64_t now_ns() noexcept { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// splitmix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::int64_t below(std::int64_t bound) noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return static_cast<std::int64_t>((z ^ (z >> 31)) % static_cast<std::uint64_t>(bound));
    }

private:
    std::uint64_t state_;
};

struct Terms {
    InstrumentId id;
    TimeNs expiry_at_ns;
    double strike;
    bool is_call;
};

/// `count` options over ten expiries from 7 to 70 days, strikes around spot.
std::vector<Terms> make_terms(std::size_t count) {
    std::vector<Terms> terms;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t rank = i / kExpiries;
        const auto step = static_cast<double>(rank) / static_cast<double>(count / kExpiries);
        terms.push_back({static_cast<InstrumentId>(i + 1), kNow + kDay * 7 * static_cast<TimeNs>(i % kExpiries + 1),
                         kSpot * (0.6 + 0.8 * step), rank % 2 == 0});
    }
    return terms;
}

MarginExpiry expiry_row(TimeNs at_ns, double age) {
    return {at_ns, static_cast<double>(at_ns - kNow) / (365.0 * static_cast<double>(kDay)) * (1.0 - 1e-6 * age), 0.03};
}

MarginMark mark_row(const Terms& terms, double age) {
    return {terms.id, kSpot * 1.002 + age, 0.6 + 1e-5 * age};
}

/// An engine with one client whose every control is on, and the options that it holds.
class GateDesk {
public:
    explicit GateDesk(std::size_t options) : terms_(make_terms(options)) {
        list();
        open_accounts();
        set_marks(0.0);
        put_with(SetCollateral{next(), kClient, 0, 2'000'000'000'000'000},
                 [](Writer& writer) { writer.numbers(1, kCoin, 100'000'000'000); });
        hold();
        set_controls();
        work();
    }

    [[nodiscard]] TimeNs tick() noexcept { return now_ += kStep; }

    [[nodiscard]] PlaceOrder order(Random& random, OrderId id) {
        PlaceOrder order;
        order.command_sequence = sequence_ + 1;
        order.valid_until_ns = kNow + kDay;
        order.order_id = id;
        order.account_id = kClient;
        order.user_id = kTrader;
        order.desk_id = kDesk;
        order.firm_id = kFirm;
        order.instrument_id = random.below(static_cast<std::int64_t>(terms_.size())) + 1;
        order.side = random.below(2) == 0 ? Side::buy : Side::sell;
        order.quantity = {random.below(1'000) + 1};
        order.price = kMark - PriceTicks{sign(order.side) * (random.below(20) + 1)};
        order.attribution = {kBot, kParent, 0};
        return order;
    }

    void set_marks(double age) {
        put_with(SetMarginInputs{kCoin, kSpot + age}, [&](Writer& writer) {
            writer.number(kExpiries);
            for (std::size_t i = 0; i < kExpiries; ++i) {
                auto row = expiry_row(terms_[i].expiry_at_ns, age);
                codec::put_fields(writer, row);
            }
            writer.number(static_cast<std::int64_t>(terms_.size()));
            for (const Terms& terms : terms_) {
                auto row = mark_row(terms, age);
                codec::put_fields(writer, row);
            }
        });
    }

    [[nodiscard]] std::int64_t next() noexcept { return ++sequence_; }
    [[nodiscard]] Engine& engine() noexcept { return engine_; }

    template <typename Input>
    void put(const Input& input) {
        put_with(input, [](Writer&) {});
    }
    template <typename Input, typename Rest>
    void put_with(const Input& input, Rest&& rest) {
        bytes_.clear();
        Writer writer(bytes_);
        codec::encode(writer, now_, input);
        rest(writer);
        engine_.apply(++journal_, bytes_, events_);
        events_.clear();
    }
    void put_order(PlaceOrder order) {
        order.command_sequence = next();
        bytes_.clear();
        Writer writer(bytes_);
        writer.byte(static_cast<std::uint8_t>(InputKind::place_attributed_order));
        writer.number(tick());
        codec::put_fields(writer, order);
        codec::put_fields(writer, order.attribution);
        engine_.apply(++journal_, bytes_, events_);
        events_.clear();
    }

private:
    void list();
    void open_accounts();
    void hold();
    void set_controls();
    void work();

    TimeNs now_ = kNow;
    std::vector<Terms> terms_;
    Engine engine_;
    std::vector<std::uint8_t> bytes_;
    std::vector<Event> events_;
    std::uint64_t journal_ = 0;
    std::int64_t sequence_ = 0;
};

void GateDesk::list() {
    put(SetIndex{kCoin, static_cast<Micros>(kSpot * 1e6)});
    for (const Terms& terms : terms_) {
        ListInstrument listing;
        listing.instrument_id = terms.id;
        listing.value_kind = ValueKind::index;
        listing.lot_nanos = 100'000'000;
        listing.tick_nanos = 100'000;
        listing.expiry_at_ns = terms.expiry_at_ns;
        listing.collar_floor_ticks = 100;
        put(listing);
        put(DescribeInstrument{terms.id, kPaperVenue, MarginKind::option, true, terms.is_call, terms.strike});
        put_with(SetQuotes{kNow}, [&](Writer& writer) {
            Quotes quotes;
            quotes.instrument_id = terms.id;
            quotes.mark_ticks = kMark.value;
            writer.number(1);
            codec::put_quotes(writer, quotes);
        });
    }
}

void GateDesk::open_accounts() {
    for (const AccountId account : {kClient, kMaker}) {
        SetLimits limits;
        limits.command_sequence = next();
        limits.account_id = account;
        limits.firm_id = account == kClient ? kFirm : 2;
        limits.desk_id = account == kClient ? kDesk : 2;
        limits.limits = {kQuantityLotsMax, kMost, kMost, kMost, 10'000};
        put(limits);
    }
}

/// Long and short, some 50 coins of each option.
void GateDesk::hold() {
    ReservationId reservation = 0;
    for (const Terms& terms : terms_) {
        const Side side = terms.id % 3 == 0 ? Side::sell : Side::buy;
        put_with(ReserveBlock{next(), ++reservation, kNow}, [&](Writer& writer) {
            writer.number(1);
            BlockLeg leg{terms.id, side, kMark, {10 + terms.id % 7}, kClient, kMaker};
            codec::put_fields(writer, leg);
        });
        put(ConfirmBlock{next(), reservation});
    }
}

/// Everything that an order can be held to, in every scope that covers it, wide enough to pass.
void GateDesk::set_controls() {
    const std::pair<ControlScope, std::int64_t> scopes[] = {
        {ControlScope::all, 0},         {ControlScope::firm, kFirm},      {ControlScope::desk, kDesk},
        {ControlScope::user, kTrader},  {ControlScope::account, kClient}, {ControlScope::strategy, kBot},
        {ControlScope::venue, kPaperVenue},
    };
    ScopeLimits limits;
    limits.max_order_quantity_lots = limits.max_order_value_micros = limits.soft_order_value_micros = kMost;
    limits.max_open_risk_micros = limits.max_working_orders = limits.max_orders = kMost;
    limits.period_collar_basis_points = 10'000;
    limits.collar_period_ns = kDay;
    limits.messages_per_second = limits.message_burst = 1'000'000'000;
    limits.duplicate_window_ns = 1'000'000;
    limits.max_executions = 100;
    limits.execution_period_ns = 1'000'000;
    limits.is_trader_list_required = true;
    for (const auto& [scope, id] : scopes) {
        limits.is_trader_list_required = scope == ControlScope::account;
        put_with(SetScopeLimits{next(), scope, id}, [&](Writer& writer) { codec::put_fields(writer, limits); });
    }
    put(SetTraderAuthorization{next(), kTrader, kClient, true});
    put(SetInstrumentPermission{next(), ControlScope::user, 12, 1, Permission::restricted});
    put(SetParentOrder{next(), kParent, {kQuantityLotsMax}});
    put(SetKillSwitch{next(), ControlScope::user, 99, true});
    put(SetTradingState{next(), ControlScope::account, 99, TradingState::halted});
}

/// Buys and sells in options of every expiry.
void GateDesk::work() {
    Random random(7);
    for (std::size_t i = 0; i < kWorking; ++i) {
        PlaceOrder resting = order(random, kWorkingId + static_cast<OrderId>(i));
        resting.instrument_id = static_cast<InstrumentId>(i * 41 % terms_.size()) + 1;
        resting.price = kMark - PriceTicks{sign(resting.side) * 50};
        put_order(resting);
    }
}

void summarize(GateResult& result, std::vector<std::int64_t>& singles, double total_ns, std::size_t count) {
    std::vector<std::int64_t> clock(1'000);
    for (std::int64_t& each : clock) {
        const std::int64_t before = now_ns();
        each = now_ns() - before;
    }
    std::sort(clock.begin(), clock.end());
    std::sort(singles.begin(), singles.end());
    const auto at = [&](double share) {
        const auto index = static_cast<std::size_t>(share * static_cast<double>(singles.size()));
        return static_cast<double>(singles[std::min(index, singles.size() - 1)] - clock[clock.size() / 2]);
    };
    result.nanoseconds = total_ns / static_cast<double>(count);
    result.p50_ns = at(0.5);
    result.p99_ns = at(0.99);
    result.p999_ns = at(0.999);
}

/// Half of the operations at once for the mean, half one by one for the percentiles.
template <typename Between, typename Apply>
GateResult measure(std::size_t count, Between&& between, Apply&& apply) {
    GateResult result;
    double total_ns = 0;
    for (std::size_t at = 0; at < count;) {
        const std::size_t end = std::min(count, at + kMarksEvery);
        between(at);
        const std::int64_t start = processor_ns();
        for (; at < end; ++at) result.refused += apply(at) ? 1 : 0;
        total_ns += static_cast<double>(processor_ns() - start);
    }
    std::vector<std::int64_t> singles;
    singles.reserve(count);
    for (std::size_t at = 0; at < count; ++at) {
        if (at % kMarksEvery == 0) between(at);
        const std::int64_t before = now_ns();
        result.refused += apply(count + at) ? 1 : 0;
        singles.push_back(now_ns() - before);
    }
    summarize(result, singles, total_ns, count);
    return result;
}

GateResult run_floor(std::size_t orders, std::size_t options) {
    std::vector<margin::Lanes> values(options);
    margin::Total total;
    for (std::size_t i = 0; i < options; ++i) {
        for (std::size_t lane = 0; lane < margin::kLanes; ++lane) values[i].at[lane] = static_cast<double>(i + lane);
    }
    double sink = 0;
    const auto apply = [&](std::size_t at) {
        margin::Total sum = total;
        const margin::Held held{&values[at * 7 % options], 1.0};
        margin::add_values({&held, 1}, sum.high);
        sink += margin::least_profit(sum, {});
        return false;
    };
    GateResult result = measure(orders, [](std::size_t) {}, apply);
    result.refused = sink < 0 ? 1 : 0;
    return result;
}

}  // namespace

GateResult run_gate(std::uint64_t seed, std::size_t orders, std::size_t options, bool is_floor) {
    if (is_floor) return run_floor(orders, options);
    const auto desk = std::make_unique<GateDesk>(options);
    Random random(seed);
    std::vector<PlaceOrder> placed;
    for (std::size_t i = 0; i < 2 * orders; ++i) placed.push_back(desk->order(random, static_cast<OrderId>(i + 1)));
    double age = 0;
    return measure(orders, [&](std::size_t) { desk->set_marks(age += 1.0); },
                   [&](std::size_t at) {
                       return static_cast<bool>(GateAccess::pass(desk->engine(), placed[at], desk->tick()));
                   });
}

GateResult run_gated_engine(std::uint64_t seed, std::size_t orders, std::size_t options) {
    const auto desk = std::make_unique<GateDesk>(options);
    Random random(seed);
    std::vector<PlaceOrder> placed;
    for (std::size_t i = 0; i < 2 * orders; ++i) placed.push_back(desk->order(random, static_cast<OrderId>(i + 1)));
    double age = 0;
    GateResult result = measure(orders, [&](std::size_t) { desk->set_marks(age += 1.0); },
                                [&](std::size_t at) {
                                    desk->put_order(placed[at]);
                                    desk->put(CancelOrder{desk->next(), placed[at].order_id});
                                    return false;
                                });
    result.refused = static_cast<std::int64_t>(desk->engine().working_orders().size() - kWorking);
    return result;
}

RevalueResult run_revalue(std::size_t accounts, std::size_t positions, std::size_t share_percent) {
    const std::size_t options = 400;
    const std::vector<Terms> terms = make_terms(options);
    MarginBook book;
    FlatMap<MarginBook::Slot> slots(options);
    std::vector<MarginExpiry> expiries;
    std::vector<MarginMark> marks;
    const std::size_t moved = kExpiries * share_percent / 100;
    for (std::size_t i = 0; i < options; ++i) {
        slots[static_cast<std::uint64_t>(terms[i].id)] = static_cast<MarginBook::Slot>(i);
        book.describe(static_cast<MarginBook::Slot>(i), {terms[i].id, terms[i].expiry_at_ns, kCoin, 0.1, 1e-4},
                      {terms[i].id, kPaperVenue, MarginKind::option, true, terms[i].is_call, terms[i].strike});
        if (i < kExpiries) expiries.push_back(expiry_row(terms[i].expiry_at_ns, 0.0));
        marks.push_back(mark_row(terms[i], 0.0));
    }
    book.set_inputs({kCoin, kSpot}, expiries, marks, slots);
    Random random(1);
    for (std::size_t account = 0; account < accounts; ++account) {
        const CoinBalance balance{kCoin, 1'000'000'000};
        const auto slot = static_cast<MarginBook::Slot>(account);
        static_cast<void>(book.set_collateral(slot, {}, {&balance, 1}));
        for (std::size_t i = 0; i < positions; ++i) {
            const auto rank = static_cast<std::size_t>(random.below(options / kExpiries));
            const std::size_t instrument = rank * kExpiries + i % kExpiries;
            book.set_position(slot, static_cast<MarginBook::Slot>(instrument), {random.below(100) - 50, 0, 0});
        }
    }
    RevalueResult result;
    std::erase_if(marks, [&](const MarginMark& mark) {
        return static_cast<std::size_t>(mark.instrument_id - 1) % kExpiries >= moved;
    });
    expiries.resize(moved);
    result.positions = static_cast<std::int64_t>(accounts * positions * moved / kExpiries);
    const std::int64_t start = processor_ns();
    book.set_inputs({kCoin, kSpot + 1.0}, expiries, marks, slots);
    const std::int64_t middle = processor_ns();
    double sum = 0;
    for (std::size_t account = 0; account < accounts; ++account) {
        sum += book.initial(static_cast<MarginBook::Slot>(account));
    }
    const std::int64_t stop = processor_ns();
    result.milliseconds = static_cast<double>(middle - start) * 1e-6;
    result.margins_milliseconds = std::isfinite(sum) ? static_cast<double>(stop - middle) * 1e-6 : -1.0;
    return result;
}

/// Adds one scenario vector for each position, one sum for each account and expiry, and stores the sum.
double run_revalue_floor(std::size_t accounts, std::size_t positions) {
    std::vector<margin::Lanes> values(400), sums(accounts * kExpiries);
    Random random(1);
    std::vector<margin::Held> held;
    for (std::size_t i = 0; i < accounts * positions; ++i) {
        held.push_back({&values[static_cast<std::size_t>(random.below(400))], static_cast<double>(i % 100)});
    }
    const std::size_t each = positions / kExpiries;
    const std::int64_t start = processor_ns();
    for (std::size_t i = 0; i < sums.size(); ++i) {
        margin::add_values(std::span(held).subspan(i * each, each), sums[i]);
    }
    return static_cast<double>(processor_ns() - start) * 1e-6;
}

}  // namespace parley::bench
