#include "gateway.hpp"

namespace parley::sim {
namespace {

constexpr std::size_t kReadMax = 12;
constexpr TimeNs kGapWait = 100 * kMillisecond;
constexpr TimeNs kWatermarkEvery = 500 * kMillisecond;
constexpr std::size_t kDrainMax = 16;
constexpr std::size_t kPublishMax = 12;
constexpr std::size_t kBufferMax = 40;
constexpr std::int64_t kStreamEntriesMax = 60;
constexpr std::int64_t kTrimSlack = 10;
constexpr TimeNs kCheckEvery = 500 * kMillisecond;
constexpr TimeNs kFullWait = 100 * kMillisecond;
constexpr TimeNs kBackoff = 100 * kMillisecond;

EntryId entry_id(const Event& event) noexcept { return {event.journal_sequence, event.index}; }

std::vector<Valkey::Part> adding(const std::vector<Event>& events) {
    std::vector<Valkey::Part> parts;
    for (const Event& event : events) {
        parts.push_back([event](Valkey& valkey) { return valkey.events.add(entry_id(event), event); });
    }
    return parts;
}

}  // namespace

void CommandReader::step() {
    if (is_stopped_ || context_.clock.monotonic() < read_after_) return;
    try {
        const auto entries = valkey_.read([&](const Valkey& valkey) {
            std::vector<std::pair<EntryId, NumberedCommand>> found;
            const auto& all = valkey.commands.entries;
            const EntryId after{static_cast<std::uint64_t>(taken_), 0};
            for (auto at = all.upper_bound(after); at != all.end() && found.size() < kReadMax; ++at) {
                found.emplace_back(*at);
            }
            return found;
        });
        for (const auto& [id, command] : entries) {
            if (take(id, command)) continue;
            read_after_ = context_.clock.monotonic() + kGapWait;
            return;
        }
    } catch (const Unavailable&) {
        read_after_ = context_.clock.monotonic() + kBackoff;
    } catch (const EngineHalted&) {
        is_stopped_ = true;
    }
}

bool CommandReader::take(EntryId id, const NumberedCommand& command) {
    const auto sequence = static_cast<std::int64_t>(id.major);
    if (sequence != taken_ + 1) return false;
    const TimeNs now = context_.clock.wall();
    try {
        service_.queue().push_command(
            sequence, [&](Writer& writer) { encode_command(writer, now, sequence, command.command); });
    } catch (const QueueFull&) {
        context_.faults.fire(Fault::queue_full);
        return false;
    }
    taken_ = sequence;
    kill_.reach(context_, Fault::killed_before_journal);
    return true;
}

void CommandReader::step_watermark() {
    if (context_.clock.monotonic() < watermark_after_) return;
    const std::int64_t taken = service_.command_sequence();
    watermark_after_ = context_.clock.monotonic() + kWatermarkEvery;
    try {
        valkey_.write([taken](Valkey& valkey) { valkey.commands_taken = taken; });
    } catch (const Unavailable&) {
        watermark_after_ = context_.clock.monotonic() + kBackoff;
    }
}

void Publisher::drain() {
    for (const Event& event : service_.drain(kDrainMax).events) {
        insist(event.number == newest_ + 1, "publisher", "the engine's events have a gap");
        newest_ = event.number;
        buffer_.push_back(event);
        if (buffer_.size() > kBufferMax) buffer_.pop_front();
        on_event_(event);
        wake_at_ = 0;
    }
}

void Publisher::step() {
    if (context_.clock.monotonic() < wake_at_) return;
    try {
        advance();
    } catch (const Unavailable&) {
        is_synchronized_ = false;
        sleep(kBackoff);
    } catch (const ResponseError&) {
        ++refusals_;
        is_synchronized_ = false;
        sleep(kBackoff);
    } catch (const EventsReleased&) {
        is_synchronized_ = false;
        sleep(kCheckEvery);
    }
}

void Publisher::advance() {
    if (!is_synchronized_) {
        read_watermark();
        if (!agree()) return sleep(kCheckEvery);
        synchronize();
        is_synchronized_ = true;
        checked_at_ = context_.clock.monotonic();
        return;
    }
    const bool has_sent = publish_batch();
    if (context_.clock.monotonic() - checked_at_ >= kCheckEvery) {
        check();
        checked_at_ = context_.clock.monotonic();
    }
    if (!has_sent) sleep(is_full() ? kFullWait : kCheckEvery);
}

bool Publisher::agree() {
    if (has_agreed_) return true;
    if (!watermark_) return false;
    insist(is_own(watermark_->number), "publisher", "the database is ahead of the journal");
    return has_agreed_ = true;
}

bool Publisher::is_own(std::int64_t watermark) {
    if (watermark <= 0 || watermark > newest_at_start_) return watermark == 0;
    try {
        return entry_id(events_after(watermark - 1, 1).front()) == watermark_->id;
    } catch (const EventsReleased&) {
        return true;
    }
}

void Publisher::synchronize() {
    const auto last = valkey_.read([](const Valkey& valkey) -> std::optional<std::pair<EntryId, Event>> {
        if (valkey.events.entries.empty()) return std::nullopt;
        return *valkey.events.entries.rbegin();
    });
    auto own = last ? find_own_number(last->first, last->second) : std::nullopt;
    if ((last && !own) || refusals_ > 1) {
        valkey_.write([](Valkey& valkey) { valkey.events.remove(); });
        own.reset();
    }
    published_ = own.value_or(std::min(watermark_ ? watermark_->number : 0, newest_));
}

std::optional<std::int64_t> Publisher::find_own_number(EntryId id, const Event& entry) {
    if (entry.number < 1 || entry.number > newest_) return std::nullopt;
    if (entry_id(events_after(entry.number - 1, 1).front()) != id) return std::nullopt;
    return entry.number;
}

void Publisher::read_watermark() {
    const auto shown = valkey_.read([](const Valkey& valkey) { return valkey.events_projected; });
    if (shown) watermark_ = shown;
    const std::int64_t number = watermark_ ? watermark_->number : -1;
    if (number == stalled_at_) return;
    stalled_at_ = number;
    stalled_since_ = context_.clock.monotonic();
}

bool Publisher::is_full() const noexcept {
    return published_ - (watermark_ ? watermark_->number : 0) >= kStreamEntriesMax;
}

bool Publisher::publish_batch() {
    if (published_ >= newest_ || is_full()) return false;
    const auto events = events_after(published_, kPublishMax);
    handed_out_ = std::max(handed_out_, events.back().number);
    kill_.reach(context_, Fault::killed_before_publishing);
    valkey_.pipeline(adding(events));
    kill_.reach(context_, Fault::killed_after_publishing);
    published_ = events.back().number;
    refusals_ = 0;
    return true;
}

std::vector<Event> Publisher::events_after(std::int64_t number, std::size_t count) {
    if (!buffer_.empty() && buffer_.front().number <= number + 1) {
        const auto begin = buffer_.begin() + (number + 1 - buffer_.front().number);
        const auto available = static_cast<std::size_t>(buffer_.end() - begin);
        return {begin, begin + static_cast<std::ptrdiff_t>(std::min(count, available))};
    }
    auto events = service_.events_from(number + 1, count);
    insist(!events.empty() && events.front().number == number + 1, "publisher", "the journal lacks an event");
    for (const Event& event : events) on_event_(event);
    return events;
}

void Publisher::check() {
    read_watermark();
    if (!watermark_) return;
    insist(watermark_->number <= std::max(handed_out_, newest_at_start_), "publisher",
           "the database has seen an event that was never published");
    service_.release_events(watermark_->number);
    const auto unread = static_cast<std::size_t>(std::max<std::int64_t>(published_ - watermark_->number, 0));
    valkey_.write([unread](Valkey& valkey) {
        auto& entries = valkey.events.entries;
        while (entries.size() > unread + kTrimSlack) entries.erase(entries.begin());
    });
    const bool is_stalled = context_.clock.monotonic() - stalled_since_ >= kCheckEvery;
    if (!is_stalled || watermark_->number >= newest_) return;
    const EntryId missing = entry_id(events_after(watermark_->number, 1).front());
    if (watermark_->number >= published_) return;
    if (!valkey_.read([&](const Valkey& valkey) { return valkey.events.entries.contains(missing); })) {
        rebuild(watermark_->number);
    }
}

void Publisher::rebuild(std::int64_t watermark) {
    const auto events = events_after(watermark, kPublishMax);
    handed_out_ = std::max(handed_out_, events.back().number);
    valkey_.write([parts = adding(events)](Valkey& valkey) {
        valkey.events.remove();
        for (const Valkey::Part& part : parts) static_cast<void>(part(valkey));
    });
    published_ = events.back().number;
}

}  // namespace parley::sim
