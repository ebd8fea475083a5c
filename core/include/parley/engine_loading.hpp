#pragma once

#include <memory>
#include <string>

#include "parley/engine.hpp"
#include "parley/journal.hpp"
#include "parley/snapshot.hpp"

namespace parley {

/// Engine of the newest snapshot that belongs to the chain, that holds and that `accepts`, else a fresh one. `notes`
/// gets a word about snapshots that do not hold.
template <typename Accept>
[[nodiscard]] std::unique_ptr<Engine> load_newest(const Storage& storage, const Chain& chain, std::string& notes,
                                                  Accept&& accepts) {
    for (const SnapshotFile& file : list_snapshots(storage)) {
        if (!chain.holds(file.epoch, file.sequence) || !accepts(file)) continue;
        auto engine = std::make_unique<Engine>();
        const std::string why = load_snapshot(storage, file, *engine);
        if (why.empty()) return engine;
        notes += "snapshot " + std::to_string(file.sequence) + " passed over: " + why + "; ";
    }
    return std::make_unique<Engine>();
}

/// The damage, with what loading said of snapshots that were passed over: where the records before them are no longer
/// kept, they are the cause.
[[nodiscard]] inline JournalDamaged with_notes(const JournalDamaged& damage, const std::string& notes) {
    if (notes.empty()) return damage;
    return {damage.sequence, damage.why + "; " + notes +
                                 "where the records before a snapshot are no longer kept, only a build that reads the "
                                 "snapshot can open the journal: start the one that wrote it, or put the removed "
                                 "segments back"};
}

/// Applies the journal behind the engine's state. Throws JournalDamaged also where a record cannot be decoded.
template <typename OnEvents>
Scan apply_journal(const Storage& storage, Engine& engine, std::uint64_t last, Verify verify, OnEvents&& on_events) {
    std::vector<Event> events;
    return scan_journal(storage, engine.journal_sequence(), last, verify, [&](std::uint64_t sequence, auto payload) {
        try {
            engine.apply(sequence, payload, events);
        } catch (const BadEncoding& error) {
            throw JournalDamaged(sequence, error.what());
        }
        on_events(events);
        events.clear();
    });
}

}  // namespace parley
