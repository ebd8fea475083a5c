#include "parley/crc32c.hpp"

#include <array>
#include <cstring>

namespace parley {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected (RFC 3720, appendix B.4)

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomial : crc >> 1;
        table[byte] = crc;
    }
    return table;
}

constexpr auto kTable = make_table();

std::uint32_t portable(std::uint32_t crc, const std::uint8_t* bytes, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) crc = kTable[(crc ^ bytes[i]) & 0xff] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t accelerated(std::uint32_t crc, const std::uint8_t* bytes,
                                                            std::size_t count) noexcept {
    std::uint64_t wide = crc;
    for (; count >= 8; bytes += 8, count -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes, 8);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; count > 0; ++bytes, --count) narrow = __builtin_ia32_crc32qi(narrow, *bytes);
    return narrow;
}
#endif

using Function = std::uint32_t (*)(std::uint32_t, const std::uint8_t*, std::size_t) noexcept;

Function choose() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return accelerated;
#endif
    return portable;
}

const Function kFunction = choose();

}  // namespace

std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t seed) noexcept {
    return ~kFunction(~seed, bytes.data(), bytes.size());
}

}  // namespace parley
