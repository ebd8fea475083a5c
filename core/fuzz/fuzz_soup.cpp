#include <vector>

#include "fuzz.hpp"
#include "parley/soup_session.hpp"

// Bytes are a stream to a client and to a server, cut anywhere: the packets are the same as of the stream in one piece,
// and neither side breaks.

namespace {

using namespace parley;

struct Packets {
    std::vector<std::uint8_t> all;
    soup::Client client;
    soup::Server server;
    std::array<std::uint8_t, 64> out{};

    Packets() { (void)client.login("user", "secret", "", 1, 0, out); }
    void operator()(const soup::Packet& packet) {
        all.push_back(static_cast<std::uint8_t>(packet.type));
        all.insert(all.end(), packet.payload.begin(), packet.payload.end());
        std::uint64_t last = 0;
        client.take(
            packet, 1,
            [&](std::uint64_t sequence, std::span<const std::uint8_t>) {
                FUZZ_INSIST(last == 0 || sequence == last + 1);
                last = sequence;
            },
            [](std::span<const std::uint8_t>) {});
        server.take(
            packet, 1, [&](const soup::LoginRequest& request) { (void)server.accept(request.session, request.sequence, 1, out); },
            [](std::span<const std::uint8_t>) {});
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span<const std::uint8_t> stream(data + 1, size - 1);
    Packets whole;
    soup::Framer<512> framer;
    const auto flaw = framer.push(stream, whole);
    Packets pieces;
    soup::Framer<512> other;
    const std::size_t step = 1 + data[0] % 37;
    for (std::size_t at = 0; at < stream.size(); at += step) {
        other.push(stream.subspan(at, step < stream.size() - at ? step : stream.size() - at), pieces);
    }
    FUZZ_INSIST(whole.all == pieces.all && flaw == other.flaw());
    FUZZ_INSIST(whole.client.state() == pieces.client.state() && whole.server.state() == pieces.server.state());
    return 0;
}
