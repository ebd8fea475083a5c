#pragma once

#include <algorithm>

#include "parley/soup_bin_tcp.hpp"

namespace parley::soup {

enum class SessionState : std::uint8_t { idle, logging_in, open, ended, rejected, failed };

/// When to speak and when the other side has been silent for too long. Time is an argument.
class Pulse {
public:
    void start(TimeNs now) noexcept { sent_at_ = heard_at_ = now; }
    void sent(TimeNs now) noexcept { sent_at_ = now; }
    void heard(TimeNs now) noexcept { heard_at_ = now; }
    [[nodiscard]] bool is_heartbeat_due(TimeNs now) const noexcept { return now - sent_at_ >= kHeartbeatNs; }
    [[nodiscard]] bool is_silent(TimeNs now) const noexcept { return now - heard_at_ >= kSilenceNs; }

private:
    TimeNs sent_at_ = 0;
    TimeNs heard_at_ = 0;
};

/// The client's side. What it returns as written bytes the caller sends; a reconnect is a new start() with the session and
/// the number that session() and next_sequence() tell. 0 bytes written: not allowed in this state, or no room.
class Client {
public:
    /// Writes the login. An empty session asks for the current one, a sequence of 0 for its newest message.
    [[nodiscard]] std::size_t login(std::string_view user, std::string_view password, std::string_view session,
                                    std::uint64_t sequence, TimeNs now, std::span<std::uint8_t> out) noexcept {
        std::array<std::uint8_t, kLoginRequestPayload> payload;
        big_endian::store_text(payload.data(), 6, user);
        big_endian::store_text(payload.data() + 6, 10, password);
        // The session is filled on the left, as its number would be.
        const std::size_t width = std::min<std::size_t>(session.size(), 10);
        std::memset(payload.data() + 16, ' ', 10);
        std::memcpy(payload.data() + 26 - width, session.data(), width);
        store_number(payload.data() + 26, 20, sequence);
        const std::size_t size = encode(PacketType::login_request, payload, out);
        if (size == 0) return 0;
        state_ = SessionState::logging_in;
        pulse_.start(now);
        return size;
    }

    /// One packet from the server. Calls deliver(sequence, payload) for each sequenced message and unnumbered(payload) for
    /// an unsequenced one. With a flaw the session has failed and its connection is to be closed.
    template <typename Deliver, typename Unnumbered>
    Flaw take(const Packet& packet, TimeNs now, Deliver&& deliver, Unnumbered&& unnumbered) {
        pulse_.heard(now);
        switch (packet.type) {
            case PacketType::debug: return Flaw::none;
            case PacketType::login_accepted: return accept(packet.payload);
            case PacketType::login_rejected: return reject(packet.payload);
            case PacketType::server_heartbeat: return open_only(packet.payload.empty());
            case PacketType::end_of_session: {
                const Flaw flaw = open_only(packet.payload.empty());
                if (flaw == Flaw::none) state_ = SessionState::ended;
                return flaw;
            }
            case PacketType::sequenced: {
                if (state_ != SessionState::open) return fail(Flaw::wrong_state);
                const std::uint64_t sequence = sequence_.expected();
                sequence_.observe(sequence);
                deliver(sequence, packet.payload);
                return Flaw::none;
            }
            case PacketType::unsequenced: {
                if (state_ != SessionState::open) return fail(Flaw::wrong_state);
                unnumbered(packet.payload);
                return Flaw::none;
            }
            default: return fail(Flaw::unknown_type);
        }
    }

    /// A message for the server, which numbers nothing that clients send.
    [[nodiscard]] std::size_t send(std::span<const std::uint8_t> payload, TimeNs now, std::span<std::uint8_t> out) noexcept {
        return state_ == SessionState::open ? written(PacketType::unsequenced, payload, now, out) : 0;
    }
    [[nodiscard]] std::size_t logout(TimeNs now, std::span<std::uint8_t> out) noexcept {
        return state_ == SessionState::open ? written(PacketType::logout_request, {}, now, out) : 0;
    }

