#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "feeds.hpp"
#include "parley/mold_udp64.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Messages = std::vector<std::pair<std::uint64_t, Bytes>>;

constexpr std::size_t kDatagramMax = 65'507;  // of UDP over IPv4
constexpr std::size_t kDatagramDefault = 1'472;

nb::list to_list(const Messages& messages) {
    nb::list answer;
    for (const auto& [sequence, bytes] : messages) answer.append(nb::make_tuple(sequence, nb::bytes(bytes.data(), bytes.size())));
    return answer;
}

mold::Session to_session(std::string_view name) {
    if (name.size() > 10) throw std::invalid_argument("session: at most 10 characters");
    return mold::session_of(name);
}

nb::list mold_pack(std::string_view session, std::uint64_t sequence, const nb::sequence& messages, std::size_t datagram_max) {
    if (datagram_max < mold::kHeaderBytes + 2 || datagram_max > kDatagramMax) throw std::invalid_argument("datagram_max: 22 to 65,507");
    const mold::Session name = to_session(session);
    Bytes out(datagram_max);
    mold::Packer packer(name, sequence, out);
    nb::list datagrams;
    for (const nb::handle message : messages) {
        const bindings::ByteView view(message);
        if (!packer.add(view.bytes())) {
            if (packer.count() != 0) datagrams.append(nb::bytes(out.data(), packer.size()));
            sequence += packer.count();
            packer = mold::Packer(name, sequence, out);
            if (!packer.add(view.bytes())) throw std::invalid_argument("a message is larger than a datagram");
        }
    }
    if (packer.count() != 0) datagrams.append(nb::bytes(out.data(), packer.size()));
    return datagrams;
}

nb::bytes header(std::string_view session, std::uint64_t sequence, std::uint16_t count) {
    std::array<std::uint8_t, mold::kHeaderBytes> out;
    const std::size_t size = mold::encode_header(to_session(session), sequence, count, out);
    return nb::bytes(out.data(), size);
}

nb::bytes mold_request(std::string_view session, std::uint64_t sequence, std::uint16_t count) {
    if (count == 0 || count > mold::kRequestMax) throw std::invalid_argument("count: 1 to 65,534");
    return header(session, sequence, count);
}

nb::tuple mold_read_request(const nb::handle& data) {
    const bindings::ByteView view(data);
    mold::Datagram request;
    if (const auto flaw = mold::read_request(view.bytes(), request); flaw != mold::Flaw::none) {
        throw std::invalid_argument(std::string(mold::name_of(flaw)));
    }
    const auto session = big_endian::load_text(request.session.data(), request.session.size());
    return nb::make_tuple(nb::bytes(session.data(), session.size()), request.sequence, request.count);
}

/// 96 KiB, and more where datagrams may be large.
class MoldReceiver {
    static auto collect(Messages& messages) {
        return [&messages](std::uint64_t sequence, std::span<const std::uint8_t> message) {
            messages.emplace_back(sequence, Bytes(message.begin(), message.end()));
        };
    }

public:
    explicit MoldReceiver(std::uint64_t next_sequence) : receiver_(std::make_unique<Receiver>(next_sequence)) {}

    nb::list push(const nb::handle& data) {
        const bindings::ByteView view(data);
        Messages messages;
        flaw_ = receiver_->push(view.bytes(), collect(messages));
        return to_list(messages);
    }
    nb::object request(TimeNs now) {
        std::array<std::uint8_t, mold::kHeaderBytes> out;
        const std::size_t size = receiver_->request(now, out);
        if (size == 0) return nb::none();
        return nb::bytes(out.data(), size);
    }
    nb::tuple give_up() {
        Messages messages;
        const std::uint64_t lost = receiver_->give_up(collect(messages));
        return nb::make_tuple(lost, to_list(messages));
    }
    [[nodiscard]] bool has_gap() const noexcept { return receiver_->has_gap(); }
    [[nodiscard]] bool is_ended() const noexcept { return receiver_->is_ended(); }
    [[nodiscard]] std::uint64_t next_sequence() const noexcept { return receiver_->next_sequence(); }
    [[nodiscard]] std::string flaw() const { return std::string(mold::name_of(flaw_)); }
    nb::dict counters() const {
        const mold::Counters& counters = receiver_->counters();
        nb::dict answer;
        answer["datagrams"] = counters.datagrams;
        answer["malformed"] = counters.malformed;
        answer["other_session"] = counters.other_session;
        answer["held"] = counters.held;
        answer["dropped_early"] = counters.dropped_early;
        answer["requests"] = counters.requests;
        answer["lost"] = counters.lost;
        return answer;
    }

private:
    using Receiver = mold::Receiver<>;

