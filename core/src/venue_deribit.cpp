#include "parley/venue_json.hpp"

namespace parley {

namespace {

enum class Channel : std::uint8_t { none, book, quotes, trades, other };

/// Fields of a book, a ticker or a quote, which Deribit sends in any order.
struct Fields {
    std::uint32_t slot = kNoSlot;
    bool is_change = false;
    bool is_unknown_type = false;
    std::int64_t timestamp_ms = 0;
    std::int64_t change_id = -1;
    std::int64_t previous_change_id = 0;
    const char* levels_at[2] = {nullptr, nullptr};
    const char* price_at[2] = {nullptr, nullptr};
    const char* amount_at[2] = {nullptr, nullptr};
};

Channel to_channel(std::string_view channel) noexcept {
    if (channel.starts_with("book.")) return Channel::book;
    if (channel.starts_with("ticker.") || channel.starts_with("quote.")) return Channel::quotes;
    return channel.starts_with("trades.") ? Channel::trades : Channel::other;
}

class DeribitMessage {
public:
    DeribitMessage(JsonCursor& cursor, DecodeContext& context) : cursor_(cursor), context_(context) {}

    void read() {
        const char* result_at = nullptr;
        JsonMembers members(cursor_);
        while (members.next()) {
            if (members.key() == "params" && cursor_.peek() == '{') {
                read_parameters();
            } else if (members.key() == "result" && cursor_.peek() == '{') {
                result_at = keep_value(cursor_);
            } else {
                cursor_.skip();
            }
        }
        if (result_at != nullptr && cursor_.ok()) read_kept_value(cursor_, result_at, [&] { read_answer(); });
    }

private:
    void read_parameters() {
        Channel channel = Channel::none;
        const char* kept_at = nullptr;
        bool is_read = false;
        JsonMembers members(cursor_);
        while (members.next()) {
            if (members.key() == "channel") {
                channel = to_channel(cursor_.text());
            } else if (members.key() != "data") {
                cursor_.skip();
            } else if (is_read || kept_at != nullptr) {
                cursor_.fail(FeedError::repeated_field);
            } else if (channel == Channel::none) {
                kept_at = keep_value(cursor_);
            } else {
                is_read = true;
                read_content(channel);
            }
        }
        if (kept_at != nullptr && cursor_.ok()) read_kept_value(cursor_, kept_at, [&] { read_content(channel); });
    }

    void read_content(Channel channel) {
        switch (channel) {
            case Channel::book:
                fields_ = Fields{};
                read_fields();
                return finish_book();
            case Channel::quotes:
                fields_ = Fields{};
                read_fields();
                return finish_quotes();
            case Channel::trades: return read_trades();
            case Channel::none:
            case Channel::other: return cursor_.skip();
        }
    }

    /// The answer to public/get_order_book is a snapshot; other answers do not concern us.
    void read_answer() {
        fields_ = Fields{};
        read_fields();
        if (fields_.change_id >= 0 && fields_.levels_at[0] != nullptr) finish_book();
    }

    void read_fields() {
        JsonMembers members(cursor_);
        while (members.next()) {
            const std::string_view key = members.key();
            if (key == "bids") {
                keep_levels(Side::buy);
            } else if (key == "asks") {
                keep_levels(Side::sell);
            } else if (key.starts_with("best_")) {
                keep_best(key);
            } else {
                read_plain(key);
            }
        }
    }

    void read_plain(std::string_view key) {
        if (key == "timestamp") {
            fields_.timestamp_ms = cursor_.integer();
        } else if (key == "instrument_name" && cursor_.peek() == '"') {
            fields_.slot = context_.instruments.find(cursor_.text());
        } else if (key == "change_id") {
            fields_.change_id = cursor_.integer();
        } else if (key == "prev_change_id") {
            fields_.previous_change_id = cursor_.integer();
        } else if (key == "type" && cursor_.peek() == '"') {
            const std::string_view type = cursor_.text();
            fields_.is_change = type == "change";
            fields_.is_unknown_type = !fields_.is_change && type != "snapshot";
        } else {
            cursor_.skip();
        }
    }

    void keep_levels(Side side) {
        const auto index = static_cast<std::size_t>(side);
        if (fields_.levels_at[index] != nullptr) return cursor_.fail(FeedError::repeated_field);
        fields_.levels_at[index] = keep_value(cursor_);
    }

    void keep_best(std::string_view key) {
        const char* at = keep_value(cursor_);
        if (key == "best_bid_price") fields_.price_at[0] = at;
        if (key == "best_ask_price") fields_.price_at[1] = at;
        if (key == "best_bid_amount") fields_.amount_at[0] = at;
        if (key == "best_ask_amount") fields_.amount_at[1] = at;
    }

