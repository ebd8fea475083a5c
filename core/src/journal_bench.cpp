#include "parley/journal_bench.hpp"

#include <poll.h>

#include <algorithm>
#include <thread>
#include <variant>

#include "matching_clock.hpp"
#include "parley/matching_bench.hpp"

namespace parley::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kMark = 100'000;
constexpr std::uint32_t kUsers = 1'000;
constexpr std::size_t kResting = 1'000;
constexpr std::size_t kDrainedAtOnce = 65'536;
constexpr int kPollMilliseconds = 100;
constexpr std::chrono::microseconds kFullWait{50};
constexpr std::chrono::seconds kSetUpMax{30};

std::int64_t nanoseconds(Clock::duration duration) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

std::int64_t percentile(const std::vector<std::int64_t>& sorted, double part) {
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

using Input = std::variant<PlaceOrder, CancelOrder, AmendOrder>;

void encode(Writer& writer, const Input& input) {
    std::visit([&](const auto& command) { codec::encode(writer, 1, command); }, input);
}

/// The commands as they arrive, numbered behind the ones that set the desk up.
class Flow {
public:
    explicit Flow(const JournalLoad& load) {
        for (const Command& command : make_commands(load.seed, load.commands, kResting)) {
            if (inputs.size() >= load.commands) break;
            add(command);
        }
    }

    [[nodiscard]] std::uint64_t bytes() const {
        std::vector<std::uint8_t> payloads;
        Writer writer(payloads);
        for (const Input& input : inputs) encode(writer, input);
        return payloads.size() + inputs.size() * kRecordHeaderBytes;
    }

    std::vector<Input> inputs;

private:
    void add(const Command& command) {
        const auto id = static_cast<std::size_t>(command.order_id);
        if (quantities_.size() <= id) quantities_.resize(id + 1);
        switch (command.kind) {
            case Kind::gtc:
            case Kind::ioc:
                return place(command);
            case Kind::cancel:
                inputs.emplace_back(CancelOrder{next(), command.order_id});
                return;
            case Kind::move:
                inputs.emplace_back(AmendOrder{next(), 1, command.order_id, {0}, {command.price}});
                return;
            case Kind::reduce:
                quantities_[id] = std::max<std::int64_t>(quantities_[id] - command.lots, 1);
                inputs.emplace_back(AmendOrder{next(), 1, command.order_id, {quantities_[id]}, {0}});
        }
    }

    void place(const Command& command) {
        quantities_[static_cast<std::size_t>(command.order_id)] = command.lots;
        PlaceOrder order;
        order.command_sequence = next();
        order.valid_until_ns = 1;
        order.order_id = command.order_id;
        order.account_id = order.user_id = command.account;
        order.instrument_id = 1;
        order.side = command.side;
        order.time_in_force = command.kind == Kind::ioc ? TimeInForce::ioc : TimeInForce::gtc;
        order.quantity = {std::max<std::int64_t>(command.lots, 1)};
        order.price = {command.price};
        inputs.emplace_back(order);
    }

    [[nodiscard]] std::int64_t next() const { return static_cast<std::int64_t>(kUsers + inputs.size() + 1); }

    std::vector<std::int64_t> quantities_;  // by order id
};

void set_up(EngineService& service) {
    auto& queue = service.queue();
    queue.push([](Writer& writer) {
        ListInstrument listing;
        listing.instrument_id = 1;
        listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
        listing.collar_floor_ticks = kPriceTicksMax;
        codec::encode(writer, 1, listing);
    });
    queue.push([](Writer& writer) {
        Quotes quotes;
        quotes.instrument_id = 1;
        quotes.mark_ticks = kMark;
        codec::encode(writer, 1, SetQuotes{1});
        writer.number(1);
        codec::put_quotes(writer, quotes);
    });
    for (std::uint32_t user = 1; user <= kUsers; ++user) {
        SetLimits limits;
        limits.command_sequence = user;
        limits.account_id = user;
        limits.limits = {kQuantityLotsMax, 1LL << 60, 1LL << 60, 1LL << 60, 10'000};
        queue.push_command(user, [&](Writer& writer) { codec::encode(writer, 1, limits); });
    }
    if (!service.flush(kSetUpMax)) throw EngineHalted(service.state());
    static_cast<void>(service.drain(kDrainedAtOnce));
}

/// Puts batches in when they are due.
void produce(EngineService& service, const Flow& flow, const JournalLoad& load, Clock::time_point start,
             std::vector<std::int64_t>& due) {
    for (std::size_t first = 0; first < flow.inputs.size(); first += load.batch) {
        auto at = Clock::now();
        if (load.rate > 0) {
            at = start + std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(first) / load.rate * 1e9));
            std::this_thread::sleep_until(at);
        }
        due[first / load.batch] = nanoseconds(at - start);
        for (std::size_t i = first; i < std::min(first + load.batch, flow.inputs.size());) {
            try {
                service.queue().push_command(static_cast<std::int64_t>(kUsers + i + 1), [&](Writer& writer) {
                    encode(writer, flow.inputs[i]);
                });
                ++i;
            } catch (const QueueFull&) {
                std::this_thread::sleep_for(kFullWait);
            }
        }
    }
}

