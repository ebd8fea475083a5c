#include "fuzz.hpp"
#include "parley/sbe_market_data.hpp"

// Bytes are messages of the schema: each is refused by name, or every field of every entry can be read.

namespace {

using namespace parley;

struct ReadAll {
    std::uint64_t sum = 0;

    void on(const market_data::BookUpdate& update) {
        sum += update.sequence();
        update.levels().for_each([this](const auto& level) {
            sum += static_cast<std::uint64_t>(level.price_ticks()) + level.orders().value_or(0) +
                   static_cast<std::uint64_t>(level.quantity_lots().value_or(0));
        });
    }
    void on(const market_data::Trade& trade) {
        sum += static_cast<std::uint64_t>(trade.price().mantissa().value_or(0)) + trade.flags().bits + trade.trade_id().size();
    }
    void on(const market_data::InstrumentStatus& status) {
        sum += status.symbol().size() + status.legs()[3] + status.reason().size() + (status.funding_rate() ? 1U : 0U);
    }
    void on(const market_data::DeepBook& book) {
        std::uint32_t entries = 0;
        book.prices().for_each([&](const auto& price) {
            ++entries;
            price.orders().for_each([this](const auto& order) { sum += order.order_id().size(); });
        });
        FUZZ_INSIST(entries == book.prices().size());
        for (const char letter : book.note()) sum += static_cast<std::uint8_t>(letter);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::span<const std::uint8_t> bytes(data, size);
    ReadAll all;
    while (!bytes.empty()) {
        const std::size_t before = bytes.size();
        if (market_data::decode(bytes, all) != sbe::Flaw::none) {
            FUZZ_INSIST(bytes.size() == before);
            break;
        }
        FUZZ_INSIST(bytes.size() < before);
    }
    return 0;
}
