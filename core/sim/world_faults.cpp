#include <cerrno>

#include "world.hpp"

namespace parley::sim {

/// Faults of processes and machines; those of network and database strike where they are used.
void World::strike() {
    if (!context_.is_faulty) return;
    if (context_.strikes(Fault::dispatcher_killed, 2)) dispatcher_.restart();
    if (!gateway_) return;
    if (context_.random.chance(6)) arm_kill_point();
    if (planned_ == Fault::count && context_.random.chance(8)) arm_disk();
    if (context_.strikes(Fault::gateway_killed, 1)) return die();
    if (context_.strikes(Fault::power_lost, 1)) {
        storage_->lose_power();
        has_lost_power_ = true;
        die();
    }
}

void World::arm_kill_point() {
    constexpr Fault points[] = {Fault::killed_before_journal, Fault::killed_after_sync,
                                Fault::killed_before_publishing, Fault::killed_after_publishing,
                                Fault::killed_after_projection};
    kill_.arm(points[context_.random.below(std::size(points))]);
}

void World::arm_disk() {
    constexpr Fault plans[] = {Fault::killed_at_disk_operation, Fault::power_lost_at_disk_operation,
                               Fault::power_lost_at_disk_operation, Fault::write_failed, Fault::sync_failed,
                               Fault::disk_full};
    planned_ = plans[context_.random.below(std::size(plans))];
    planned_in_ = context_.random.between(1, 40);
}

DiskFault World::on_disk(const DiskOperation& operation) {
    if (is_dead_) throw GatewayKilled();
    if (was_journal_synced_ && kill_.is_armed(Fault::killed_after_sync)) {
        kill_.strike(context_);
        is_dead_ = has_disk_failed_ = true;
        throw GatewayKilled();
    }
    was_journal_synced_ = operation.kind == DiskOperation::Kind::sync && operation.name.ends_with(".journal");
    if (planned_ == Fault::count || --planned_in_ > 0) return {};
    return answer_planned(operation);
}

DiskFault World::answer_planned(const DiskOperation& operation) {
    const bool is_write = operation.kind == DiskOperation::Kind::write;
    const bool is_sync = operation.kind == DiskOperation::Kind::sync;
    if ((planned_ == Fault::write_failed || planned_ == Fault::disk_full) && !is_write) return {};
    if (planned_ == Fault::sync_failed && !is_sync) return {};
    const Fault fault = std::exchange(planned_, Fault::count);
    context_.faults.fire(fault);
    context_.trace.note([&] { return "FAULT " + std::string(fault_name(fault)) + " of " + operation.name; });
    has_disk_failed_ = true;
    if (fault == Fault::sync_failed) return {EIO, 0};
    if (is_write && fault == Fault::write_failed) return {EIO, context_.random.below(operation.bytes + 1)};
    if (is_write && fault == Fault::disk_full) return {ENOSPC, context_.random.below(operation.bytes + 1)};
    if (fault == Fault::power_lost_at_disk_operation) {
        storage_->lose_power();
        has_lost_power_ = true;
        return {};
    }
    is_dead_ = true;
    throw GatewayKilled();
}

/// The process is gone. Its machine may be too: then the power is off already, or goes now.
void World::die() {
    const bool is_halted = gateway_->service().state().starts_with("halted");
    if (is_halted && !has_lost_power_ && context_.random.chance(300)) {
        context_.faults.fire(Fault::power_lost);
        storage_->lose_power();
        has_lost_power_ = true;
    }
    context_.trace.note([&] { return has_lost_power_ ? "the machine is down" : "the gateway is down"; });
    gateway_.reset();
    restart_at_ = context_.clock.monotonic() + context_.random.between(10, 3'000) * kMillisecond;
}

void World::restart() {
    if (std::exchange(has_lost_power_, false)) {
        storage_->restore_power(context_.random.next());
        has_durable_mark_ = false;
    } else {
        storage_->crash();
    }
    is_dead_ = has_disk_failed_ = was_journal_synced_ = false;
    halted_event_number_ = compared_at_ = -1;
    try {
        open_gateway();
    } catch (const GatewayKilled&) {
    } catch (const PowerIsOff&) {
    } catch (const std::system_error&) {
        insist(has_disk_failed_, "engine", "a start failed though the disk is well");
    }
    if (!gateway_ || is_dead_ || has_lost_power_) {
        gateway_.reset();
        restart_at_ = context_.clock.monotonic() + 100 * kMillisecond;
        return;
    }
    has_durable_mark_ = true;
    insist_on_recovery();
    if (is_dead_ || has_lost_power_) return die();
    try {
        market_.list(gateway_->service());
    } catch (const QueueFull&) {
        context_.faults.fire(Fault::queue_full);
    } catch (const EngineHalted&) {
        insist(has_disk_failed_, "engine", "halted at its start though the disk is well");
    }
}

void World::open_gateway() {
    const bool may_flip = has_durable_mark_ && planned_ == Fault::count;
    const auto flip = may_flip ? flip_byte() : std::nullopt;
    ++lives_;
    const auto open = [this] {
        gateway_ = std::make_unique<Gateway>(context_, valkey_, kill_, storage_, options_,
                                             [this](const Event& event) { mirror_.observe(event); });
    };
    if (!flip) return open();
    try {
        open();
    } catch (const JournalDamaged& damage) {
        context_.trace.note([&] { return std::string("refused to start: ") + damage.what(); });
    }
    flip_back(*flip);
    if (gateway_) return;
    storage_->crash();
    open();
}

/// Only where the machine stayed up: a mark of the durable sequence that the power took proves nothing any more.
std::optional<World::Flip> World::flip_byte() {
    if (!context_.strikes(Fault::byte_flipped, 60)) return std::nullopt;
    const auto names = storage_->list();
    if (names.empty()) return std::nullopt;
    const std::string& name = names[context_.random.below(names.size())];
    const auto bytes = storage_->read(name);
    if (!bytes || bytes->empty()) return std::nullopt;
    Flip flip{name, context_.random.below(bytes->size()), static_cast<std::uint8_t>(1u << context_.random.below(8)), 0};
    flip.flipped = (*bytes)[flip.offset] ^ flip.mask;
    storage_->corrupt(flip.name, flip.offset, flip.mask);
    context_.trace.note([&] { return "flipped byte " + std::to_string(flip.offset) + " of " + flip.name; });
    return flip;
}

void World::flip_back(const Flip& flip) {
    const auto bytes = storage_->read(flip.name);
    const bool is_there = bytes && flip.offset < bytes->size() && (*bytes)[flip.offset] == flip.flipped;
    if (is_there) storage_->corrupt(flip.name, flip.offset, flip.mask);
}

/// What was released before is there again, the same; what was durable but never released is seen now.
void World::insist_on_recovery() {
    EngineService& service = gateway_->service();
    context_.trace.note([&] { return "recovered: " + service.recovery(); });
    insist(service.event_number() >= mirror_.number(), "O6",
           "released events are gone: " + std::to_string(mirror_.number()) + " were, " +
               std::to_string(service.event_number()) + " are");
    std::int64_t from = 1;
    while (from <= service.event_number()) {
        try {
            for (const Event& event : service.events_from(from, 1'000)) {
                mirror_.observe(event);
                from = event.number + 1;
            }
        } catch (const EventsReleased&) {
            insist(from <= database_.cursor.event_number, "O6", "events are released that nobody projected");
            from = database_.cursor.event_number + 1;
        }
    }
    service.read([this](const Engine& engine) { mirror_.compare(engine); });
    insist_on_hashes();
}

void World::insist_on_hashes() {
    EngineService& service = gateway_->service();
    service.step();
    if (service.state() != "ready") return;
    const std::string live = service.read([](const Engine& engine) { return engine.state_hash(); });
    insist(replay_folder(*storage_, false).state_hash == live, "O6", "the snapshot leads to another state");
    if (options_.retained_segments < 1'000) return;
    insist(replay_folder(*storage_, true).state_hash == live, "O6", "the genesis leads to another state");
}

/// The disk as it would be if the power failed now holds everything that was released.
void World::insist_on_power_loss() {
    const auto survivor = storage_->after_power_loss(context_.random.next());
    const Replay replay = replay_folder(*survivor, false);
    insist(replay.event_number >= mirror_.number(), "O5", "a power loss now would take what was released");
}

}  // namespace parley::sim
