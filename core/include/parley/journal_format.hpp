#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "parley/crc32c.hpp"
#include "parley/journal.hpp"

namespace parley::journal_format {

inline constexpr std::uint64_t kSegmentMagic = 0x314a59454c524150;  // "PARLEYJ1"
inline constexpr std::size_t kChecksummedFrom = 8;  // offset in a record: what its CRC covers

template <typename Number>
[[nodiscard]] Number get(const std::uint8_t* at) noexcept {
    Number value{};
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <typename Number>
void put(std::uint8_t* at, Number value) noexcept {
    std::memcpy(at, &value, sizeof value);
}

struct Header {
    std::uint32_t length;
    std::uint32_t crc;
    std::uint64_t sequence;
    std::uint64_t durable_sequence;
};

[[nodiscard]] inline Header header_at(const std::uint8_t* at) noexcept {
    return {get<std::uint32_t>(at), get<std::uint32_t>(at + 4), get<std::uint64_t>(at + 8),
            get<std::uint64_t>(at + 16)};
}

/// The CRC covers the length too: it is the seed.
[[nodiscard]] inline std::uint32_t checksum(const std::uint8_t* record, std::uint32_t length) noexcept {
    const std::uint32_t seed = crc32c({record, 4});
    return crc32c({record + kChecksummedFrom, kRecordHeaderBytes - kChecksummedFrom + length}, seed);
}

/// The record at the start of `bytes`, if it is whole and its CRC holds.
[[nodiscard]] inline std::optional<Header> valid_record(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
    const Header header = header_at(bytes.data());
    if (header.length == 0 || header.length > bytes.size() - kRecordHeaderBytes) return std::nullopt;
    if (checksum(bytes.data(), header.length) != header.crc) return std::nullopt;
    return header;
}

/// Fills the headers of records whose length is set. Returns how many there are.
inline std::uint64_t stamp(std::span<std::uint8_t> records, std::uint64_t first, std::uint64_t durable) noexcept {
    std::uint64_t sequence = first;
    for (std::size_t at = 0; at < records.size(); ++sequence) {
        std::uint8_t* record = records.data() + at;
        const auto length = get<std::uint32_t>(record);
        put(record + 8, sequence);
        put(record + 16, durable);
        put(record + 4, checksum(record, length));
        at += kRecordHeaderBytes + length;
    }
    return sequence - first;
}

[[nodiscard]] inline std::array<std::uint8_t, kSegmentHeaderBytes> segment_header(std::uint64_t first) noexcept {
    std::array<std::uint8_t, kSegmentHeaderBytes> bytes{};
    put(bytes.data(), kSegmentMagic);
    put(bytes.data() + 8, first);
    put(bytes.data() + 16, crc32c({bytes.data(), 16}));
    return bytes;
}

[[nodiscard]] inline std::array<std::uint8_t, 16> durable_mark(std::uint64_t sequence) noexcept {
    std::array<std::uint8_t, 16> bytes{};
    put(bytes.data(), sequence);
    put(bytes.data() + 8, crc32c({bytes.data(), 8}));
    return bytes;
}

}  // namespace parley::journal_format
