#include <algorithm>
#include <cstdint>
#include <string_view>

#include "fuzz.hpp"
#include "parley/tardis_csv.hpp"

/// The first byte says which kind of file the rest is, and how it is cut in two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 2) return 0;
    parley::TardisCsv reader(static_cast<parley::TardisKind>(bytes[0] & 3));
    FUZZ_INSIST(reader.instruments().add("BTCUSDT", {2, 1}, {5, 1}) == 0);
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::size_t cut = text.size() * (bytes[0] >> 2) / 64;
    const parley::CsvRead front = reader.read(text.substr(0, cut), false);
    FUZZ_INSIST(front.bytes <= cut && front.offset <= cut);
    if (front.error != parley::FeedError::none) return 0;
    const parley::CsvRead rest = reader.read(text.substr(front.bytes), true);
    FUZZ_INSIST(rest.bytes <= text.size() - front.bytes && rest.offset <= text.size());
    FUZZ_INSIST(reader.updates().empty() || reader.updates().back().is_last_of_message());
    return 0;
}
