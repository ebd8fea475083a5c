#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "feeds.hpp"
#include "parley/soup_session.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Framer = soup::Framer<soup::kPayloadMax>;

nb::bytes to_bytes(const Bytes& bytes) { return nb::bytes(bytes.data(), bytes.size()); }

std::string_view to_text(soup::SessionState state) noexcept {
    constexpr std::string_view names[] = {"idle", "logging_in", "open", "ended", "rejected", "failed"};
    return names[static_cast<std::size_t>(state)];
}

/// What `write` wrote into a buffer that holds the largest packet; ValueError where the state does not allow it.
template <typename Write>
nb::bytes written(soup::SessionState state, std::size_t payload, Write&& write) {
    Bytes out(payload + 64);
    const std::size_t size = write(std::span<std::uint8_t>(out));
    if (size == 0) throw std::invalid_argument("not possible: the session is " + std::string(to_text(state)) + " or the payload is too long");
    return nb::bytes(out.data(), size);
}

void require_width(const char* name, std::string_view text, std::size_t width) {
    if (text.size() > width) throw std::invalid_argument(std::string(name) + ": at most " + std::to_string(width) + " characters");
}

class SoupFramer {
public:
    nb::list push(const nb::handle& data) {
        const bindings::ByteView view(data);
        std::vector<std::pair<char, Bytes>> packets;
        bindings::over_bytes(view.bytes(), [&] {
            return framer_.push(view.bytes(), [&](const soup::Packet& packet) {
                packets.emplace_back(static_cast<char>(packet.type), Bytes(packet.payload.begin(), packet.payload.end()));
            });
        });
        nb::list answer;
        for (const auto& [type, payload] : packets) answer.append(nb::make_tuple(nb::str(&type, 1), to_bytes(payload)));
        return answer;
    }
    [[nodiscard]] std::string flaw() const { return std::string(soup::name_of(framer_.flaw())); }
    [[nodiscard]] std::size_t held_bytes() const noexcept { return framer_.held_bytes(); }

private:
    Framer framer_;
};

nb::bytes soup_encode(const std::string& type, const nb::handle& payload) {
    if (type.size() != 1) throw std::invalid_argument("type: one letter");
    const bindings::ByteView view(payload);
    if (view.bytes().size() > soup::kPayloadMax) throw std::invalid_argument("payload: at most 65,534 bytes");
    Bytes out(view.bytes().size() + 3);
    const std::size_t size = soup::encode(static_cast<soup::PacketType>(type[0]), view.bytes(), out);
    return nb::bytes(out.data(), size);
}

class SoupClient {
public:
    nb::bytes login(std::string_view user, std::string_view password, TimeNs now, std::string_view session, std::uint64_t sequence) {
        require_width("user", user, 6);
        require_width("password", password, 10);
        require_width("session", session, 10);
        framer_ = Framer();
        return written(client_.state(), 0, [&](auto out) { return client_.login(user, password, session, sequence, now, out); });
    }
    nb::list push(const nb::handle& data, TimeNs now) {
        const bindings::ByteView view(data);
        std::vector<std::pair<std::uint64_t, Bytes>> messages;
        bindings::over_bytes(view.bytes(), [&] { return take(view.bytes(), now, messages); });
        nb::list answer;
        for (const auto& [sequence, payload] : messages) {
            const nb::object number = sequence == kUnnumbered ? nb::none() : nb::object(nb::int_(sequence));
            answer.append(nb::make_tuple(number, to_bytes(payload)));
        }
        return answer;
    }
    nb::bytes send(const nb::handle& payload, TimeNs now) {
        const bindings::ByteView view(payload);
        return written(client_.state(), view.bytes().size(), [&](auto out) { return client_.send(view.bytes(), now, out); });
    }
    nb::bytes logout(TimeNs now) {
        return written(client_.state(), 0, [&](auto out) { return client_.logout(now, out); });
    }
    nb::bytes on_time(TimeNs now) {
        Bytes out(64);
        return nb::bytes(out.data(), client_.on_time(now, out));
    }
    [[nodiscard]] std::string state() const { return std::string(to_text(client_.state())); }
    [[nodiscard]] std::string flaw() const {
        return std::string(soup::name_of(framer_.flaw() != soup::Flaw::none ? framer_.flaw() : client_.flaw()));
    }
    [[nodiscard]] std::string reject_reason() const { return std::string(1, client_.reject_reason()); }
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return client_.next_sequence(); }
    [[nodiscard]] std::string session() const { return std::string(client_.session()); }

