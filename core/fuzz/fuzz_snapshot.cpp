// The saved state: arbitrary bytes are loaded or refused with BadEncoding, and what was loaded saves and loads again.

#include "fuzz.hpp"
#include "parley/engine.hpp"

using namespace parley;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Engine engine;
    try {
        engine.load({data, size});
    } catch (const BadEncoding&) {
        return 0;
    }
    std::vector<std::uint8_t> saved, again;
    engine.save(saved);
    Engine twin;
    twin.load(saved);
    twin.save(again);
    FUZZ_INSIST(saved == again);
    return 0;
}
