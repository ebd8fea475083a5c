#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace parley::big_endian {

/// Reads and writes of numbers in network byte order. The caller has checked that the bytes are there.
template <std::unsigned_integral Number>
[[nodiscard]] constexpr Number swapped(Number value) noexcept {
    if constexpr (std::endian::native == std::endian::big || sizeof(Number) == 1) {
        return value;
    } else if constexpr (sizeof(Number) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(Number) == 4) {
        return __builtin_bswap32(value);
    } else {
        return __builtin_bswap64(value);
    }
}

template <std::unsigned_integral Number>
[[nodiscard]] inline Number load(const std::uint8_t* bytes) noexcept {
    Number value;
    std::memcpy(&value, bytes, sizeof value);
    return swapped(value);
}

template <std::unsigned_integral Number>
inline void store(std::uint8_t* bytes, Number value) noexcept {
    value = swapped(value);
    std::memcpy(bytes, &value, sizeof value);
}

[[nodiscard]] inline std::uint64_t load48(const std::uint8_t* bytes) noexcept {
    return (std::uint64_t{load<std::uint16_t>(bytes)} << 32) | load<std::uint32_t>(bytes + 2);
}

inline void store48(std::uint8_t* bytes, std::uint64_t value) noexcept {
    store(bytes, static_cast<std::uint16_t>(value >> 32));
    store(bytes + 2, static_cast<std::uint32_t>(value));
}

/// A text of fixed width without the spaces that fill it on the right.
[[nodiscard]] inline std::string_view load_text(const std::uint8_t* bytes, std::size_t width) noexcept {
    while (width > 0 && bytes[width - 1] == ' ') --width;
    return {reinterpret_cast<const char*>(bytes), width};
}

/// Fills with spaces on the right; what is longer than the field is cut.
inline void store_text(std::uint8_t* bytes, std::size_t width, std::string_view text) noexcept {
    const std::size_t used = text.size() < width ? text.size() : width;
    std::memcpy(bytes, text.data(), used);
    std::memset(bytes + used, ' ', width - used);
}

}  // namespace parley::big_endian
