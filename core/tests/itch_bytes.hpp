#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

/// Messages written by hand, byte after byte: what the decoders are held against.
struct ItchBytes {
    std::vector<std::uint8_t> all;

    ItchBytes& number(std::uint64_t value, int width) {
        for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) all.push_back(static_cast<std::uint8_t>(value >> shift));
        return *this;
    }
    ItchBytes& text(std::string_view value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i) all.push_back(static_cast<std::uint8_t>(i < value.size() ? value[i] : ' '));
        return *this;
    }
    ItchBytes& header(char type, std::uint64_t locate, std::uint64_t at_ns) {
        return text({&type, 1}, 1).number(locate, 2).number(7, 2).number(at_ns, 6);
    }
};

inline std::vector<std::uint8_t> framed(const std::vector<std::uint8_t>& message, std::size_t length) {
    std::vector<std::uint8_t> bytes = {static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

inline void append(std::vector<std::uint8_t>& to, const std::vector<std::uint8_t>& from) {
    to.insert(to.end(), from.begin(), from.end());
}
