#pragma once

#include <deque>
#include <memory>

#include "base.hpp"
#include "parley/engine_service.hpp"
#include "parley/memory_storage.hpp"
#include "valkey.hpp"

namespace parley::sim {

/// The process dies here and now.
struct GatewayKilled : std::runtime_error {
    GatewayKilled() : std::runtime_error("the gateway was killed") {}
};

/// A place at which the gateway shall die, armed by the world.
class KillPoint {
public:
    void arm(Fault point) noexcept { armed_ = point; }
    [[nodiscard]] bool is_armed(Fault point) const noexcept { return armed_ == point; }
    /// Dies if this is the place.
    void reach(Context& context, Fault point) {
        if (armed_ != point) return;
        strike(context);
        throw GatewayKilled();
    }
    void strike(Context& context) {
        context.faults.fire(armed_);
        context.trace.note([&] { return "FAULT " + std::string(fault_name(armed_)); });
        armed_ = Fault::count;
    }

private:
    Fault armed_ = Fault::count;
};

using OnEvent = std::function<void(const Event&)>;

/// gateway/commands.py: each number once and in order; the watermark says what is on disk.
class CommandReader {
public:
    CommandReader(Context& context, EngineService& service, Valkey& valkey, KillPoint& kill)
        : context_(context), service_(service), valkey_(valkey), kill_(kill), taken_(service.command_sequence()) {}
    void step();
    void step_watermark();

private:
    /// False where the entry is not the next one, or the queue is full: read again.
    bool take(EntryId id, const NumberedCommand& command);

    Context& context_;
    EngineService& service_;
    Valkey& valkey_;
    KillPoint& kill_;
    std::int64_t taken_;
    TimeNs read_after_ = 0;
    TimeNs watermark_after_ = 0;
    bool is_stopped_ = false;
};

/// gateway/publisher.py: what was published is read back after every disturbance, what is missing comes from the journal.
class Publisher {
public:
    Publisher(Context& context, EngineService& service, Valkey& valkey, KillPoint& kill, OnEvent on_event)
        : context_(context), service_(service), valkey_(valkey), kill_(kill), on_event_(std::move(on_event)),
          newest_(service.event_number()), newest_at_start_(newest_) {}
    void drain();
    void step();
    [[nodiscard]] bool has_agreed() const noexcept { return has_agreed_; }

private:
    void advance();
    void synchronize();
    [[nodiscard]] bool agree();
    [[nodiscard]] bool is_own(std::int64_t watermark);
    [[nodiscard]] std::optional<std::int64_t> find_own_number(EntryId id, const Event& entry);
    void read_watermark();
    bool publish_batch();
    void check();
    void rebuild(std::int64_t watermark);
    [[nodiscard]] std::vector<Event> events_after(std::int64_t number, std::size_t count);
    [[nodiscard]] bool is_full() const noexcept;
    void sleep(TimeNs most) noexcept { wake_at_ = context_.clock.monotonic() + most; }

    Context& context_;
    EngineService& service_;
    Valkey& valkey_;
    KillPoint& kill_;
    OnEvent on_event_;
    std::deque<Event> buffer_;
    std::int64_t newest_;
    std::int64_t newest_at_start_;
    std::int64_t handed_out_ = 0;
    std::int64_t published_ = 0;
    std::optional<EventWatermark> watermark_;
    std::int64_t stalled_at_ = -1;
    TimeNs stalled_since_ = 0;
    TimeNs checked_at_ = 0;
    TimeNs wake_at_ = 0;
    int refusals_ = 0;
    bool has_agreed_ = false;
    bool is_synchronized_ = false;
};

/// One life of the gateway's process: opens and recovers the journal, or throws what makes a start impossible.
class Gateway {
public:
    Gateway(Context& context, Valkey& valkey, KillPoint& kill, std::shared_ptr<Storage> storage,
            EngineService::Options options, OnEvent on_event)
        : service_(std::move(storage), options), reader_(context, service_, valkey, kill),
          publisher_(context, service_, valkey, kill, std::move(on_event)) {}

    void step_commands() {
        if (publisher_.has_agreed()) reader_.step();
    }
    void step_engine() { service_.step(); }
    void step_publisher() { publisher_.step(); }
    void drain() { publisher_.drain(); }
    void step_watermark() { reader_.step_watermark(); }
    [[nodiscard]] EngineService& service() noexcept { return service_; }

private:
    EngineService service_;
    CommandReader reader_;
    Publisher publisher_;
};

}  // namespace parley::sim