    /// Writes a heartbeat where one is due. A silent server fails the session.
    [[nodiscard]] std::size_t on_time(TimeNs now, std::span<std::uint8_t> out) noexcept {
        if (state_ != SessionState::open && state_ != SessionState::logging_in) return 0;
        if (pulse_.is_silent(now)) {
            fail(Flaw::silence);
            return 0;
        }
        return state_ == SessionState::open && pulse_.is_heartbeat_due(now) ? written(PacketType::client_heartbeat, {}, now, out) : 0;
    }

    [[nodiscard]] SessionState state() const noexcept { return state_; }
    [[nodiscard]] Flaw flaw() const noexcept { return flaw_; }
    [[nodiscard]] char reject_reason() const noexcept { return reason_; }  ///< A not authorized, S no such session
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return sequence_.expected(); }
    [[nodiscard]] std::string_view session() const noexcept { return {session_.data(), session_size_}; }

private:
    Flaw accept(std::span<const std::uint8_t> payload) noexcept {
        if (state_ != SessionState::logging_in) return fail(Flaw::wrong_state);
        if (payload.size() != kLoginAcceptedPayload) return fail(Flaw::wrong_length);
        std::uint64_t next = 0;
        if (!load_number(payload.subspan(10), next)) return fail(Flaw::bad_number);
        std::string_view name(reinterpret_cast<const char*>(payload.data()), 10);
        name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
        session_size_ = name.size();
        std::copy(name.begin(), name.end(), session_.begin());
        sequence_.reset(next);
        state_ = SessionState::open;
        return Flaw::none;
    }
    Flaw reject(std::span<const std::uint8_t> payload) noexcept {
        if (state_ != SessionState::logging_in) return fail(Flaw::wrong_state);
        if (payload.size() != 1) return fail(Flaw::wrong_length);
        reason_ = static_cast<char>(payload[0]);
        state_ = SessionState::rejected;
        return Flaw::none;
    }
    Flaw open_only(bool is_empty) noexcept {
        if (state_ != SessionState::open) return fail(Flaw::wrong_state);
        return is_empty ? Flaw::none : fail(Flaw::wrong_length);
    }
    Flaw fail(Flaw flaw) noexcept {
        state_ = SessionState::failed;
        return flaw_ = flaw;
    }
    std::size_t written(PacketType type, std::span<const std::uint8_t> payload, TimeNs now, std::span<std::uint8_t> out) noexcept {
        const std::size_t size = encode(type, payload, out);
        if (size != 0) pulse_.sent(now);
        return size;
    }

    SessionState state_ = SessionState::idle;
    Flaw flaw_ = Flaw::none;
    char reason_ = ' ';
    Pulse pulse_;
    SequenceTracker sequence_;
    std::array<char, 10> session_{};
    std::size_t session_size_ = 0;
};

struct LoginRequest {
    std::string_view user;
    std::string_view password;
    std::string_view session;  ///< empty: the current one
    std::uint64_t sequence = 0;
};

/// The server's side of one connection. It keeps no messages: the caller resends from the number that was asked for.
class Server {
public:
    /// One packet from the client. Calls login(request) once, which the caller answers with accept() or reject(), and
    /// deliver(payload) for each message.
    template <typename Login, typename Deliver>
    Flaw take(const Packet& packet, TimeNs now, Login&& login, Deliver&& deliver) {
        pulse_.heard(now);
        switch (packet.type) {
            case PacketType::debug: return Flaw::none;
            case PacketType::login_request: {
                if (state_ != SessionState::idle) return fail(Flaw::wrong_state);
                if (packet.payload.size() != kLoginRequestPayload) return fail(Flaw::wrong_length);
                LoginRequest request;
                if (!read(packet.payload, request)) return fail(Flaw::bad_number);
                state_ = SessionState::logging_in;
                pulse_.start(now);
                login(request);
                return Flaw::none;
            }
            case PacketType::client_heartbeat:
            case PacketType::logout_request:
                if (state_ != SessionState::open) return fail(Flaw::wrong_state);
                if (!packet.payload.empty()) return fail(Flaw::wrong_length);
                if (packet.type == PacketType::logout_request) state_ = SessionState::ended;
                return Flaw::none;
            case PacketType::unsequenced:
                if (state_ != SessionState::open) return fail(Flaw::wrong_state);
                deliver(packet.payload);
                return Flaw::none;
            default: return fail(Flaw::unknown_type);
        }
    }

