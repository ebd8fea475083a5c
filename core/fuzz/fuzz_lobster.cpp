#include <string_view>

#include "fuzz.hpp"
#include "parley/lobster.hpp"

// Bytes are both files of a day, one behind the other: every line is read or named.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t middle = text.find('|') < size ? text.find('|') : size / 2;
    const auto result = parley::lobster::replay(text.substr(0, middle), text.substr(middle < size ? middle + 1 : size));
    FUZZ_INSIST(result.exact <= result.rows);
    FUZZ_INSIST((result.flaw == parley::lobster::Flaw::none) == (result.flaw_line == 0));
    return 0;
}
