// A connection that is cut at any byte of an exchange loses nothing and doubles nothing, once it is made anew.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "check.hpp"
#include "parley/soup_session.hpp"

using namespace parley;

namespace {

constexpr std::uint64_t kMessages = 50;
constexpr std::uint64_t kNoCut = ~std::uint64_t{0};

std::vector<std::uint8_t> message(std::uint64_t sequence) {
    const std::string text = "fill " + std::to_string(sequence);
    return {text.begin(), text.end()};
}

/// The bytes of the server from login to its newest message, of which the client gets those before the cut.
std::vector<std::uint8_t> server_bytes(std::span<const std::uint8_t> login) {
    std::vector<std::uint8_t> bytes;
    std::array<std::uint8_t, 128> out{};
    const auto append = [&](std::size_t size) { bytes.insert(bytes.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)); };
    soup::Server server;
    soup::Framer<128> framer;
    const auto taken = [&](const soup::Packet& packet) {
        const auto on_login = [&](const soup::LoginRequest& request) { append(server.accept("DAY", request.sequence, 0, out)); };
        static_cast<void>(server.take(packet, 0, on_login, [](auto) {}));
    };
    static_cast<void>(framer.push(login, taken));
    while (server.next_sequence() <= kMessages) append(server.send(message(server.next_sequence()), 0, out));
    return bytes;
}

/// One connection; the number of bytes that the server had to say.
std::uint64_t connect(soup::Client& client, std::uint64_t cut, std::vector<std::string>& got) {
    std::array<std::uint8_t, 128> out{};
    const std::string session(client.session());
    const std::uint64_t from = got.size() + 1;
    const std::size_t size = client.login("user", "secret", session, from, 0, out);
    const auto bytes = server_bytes({out.data(), size});
    soup::Framer<128> framer;
    const auto taken = [&](const soup::Packet& packet) {
        const auto deliver = [&](std::uint64_t sequence, std::span<const std::uint8_t> payload) {
            CHECK(sequence == got.size() + 1);
            got.emplace_back(payload.begin(), payload.end());
        };
        CHECK(client.take(packet, 0, deliver, [](auto) {}) == soup::Flaw::none);
    };
    const auto arrived = static_cast<std::size_t>(std::min<std::uint64_t>(cut, bytes.size()));
    CHECK(framer.push(std::span(bytes).first(arrived), taken) == soup::Flaw::none);
    return bytes.size();
}

}  // namespace

TEST(soup_exchange_that_is_cut_at_any_byte_loses_and_doubles_nothing) {
    std::vector<std::string> whole;
    soup::Client first;
    const std::uint64_t bytes = connect(first, kNoCut, whole);
    CHECK(whole.size() == kMessages);
    for (std::uint64_t cut = 0; cut < bytes; ++cut) {
        std::vector<std::string> got;
        soup::Client client;
        static_cast<void>(connect(client, cut, got));
        CHECK(cut == 0 || got.size() < kMessages);
        static_cast<void>(connect(client, cut / 2, got));
        static_cast<void>(connect(client, kNoCut, got));
        CHECK(got == whole);
    }
}
