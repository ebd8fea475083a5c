#include "parley/inputs.hpp"

#include <algorithm>

namespace parley {
namespace {

bool is_quotable(std::int64_t value) noexcept { return value > 0 && value <= kQuotedMax; }

}  // namespace

void Quotes::add(Side side, PriceTicks price, Lots lots) noexcept {
    if (!is_quotable(lots.value) || !is_quotable(price.value)) return;
    const auto at = static_cast<std::size_t>(side);
    for (std::size_t i = 0; i < counts[at]; ++i) {
        if (levels[at][i].price == price) {
            levels[at][i].lots.value = std::min(levels[at][i].lots.value + lots.value, kQuotedMax);
            return;
        }
    }
    if (counts[at] < kQuoteLevelsMax) levels[at][counts[at]++] = {price, lots};
}

bool Quotes::is_crossed() const noexcept {
    for (std::size_t bid = 0; bid < counts[0]; ++bid) {
        for (std::size_t ask = 0; ask < counts[1]; ++ask) {
            if (levels[0][bid].price >= levels[1][ask].price) return true;
        }
    }
    return false;
}

namespace codec {

void put_quotes(Writer& writer, const Quotes& quotes) {
    writer.numbers(quotes.instrument_id, quotes.mark_ticks);
    for (std::size_t side = 0; side < 2; ++side) {
        writer.number(static_cast<std::int64_t>(quotes.counts[side]));
        for (std::size_t i = 0; i < quotes.counts[side]; ++i) {
            writer.numbers(quotes.levels[side][i].price.value, quotes.levels[side][i].lots.value);
        }
    }
}

void get_quotes(Reader& reader, Quotes& quotes) {
    quotes.instrument_id = reader.number();
    quotes.mark_ticks = reader.number();
    for (std::size_t side = 0; side < 2; ++side) {
        quotes.counts[side] = reader.below<std::size_t>(kQuoteLevelsMax + 1);
        for (std::size_t i = 0; i < quotes.counts[side]; ++i) {
            QuoteLevel& level = quotes.levels[side][i];
            level.price.value = reader.number();
            level.lots.value = reader.number();
            if (!is_quotable(level.price.value) || !is_quotable(level.lots.value)) {
                throw BadEncoding("quote that no venue could give");
            }
        }
    }
}

}  // namespace codec
}  // namespace parley
