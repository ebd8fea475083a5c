#include "parley/venue_json.hpp"

namespace parley {

namespace {

enum class Type : std::uint8_t { none, snapshot, change, match, ticker, heartbeat, other };

Type to_type(std::string_view text) noexcept {
    if (text == "l2update" || text == "update") return Type::change;
    if (text == "snapshot") return Type::snapshot;
    if (text == "match" || text == "last_match") return Type::match;
    if (text == "ticker") return Type::ticker;
    return text == "heartbeat" ? Type::heartbeat : Type::other;
}

/// buy or bid: false; sell, offer or ask: true. The Exchange writes small letters, Advanced Trade capitals.
bool is_sell_word(JsonCursor& cursor, std::string_view word) noexcept {
    if (word == "sell" || word == "SELL" || word == "offer" || word == "ask") return true;
    if (word != "buy" && word != "BUY" && word != "bid") cursor.fail(FeedError::bad_word);
    return false;
}

/// Fields of one message, one event of a channel or one trade; they come in any order.
struct Fields {
    Type type = Type::none;
    std::uint32_t slot = kNoSlot;
    bool is_sell = false;
    bool has_side = false;
    TimeNs time_ns = 0;
    std::int64_t sequence = 0;
    std::int64_t trade_id = 0;
    const char* bids_at = nullptr;
    const char* asks_at = nullptr;
    const char* changes_at = nullptr;
    const char* updates_at = nullptr;
    const char* price_at = nullptr;
    const char* size_at = nullptr;
    const char* best_price_at[2] = {nullptr, nullptr};
    const char* best_size_at[2] = {nullptr, nullptr};
};

enum class Channel : std::uint8_t { none, book, trades, ticker, other };

Channel to_channel(std::string_view text) noexcept {
    if (text == "l2_data") return Channel::book;
    if (text == "market_trades") return Channel::trades;
    return text == "ticker" ? Channel::ticker : Channel::other;
}

class CoinbaseMessage {
public:
    CoinbaseMessage(JsonCursor& cursor, DecodeContext& context) : cursor_(cursor), context_(context) {}

    /// A message of the Exchange names its type; one of Advanced Trade its channel, with events below.
    void read() {
        Channel channel = Channel::none;
        const char* events_at = nullptr;
        JsonMembers members(cursor_);
        while (members.next()) {
            const std::string_view key = members.key();
            if (key == "channel" && cursor_.peek() == '"') {
                channel = to_channel(cursor_.text());
            } else if (key == "events") {
                events_at = keep_value(cursor_);
            } else if (key == "sequence_num") {
                context_.connection_sequence = cursor_.integer();
            } else {
                read_field(key, fields_);
            }
        }
        if (!cursor_.ok()) return;
        if (channel == Channel::none) return finish(fields_);
        if (events_at == nullptr || channel == Channel::other) return;
        read_kept_value(cursor_, events_at, [&] { read_events(channel); });
    }

private:
    void read_field(std::string_view key, Fields& fields) {
        if (key == "type" && cursor_.peek() == '"') {
            fields.type = to_type(cursor_.text());
        } else if (key == "product_id" && cursor_.peek() == '"') {
            fields.slot = context_.instruments.find(cursor_.text());
        } else if (key == "time" || key == "timestamp" || key == "event_time") {
            read_time(fields);
        } else if (key == "sequence") {
            fields.sequence = cursor_.integer();
        } else if (key == "trade_id") {
            fields.trade_id = cursor_.integer();
        } else if (key == "side") {
            fields.is_sell = is_sell_word(cursor_, cursor_.text());
            fields.has_side = true;
        } else {
            keep_field(key, fields);
        }
    }

