#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "parley/big_endian.hpp"
#include "parley/feed_sequence.hpp"
#include "parley/units.hpp"

/// MoldUDP64: numbered messages in datagrams that may be lost, doubled or reordered. No sockets, no clock.
namespace parley::mold {

inline constexpr std::size_t kHeaderBytes = 20;  ///< session 10, sequence 8, count 2; a request is only this
inline constexpr std::uint16_t kEndOfSession = 0xffff;
inline constexpr std::uint16_t kRequestMax = 0xfffe;
inline constexpr TimeNs kRequestIntervalNs = 50'000'000;  ///< before the same gap is asked for again

using Session = std::array<std::uint8_t, 10>;

[[nodiscard]] inline Session session_of(std::string_view name) noexcept {
    Session session;
    big_endian::store_text(session.data(), session.size(), name);
    return session;
}

enum class Flaw : std::uint8_t { none, too_short, wrong_length, other_session, bad_sequence };

[[nodiscard]] constexpr std::string_view name_of(Flaw flaw) noexcept {
    constexpr std::string_view names[] = {"none", "too_short", "wrong_length", "other_session", "bad_sequence"};
    return names[static_cast<std::size_t>(flaw)];
}

/// A downstream datagram or a request whose lengths were checked: `blocks` holds `count` messages, each behind its length.
struct Datagram {
    Session session{};
    std::uint64_t sequence = 0;
    std::uint16_t count = 0;  ///< 0: a heartbeat, kEndOfSession: the end; both name the next sequence
    std::span<const std::uint8_t> blocks;

    [[nodiscard]] std::uint16_t messages() const noexcept { return count == kEndOfSession ? std::uint16_t{0} : count; }
};

[[nodiscard]] inline Flaw read(std::span<const std::uint8_t> bytes, Datagram& datagram) noexcept {
    if (bytes.size() < kHeaderBytes) return Flaw::too_short;
    std::copy_n(bytes.begin(), 10, datagram.session.begin());
    datagram.sequence = big_endian::load<std::uint64_t>(bytes.data() + 10);
    datagram.count = big_endian::load<std::uint16_t>(bytes.data() + 18);
    datagram.blocks = bytes.subspan(kHeaderBytes);
    if (datagram.sequence > ~std::uint64_t{0} - datagram.messages()) return Flaw::bad_sequence;
    std::span<const std::uint8_t> rest = datagram.blocks;
    for (std::uint32_t i = 0; i < datagram.messages(); ++i) {
        if (rest.size() < 2) return Flaw::wrong_length;
        const std::size_t length = big_endian::load<std::uint16_t>(rest.data());
        if (rest.size() - 2 < length) return Flaw::wrong_length;
        rest = rest.subspan(2 + length);
    }
    return rest.empty() ? Flaw::none : Flaw::wrong_length;
}

/// A request for messages, which is a header alone.
[[nodiscard]] inline Flaw read_request(std::span<const std::uint8_t> bytes, Datagram& request) noexcept {
    if (bytes.size() < kHeaderBytes) return Flaw::too_short;
    if (bytes.size() != kHeaderBytes) return Flaw::wrong_length;
    std::copy_n(bytes.begin(), 10, request.session.begin());
    request.sequence = big_endian::load<std::uint64_t>(bytes.data() + 10);
    request.count = big_endian::load<std::uint16_t>(bytes.data() + 18);
    return Flaw::none;
}

/// Writes a header and returns its bytes, 0 where it does not fit: a heartbeat, an end of session, a request.
[[nodiscard]] inline std::size_t encode_header(const Session& session, std::uint64_t sequence, std::uint16_t count,
                                               std::span<std::uint8_t> out) noexcept {
    if (out.size() < kHeaderBytes) return 0;
    std::copy(session.begin(), session.end(), out.begin());
    big_endian::store(out.data() + 10, sequence);
    big_endian::store(out.data() + 18, count);
    return kHeaderBytes;
}

/// Fills a datagram message by message.
class Packer {
public:
    Packer(const Session& session, std::uint64_t sequence, std::span<std::uint8_t> out) noexcept
        : out_(out), size_(encode_header(session, sequence, 0, out)) {}

    /// False where the message does not fit: then nothing changed.
    [[nodiscard]] bool add(std::span<const std::uint8_t> message) noexcept {
        if (size_ == 0 || message.size() > 0xffff || count_ == kRequestMax) return false;
        if (out_.size() - size_ < 2 + message.size()) return false;
        big_endian::store(out_.data() + size_, static_cast<std::uint16_t>(message.size()));
        if (!message.empty()) std::memcpy(out_.data() + size_ + 2, message.data(), message.size());
        size_ += 2 + message.size();
        big_endian::store(out_.data() + 18, ++count_);
        return true;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint16_t count() const noexcept { return count_; }

private:
    std::span<std::uint8_t> out_;
    std::size_t size_;
    std::uint16_t count_ = 0;
};

struct Counters {
    std::uint64_t datagrams = 0;
    std::uint64_t malformed = 0;      ///< dropped whole
    std::uint64_t other_session = 0;  ///< dropped
    std::uint64_t held = 0;           ///< came too early and waited
    std::uint64_t dropped_early = 0;  ///< came too early when nothing more could wait; will be asked for again
    std::uint64_t requests = 0;
    std::uint64_t lost = 0;           ///< messages given up
};

/// Hands messages over in order and once. What comes too early waits, as long as it has room, until a gap is filled.
template <std::size_t HeldMax = 64, std::size_t DatagramMax = 1'500>
class Receiver {
public:
    /// Where the next sequence is 0, the first datagram says where the stream begins.
    explicit Receiver(std::uint64_t next_sequence = 0) noexcept {
        if (next_sequence != 0) sequence_.reset(next_sequence);
    }