    [[nodiscard]] MessageHeader make_header() noexcept {
        MessageHeader header;
        header.venue_time_ns = to_time_ns(cursor_, fields_.timestamp_ms);
        header.receive_time_ns = context_.receive_time_ns;
        header.instrument_slot = fields_.slot;
        header.first_sequence = header.last_sequence = fields_.change_id;
        header.previous_sequence = fields_.previous_change_id;
        return header;
    }

    void push(UpdateKind kind, Side side, std::int64_t price, std::int64_t lots) {
        if (cursor_.ok() && !context_.out.push(kind, side, price, lots)) cursor_.fail(FeedError::too_many_updates);
    }

    void finish_book() {
        if (!cursor_.ok() || fields_.slot == kNoSlot) return;
        if (fields_.is_unknown_type) return cursor_.fail(FeedError::bad_word);
        if (fields_.change_id < 0) return cursor_.fail(FeedError::missing_field);
        if (!fields_.is_change) push(UpdateKind::clear, Side::buy, 0, 0);
        for (const Side side : {Side::buy, Side::sell}) {
            read_kept_value(cursor_, fields_.levels_at[static_cast<std::size_t>(side)], [&] { read_book_side(side); });
        }
        if (context_.out.open() == 0) push(UpdateKind::advance, Side::buy, 0, 0);
        MessageHeader header = make_header();
        header.is_snapshot = !fields_.is_change;
        if (cursor_.ok()) context_.out.finish(header);
    }

    /// [["new", price, amount], ...] or, grouped and in answers, [[price, amount], ...].
    void read_book_side(Side side) {
        const FeedInstrument& instrument = context_.instruments[fields_.slot];
        JsonElements levels(cursor_);
        while (levels.next()) {
            cursor_.expect('[');
            bool is_delete = false;
            if (cursor_.peek() == '"') {
                const std::string_view action = cursor_.text();
                is_delete = action == "delete";
                if (!is_delete && action != "new" && action != "change") return cursor_.fail(FeedError::bad_word);
                cursor_.expect(',');
            }
            const std::int64_t price = cursor_.decimal(instrument.price_tick);
            cursor_.expect(',');
            const std::int64_t lots = cursor_.decimal(instrument.lot);
            cursor_.expect(']');
            push(UpdateKind::level, side, price, is_delete ? 0 : lots);
        }
    }

    void finish_quotes() {
        if (!cursor_.ok() || fields_.slot == kNoSlot) return;
        const FeedInstrument& instrument = context_.instruments[fields_.slot];
        for (const Side side : {Side::buy, Side::sell}) {
            const auto index = static_cast<std::size_t>(side);
            std::int64_t price = 0;
            std::int64_t lots = 0;
            read_kept_value(cursor_, fields_.price_at[index], [&] { price = cursor_.decimal(instrument.price_tick); });
            read_kept_value(cursor_, fields_.amount_at[index], [&] { lots = cursor_.decimal(instrument.lot); });
            push(UpdateKind::quote, side, price, lots);
        }
        MessageHeader header = make_header();
        header.first_sequence = header.last_sequence = 0;
        if (cursor_.ok()) context_.out.finish(header);
    }

    void read_trades() {
        JsonElements trades(cursor_);
        while (trades.next()) read_trade();
    }

    void read_trade() {
        fields_ = Fields{};
        const char* price_at = nullptr;
        const char* amount_at = nullptr;
        std::int64_t number = 0;
        bool is_sale = false;
        JsonMembers members(cursor_);
        while (members.next()) {
            const std::string_view key = members.key();
            if (key == "price") {
                price_at = keep_value(cursor_);
            } else if (key == "amount") {
                amount_at = keep_value(cursor_);
            } else if (key == "trade_seq") {
                number = cursor_.integer();
            } else if (key == "direction") {
                is_sale = cursor_.text() == "sell";
            } else {
                read_plain(key);
            }
        }
        if (!cursor_.ok() || fields_.slot == kNoSlot) return;
        const FeedInstrument& instrument = context_.instruments[fields_.slot];
        std::int64_t price = 0;
        std::int64_t lots = 0;
        read_kept_value(cursor_, price_at, [&] { price = cursor_.decimal(instrument.price_tick); });
        read_kept_value(cursor_, amount_at, [&] { lots = cursor_.decimal(instrument.lot); });
        push(UpdateKind::trade, is_sale ? Side::sell : Side::buy, price, lots);
        MessageHeader header = make_header();
        header.first_sequence = header.last_sequence = number;
        header.previous_sequence = 0;
        if (cursor_.ok()) context_.out.finish(header);
    }

    JsonCursor& cursor_;
    DecodeContext& context_;
    Fields fields_;
};

}  // namespace

void decode_deribit(JsonCursor& cursor, DecodeContext& context) { DeribitMessage(cursor, context).read(); }

}  // namespace parley
