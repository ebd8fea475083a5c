#include <algorithm>

#include "matching_clock.hpp"
#include "parley/engine.hpp"
#include "parley/matching_bench.hpp"

namespace parley::bench {

/// A group step by step, so that each command can be timed.
struct GroupAccess {
    template <typename After>
    static void apply(Engine& engine, std::uint64_t first_sequence, std::span<const Engine::Payload> group,
                      std::vector<Event>& events, After&& after) {
        for (std::size_t step = 0; step < group.size() + Engine::kAhead; ++step) {
            engine.advance(step, first_sequence, group, events);
            if (step >= Engine::kAhead) after();
        }
    }
};

namespace {

/// Records that the service applies at a time.
constexpr std::size_t kGroup = 1'000;

constexpr std::int64_t kMark = 100'000;
constexpr std::uint32_t kUsers = 1'000;

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
    void place(const Command& command);
    /// `quantity`: of the order, kept from command to command.
    void act(const Command& command, std::int64_t& quantity);

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
    quotes.mark_ticks = kMark;
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

void Payloads::place(const Command& command) {
    PlaceOrder order;
    order.command_sequence = ++command_sequence;
    order.valid_until_ns = 1;
    order.order_id = command.order_id;
    order.account_id = command.account;
    order.user_id = command.account;
    order.instrument_id = 1;
    order.side = command.side;
    order.time_in_force = command.kind == Kind::ioc ? TimeInForce::ioc : TimeInForce::gtc;
    order.quantity = {command.lots};
    order.price = {command.price};
    add(order);
}

void Payloads::act(const Command& command, std::int64_t& quantity) {
    switch (command.kind) {
        case Kind::gtc:
        case Kind::ioc:
            quantity = command.lots;
            return place(command);
        case Kind::cancel:
            return add(CancelOrder{++command_sequence, command.order_id});
        case Kind::move:
            return add(AmendOrder{++command_sequence, 1, command.order_id, {0}, {command.price}});
        case Kind::reduce:
            quantity = std::max<std::int64_t>(quantity - command.lots, 1);
            return add(AmendOrder{++command_sequence, 1, command.order_id, {quantity}, {0}});
    }
}

}  // namespace

/// A move amends the price, a reduce the quantity; what was filled meanwhile is answered amend_rejected.
Result run_engine(const std::vector<Command>& commands, std::size_t warm_up) {
    Payloads payloads;
    payloads.set_up();
    std::size_t first_measured = payloads.starts.size();
    FlatMap<std::int64_t> quantities(commands.size());
    for (std::size_t at = 0; at < commands.size(); ++at) {
        payloads.act(commands[at], quantities[static_cast<std::uint64_t>(commands[at].order_id)]);
        if (at < warm_up) first_measured = payloads.starts.size();
    }
    Engine engine;
    Result result;
    std::vector<Event> events;
    std::vector<Engine::Payload> records;
    for (std::size_t at = 0; at < payloads.starts.size(); ++at) records.push_back(payloads.at(at));
    const std::span<const Engine::Payload> all(records);
    const auto apply = [&](std::size_t begin, std::size_t end, auto&& after) {
        for (std::size_t at = begin; at < end; at += kGroup) {
            GroupAccess::apply(engine, at + 1, all.subspan(at, std::min(kGroup, end - at)), events, after);
            result.events += static_cast<std::int64_t>(events.size());
            events.clear();
        }
    };
    apply(0, first_measured, [] {});
    result.events = 0;
    measure(result, first_measured, payloads.starts.size(), apply);
    result.resting = static_cast<std::int64_t>(engine.working_orders().size());
    return result;
}

}  // namespace parley::bench