    /// Calls deliver(sequence, message) for each message that is due now. The first datagram names the session.
    template <typename Deliver>
    Flaw push(std::span<const std::uint8_t> bytes, Deliver&& deliver) {
        ++counters_.datagrams;
        Datagram datagram;
        if (const Flaw flaw = read(bytes, datagram); flaw != Flaw::none) {
            ++counters_.malformed;
            return flaw;
        }
        if (!has_session_) {
            session_ = datagram.session;
            has_session_ = true;
        }
        if (datagram.session != session_) {
            ++counters_.other_session;
            return Flaw::other_session;
        }
        if (datagram.count == kEndOfSession) is_ended_ = true;
        seen_ = std::max(seen_, datagram.sequence + datagram.messages());
        if (!hand_over(datagram, deliver)) hold(bytes, datagram);
        release(deliver);
        return Flaw::none;
    }

    /// Writes a request for the oldest gap where there is one and it was not asked for lately; else 0.
    [[nodiscard]] std::size_t request(TimeNs now, std::span<std::uint8_t> out) noexcept {
        if (!has_gap() || (has_requested_ && requested_ == sequence_.expected() && now - requested_at_ < kRequestIntervalNs)) return 0;
        const std::uint64_t missing = gap_end() - sequence_.expected();
        const auto count = static_cast<std::uint16_t>(std::min<std::uint64_t>(missing, kRequestMax));
        const std::size_t size = encode_header(session_, sequence_.expected(), count, out);
        if (size == 0) return 0;
        has_requested_ = true;
        requested_ = sequence_.expected();
        requested_at_ = now;
        ++counters_.requests;
        return size;
    }

    /// Goes on behind the oldest gap and returns how many messages were lost by that.
    template <typename Deliver>
    std::uint64_t give_up(Deliver&& deliver) {
        if (!has_gap()) return 0;
        const std::uint64_t lost = gap_end() - sequence_.expected();
        counters_.lost += lost;
        sequence_.reset(gap_end());
        release(deliver);
        return lost;
    }

    [[nodiscard]] bool has_gap() const noexcept { return sequence_.is_started() && sequence_.expected() < seen_; }
    [[nodiscard]] bool is_ended() const noexcept { return is_ended_ && !has_gap(); }
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return sequence_.expected(); }
    [[nodiscard]] const SequenceTracker& sequence() const noexcept { return sequence_; }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

private:
    struct Held {
        std::uint64_t sequence = 0;
        std::size_t size = 0;  ///< 0: free
        std::array<std::uint8_t, DatagramMax> bytes;
    };

    /// False where it came too early.
    template <typename Deliver>
    bool hand_over(const Datagram& datagram, Deliver&& deliver) {
        const SequenceVerdict verdict = sequence_.observe(datagram.sequence, datagram.messages());
        if (verdict.step == SequenceStep::gap) return false;
        if (verdict.step == SequenceStep::duplicate) return true;
        const std::uint8_t* at = datagram.blocks.data();
        for (std::uint64_t i = 0; i < datagram.messages(); ++i) {
            const std::size_t length = big_endian::load<std::uint16_t>(at);
            if (i >= verdict.skip) deliver(datagram.sequence + i, std::span<const std::uint8_t>(at + 2, length));
            at += 2 + length;
        }
        return true;
    }

    void hold(std::span<const std::uint8_t> bytes, const Datagram& datagram) noexcept {
        if (datagram.messages() == 0) return;
        Held* free = nullptr;
        for (Held& held : held_) {
            if (held.size != 0 && held.sequence == datagram.sequence && held.size == bytes.size()) return;
            if (held.size == 0 && free == nullptr) free = &held;
        }
        if (free == nullptr || bytes.size() > DatagramMax) {
            ++counters_.dropped_early;
            return;
        }
        free->sequence = datagram.sequence;
        free->size = bytes.size();
        std::memcpy(free->bytes.data(), bytes.data(), bytes.size());
        ++held_count_;
        ++counters_.held;
    }

    template <typename Deliver>
    void release(Deliver&& deliver) {
        for (std::size_t i = 0; i < HeldMax && held_count_ > 0; ++i) {
            Held* next = nullptr;
            for (Held& held : held_) {
                if (held.size != 0 && held.sequence <= sequence_.expected() && (next == nullptr || held.sequence < next->sequence)) {
                    next = &held;
                }
            }
            if (next == nullptr) return;
            Datagram datagram;
            if (read({next->bytes.data(), next->size}, datagram) == Flaw::none) hand_over(datagram, deliver);
            next->size = 0;
            --held_count_;
        }
    }

    /// First message behind the oldest gap that is here or known to exist.
    [[nodiscard]] std::uint64_t gap_end() const noexcept {
        std::uint64_t end = seen_;
        for (const Held& held : held_) {
            if (held.size != 0) end = std::min(end, held.sequence);
        }
        return end;
    }

    SequenceTracker sequence_;
    Counters counters_;
    Session session_{};
    std::uint64_t seen_ = 0;
    std::uint64_t requested_ = 0;
    TimeNs requested_at_ = 0;
    std::size_t held_count_ = 0;
    bool has_session_ = false;
    bool has_requested_ = false;
    bool is_ended_ = false;
    std::array<Held, HeldMax> held_;
};

}  // namespace parley::mold
