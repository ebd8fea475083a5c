#include "fuzz_venue_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    fuzz::play(parley::Venue::deribit, "BTC-PERPETUAL", bytes, size);
    return 0;
}
