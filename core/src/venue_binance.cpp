#include "parley/venue_json.hpp"

namespace parley {

namespace {

enum class Event : std::uint8_t { none, depth, trade, quote, other };

/// The fields of a Binance message as they come by. A field whose meaning hangs on one that comes later is kept as the
/// place where it stands.
struct Fields {
    Event event = Event::none;
    std::uint32_t slot = kNoSlot;
    bool has_symbol = false;
    bool has_levels[2] = {false, false};  // already in the buffer
    const char* side_at[2] = {nullptr, nullptr};      // b, a
    const char* best_lots_at[2] = {nullptr, nullptr};  // B, A
    const char* price_at = nullptr;
    const char* lots_at = nullptr;
    std::int64_t event_time_ms = 0;
    std::int64_t trade_time_ms = 0;
    std::int64_t first_id = 0;
    std::int64_t last_id = -1;
    std::int64_t previous_id = 0;
    std::int64_t snapshot_id = -1;
    std::int64_t trade_id = 0;
    bool is_buyer_maker = false;
};

Event to_event(std::string_view text) noexcept {
    if (text == "depthUpdate") return Event::depth;
    if (text == "trade" || text == "aggTrade") return Event::trade;
    return text == "bookTicker" ? Event::quote : Event::other;
}

class BinanceMessage {
public:
    BinanceMessage(JsonCursor& cursor, DecodeContext& context) : cursor_(cursor), context_(context) {
        fields_.slot = context.slot;
    }

    void read_object(int depth) {
        JsonMembers members(cursor_);
        while (members.next()) {
            const std::string_view key = members.key();
            if (key.size() == 1) {
                read_short(key[0]);
            } else if (key == "data" && depth == 0 && cursor_.peek() == '{') {
                read_object(depth + 1);
            } else {
                read_long(key);
            }
        }
    }

    void finish() {
        if (!cursor_.ok()) return;
        if (fields_.snapshot_id >= 0) return finish_snapshot();
        switch (fields_.event) {
            case Event::depth: return finish_depth();
            case Event::trade: return finish_trade();
            case Event::none:
            case Event::quote:
                if (fields_.best_lots_at[0] != nullptr) return finish_quote();
                [[fallthrough]];
            case Event::other: context_.out.drop_open();
        }
    }

private:
    void read_short(char key) {
        Fields& fields = fields_;
        switch (key) {
            case 'e': fields.event = to_event(cursor_.text()); return;
            case 'E': fields.event_time_ms = cursor_.integer(); return;
            case 'T': fields.trade_time_ms = cursor_.integer(); return;
            case 's': return read_symbol();
            case 'U': fields.first_id = cursor_.integer(); return;
            case 'u': fields.last_id = cursor_.integer(); return;
            case 'b': return read_side(Side::buy);
            case 'a': return read_side(Side::sell);
            case 'B': fields.best_lots_at[0] = keep_value(cursor_); return;
            case 'A': fields.best_lots_at[1] = keep_value(cursor_); return;
            case 'p': fields.price_at = keep_value(cursor_); return;
            case 'q': fields.lots_at = keep_value(cursor_); return;
            case 't': return read_trade_id();
            case 'm': fields.is_buyer_maker = cursor_.peek() == 't'; return cursor_.skip();
            default: return cursor_.skip();
        }
    }

    void read_long(std::string_view key) {
        if (key == "pu") {
            fields_.previous_id = cursor_.integer();
        } else if (key == "lastUpdateId") {
            fields_.snapshot_id = cursor_.integer();
        } else if (key == "bids") {
            read_side(Side::buy);
        } else if (key == "asks") {
            read_side(Side::sell);
        } else {
            cursor_.skip();
        }
    }

    void read_symbol() {
        if (cursor_.peek() != '"') return cursor_.skip();
        fields_.slot = context_.instruments.find(cursor_.text());
        fields_.has_symbol = true;
    }

    void read_trade_id() {
        const char first = cursor_.peek();
        if (first < '0' || first > '9') return cursor_.skip();
        fields_.trade_id = cursor_.integer();
    }

