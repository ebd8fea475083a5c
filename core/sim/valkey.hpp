#pragma once

#include <deque>
#include <map>
#include <optional>

#include "base.hpp"
#include "command.hpp"
#include "parley/events.hpp"

namespace parley::sim {

/// The server could not be reached, or its answer did not come: the request may have had its effect.
struct Unavailable : std::runtime_error {
    Unavailable() : std::runtime_error("Valkey is unavailable") {}
};
/// The server refused, e.g. an entry whose id is not beyond the stream's last.
struct ResponseError : std::runtime_error {
    ResponseError() : std::runtime_error("Valkey refused an entry") {}
};

struct EntryId {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    friend auto operator<=>(const EntryId&, const EntryId&) = default;
};

template <typename Body>
struct Stream {
    std::map<EntryId, Body> entries;
    EntryId last;

    /// False where the id is not beyond the last.
    bool add(EntryId id, Body body) {
        if (id <= last) return false;
        last = id;
        entries.emplace(id, std::move(body));
        return true;
    }
    void remove() {
        entries.clear();
        last = {};
    }
};

struct NumberedCommand {
    std::int64_t sequence = 0;
    Command command;
};

struct EventWatermark {
    std::int64_t number = 0;
    EntryId id;
};

/// A server with two streams and two watermarks, behind a network that loses, delays, doubles and cuts requests. It may
/// be killed (and comes back empty), flushed or paused, and may lose single entries.
class Valkey {
public:
    Stream<NumberedCommand> commands;
    Stream<Event> events;
    std::optional<std::int64_t> commands_taken;
    std::optional<EventWatermark> events_projected;

    explicit Valkey(Context& context) : context_(context) {}

    using Request = std::function<void(Valkey&)>;

    /// A request that changes something: `effect`, which owns what it needs, may run once, twice, later, or not at all,
    /// and the caller may not get to know it.
    void write(const Request& effect);
    /// A request that only reads: it and its answer arrive, or not.
    template <typename Read>
    auto read(Read&& from) {
        require_reachable();
        if (context_.strikes(Fault::request_lost, 4)) throw Unavailable();
        return from(static_cast<const Valkey&>(*this));
    }
    /// Requests sent together without a transaction: perhaps only the first of them arrive. Throws ResponseError where
    /// the server refused one of them.
    using Part = std::function<bool(Valkey&)>;
    void pipeline(std::vector<Part> parts);

    /// Late requests arrive, pauses end, faults strike.
    void step();

private:
    void require_reachable();
    void kill();
    void flush();

    struct Late {
        TimeNs at;
        Request effect;
    };
    static constexpr std::size_t kLateMax = 64;

    Context& context_;
    TimeNs down_until_ = 0;
    std::deque<Late> late_;
};

}  // namespace parley::sim
