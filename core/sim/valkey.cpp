#include "valkey.hpp"

#include <memory>

namespace parley::sim {

void Valkey::require_reachable() {
    if (context_.clock.monotonic() < down_until_) throw Unavailable();
}

void Valkey::write(const Request& effect) {
    require_reachable();
    if (context_.strikes(Fault::request_lost, 8)) throw Unavailable();
    if (late_.size() < kLateMax && context_.strikes(Fault::request_late, 8)) {
        late_.push_back({context_.clock.monotonic() + context_.random.between(1, 3'000) * kMillisecond, effect});
        throw Unavailable();
    }
    if (context_.strikes(Fault::request_doubled, 4)) effect(*this);
    effect(*this);
    if (context_.strikes(Fault::answer_lost, 8)) throw Unavailable();
}

void Valkey::pipeline(std::vector<Part> parts) {
    require_reachable();
    if (parts.size() > 1 && context_.strikes(Fault::pipeline_cut, 15)) {
        const std::size_t arrived = context_.random.below(parts.size());
        for (std::size_t at = 0; at < arrived; ++at) static_cast<void>(parts[at](*this));
        throw Unavailable();
    }
    const auto is_refused = std::make_shared<bool>(false);
    write([is_refused, sent = std::move(parts)](Valkey& valkey) {
        for (const Part& part : sent) *is_refused |= !part(valkey);
    });
    if (*is_refused) throw ResponseError();
}

void Valkey::kill() {
    late_.clear();
    flush();
}

void Valkey::flush() {
    commands.remove();
    events.remove();
    commands_taken.reset();
    events_projected.reset();
}

void Valkey::step() {
    while (!late_.empty() && (late_.front().at <= context_.clock.monotonic() || !context_.is_faulty)) {
        const Request effect = std::move(late_.front().effect);
        late_.pop_front();
        effect(*this);
    }
    const auto pause = [&] { return context_.clock.monotonic() + context_.random.between(50, 5'000) * kMillisecond; };
    if (context_.strikes(Fault::valkey_killed, 1)) {
        kill();
        down_until_ = pause();
    } else if (context_.strikes(Fault::valkey_paused, 1)) {
        down_until_ = pause();
    } else if (context_.strikes(Fault::valkey_flushed, 1)) {
        flush();
    }
    if (!commands.entries.empty() && context_.strikes(Fault::entry_lost, 1)) {
        commands.entries.erase(commands.entries.begin());
    }
    if (!events.entries.empty() && context_.strikes(Fault::entry_lost, 1)) {
        auto lost = events.entries.begin();
        std::advance(lost, context_.random.below(events.entries.size()));
        events.entries.erase(lost);
    }
}

}  // namespace parley::sim
