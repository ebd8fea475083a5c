#include <string>
#include <vector>

#include "check.hpp"
#include "parley/soup_session.hpp"

using namespace parley;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes packet(soup::PacketType type, std::string_view payload) {
    Bytes out(payload.size() + 3);
    CHECK(soup::encode(type, bytes_of(payload), out) == out.size());
    return out;
}

struct Taken {
    std::string text;
    void operator()(const soup::Packet& packet) {
        text += static_cast<char>(packet.type);
        text.append(packet.payload.begin(), packet.payload.end());
        text += '|';
    }
};

/// Client and server joined by two streams.
struct Line {
    soup::Client client;
    soup::Server server;
    soup::Framer<> to_server;
    soup::Framer<> to_client;
    std::string at_client;
    std::string at_server;
    std::string login;
    std::array<std::uint8_t, 256> out{};

    void deliver_to_server(std::size_t size, TimeNs now) {
        to_server.push({out.data(), size}, [&](const soup::Packet& p) {
            server.take(
                p, now,
                [&](const soup::LoginRequest& request) {
                    login = std::string(request.user) + "/" + std::string(request.password) + "/" + std::string(request.session) +
                            "/" + std::to_string(request.sequence);
                },
                [&](std::span<const std::uint8_t> payload) { at_server.append(payload.begin(), payload.end()); });
        });
    }
    void deliver_to_client(std::size_t size, TimeNs now) {
        to_client.push({out.data(), size}, [&](const soup::Packet& p) {
            client.take(
                p, now,
                [&](std::uint64_t sequence, std::span<const std::uint8_t> payload) {
                    at_client += std::to_string(sequence) + ":";
                    at_client.append(payload.begin(), payload.end());
                },
                [](std::span<const std::uint8_t>) {});
        });
    }
    void open(std::uint64_t sequence, TimeNs now) {
        deliver_to_server(client.login("user", "secret", "20260101", sequence, now, out), now);
        deliver_to_client(server.accept("20260101", sequence, now, out), now);
    }
};

}  // namespace

TEST(soup_packets_are_the_specification_byte_for_byte) {
    CHECK(packet(soup::PacketType::sequenced, "hi") == (Bytes{0, 3, 'S', 'h', 'i'}));
    CHECK(packet(soup::PacketType::server_heartbeat, "") == (Bytes{0, 1, 'H'}));
    soup::Client client;
    std::array<std::uint8_t, 64> out{};
    CHECK(client.login("ab", "pass", "7", 42, 0, out) == 49);
    CHECK(std::string(out.begin(), out.begin() + 49) == std::string("\0\x2fL", 3) + "ab    " "pass      " "         7" "                  42");
}

TEST(soup_stream_is_cut_the_same_however_it_arrives) {
    Bytes stream;
    for (const auto& each : {packet(soup::PacketType::sequenced, "first"), packet(soup::PacketType::server_heartbeat, ""),
                             packet(soup::PacketType::sequenced, std::string(200, 'x')), packet(soup::PacketType::debug, "?")}) {
        stream.insert(stream.end(), each.begin(), each.end());
    }
    const std::string expected = "Sfirst|H|S" + std::string(200, 'x') + "|+?|";
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        soup::Framer<> framer;
        Taken taken;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            CHECK(framer.push(std::span(stream).subspan(at, std::min(step, stream.size() - at)), taken) == soup::Flaw::none);
        }
        CHECK(taken.text == expected && framer.held_bytes() == 0);
    }
}

TEST(soup_stream_ends_at_a_length_that_cannot_be) {
    soup::Framer<8> framer;
    Taken taken;
    CHECK(framer.push(Bytes{0, 1, 'H', 0, 0, 'S', 0, 1, 'H'}, taken) == soup::Flaw::empty_packet);
    CHECK(framer.push(Bytes{0, 1, 'H'}, taken) == soup::Flaw::empty_packet);
    CHECK(taken.text == "H|");
    soup::Framer<8> small;
    CHECK(small.push(Bytes{0}, taken) == soup::Flaw::none);
    CHECK(small.push(Bytes{10}, taken) == soup::Flaw::too_long);
}

TEST(soup_session_logs_in_and_numbers_what_the_server_sends) {
    Line line;
    line.open(5, 1'000);
    CHECK(line.login == "user/secret/20260101/5");
    CHECK(line.client.state() == soup::SessionState::open && line.client.session() == "20260101");
    line.deliver_to_client(line.server.send(bytes_of("a"), 2'000, line.out), 2'000);
    line.deliver_to_client(line.server.send(bytes_of("b"), 2'000, line.out), 2'000);
    line.deliver_to_server(line.client.send(bytes_of("order"), 2'000, line.out), 2'000);
    CHECK(line.at_client == "5:a6:b" && line.at_server == "order" && line.client.next_sequence() == 7);
    line.deliver_to_client(line.server.end_session(3'000, line.out), 3'000);
    CHECK(line.client.state() == soup::SessionState::ended && line.server.send(bytes_of("c"), 3'000, line.out) == 0);
}

TEST(soup_sides_keep_a_heartbeat_and_notice_silence) {
    Line line;
    line.open(1, 0);
    CHECK(line.client.on_time(soup::kHeartbeatNs - 1, line.out) == 0);
    CHECK(line.client.on_time(soup::kHeartbeatNs, line.out) == 3 && line.out[2] == 'R');
    CHECK(line.client.on_time(soup::kHeartbeatNs + 1, line.out) == 0);
    CHECK(line.server.on_time(soup::kHeartbeatNs, line.out) == 3 && line.out[2] == 'H');
    CHECK(line.client.on_time(soup::kSilenceNs - 1, line.out) == 3);
    CHECK(line.client.on_time(soup::kSilenceNs, line.out) == 0);
    CHECK(line.client.state() == soup::SessionState::failed && line.client.flaw() == soup::Flaw::silence);
    CHECK(line.server.on_time(soup::kSilenceNs, line.out) == 0 && line.server.flaw() == soup::Flaw::silence);
}

TEST(soup_sides_refuse_what_does_not_belong_in_their_state) {
    Line early;
    early.deliver_to_client(soup::encode(soup::PacketType::sequenced, bytes_of("x"), early.out), 1);
    CHECK(early.client.flaw() == soup::Flaw::wrong_state && early.at_client.empty());
    Line rejected;
    rejected.deliver_to_server(rejected.client.login("user", "wrong", "", 0, 1, rejected.out), 1);
    rejected.deliver_to_client(rejected.server.reject('A', 1, rejected.out), 1);
    CHECK(rejected.client.state() == soup::SessionState::rejected && rejected.client.reject_reason() == 'A');
    CHECK(rejected.client.send(bytes_of("x"), 1, rejected.out) == 0);
    Line twice;
    twice.open(1, 0);
    soup::Client second;
    twice.deliver_to_server(second.login("user", "secret", "", 1, 0, twice.out), 0);
    CHECK(twice.server.flaw() == soup::Flaw::wrong_state);
}

TEST(soup_numbers_in_text_are_checked) {
    std::uint64_t value = 0;
    CHECK(soup::load_number(bytes_of("                  42"), value) && value == 42);
    CHECK(soup::load_number(bytes_of("18446744073709551615"), value) && value == ~std::uint64_t{0});
    for (const auto* text : {"18446744073709551616", "", "   ", "4 2", "-1", "1x"}) CHECK(!soup::load_number(bytes_of(text), value));
    std::array<std::uint8_t, 20> out{};
    soup::store_number(out.data(), 20, ~std::uint64_t{0});
    CHECK(std::string(out.begin(), out.end()) == "18446744073709551615");
}