    [[nodiscard]] std::size_t accept(std::string_view session, std::uint64_t sequence, TimeNs now, std::span<std::uint8_t> out) noexcept {
        if (state_ != SessionState::logging_in) return 0;
        std::array<std::uint8_t, kLoginAcceptedPayload> payload;
        const std::size_t width = std::min<std::size_t>(session.size(), 10);
        std::memset(payload.data(), ' ', 10);
        std::memcpy(payload.data() + 10 - width, session.data(), width);
        store_number(payload.data() + 10, 20, sequence);
        const std::size_t size = written(PacketType::login_accepted, payload, now, out);
        if (size != 0) {
            state_ = SessionState::open;
            next_ = sequence;
        }
        return size;
    }
    [[nodiscard]] std::size_t reject(char reason, TimeNs now, std::span<std::uint8_t> out) noexcept {
        if (state_ != SessionState::logging_in) return 0;
        const std::uint8_t payload[] = {static_cast<std::uint8_t>(reason)};
        const std::size_t size = written(PacketType::login_rejected, payload, now, out);
        if (size != 0) state_ = SessionState::rejected;
        return size;
    }
    /// The message next_sequence().
    [[nodiscard]] std::size_t send(std::span<const std::uint8_t> payload, TimeNs now, std::span<std::uint8_t> out) noexcept {
        const std::size_t size = state_ == SessionState::open ? written(PacketType::sequenced, payload, now, out) : 0;
        if (size != 0) ++next_;
        return size;
    }
    [[nodiscard]] std::size_t end_session(TimeNs now, std::span<std::uint8_t> out) noexcept {
        const std::size_t size = state_ == SessionState::open ? written(PacketType::end_of_session, {}, now, out) : 0;
        if (size != 0) state_ = SessionState::ended;
        return size;
    }
    /// Writes a heartbeat where one is due. A silent client fails the session.
    [[nodiscard]] std::size_t on_time(TimeNs now, std::span<std::uint8_t> out) noexcept {
        if (state_ != SessionState::open) return 0;
        if (pulse_.is_silent(now)) {
            fail(Flaw::silence);
            return 0;
        }
        return pulse_.is_heartbeat_due(now) ? written(PacketType::server_heartbeat, {}, now, out) : 0;
    }

    [[nodiscard]] SessionState state() const noexcept { return state_; }
    [[nodiscard]] Flaw flaw() const noexcept { return flaw_; }
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_; }

private:
    static bool read(std::span<const std::uint8_t> payload, LoginRequest& request) noexcept {
        request.user = big_endian::load_text(payload.data(), 6);
        request.password = big_endian::load_text(payload.data() + 6, 10);
        std::string_view session(reinterpret_cast<const char*>(payload.data()) + 16, 10);
        session.remove_prefix(std::min(session.find_first_not_of(' '), session.size()));
        request.session = session;
        return load_number(payload.subspan(26), request.sequence);
    }
    Flaw fail(Flaw flaw) noexcept {
        state_ = SessionState::failed;
        return flaw_ = flaw;
    }
    std::size_t written(PacketType type, std::span<const std::uint8_t> payload, TimeNs now, std::span<std::uint8_t> out) noexcept {
        const std::size_t size = encode(type, payload, out);
        if (size != 0) pulse_.sent(now);
        return size;
    }

    SessionState state_ = SessionState::idle;
    Flaw flaw_ = Flaw::none;
    Pulse pulse_;
    std::uint64_t next_ = 0;
};

}  // namespace parley::soup