/// Drains until everything is acknowledged; returns when each batch was.
std::vector<std::int64_t> consume(EngineService& service, std::size_t commands, std::size_t batch,
                                  Clock::time_point start, std::size_t& groups) {
    std::vector<std::int64_t> read_at;
    std::vector<Event> events;
    events.reserve(kDrainedAtOnce);
    std::size_t acknowledged = 0;
    while (acknowledged < commands) {
        pollfd ready{service.event_descriptor(), POLLIN, 0};
        static_cast<void>(::poll(&ready, 1, kPollMilliseconds));
        const auto sequence = static_cast<std::size_t>(service.command_sequence()) - kUsers;
        const std::int64_t now = nanoseconds(Clock::now() - start);
        if (sequence > acknowledged) ++groups;
        acknowledged = sequence;
        while (read_at.size() < (acknowledged == commands ? (commands + batch - 1) / batch : acknowledged / batch)) {
            read_at.push_back(now);
        }
        service.drain(kDrainedAtOnce, events);
        if (service.state() != "running") throw EngineHalted(service.state());
    }
    return read_at;
}

}  // namespace

JournalResult run_journal(EngineService& service, const JournalLoad& load) {
    const Flow flow(load);
    set_up(service);
    std::vector<std::int64_t> due((flow.inputs.size() + load.batch - 1) / load.batch);
    JournalResult result;
    service.times().clear();
    const std::int64_t cpu_before = processor_ns();
    const auto start = Clock::now();
    std::thread producer([&] {
        name_thread("producer");
        produce(service, flow, load, start, due);
        result.producer_cpu_ns = processor_ns();
    });
    std::vector<std::int64_t> latencies = consume(service, flow.inputs.size(), load.batch, start, result.groups);
    result.consumer_cpu_ns = processor_ns() - cpu_before;
    producer.join();
    result.commands = flow.inputs.size();
    result.seconds = static_cast<double>(latencies.back()) / 1e9;
    for (std::size_t i = 0; i < latencies.size(); ++i) latencies[i] -= due[i];
    result.bytes = flow.bytes();
    std::sort(latencies.begin(), latencies.end());
    result.p50_ns = percentile(latencies, 0.5);
    result.p99_ns = percentile(latencies, 0.99);
    result.p999_ns = percentile(latencies, 0.999);
    result.most_ns = latencies.back();
    return result;
}

FloorResult run_journal_floor(const std::filesystem::path& folder, std::uint64_t bytes, std::size_t group_bytes) {
    PosixStorage storage(folder, true);
    const auto file = storage.open("floor", OpenMode::create);
    std::vector<std::uint8_t> group(group_bytes);
    for (std::uint64_t at = 0; at < bytes; at += group_bytes) file->write_at(at, group);
    file->sync();
    std::fill(group.begin(), group.end(), std::uint8_t{1});
    std::vector<std::int64_t> times;
    const auto start = Clock::now();
    for (std::uint64_t at = 0; at < bytes; at += group_bytes) {
        const auto before = Clock::now();
        file->write_at(at, group);
        file->sync();
        times.push_back(nanoseconds(Clock::now() - before));
    }
    FloorResult result;
    result.seconds = static_cast<double>(nanoseconds(Clock::now() - start)) / 1e9;
    std::sort(times.begin(), times.end());
    result.p50_ns = percentile(times, 0.5);
    result.p99_ns = percentile(times, 0.99);
    storage.remove("floor");
    return result;
}

}  // namespace parley::bench
