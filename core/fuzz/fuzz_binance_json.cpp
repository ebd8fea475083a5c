#include "fuzz_venue_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::play(parley::Venue::binance_spot, "BTCUSDT", bytes, size);
    fuzz::play(parley::Venue::binance_usdm, "BTCUSDT", bytes, size);
    return 0;
}
