#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "parley/big_endian.hpp"
#include "parley/feed_sequence.hpp"
#include "parley/units.hpp"

/// SoupBinTCP 3.0 and 4.0: numbered messages over a stream, for a client and for a server. No sockets, no clock.
namespace parley::soup {

inline constexpr std::size_t kPayloadMax = 65'534;   ///< a length has 16 bits and counts the type
inline constexpr std::size_t kPayloadDefault = 4'096;
inline constexpr TimeNs kHeartbeatNs = 1'000'000'000;   ///< a side says something at least once a second
inline constexpr TimeNs kSilenceNs = 15'000'000'000;    ///< after which the other side is taken for dead

enum class PacketType : char {
    debug = '+', login_accepted = 'A', login_rejected = 'J', sequenced = 'S', server_heartbeat = 'H', end_of_session = 'Z',
    login_request = 'L', unsequenced = 'U', client_heartbeat = 'R', logout_request = 'O'
};

enum class Flaw : std::uint8_t { none, empty_packet, too_long, unknown_type, wrong_length, wrong_state, bad_number, silence };

[[nodiscard]] constexpr std::string_view name_of(Flaw flaw) noexcept {
    constexpr std::string_view names[] = {"none",         "empty_packet", "too_long",   "unknown_type",
                                          "wrong_length", "wrong_state",  "bad_number", "silence"};
    return names[static_cast<std::size_t>(flaw)];
}

struct Packet {
    PacketType type = PacketType::debug;
    std::span<const std::uint8_t> payload;
};

/// Cuts a stream into packets, however it arrives. Holds at most one unfinished packet; nothing allocates. After a flaw the
/// stream is lost and takes nothing more.
template <std::size_t PayloadMax = kPayloadDefault>
class Framer {
public:
    /// Calls take(packet) for every packet that `bytes` completes; the payload is valid during the call.
    template <typename Take>
    Flaw push(std::span<const std::uint8_t> bytes, Take&& take) {
        while (flaw_ == Flaw::none && !bytes.empty()) {
            if (held_ == 0) bytes = take_whole(bytes, take);
            if (flaw_ == Flaw::none && !bytes.empty()) bytes = hold(bytes, take);
        }
        return flaw_;
    }
    [[nodiscard]] std::size_t held_bytes() const noexcept { return held_; }
    [[nodiscard]] Flaw flaw() const noexcept { return flaw_; }

private:
    static_assert(PayloadMax <= kPayloadMax);

    /// Packets that lie whole in what arrived are handed over where they lie.
    template <typename Take>
    std::span<const std::uint8_t> take_whole(std::span<const std::uint8_t> bytes, Take&& take) {
        while (bytes.size() >= 2) {
            const std::size_t length = big_endian::load<std::uint16_t>(bytes.data());
            if (!accepts(length) || bytes.size() < 2 + length) break;
            take(Packet{static_cast<PacketType>(bytes[2]), bytes.subspan(3, length - 1)});
            bytes = bytes.subspan(2 + length);
        }
        return bytes;
    }

    template <typename Take>
    std::span<const std::uint8_t> hold(std::span<const std::uint8_t> bytes, Take&& take) {
        bytes = copy(bytes, 2);
        if (held_ < 2) return bytes;
        const std::size_t length = big_endian::load<std::uint16_t>(buffer_.data());
        if (!accepts(length)) return bytes;
        bytes = copy(bytes, 2 + length);
        if (held_ == 2 + length) {
            held_ = 0;
            take(Packet{static_cast<PacketType>(buffer_[2]), {buffer_.data() + 3, length - 1}});
        }
        return bytes;
    }

    std::span<const std::uint8_t> copy(std::span<const std::uint8_t> bytes, std::size_t until) noexcept {
        const std::size_t wanted = until > held_ ? until - held_ : 0;
        const std::size_t count = wanted < bytes.size() ? wanted : bytes.size();
        if (count > 0) std::memcpy(buffer_.data() + held_, bytes.data(), count);
        held_ += count;
        return bytes.subspan(count);
    }

    [[nodiscard]] bool accepts(std::size_t length) noexcept {
        if (length == 0) flaw_ = Flaw::empty_packet;
        if (length > PayloadMax + 1) flaw_ = Flaw::too_long;
        return flaw_ == Flaw::none;
    }

    std::array<std::uint8_t, PayloadMax + 3> buffer_;
    std::size_t held_ = 0;
    Flaw flaw_ = Flaw::none;
};

/// Writes a packet and returns its bytes; 0 where it does not fit.
[[nodiscard]] inline std::size_t encode(PacketType type, std::span<const std::uint8_t> payload, std::span<std::uint8_t> out) noexcept {
    if (payload.size() > kPayloadMax || out.size() < 3 + payload.size()) return 0;
    big_endian::store(out.data(), static_cast<std::uint16_t>(payload.size() + 1));
    out[2] = static_cast<std::uint8_t>(type);
    if (!payload.empty()) std::memcpy(out.data() + 3, payload.data(), payload.size());
    return 3 + payload.size();
}

/// A number in ASCII, spaces on its left; 20 places hold every 64-bit number.
inline void store_number(std::uint8_t* at, std::size_t width, std::uint64_t value) noexcept {
    std::memset(at, ' ', width);
    do {
        at[--width] = static_cast<std::uint8_t>('0' + value % 10);
        value /= 10;
    } while (value != 0 && width > 0);
}

/// False where it is not one number of 64 bits, spaces around it allowed.
[[nodiscard]] inline bool load_number(std::span<const std::uint8_t> text, std::uint64_t& value) noexcept {
    std::size_t at = 0;
    while (at < text.size() && text[at] == ' ') ++at;
    const std::size_t first = at;
    value = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        const std::uint64_t digit = std::uint64_t{text[at]} - '0';
        if (value > (~std::uint64_t{0} - digit) / 10) return false;
        value = value * 10 + digit;
    }
    if (at == first) return false;
    while (at < text.size() && text[at] == ' ') ++at;
    return at == text.size();
}

inline constexpr std::size_t kLoginRequestPayload = 46;   // user 6, password 10, session 10, sequence 20
inline constexpr std::size_t kLoginAcceptedPayload = 30;  // session 10, sequence 20

}  // namespace parley::soup
