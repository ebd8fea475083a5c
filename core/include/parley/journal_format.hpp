#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "parley/crc32c.hpp"

/// Bytes of the journal on disk; docs/journal.md describes them. Integers are little-endian.
namespace parley::journal_format {

inline constexpr std::uint64_t kSegmentMagic1 = 0x314a59454c524150;  // "PARLEYJ1"
inline constexpr std::uint64_t kSegmentMagic2 = 0x324a59454c524150;  // "PARLEYJ2"
inline constexpr std::uint64_t kClaimMagic = 0x314559454c524150;     // "PARLEYE1"

/// A record: length of the payload, CRC-32C of everything after this field, sequence, the last sequence known to be on
/// disk when it was written, payload. A header of zeros ends a segment that was filled with zeros beforehand.
inline constexpr std::size_t kRecordHeaderBytes = 24;
inline constexpr std::size_t kChecksummedFrom = 8;  // offset in a record: what its CRC covers

inline constexpr std::size_t kSegmentHeaderBytes1 = 24;
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kSegmentChecksumAt = 48;
inline constexpr std::size_t kClaimBytes = 40;
inline constexpr std::size_t kMarkBytes = 16;

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

/// What a segment says of itself and of the epoch that wrote it.
struct SegmentHeader {
    std::uint64_t epoch;
    std::uint64_t index;
    std::uint64_t first_sequence;
    std::uint64_t previous_epoch;
    std::uint64_t epoch_first_sequence;
};

[[nodiscard]] inline std::array<std::uint8_t, kSegmentHeaderBytes> segment_header(const SegmentHeader& header) noexcept {
    std::array<std::uint8_t, kSegmentHeaderBytes> bytes{};
    put(bytes.data(), kSegmentMagic2);
    put(bytes.data() + 8, header.epoch);
    put(bytes.data() + 16, header.index);
    put(bytes.data() + 24, header.first_sequence);
    put(bytes.data() + 32, header.previous_epoch);
    put(bytes.data() + 40, header.epoch_first_sequence);
    put(bytes.data() + kSegmentChecksumAt, crc32c({bytes.data(), kSegmentChecksumAt}));
    return bytes;
}

[[nodiscard]] inline std::optional<SegmentHeader> segment_header_at(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
    const std::uint8_t* at = bytes.data();
    const SegmentHeader header{get<std::uint64_t>(at + 8), get<std::uint64_t>(at + 16), get<std::uint64_t>(at + 24),
                               get<std::uint64_t>(at + 32), get<std::uint64_t>(at + 40)};
    const auto expected = segment_header(header);
    if (std::memcmp(expected.data(), at, kSegmentHeaderBytes) != 0) return std::nullopt;
    return header;
}

/// The header of format 1, which had no epochs.
[[nodiscard]] inline std::array<std::uint8_t, kSegmentHeaderBytes1> segment_header_1(std::uint64_t first) noexcept {
    std::array<std::uint8_t, kSegmentHeaderBytes1> bytes{};
    put(bytes.data(), kSegmentMagic1);
    put(bytes.data() + 8, first);
    put(bytes.data() + 16, crc32c({bytes.data(), 16}));
    return bytes;
}

/// What the file of a claimed epoch holds once the epoch has begun to write.
struct Claim {
    std::uint64_t epoch;
    std::uint64_t previous_epoch;
    std::uint64_t first_sequence;
};

[[nodiscard]] inline std::array<std::uint8_t, kClaimBytes> claim_bytes(const Claim& claim) noexcept {
    std::array<std::uint8_t, kClaimBytes> bytes{};
    put(bytes.data(), kClaimMagic);
    put(bytes.data() + 8, claim.epoch);
    put(bytes.data() + 16, claim.previous_epoch);
    put(bytes.data() + 24, claim.first_sequence);
    put(bytes.data() + 32, crc32c({bytes.data(), 32}));
    return bytes;
}

[[nodiscard]] inline std::optional<Claim> claim_at(std::span<const std::uint8_t> bytes) noexcept {
    if (bytes.size() != kClaimBytes) return std::nullopt;
    const std::uint8_t* at = bytes.data();
    const Claim claim{get<std::uint64_t>(at + 8), get<std::uint64_t>(at + 16), get<std::uint64_t>(at + 24)};
    const auto expected = claim_bytes(claim);
    if (std::memcmp(expected.data(), at, kClaimBytes) != 0) return std::nullopt;
    return claim;
}

[[nodiscard]] inline std::array<std::uint8_t, kMarkBytes> durable_mark(std::uint64_t sequence) noexcept {
    std::array<std::uint8_t, kMarkBytes> bytes{};
    put(bytes.data(), sequence);
    put(bytes.data() + 8, crc32c({bytes.data(), 8}));
    return bytes;
}

}  // namespace parley::journal_format