private:
    static constexpr std::uint64_t kUnnumbered = ~std::uint64_t{0};

    soup::Flaw take(std::span<const std::uint8_t> bytes, TimeNs now, std::vector<std::pair<std::uint64_t, Bytes>>& messages) {
        return framer_.push(bytes, [&](const soup::Packet& packet) {
            if (client_.state() == soup::SessionState::failed) return;
            client_.take(packet, now,
                [&](std::uint64_t sequence, auto payload) { messages.emplace_back(sequence, Bytes(payload.begin(), payload.end())); },
                [&](auto payload) { messages.emplace_back(kUnnumbered, Bytes(payload.begin(), payload.end())); });
        });
    }

    Framer framer_;
    soup::Client client_;
};

class SoupServer {
public:
    nb::list push(const nb::handle& data, TimeNs now) {
        const bindings::ByteView view(data);
        std::vector<Bytes> messages;
        bindings::over_bytes(view.bytes(), [&] { return take(view.bytes(), now, messages); });
        nb::list answer;
        for (const Bytes& payload : messages) answer.append(to_bytes(payload));
        return answer;
    }
    nb::object login_request() const {
        if (!request_) return nb::none();
        return nb::make_tuple(request_->user, request_->password, request_->session, request_->sequence);
    }
    nb::bytes accept(std::string_view session, std::uint64_t sequence, TimeNs now) {
        require_width("session", session, 10);
        return written(server_.state(), 0, [&](auto out) { return server_.accept(session, sequence, now, out); });
    }
    nb::bytes reject(const std::string& reason, TimeNs now) {
        if (reason.size() != 1) throw std::invalid_argument("reason: one letter");
        return written(server_.state(), 0, [&](auto out) { return server_.reject(reason[0], now, out); });
    }
    nb::bytes send(const nb::handle& payload, TimeNs now) {
        const bindings::ByteView view(payload);
        return written(server_.state(), view.bytes().size(), [&](auto out) { return server_.send(view.bytes(), now, out); });
    }
    nb::bytes end_session(TimeNs now) {
        return written(server_.state(), 0, [&](auto out) { return server_.end_session(now, out); });
    }
    nb::bytes on_time(TimeNs now) {
        Bytes out(64);
        return nb::bytes(out.data(), server_.on_time(now, out));
    }
    [[nodiscard]] std::string state() const { return std::string(to_text(server_.state())); }
    [[nodiscard]] std::string flaw() const {
        return std::string(soup::name_of(framer_.flaw() != soup::Flaw::none ? framer_.flaw() : server_.flaw()));
    }
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return server_.next_sequence(); }

private:
    struct Request {
        std::string user;
        std::string password;
        std::string session;
        std::uint64_t sequence;
    };

    soup::Flaw take(std::span<const std::uint8_t> bytes, TimeNs now, std::vector<Bytes>& messages) {
        return framer_.push(bytes, [&](const soup::Packet& packet) {
            if (server_.state() == soup::SessionState::failed) return;
            server_.take(packet, now,
                [&](const soup::LoginRequest& login) {
                    request_ = Request{std::string(login.user), std::string(login.password), std::string(login.session), login.sequence};
                },
                [&](auto payload) { messages.emplace_back(payload.begin(), payload.end()); });
        });
    }

    Framer framer_;
    soup::Server server_;
    std::optional<Request> request_;
};

