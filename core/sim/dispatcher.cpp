#include "dispatcher.hpp"

namespace parley::sim {
namespace {

// The intervals are the real ones, the sizes small, so that every one of them is reached.
constexpr std::size_t kBatchCommandsMax = 20;
constexpr std::int64_t kStreamEntriesMax = 60;
constexpr TimeNs kResendAfter = 500 * kMillisecond;
constexpr TimeNs kRelayWatermarkEvery = 100 * kMillisecond;
constexpr std::size_t kBatchEventsMax = 20;
constexpr TimeNs kProjectorWatermarkEvery = 500 * kMillisecond;
constexpr TimeNs kBackoff = 100 * kMillisecond;

void insist_on_order(const std::vector<NumberedCommand>& commands, std::int64_t after) {
    for (const NumberedCommand& command : commands) {
        insist(command.sequence == ++after, "relay", "a command is missing from the outbox");
    }
}

Valkey::Part adding(const NumberedCommand& command) {
    return [command](Valkey& valkey) {
        return valkey.commands.add({static_cast<std::uint64_t>(command.sequence), 0}, command);
    };
}

}  // namespace

void Relay::step() {
    look_at_watermark();
    if (!taken_) return;
    if (!sent_ || is_lost()) return rebuild();
    if (*sent_ - *taken_ >= kStreamEntriesMax) return;
    std::vector<NumberedCommand> commands;
    if (*sent_ < given_) {
        commands = database_.read_after(*sent_, kBatchCommandsMax);
    } else {
        commands = database_.transaction([&] { return database_.number(kBatchCommandsMax); });
        given_ += static_cast<std::int64_t>(commands.size());
    }
    add(commands);
}

void Relay::look_at_watermark() {
    const TimeNs now = context_.clock.monotonic();
    if (sent_ && now < watermark_at_) return;
    watermark_at_ = now + kRelayWatermarkEvery;
    const auto taken = valkey_.read([](const Valkey& valkey) { return valkey.commands_taken; });
    if (!taken) return;
    if (taken != taken_) {
        if (taken_ && *taken < *taken_) sent_.reset();
        taken_ = taken;
        stands_since_ = now;
    }
    if (sent_ && *taken > *sent_) sent_.reset();
}

bool Relay::is_lost() {
    if (*taken_ >= *sent_) {
        stands_since_ = context_.clock.monotonic();
        return false;
    }
    if (context_.clock.monotonic() - stands_since_ < kResendAfter) return false;
    stands_since_ = context_.clock.monotonic();
    const EntryId next{static_cast<std::uint64_t>(*taken_ + 1), 0};
    return !valkey_.read([&](const Valkey& valkey) { return valkey.commands.entries.contains(next); });
}

void Relay::rebuild() {
    given_ = database_.cursor.given;
    insist(*taken_ <= given_, "relay", "the gateway has taken a command that was never given");
    const auto commands = database_.read_after(*taken_, kBatchCommandsMax);
    insist_on_order(commands, *taken_);
    valkey_.write([commands](Valkey& valkey) {
        valkey.commands.remove();
        for (const NumberedCommand& command : commands) static_cast<void>(adding(command)(valkey));
    });
    sent_ = commands.empty() ? *taken_ : commands.back().sequence;
    stands_since_ = context_.clock.monotonic();
}

void Relay::add(const std::vector<NumberedCommand>& commands) {
    if (commands.empty()) return;
    insist_on_order(commands, *sent_);
    const bool was_idle = *taken_ == *sent_;
    std::vector<Valkey::Part> parts;
    for (const NumberedCommand& command : commands) parts.push_back(adding(command));
    try {
        valkey_.pipeline(std::move(parts));
    } catch (const ResponseError&) {
        sent_.reset();
        return;
    }
    sent_ = commands.back().sequence;
    if (was_idle) stands_since_ = context_.clock.monotonic();
}

bool Projector::step() {
    const Database::Cursor cursor = database_.cursor;
    show_watermark(cursor.event_number, cursor.event_id, false);
    const auto events = read(cursor);
    if (events.empty()) return false;
    apply(events);
    if (context_.strikes(Fault::dispatcher_killed, 2)) throw DatabaseError();
    const Event& last = events.back();
    show_watermark(last.number, {last.journal_sequence, last.index}, true);
    return true;
}

std::vector<Event> Projector::read(const Database::Cursor& cursor) {
    const auto found = valkey_.read([&](const Valkey& valkey) {
        std::vector<Event> events;
        const auto& entries = valkey.events.entries;
        for (auto at = entries.upper_bound(cursor.event_id); at != entries.end() && events.size() < kBatchEventsMax;
             ++at) {
            events.push_back(at->second);
        }
        return events;
    });
    std::vector<Event> events;
    std::int64_t expected = cursor.event_number + 1;
    for (const Event& event : found) {
        if (event.number < expected) continue;
        if (event.number > expected) break;
        events.push_back(event);
        ++expected;
    }
    return events;
}

void Projector::apply(const std::vector<Event>& events) {
    const Event& last = events.back();
    database_.transaction([&] {
        insist(database_.cursor.event_number == events.front().number - 1, "projector", "the cursor was moved");
        for (const Event& event : events) database_.apply(event);
        database_.cursor.event_number = last.number;
        database_.cursor.event_id = {last.journal_sequence, last.index};
    });
    context_.trace.note([&] { return "projected events to " + std::to_string(last.number); });
    insist(database_.ledger.is_balanced(), "O1", "debits and credits differ");
}

void Projector::show_watermark(std::int64_t number, EntryId id, bool is_now) {
    const TimeNs now = context_.clock.monotonic();
    if (!is_now && now - shown_at_ < kProjectorWatermarkEvery) return;
    valkey_.write([=](Valkey& valkey) { valkey.events_projected = EventWatermark{number, id}; });
    shown_at_ = now;
}

void Dispatcher::restart() {
    relay_ = std::make_unique<Relay>(context_, database_, valkey_);
    projector_ = std::make_unique<Projector>(context_, database_, valkey_);
}

void Dispatcher::step_relay() {
    if (context_.clock.monotonic() < relay_after_) return;
    try {
        relay_->step();
        return;
    } catch (const Unavailable&) {
    } catch (const DatabaseError&) {
    }
    relay_ = std::make_unique<Relay>(context_, database_, valkey_);
    relay_after_ = context_.clock.monotonic() + kBackoff;
}

bool Dispatcher::step_projector() {
    if (context_.clock.monotonic() < projector_after_) return false;
    try {
        return projector_->step();
    } catch (const Unavailable&) {
    } catch (const DatabaseError&) {
    }
    projector_ = std::make_unique<Projector>(context_, database_, valkey_);
    projector_after_ = context_.clock.monotonic() + kBackoff;
    return false;
}

}  // namespace parley::sim