    /// Levels are read at once where their instrument is known; "a" may also be the number of an aggregate trade.
    void read_side(Side side) {
        const auto index = static_cast<std::size_t>(side);
        const char first = cursor_.peek();
        if (first == '[' && fields_.has_levels[index]) return cursor_.fail(FeedError::repeated_field);
        const bool is_snapshot = fields_.snapshot_id >= 0;
        const bool is_delta = fields_.event == Event::depth && fields_.has_symbol && !is_snapshot;
        if (first == '[' && fields_.slot != kNoSlot && fields_.side_at[index] == nullptr && (is_delta || is_snapshot)) {
            fields_.has_levels[index] = true;
            if (is_snapshot) push_clear();
            return read_levels(cursor_, side, context_.instruments[fields_.slot], context_.out);
        }
        if (first >= '0' && first <= '9') {
            fields_.trade_id = cursor_.integer();
            return;
        }
        if (first == '[' && fields_.side_at[index] != nullptr) return cursor_.fail(FeedError::repeated_field);
        fields_.side_at[index] = keep_value(cursor_);
    }

    void push_clear() {
        if (context_.out.open() == 0 && !context_.out.push(UpdateKind::clear, Side::buy, 0, 0)) {
            cursor_.fail(FeedError::too_many_updates);
        }
    }

    /// The levels of a side that came before what says how to read them.
    void read_kept_side(Side side) {
        const auto index = static_cast<std::size_t>(side);
        if (fields_.has_levels[index]) return;
        read_kept_value(cursor_, fields_.side_at[index], [&] {
            read_levels(cursor_, side, context_.instruments[fields_.slot], context_.out);
        });
    }

    std::int64_t read_kept(const char* at, DecimalScale scale) {
        std::int64_t units = 0;
        read_kept_value(cursor_, at, [&] { units = cursor_.decimal(scale); });
        return units;
    }

    [[nodiscard]] MessageHeader make_header() noexcept {
        MessageHeader header;
        header.venue_time_ns =
            to_time_ns(cursor_, fields_.trade_time_ms != 0 ? fields_.trade_time_ms : fields_.event_time_ms);
        header.receive_time_ns = context_.receive_time_ns;
        header.instrument_slot = fields_.slot;
        header.first_sequence = fields_.first_id;
        header.last_sequence = fields_.last_id;
        header.previous_sequence = fields_.previous_id;
        return header;
    }

    void finish_snapshot() {
        if (fields_.slot == kNoSlot) return context_.out.drop_open();
        push_clear();
        read_kept_side(Side::buy);
        read_kept_side(Side::sell);
        if (!cursor_.ok()) return;
        MessageHeader header = make_header();
        header.first_sequence = header.last_sequence = fields_.snapshot_id;
        header.is_snapshot = true;
        context_.out.finish(header);
    }

    void finish_depth() {
        if (fields_.slot == kNoSlot) return context_.out.drop_open();
        if (fields_.last_id < 0) return cursor_.fail(FeedError::missing_field);
        read_kept_side(Side::buy);
        read_kept_side(Side::sell);
        if (!cursor_.ok()) return;
        if (context_.out.open() == 0 && !context_.out.push(UpdateKind::advance, Side::buy, 0, 0)) return;
        context_.out.finish(make_header());
    }

    void finish_trade() {
        if (fields_.slot == kNoSlot) return context_.out.drop_open();
        const FeedInstrument& instrument = context_.instruments[fields_.slot];
        const std::int64_t price = read_kept(fields_.price_at, instrument.price_tick);
        const std::int64_t lots = read_kept(fields_.lots_at, instrument.lot);
        if (!cursor_.ok()) return;
        const Side taker = fields_.is_buyer_maker ? Side::sell : Side::buy;
        if (!context_.out.push(UpdateKind::trade, taker, price, lots)) return;
        MessageHeader header = make_header();
        header.first_sequence = header.last_sequence = fields_.trade_id;
        context_.out.finish(header);
    }

    void finish_quote() {
        if (fields_.slot == kNoSlot) return context_.out.drop_open();
        const FeedInstrument& instrument = context_.instruments[fields_.slot];
        for (const Side side : {Side::buy, Side::sell}) {
            const auto index = static_cast<std::size_t>(side);
            const std::int64_t price = read_kept(fields_.side_at[index], instrument.price_tick);
            const std::int64_t lots = read_kept(fields_.best_lots_at[index], instrument.lot);
            if (!cursor_.ok() || !context_.out.push(UpdateKind::quote, side, price, lots)) return;
        }
        MessageHeader header = make_header();
        header.first_sequence = header.last_sequence;
        context_.out.finish(header);
    }

    JsonCursor& cursor_;
    DecodeContext& context_;
    Fields fields_;
};

}  // namespace

void decode_binance(JsonCursor& cursor, DecodeContext& context) {
    BinanceMessage message(cursor, context);
    message.read_object(0);
    message.finish();
}

}  // namespace parley
