#include "world.hpp"

namespace parley::sim {
namespace {

/// Real time that everything has to come to rest in once the faults stop.
constexpr TimeNs kSettleMost = 30 * kSecond;
constexpr TimeNs kHealStep = 10 * kMillisecond;

EngineService::Options options_from(Random& random) {
    EngineService::Options options;
    options.segment_bytes = static_cast<std::uint64_t>(random.between(1'000, 30'000));
    options.snapshot_interval = static_cast<std::uint64_t>(random.between(20, 400));
    options.queue_capacity = static_cast<std::size_t>(random.between(3, 40));
    options.retained_segments = random.chance(250) ? 2 : 1'000'000;
    return options;
}

}  // namespace

World::World(const Settings& settings)
    : context_{.random = Random(settings.seed), .clock = {}, .faults = {}, .trace = Trace(settings.is_traced)},
      settings_(settings), valkey_(context_), database_(&context_), mirror_(database_),
      clients_(context_, database_), market_(context_), sessions_(context_, clients_), dispatcher_(context_, database_, valkey_),
      storage_(std::make_shared<MemoryStorage>()), options_(options_from(context_.random)) {
    context_.is_faulty = settings.is_faulty;
    storage_->set_on_operation([this](const DiskOperation& operation) { return on_disk(operation); });
    clients_.open();
}

Outcome World::run() {
    Outcome outcome;
    try {
        for (std::uint64_t at = 0; at < settings_.steps; ++at) step();
        heal();
        insist_at_end();
        outcome.digest = digest();
    } catch (const std::exception& error) {
        outcome.violation = error.what();
    }
    outcome.faults = context_.faults;
    outcome.steps = context_.trace.step;
    outcome.lives = lives_;
    outcome.commands = mirror_.last_command();
    outcome.events = mirror_.number();
    outcome.trace = context_.trace.lines();
    return outcome;
}

void World::step() {
    ++context_.trace.step;
    step_clock();
    if (context_.trace.step == settings_.steps / 2) market_.deliver();
    valkey_.step();
    strike();
    if (!gateway_ && context_.clock.monotonic() >= restart_at_) restart();
    act(context_.random.between(0, 99));
    watch();
}

void World::step_clock() {
    context_.clock.advance(context_.random.between(0, 20) * kMillisecond);
    if (context_.random.chance(5)) context_.clock.advance(context_.random.between(100, 3'000) * kMillisecond);
    if (context_.strikes(Fault::clock_jumped, 1)) context_.clock.jump(context_.random.chance(500) ? kHour : -kHour);
    if (context_.strikes(Fault::clock_slewed, 1)) context_.clock.slew(context_.random.between(-500, 500));
}

void World::act(std::int64_t dice) {
    if (dice < 14) return clients_.step(market_.mids());
    if (dice < 26) return dispatcher_.step_relay();
    if (dice < 38) {
        if (dispatcher_.step_projector() && gateway_ && kill_.is_armed(Fault::killed_after_projection)) {
            kill_.strike(context_);
            die();
        }
        return;
    }
    if (gateway_) step_gateway(dice);
}

void World::step_gateway(std::int64_t dice) {
    try {
        if (dice < 54) {
            gateway_->step_commands();
        } else if (dice < 61) {
            market_.step(gateway_->service());
        } else if (dice < 64) {
            sessions_.step(gateway_->service(), market_.mids());
        } else if (dice < 76) {
            gateway_->step_engine();
        } else if (dice < 84) {
            gateway_->drain();
        } else if (dice < 95) {
            gateway_->step_publisher();
        } else {
            gateway_->step_watermark();
        }
    } catch (const GatewayKilled&) {
        return die();
    }
    if (is_dead_ || has_lost_power_) die();
}

/// The oracles that can be asked at any moment.
void World::watch() {
    if (!gateway_) return;
    EngineService& service = gateway_->service();
    const std::string state = service.state();
    if (state.starts_with("halted")) {
        insist(has_disk_failed_, "engine", state + " though the disk is well: " + service.recovery());
        if (halted_event_number_ < 0) halted_event_number_ = service.event_number();
        insist(service.event_number() == halted_event_number_, "S04", "an event was released after the journal failed");
        if (context_.random.chance(50)) die();
        return;
    }
    if (mirror_.number() != service.event_number() || compared_at_ == mirror_.number()) return;
    compared_at_ = mirror_.number();
    service.read([this](const Engine& engine) { mirror_.compare(engine); });
    if (context_.random.chance(20)) insist_on_power_loss();
}

void World::heal() {
    context_.is_faulty = false;
    planned_ = Fault::count;
    kill_.arm(Fault::count);
    context_.clock.slew(0);
    if (gateway_ && gateway_->service().state().starts_with("halted")) die();
    const TimeNs until = context_.clock.monotonic() + kSettleMost + 10 * kSecond;
    while (context_.clock.monotonic() < until) {
        ++context_.trace.step;
        context_.clock.advance(kHealStep);
        valkey_.step();
        if (!gateway_) restart();
        static_cast<void>(clients_.settle_answers());
        dispatcher_.step_relay();
        for (const std::int64_t dice : {40, 70, 80, 80, 90, 96}) step_gateway(dice);
        static_cast<void>(dispatcher_.step_projector());
        watch();
        if (is_quiet()) return;
    }
    throw Violation("O8: not everything was taken, answered and projected 30 s after the faults ended: given " +
                    std::to_string(database_.cursor.given) + ", answered " + std::to_string(mirror_.last_command()) +
                    ", released " + std::to_string(mirror_.number()) + ", projected " +
                    std::to_string(database_.cursor.event_number));
}

bool World::is_quiet() {
    return clients_.settle_answers() && !database_.has_unnumbered() &&
           mirror_.last_command() == database_.cursor.given &&
           gateway_->service().command_sequence() == database_.cursor.given && mirror_.number() == gateway_->service().event_number() &&
           database_.cursor.event_number == mirror_.number();
}

void World::insist_at_end() {
    gateway_->service().read([this](const Engine& engine) { mirror_.compare(engine); });
    mirror_.compare(database_);
    clients_.insist_on_acknowledged();
    insist_on_hashes();
    insist_on_twin();
}

/// The fault-free twin of the projection: every event once, in order, into an empty database.
void World::insist_on_twin() {
    Database twin(nullptr);
    for (const auto& [id, row] : database_.orders) {
        if (id < kEnteredOrdersFrom) twin.orders[id].terms = row.terms;
    }
    twin.blocks = database_.blocks;
    for (const Event& event : mirror_.history()) twin.apply(event);
    insist(twin.orders == database_.orders, "twin", "orders differ from those of the fault-free twin");
    insist(twin.fills == database_.fills, "twin", "fills differ from those of the fault-free twin");
    insist(twin.positions == database_.positions && twin.ledger == database_.ledger, "twin",
           "ledger or positions differ from those of the fault-free twin");
}

std::uint64_t World::digest() const {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto mix = [&](auto value) { hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x100000001b3ULL; };
    for (const Event& event : mirror_.history()) {
        mix(event.journal_sequence);
        mix(event.at_ns);
        mix(event.kind);
        for (const std::int64_t value : event.values) mix(value);
    }
    for (const auto& [key, lots] : database_.fills) {
        mix(key.first);
        mix(lots);
    }
    return hash;
}

}  // namespace parley::sim
