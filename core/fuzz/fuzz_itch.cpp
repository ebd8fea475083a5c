#include <algorithm>
#include <vector>

#include "fuzz.hpp"
#include "parley/itch_book.hpp"
#include "parley/itch_records.hpp"

// Bytes are a stretch of a file: the walk never leaves it, and books that look ahead end as books that do not.

namespace {

using namespace parley;

struct Locates {
    std::vector<std::uint16_t> seen;
    void on(itch::Message message) { seen.push_back(message.stock_locate()); }
};

/// Removes what rests, so that books of 65,536 symbols need not be made anew for every input.
void clear(itch::Books& books, const std::vector<std::uint16_t>& locates) {
    for (const std::uint16_t locate : locates) {
        for (const Side side : {Side::buy, Side::sell}) {
            std::vector<itch::BookOrder> orders;
            for (std::uint32_t depth = 0; depth < books.count_levels(locate, side); ++depth) {
                books.for_each_order(locate, side, depth, [&](const itch::BookOrder& order) { orders.push_back(order); });
            }
            for (const auto& order : orders) books.reduce(order.reference, order.shares);
        }
    }
    FUZZ_INSIST(books.count_orders() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes(data, size);
    Locates locates;
    const itch::Walk walk = itch::walk(bytes, locates);
    FUZZ_INSIST(walk.consumed <= size && walk.messages == locates.seen.size());
    FUZZ_INSIST((walk.consumed == size) == (walk.last_flaw == itch::Flaw::none));
    std::vector<itch::Record> records(3);
    for (std::size_t at = 0; at < walk.consumed;) {
        const auto read = itch::read_records(bytes.subspan(at), records);
        FUZZ_INSIST(read.records <= records.size());
        if (read.walk.consumed == 0) break;
        at += read.walk.consumed;
    }
    static itch::Books ahead({64, 64});
    static itch::Books single({64, 64});
    FUZZ_INSIST(ahead.apply(bytes).consumed == walk.consumed);
    itch::walk(bytes, single);
    FUZZ_INSIST(ahead.count_orders() == single.count_orders() && ahead.flaws() == single.flaws());
    for (const std::uint16_t locate : locates.seen) {
        for (const Side side : {Side::buy, Side::sell}) {
            FUZZ_INSIST(ahead.best(locate, side) == single.best(locate, side));
            FUZZ_INSIST(ahead.count_levels(locate, side) == single.count_levels(locate, side));
        }
    }
    clear(ahead, locates.seen);
    clear(single, locates.seen);
    return 0;
}