    void keep_field(std::string_view key, Fields& fields) {
        const char* at = keep_value(cursor_);
        if (key == "bids") fields.bids_at = at;
        if (key == "asks") fields.asks_at = at;
        if (key == "changes") fields.changes_at = at;
        if (key == "updates") fields.updates_at = at;
        if (key == "price" || key == "price_level") fields.price_at = at;
        if (key == "size" || key == "new_quantity" || key == "last_size") fields.size_at = at;
        if (key == "best_bid") fields.best_price_at[0] = at;
        if (key == "best_ask") fields.best_price_at[1] = at;
        if (key == "best_bid_size" || key == "best_bid_quantity") fields.best_size_at[0] = at;
        if (key == "best_ask_size" || key == "best_ask_quantity") fields.best_size_at[1] = at;
    }

    void read_time(Fields& fields) {
        const std::string_view text = cursor_.text();
        if (cursor_.ok() && !parse_utc_time(text, fields.time_ns)) cursor_.fail(FeedError::bad_time);
    }

    void finish(const Fields& fields) {
        if (fields.slot == kNoSlot) return;
        switch (fields.type) {
            case Type::snapshot: return finish_snapshot(fields);
            case Type::change: return finish_changes(fields);
            case Type::match: return finish_match(fields);
            case Type::ticker: return finish_ticker(fields);
            case Type::heartbeat: return finish_heartbeat(fields);
            case Type::none:
            case Type::other: return;
        }
    }

    [[nodiscard]] MessageHeader make_header(const Fields& fields) const noexcept {
        MessageHeader header;
        header.venue_time_ns = fields.time_ns;
        header.receive_time_ns = context_.receive_time_ns;
        header.instrument_slot = fields.slot;
        header.first_sequence = header.last_sequence = fields.sequence;
        return header;
    }

    [[nodiscard]] const FeedInstrument& instrument_of(const Fields& fields) const noexcept {
        return context_.instruments[fields.slot];
    }

    [[nodiscard]] std::int64_t read_kept(const char* at, DecimalScale scale) {
        std::int64_t units = 0;
        read_kept_value(cursor_, at, [&] { units = cursor_.decimal(scale); });
        return units;
    }

    void push(UpdateKind kind, Side side, std::int64_t price, std::int64_t lots) {
        if (cursor_.ok() && !context_.out.push(kind, side, price, lots)) cursor_.fail(FeedError::too_many_updates);
    }

    void end_message(const MessageHeader& header) {
        if (cursor_.ok()) context_.out.finish(header);
    }

    void finish_snapshot(const Fields& fields) {
        push(UpdateKind::clear, Side::buy, 0, 0);
        const FeedInstrument& instrument = instrument_of(fields);
        read_kept_value(cursor_, fields.bids_at, [&] { read_levels(cursor_, Side::buy, instrument, context_.out); });
        read_kept_value(cursor_, fields.asks_at, [&] { read_levels(cursor_, Side::sell, instrument, context_.out); });
        MessageHeader header = make_header(fields);
        header.is_snapshot = true;
        end_message(header);
    }

    /// [["sell", "0.00001306", "660.5"], ...]
    void finish_changes(const Fields& fields) {
        const FeedInstrument& instrument = instrument_of(fields);
        read_kept_value(cursor_, fields.changes_at, [&] {
            JsonElements changes(cursor_);
            while (changes.next()) {
                cursor_.expect('[');
                const Side side = is_sell_word(cursor_, cursor_.text()) ? Side::sell : Side::buy;
                cursor_.expect(',');
                const std::int64_t price = cursor_.decimal(instrument.price_tick);
                cursor_.expect(',');
                const std::int64_t lots = cursor_.decimal(instrument.lot);
                cursor_.expect(']');
                push(UpdateKind::level, side, price, lots);
            }
        });
        if (context_.out.open() == 0) push(UpdateKind::advance, Side::buy, 0, 0);
        end_message(make_header(fields));
    }