    std::unique_ptr<Receiver> receiver_;
    mold::Flaw flaw_ = mold::Flaw::none;
};

void bind_receiver(nb::module_& module) {
    nb::class_<MoldReceiver>(module, "MoldReceiver",
                             "Hands the messages of a MoldUDP64 stream over in order and once. What comes too early waits: at most 64 datagrams\n"
                             "of at most 1,500 bytes. No socket and no clock.")
        .def(nb::init<std::uint64_t>(), "next_sequence"_a = 0)
        .def("push", &MoldReceiver::push, "datagram"_a,
             nb::sig("def push(self, datagram: bytes | bytearray | memoryview) -> list[tuple[int, bytes]]"),
             "Sequence number and bytes of each message that is due now. A datagram that is malformed or of another session\n"
             "changes nothing: see `flaw` and `counters`.")
        .def("request", &MoldReceiver::request, "now_ns"_a, nb::sig("def request(self, now_ns: int) -> bytes | None"),
             "Bytes that ask for the oldest gap; None where there is none, or it was asked for less than 50 ms ago.")
        .def("give_up", &MoldReceiver::give_up, nb::sig("def give_up(self) -> tuple[int, list[tuple[int, bytes]]]"),
             "Goes on behind the oldest gap: the number of messages lost by that, and the messages that are due now.")
        .def_prop_ro("has_gap", &MoldReceiver::has_gap, "True where a message is missing.")
        .def_prop_ro("is_ended", &MoldReceiver::is_ended, "True where the session ended and all of it was handed over.")
        .def_prop_ro("next_sequence", &MoldReceiver::next_sequence, "Sequence number of the next message.")
        .def_prop_ro("flaw", &MoldReceiver::flaw, "Of the last datagram: none, too_short, wrong_length, other_session, bad_sequence.")
        .def_prop_ro("counters", &MoldReceiver::counters, nb::sig("def counters(self) -> dict[str, int]"),
                     "Counts: datagrams, malformed, other_session, held, dropped_early, requests, lost (messages).");
}

}  // namespace

void bind_mold(nb::module_& module) {
    module.def("mold_pack", mold_pack, "session"_a, "sequence"_a, "messages"_a, "datagram_max"_a = kDatagramDefault,
               nb::sig("def mold_pack(session: str, sequence: int, messages: collections.abc.Sequence[bytes], datagram_max: int = 1472)"
                       " -> list[bytes]"),
               "Datagrams of at most `datagram_max` bytes that hold these messages, numbered from `sequence` on. ValueError: a\n"
               "message that fits into none.");
    module.def("mold_heartbeat", [](std::string_view session, std::uint64_t sequence) { return header(session, sequence, 0); },
               "session"_a, "sequence"_a, "A datagram that only says which sequence number comes next.");
    module.def("mold_end_of_session",
               [](std::string_view session, std::uint64_t sequence) { return header(session, sequence, mold::kEndOfSession); },
               "session"_a, "sequence"_a, "The datagram that ends a session and names the sequence number behind its last message.");
    module.def("mold_request", mold_request, "session"_a, "sequence"_a, "count"_a,
               "A request for `count` messages (1 to 65,534) from a sequence number on.");
    module.def("mold_read_request", mold_read_request, "datagram"_a,
               nb::sig("def mold_read_request(datagram: bytes | bytearray | memoryview) -> tuple[bytes, int, int]"),
               "Session, first sequence number and count of messages that a request asks for. ValueError: too_short, wrong_length.");
    bind_receiver(module);
}
