#pragma once

#include <cstdint>
#include <span>

namespace parley {

/// CRC-32C (Castagnoli, RFC 3720). `seed`: the CRC of the bytes before these, so that parts can be chained.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes, std::uint32_t seed = 0) noexcept;

}  // namespace parley