    /// The venue names the side of the maker; ours is the taker's.
    void finish_match(const Fields& fields) {
        if (!fields.has_side) return cursor_.fail(FeedError::missing_field);
        const std::int64_t price = read_kept(fields.price_at, instrument_of(fields).price_tick);
        const std::int64_t lots = read_kept(fields.size_at, instrument_of(fields).lot);
        push(UpdateKind::trade, fields.is_sell ? Side::buy : Side::sell, price, lots);
        MessageHeader header = make_header(fields);
        header.first_sequence = header.last_sequence = fields.trade_id;
        end_message(header);
    }

    /// Older tickers name best prices without their sizes: 1 lot then stands for "some".
    void finish_ticker(const Fields& fields) {
        const FeedInstrument& instrument = instrument_of(fields);
        for (const Side side : {Side::buy, Side::sell}) {
            const auto index = static_cast<std::size_t>(side);
            const std::int64_t price = read_kept(fields.best_price_at[index], instrument.price_tick);
            const char* size_at = fields.best_size_at[index];
            const std::int64_t some = price == 0 ? 0 : 1;
            push(UpdateKind::quote, side, price, size_at == nullptr ? some : read_kept(size_at, instrument.lot));
        }
        end_message(make_header(fields));
    }

    void finish_heartbeat(const Fields& fields) {
        push(UpdateKind::heartbeat, Side::buy, 0, 0);
        end_message(make_header(fields));
    }

    void read_events(Channel channel) {
        JsonElements events(cursor_);
        while (events.next()) {
            Fields event;
            const char* list_at = nullptr;
            event.time_ns = fields_.time_ns;
            JsonMembers members(cursor_);
            while (members.next()) {
                if (members.key() == "trades" || members.key() == "tickers") {
                    list_at = keep_value(cursor_);
                } else {
                    read_field(members.key(), event);
                }
            }
            if (!cursor_.ok()) return;
            if (channel == Channel::book) {
                finish_book_event(event);
            } else {
                read_kept_value(cursor_, list_at, [&] { read_list(channel); });
            }
        }
    }

    void read_list(Channel channel) {
        JsonElements elements(cursor_);
        while (elements.next()) {
            Fields element;
            element.time_ns = fields_.time_ns;
            JsonMembers members(cursor_);
            while (members.next()) read_field(members.key(), element);
            if (!cursor_.ok() || element.slot == kNoSlot) continue;
            if (channel == Channel::trades) {
                finish_match(element);
            } else {
                finish_ticker(element);
            }
        }
    }

    void finish_book_event(const Fields& event) {
        if (event.slot == kNoSlot) return;
        const bool is_snapshot = event.type == Type::snapshot;
        if (!is_snapshot && event.type != Type::change) return cursor_.fail(FeedError::bad_word);
        if (is_snapshot) push(UpdateKind::clear, Side::buy, 0, 0);
        read_kept_value(cursor_, event.updates_at, [&] { read_book_updates(event); });
        if (context_.out.open() == 0) push(UpdateKind::advance, Side::buy, 0, 0);
        MessageHeader header = make_header(event);
        header.is_snapshot = is_snapshot;
        end_message(header);
    }

    void read_book_updates(const Fields& event) {
        const FeedInstrument& instrument = instrument_of(event);
        JsonElements updates(cursor_);
        while (updates.next()) {
            Fields update;
            JsonMembers members(cursor_);
            while (members.next()) read_field(members.key(), update);
            if (!cursor_.ok()) return;
            if (!update.has_side) return cursor_.fail(FeedError::missing_field);
            const std::int64_t price = read_kept(update.price_at, instrument.price_tick);
            const std::int64_t lots = read_kept(update.size_at, instrument.lot);
            push(UpdateKind::level, update.is_sell ? Side::sell : Side::buy, price, lots);
        }
    }

    JsonCursor& cursor_;
    DecodeContext& context_;
    Fields fields_;
};

}  // namespace

void decode_coinbase(JsonCursor& cursor, DecodeContext& context) { CoinbaseMessage(cursor, context).read(); }

}  // namespace parley
