#pragma once

// Seeds for the decoders of the feeds, generated: nothing recorded.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "parley/itch.hpp"
#include "parley/itch_bench.hpp"
#include "parley/mold_udp64.hpp"
#include "parley/ouch_events.hpp"
#include "parley/soup_session.hpp"

namespace feed_corpus {

using Bytes = std::vector<std::uint8_t>;

inline void write(const std::filesystem::path& path, const Bytes& bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline void write_itch(const std::filesystem::path& folder) {
    for (const std::uint16_t symbols : {std::uint16_t{1}, std::uint16_t{3}}) {
        const auto feed = parley::itch::bench::make_feed({symbols, 60, symbols});
        write(folder / "fuzz_itch" / std::to_string(symbols), feed);
    }
    Bytes every;
    for (const char type : parley::itch::kMessageTypes) {
        const std::size_t length = parley::itch::length_of(static_cast<std::uint8_t>(type));
        every.push_back(0);
        every.push_back(static_cast<std::uint8_t>(length));
        every.push_back(static_cast<std::uint8_t>(type));
        every.resize(every.size() + length - 1, 1);
    }
    write(folder / "fuzz_itch" / "every", every);
}

inline void write_ouch(const std::filesystem::path& folder) {
    for (const char type : std::string_view("SAUCDEBJPITMRXGKQ")) {
        Bytes answer(parley::ouch::event_bytes(type), 1);
        answer[0] = static_cast<std::uint8_t>(type);
        answer.insert(answer.end(), {0, 9, 5, 3, 0, 0, 0, 100, 2, 12, 'P'});
        write(folder / "fuzz_ouch" / std::string(1, type), answer);
    }
}

inline void write_soup(const std::filesystem::path& folder) {
    namespace soup = parley::soup;
    Bytes stream{5};
    Bytes out(128);
    const auto add = [&](std::size_t size) { stream.insert(stream.end(), out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)); };
    soup::Client client;
    add(client.login("user", "secret", "7", 3, 0, out));
    Bytes accepted(soup::kLoginAcceptedPayload, ' ');
    soup::store_number(accepted.data() + 10, 20, 3);
    add(soup::encode(soup::PacketType::login_accepted, accepted, out));
    for (const auto type : {soup::PacketType::sequenced, soup::PacketType::unsequenced, soup::PacketType::debug}) {
        add(soup::encode(type, Bytes{'h', 'i'}, out));
    }
    for (const auto type : {soup::PacketType::server_heartbeat, soup::PacketType::client_heartbeat, soup::PacketType::end_of_session}) {
        add(soup::encode(type, {}, out));
    }
    write(folder / "fuzz_soup" / "session", stream);
}

inline void write_mold(const std::filesystem::path& folder) {
    Bytes all;
    for (const char letter : std::string_view("\1\3\2\2\10\4")) {
        const auto first = static_cast<std::uint8_t>(letter);
        Bytes datagram(64);
        parley::mold::Packer packer(parley::mold::session_of("S"), first, datagram);
        (void)packer.add(Bytes{first});
        all.push_back(static_cast<std::uint8_t>(packer.size()));
        all.push_back(0);
        all.insert(all.end(), datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(packer.size()));
    }
    write(folder / "fuzz_mold" / "reordered", all);
}

inline void write_sbe(const std::filesystem::path& folder) {
    const auto message = [](std::uint8_t block, std::uint8_t id, std::size_t rest) {
        Bytes bytes{block, 0, id, 0, 0x15, 0x1e, 1, 0};  // schema 7701
        bytes.resize(bytes.size() + block, 7);
        bytes.insert(bytes.end(), rest, 0);
        return bytes;
    };
    Bytes update = message(25, 1, 0);
    update.insert(update.end(), {21, 0, 2, 0});
    update.resize(update.size() + 42, 9);
    write(folder / "fuzz_sbe" / "update", update);
    write(folder / "fuzz_sbe" / "trade", message(48, 2, 2));
    write(folder / "fuzz_sbe" / "status", message(45, 3, 2));
    Bytes deep = message(8, 4, 0);
    deep.insert(deep.end(), {9, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 8, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 'i', 'd', 1, 0, 'n'});
    write(folder / "fuzz_sbe" / "deep", deep);
}

inline void write_lobster(const std::filesystem::path& folder) {
    const std::string_view text =
        "34200.1,1,11,18,100,1\n34200.2,4,11,8,100,1\n34200.3,3,11,10,100,1\n|"
        "120,5,100,18\n120,5,100,10\n120,5,90,7\n";
    write(folder / "fuzz_lobster" / "day", Bytes(text.begin(), text.end()));
}

inline void write_all(const std::filesystem::path& folder) {
    write_itch(folder);
    write_ouch(folder);
    write_soup(folder);
    write_mold(folder);
    write_sbe(folder);
    write_lobster(folder);
}

}  // namespace feed_corpus
