#include <string>
#include <vector>

#include "check.hpp"
#include "parley/mold_udp64.hpp"

using namespace parley;

namespace {

using Bytes = std::vector<std::uint8_t>;
const mold::Session kSession = mold::session_of("20260101A");

Bytes datagram(std::uint64_t sequence, std::string_view letters) {
    Bytes out(1'500);
    mold::Packer packer(kSession, sequence, out);
    for (const char letter : letters) {
        const std::uint8_t message[] = {static_cast<std::uint8_t>(letter)};
        CHECK(packer.add(message));
    }
    out.resize(packer.size());
    return out;
}

Bytes header(std::uint64_t sequence, std::uint16_t count) {
    Bytes out(mold::kHeaderBytes);
    CHECK(mold::encode_header(kSession, sequence, count, out) == out.size());
    return out;
}

struct Got {
    std::string text;
    void operator()(std::uint64_t sequence, std::span<const std::uint8_t> message) {
        text += std::to_string(sequence) + std::string(message.begin(), message.end());
    }
};

std::uint64_t next_random(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

}  // namespace

TEST(mold_datagram_is_the_specification_byte_for_byte) {
    CHECK(datagram(258, "a") == (Bytes{'2', '0', '2', '6', '0', '1', '0', '1', 'A', ' ', 0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 0, 1, 'a'}));
}

TEST(mold_messages_come_in_order_and_once) {
    mold::Receiver<> receiver;
    Got got;
    receiver.push(datagram(1, "ab"), got);
    receiver.push(datagram(1, "ab"), got);
    receiver.push(datagram(2, "bc"), got);
    receiver.push(header(4, 0), got);
    CHECK(got.text == "1a2b3c" && !receiver.has_gap() && receiver.sequence().duplicates() == 3);
    receiver.push(header(4, mold::kEndOfSession), got);
    CHECK(receiver.is_ended());
}

TEST(mold_gap_waits_is_asked_for_and_filled) {
    mold::Receiver<> receiver;
    Got got;
    std::array<std::uint8_t, 20> out{};
    receiver.push(datagram(1, "a"), got);
    receiver.push(datagram(6, "f"), got);
    receiver.push(datagram(4, "de"), got);
    CHECK(got.text == "1a" && receiver.has_gap());
    CHECK(receiver.request(0, out) == mold::kHeaderBytes);
    mold::Datagram request;
    CHECK(mold::read_request(out, request) == mold::Flaw::none && request.sequence == 2 && request.count == 2);
    CHECK(receiver.request(mold::kRequestIntervalNs - 1, out) == 0);
    CHECK(receiver.request(mold::kRequestIntervalNs, out) == mold::kHeaderBytes);
    receiver.push(datagram(2, "bc"), got);
    CHECK(got.text == "1a2b3c4d5e6f" && !receiver.has_gap() && receiver.request(1'000'000'000, out) == 0);
}

TEST(mold_heartbeat_shows_the_loss_of_the_last_message) {
    mold::Receiver<> receiver(1);
    Got got;
    std::array<std::uint8_t, 20> out{};
    receiver.push(header(3, 0), got);
    CHECK(receiver.has_gap() && receiver.request(0, out) != 0);
    CHECK(receiver.give_up(got) == 2 && !receiver.has_gap() && receiver.counters().lost == 2);
    receiver.push(datagram(3, "c"), got);
    CHECK(got.text == "3c");
}

TEST(mold_refuses_what_is_malformed_whole) {
    mold::Receiver<> receiver;
    Got got;
    const Bytes good = datagram(1, "abc");
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        const auto flaw = receiver.push(std::span(good).first(cut), got);
        CHECK(flaw == (cut < mold::kHeaderBytes ? mold::Flaw::too_short : mold::Flaw::wrong_length));
    }
    Bytes longer = good;
    longer.push_back(0);
    CHECK(receiver.push(longer, got) == mold::Flaw::wrong_length);
    Bytes last = datagram(~std::uint64_t{0} - 1, "abc");
    CHECK(receiver.push(last, got) == mold::Flaw::bad_sequence);
    CHECK(got.text.empty());
    receiver.push(good, got);
    Bytes other = datagram(4, "d");
    other[0] = 'X';
    CHECK(receiver.push(other, got) == mold::Flaw::other_session && got.text == "1a2b3c");
}

TEST(mold_delivers_every_message_once_under_loss_doubling_and_reordering) {
    constexpr std::uint64_t kMessages = 2'000;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        mold::Receiver<8> receiver(1);
        std::uint64_t state = seed;
        std::uint64_t expected = 1;
        bool is_in_order = true;
        const auto deliver = [&](std::uint64_t sequence, std::span<const std::uint8_t> message) {
            is_in_order = is_in_order && sequence == expected++ && message[0] == static_cast<std::uint8_t>('a' + sequence % 26);
        };
        const auto make = [](std::uint64_t first, std::uint64_t count) {
            std::string letters;
            for (std::uint64_t i = 0; i < count && first + i <= kMessages; ++i) letters += static_cast<char>('a' + (first + i) % 26);
            return datagram(first, letters);
        };
        std::vector<Bytes> network;
        TimeNs now = 0;
        for (std::uint64_t sent = 1; expected <= kMessages && now < 10'000 * mold::kRequestIntervalNs; now += mold::kRequestIntervalNs / 4) {
            if (sent <= kMessages) {
                const std::uint64_t count = 1 + next_random(state) % 5;
                network.push_back(make(sent, count));
                sent = std::min(sent + count, kMessages + 1);
            } else {
                network.push_back(header(kMessages + 1, 0));
            }
            std::array<std::uint8_t, 20> out{};
            mold::Datagram request;
            if (receiver.request(now, out) != 0 && mold::read_request(out, request) == mold::Flaw::none) {
                network.push_back(make(request.sequence, request.count));
            }
            while (network.size() > next_random(state) % 6) {
                const std::size_t index = next_random(state) % network.size();
                if (next_random(state) % 5 != 0) receiver.push(network[index], deliver);
                if (next_random(state) % 10 != 0) network.erase(network.begin() + static_cast<std::ptrdiff_t>(index));
            }
        }
        CHECK(is_in_order && expected == kMessages + 1);
        CHECK(receiver.counters().requests > 0 && receiver.sequence().duplicates() > 0);
    }
}
