#pragma once

#include <memory>

#include "database.hpp"
#include "valkey.hpp"

namespace parley::sim {

/// streams/relay.py, step by step: commands from the outbox into the stream.
class Relay {
public:
    Relay(Context& context, Database& database, Valkey& valkey)
        : context_(context), database_(database), valkey_(valkey) {}
    void step();

private:
    void look_at_watermark();
    [[nodiscard]] bool is_lost();
    void rebuild();
    void add(const std::vector<NumberedCommand>& commands);

    Context& context_;
    Database& database_;
    Valkey& valkey_;
    std::optional<std::int64_t> taken_;
    std::optional<std::int64_t> sent_;
    std::int64_t given_ = 0;
    TimeNs stands_since_ = 0;
    TimeNs watermark_at_ = 0;
};

/// streams/projector.py: events from the stream into the database, in order, each once, with the cursor.
class Projector {
public:
    Projector(Context& context, Database& database, Valkey& valkey)
        : context_(context), database_(database), valkey_(valkey) {}
    /// True where something was projected.
    bool step();

private:
    [[nodiscard]] std::vector<Event> read(const Database::Cursor& cursor);
    void apply(const std::vector<Event>& events);
    void show_watermark(std::int64_t number, EntryId id, bool is_now);

    Context& context_;
    Database& database_;
    Valkey& valkey_;
    TimeNs shown_at_ = -kHour;
};

/// terminal/dispatch.py: loops that start over after any failure.
class Dispatcher {
public:
    Dispatcher(Context& context, Database& database, Valkey& valkey)
        : context_(context), database_(database), valkey_(valkey) {
        restart();
    }
    void restart();
    void step_relay();
    bool step_projector();

private:
    Context& context_;
    Database& database_;
    Valkey& valkey_;
    std::unique_ptr<Relay> relay_;
    std::unique_ptr<Projector> projector_;
    TimeNs relay_after_ = 0;
    TimeNs projector_after_ = 0;
};

}  // namespace parley::sim