void bind_client(nb::module_& module) {
    nb::class_<SoupClient>(module, "SoupClient",
                           "The client's side of a SoupBinTCP session. No socket and no clock: it takes bytes and the time, and returns the\n"
                           "bytes that are to be sent. Times are nanoseconds of any clock that does not go back.")
        .def(nb::init<>())
        .def("login", &SoupClient::login, "user"_a, "password"_a, "now_ns"_a, "session"_a = "", "sequence"_a = 1,
             "Bytes of the login, also of one after a lost connection. No session: the current one; sequence: the number of\n"
             "the first message wanted, 0 the newest. ValueError: a text that is too long.")
        .def("push", &SoupClient::push, "data"_a, "now_ns"_a,
             nb::sig("def push(self, data: bytes | bytearray | memoryview, now_ns: int) -> list[tuple[int | None, bytes]]"),
             "What arrived, in pieces of any number of bytes. Sequence and payload of each message in it, the sequence None\n"
             "where it is unnumbered. Bytes that are no session end it: see `state` and `flaw`.")
        .def("send", &SoupClient::send, "payload"_a, "now_ns"_a,
             nb::sig("def send(self, payload: bytes | bytearray | memoryview, now_ns: int) -> bytes"),
             "Bytes of an unnumbered message, at most 65,534 of payload. ValueError where the session is not open.")
        .def("logout", &SoupClient::logout, "now_ns"_a, "Bytes that end the session. ValueError where it is not open.")
        .def("on_time", &SoupClient::on_time, "now_ns"_a,
             "Bytes of a heartbeat where one is due (1 s after the last bytes sent), else none. 15 s of silence fail the session.")
        .def_prop_ro("state", &SoupClient::state, "idle, logging_in, open, ended, rejected or failed.")
        .def_prop_ro("flaw", &SoupClient::flaw, "Why it failed: none, empty_packet, too_long, unknown_type, wrong_length, ...")
        .def_prop_ro("reject_reason", &SoupClient::reject_reason, "A not authorized, S no such session; a space before.")
        .def_prop_ro("next_sequence", &SoupClient::next_sequence, "Sequence number of the next numbered message.")
        .def_prop_ro("session", &SoupClient::session, "Name of the session that the server gave.");
}

void bind_server(nb::module_& module) {
    nb::class_<SoupServer>(module, "SoupServer",
                           "The server's side of one SoupBinTCP connection; see SoupClient. It keeps no messages: the caller sends again from\n"
                           "the sequence number that the login asked for.")
        .def(nb::init<>())
        .def("push", &SoupServer::push, "data"_a, "now_ns"_a,
             nb::sig("def push(self, data: bytes | bytearray | memoryview, now_ns: int) -> list[bytes]"),
             "What arrived, in pieces of any number of bytes: the payloads of the client's messages. A login is in\n"
             "`login_request` and wants accept() or reject().")
        .def_prop_ro("login_request", &SoupServer::login_request,
                     nb::sig("def login_request(self) -> tuple[str, str, str, int] | None"),
                     "User, password, session (empty: the current one) and sequence number that the client asked for.")
        .def("accept", &SoupServer::accept, "session"_a, "sequence"_a, "now_ns"_a,
             "Bytes that open the session; `sequence` is the number of the next message. ValueError without a login.")
        .def("reject", &SoupServer::reject, "reason"_a, "now_ns"_a, "Bytes that refuse a login: A not authorized, S no such session.")
        .def("send", &SoupServer::send, "payload"_a, "now_ns"_a,
             nb::sig("def send(self, payload: bytes | bytearray | memoryview, now_ns: int) -> bytes"),
             "Bytes of the message with the number next_sequence. ValueError where the session is not open.")
        .def("end_session", &SoupServer::end_session, "now_ns"_a, "Bytes that end the session. ValueError where it is not open.")
        .def("on_time", &SoupServer::on_time, "now_ns"_a,
             "Bytes of a heartbeat where one is due (1 s after the last bytes sent), else none. 15 s of silence fail the session.")
        .def_prop_ro("state", &SoupServer::state, "idle, logging_in, open, ended, rejected or failed.")
        .def_prop_ro("flaw", &SoupServer::flaw, "Why it failed; none.")
        .def_prop_ro("next_sequence", &SoupServer::next_sequence, "Sequence number of the next message.");
}

}  // namespace

void bind_soup(nb::module_& module) {
    module.def("soup_encode", soup_encode, "type"_a, "payload"_a = nb::bytes("", 0),
               nb::sig("def soup_encode(type: str, payload: bytes | bytearray | memoryview = b'') -> bytes"),
               "One SoupBinTCP packet: its length, its type letter and at most 65,534 bytes of payload.");
    nb::class_<SoupFramer>(module, "SoupFramer", "Cuts a stream of SoupBinTCP into packets, however its bytes arrive.")
        .def(nb::init<>())
        .def("push", &SoupFramer::push, "data"_a,
             nb::sig("def push(self, data: bytes | bytearray | memoryview) -> list[tuple[str, bytes]]"),
             "Type letter and payload of each packet that these bytes complete. After a flaw nothing more is taken.")
        .def_prop_ro("flaw", &SoupFramer::flaw, "none, empty_packet or too_long.")
        .def_prop_ro("held_bytes", &SoupFramer::held_bytes, "Bytes of an unfinished packet.");
    bind_client(module);
    bind_server(module);
}
