#include <span>

#include "parley/tight_level.hpp"
#include "parley/venue_json.hpp"

namespace parley {

namespace {

/// Levels without white space as far as they go. True if they went to the end of the list; otherwise the cursor is
/// left before the first one that needs the slow way.
bool read_tight_levels(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    const TightScale price(instrument.price_tick);
    const TightScale lots(instrument.lot);
    const ReadTightLevel read = tight_level_reader();
    const char* at = cursor.at();
    if (read == nullptr || price.gather == nullptr || lots.gather == nullptr || at - cursor.begin() < kTightBehind ||
        cursor.end() - at < kTightAhead) {
        return false;
    }
    const char* last = cursor.end() - kTightAhead;
    const std::span<FeedUpdate> room = out.room();
    std::size_t count = 0;
    bool is_whole = false;
    while (!is_whole && count != room.size() && at <= last) {
        FeedUpdate& update = room[count];
        const char* behind = read(at, price, lots, update);
        if (behind == nullptr || (*behind != ',' && *behind != ']')) break;
        update.kind = UpdateKind::level;
        update.side = side;
        ++count;
        is_whole = *behind == ']';
        at = behind + 1;
    }
    out.commit(count);
    cursor.move_to(at);
    return is_whole;
}

void read_level(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    JsonElements parts(cursor);
    std::int64_t values[2] = {0, 0};
    int count = 0;
    for (; parts.next(); ++count) {
        if (count < 2) {
            values[count] = cursor.decimal(count == 0 ? instrument.price_tick : instrument.lot);
        } else {
            cursor.skip();
        }
    }
    if (count < 2) cursor.fail(FeedError::missing_field);
    if (cursor.ok() && !out.push(UpdateKind::level, side, values[0], values[1])) cursor.fail(FeedError::too_many_updates);
}

}  // namespace

void read_levels(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    cursor.expect('[');
    if (!cursor.ok() || cursor.take(']')) return;
    while (cursor.ok()) {
        static_cast<void>(cursor.peek());
        if (read_tight_levels(cursor, side, instrument, out)) return;
        read_level(cursor, side, instrument, out);
        if (!cursor.take(',')) return cursor.expect(']');
    }
}

}  // namespace parley
