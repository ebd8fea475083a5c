#include <cstring>
#include <span>

#include "parley/tight_level.hpp"
#include "parley/venue_json.hpp"

namespace parley {

namespace {

/// Reads levels without white space, as far as they go.
class TightLevels {
public:
    TightLevels(const FeedInstrument& instrument, Side side, UpdateBuffer& out)
        : price_(instrument.price_tick), lots_(instrument.lot), side_(side), out_(out), read_(tight_level_reader()) {}

    [[nodiscard]] bool is_usable() const noexcept {
        return read_ != nullptr && price_.gather != nullptr && lots_.gather != nullptr;
    }
    [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }

    /// Levels that start at `last` or before and end before `end`; the place of the first that was not taken.
    [[nodiscard]] const char* run(const char* at, const char* last, const char* end) {
        const std::span<FeedUpdate> room = out_.room();
        std::size_t count = 0;
        while (!is_whole_ && count != room.size() && at <= last) {
            FeedUpdate& update = room[count];
            const char* behind = read_(at, price_, lots_, update);
            if (behind == nullptr || behind >= end || (*behind != ',' && *behind != ']')) break;
            update.kind = UpdateKind::level;
            update.side = side_;
            ++count;
            is_whole_ = *behind == ']';
            at = behind + 1;
        }
        out_.commit(count);
        return at;
    }

private:
    TightScale price_;
    TightScale lots_;
    Side side_;
    UpdateBuffer& out_;
    ReadTightLevel read_;
    bool is_whole_ = false;
};

/// True if the levels went to the end of the list; otherwise the cursor is left before the first one that needs the
/// slow way. The end of the frame is read from a copy with room behind it.
bool read_tight_levels(JsonCursor& cursor, Side side, const FeedInstrument& instrument, UpdateBuffer& out) {
    TightLevels levels(instrument, side, out);
    const char* at = cursor.at();
    const char* end = cursor.end();
    if (!levels.is_usable() || at - cursor.begin() < kTightBehind) return false;
    if (end - at >= kTightAhead) at = levels.run(at, end - kTightAhead, end);
    if (!levels.is_whole() && end - at < kTightAhead) {
        char tail[kTightBehind + 2 * kTightAhead] = {};
        const auto size = static_cast<std::size_t>(end - at + kTightBehind);
        std::memcpy(tail, at - kTightBehind, size);
        const char* start = tail + kTightBehind;
        at += levels.run(start, tail + size, tail + size) - start;
    }
    cursor.move_to(at);
    return levels.is_whole();
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
