#include "parley/itch_records.hpp"

#include <cstring>

namespace parley::itch {
namespace {

/// Writes the row of one message; the caller looks at `is_filled`.
struct Fill {
    Record& record;
    bool is_filled = false;

    void head(Message m) noexcept {
        record = {};
        record.timestamp_ns = m.timestamp_ns();
        record.stock.fill(' ');
        record.stock_locate = m.stock_locate();
        record.tracking_number = m.tracking_number();
        record.type = m.type();
        record.side = record.is_printable = record.cross_type = ' ';
        is_filled = true;
    }
    void stock(Message m, std::size_t at) noexcept { std::memcpy(record.stock.data(), m.bytes() + at, 8); }
    template <typename View>
    void on_priced(View m) noexcept {
        head(m);
        record.order_reference = m.order_reference();
        record.side = m.side() == Side::sell ? 'S' : 'B';
        record.shares = m.shares();
        record.price_e4 = m.price_e4();
        stock(m, 24);
    }
    void on(AddOrder m) noexcept { on_priced(m); }
    void on(Trade m) noexcept {
        on_priced(m);
        record.match_number = m.match_number();
    }
    void on(OrderExecuted m) noexcept {
        head(m);
        record.order_reference = m.order_reference();
        record.shares = m.executed_shares();
        record.match_number = m.match_number();
    }
    void on(OrderExecutedWithPrice m) noexcept {
        head(m);
        record.order_reference = m.order_reference();
        record.shares = m.executed_shares();
        record.match_number = m.match_number();
        record.price_e4 = m.price_e4();
        record.is_printable = m.is_printable() ? 'Y' : 'N';
    }
    void on(OrderCancel m) noexcept {
        head(m);
        record.order_reference = m.order_reference();
        record.shares = m.canceled_shares();
    }
    void on(OrderDelete m) noexcept {
        head(m);
        record.order_reference = m.order_reference();
    }
    void on(OrderReplace m) noexcept {
        head(m);
        record.order_reference = m.original_reference();
        record.new_reference = m.new_reference();
        record.shares = m.shares();
        record.price_e4 = m.price_e4();
    }
    void on(CrossTrade m) noexcept {
        head(m);
        stock(m, 19);
        record.shares = m.shares();
        record.price_e4 = m.price_e4();
        record.match_number = m.match_number();
        record.cross_type = m.cross_type();
    }
    void on(BrokenTrade m) noexcept {
        head(m);
        record.match_number = m.match_number();
    }
};

/// One message of a walk that may end at any record.
struct Stopping {
    std::span<Record> records;
    std::size_t count = 0;

    template <typename View>
    void on(View message) noexcept
        requires requires(Fill& fill, View view) { fill.on(view); }
    {
        Fill fill{records[count]};
        fill.on(message);
        count += fill.is_filled;
    }
    [[nodiscard]] bool is_full() const noexcept { return count == records.size(); }
};

}  // namespace

RecordWalk read_records(std::span<const std::uint8_t> bytes, std::span<Record> records) noexcept {
    Stopping visitor{records};
    RecordWalk result;
    result.walk = walk_while(bytes, visitor, [](const Stopping& each) { return !each.is_full(); });
    result.records = visitor.count;
    return result;
}

}  // namespace parley::itch
