#include "parley/snapshot.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "parley/journal_chain.hpp"
#include "parley/journal_format.hpp"

namespace parley {

namespace {

using journal_format::get;
using journal_format::put;

constexpr std::uint64_t kMagic1 = 0x315359454c524150;  // "PARLEYS1": without an epoch
constexpr std::uint64_t kMagic2 = 0x325359454c524150;  // "PARLEYS2"
constexpr std::size_t kHeaderBytes1 = 40;  // magic, sequence, event number, state bytes, CRC, zeros
constexpr std::size_t kHeaderBytes2 = 48;  // magic, sequence, event number, state bytes, epoch, CRC, zeros
constexpr std::size_t kChecksumAt1 = 32;
constexpr std::size_t kChecksumAt2 = 40;
constexpr const char* kTemporary = "snapshot.temporary";

/// Covers all but itself and the zeros behind it, which are compared.
std::uint32_t checksum(std::span<const std::uint8_t> bytes, std::size_t checksum_at, std::size_t header) noexcept {
    return crc32c(bytes.subspan(header), crc32c(bytes.first(checksum_at)));
}

bool is_whole(std::span<const std::uint8_t> bytes, const SnapshotFile& file) noexcept {
    if (bytes.size() < kHeaderBytes2) return false;
    const bool is_format_1 = get<std::uint64_t>(bytes.data()) == kMagic1;
    if (!is_format_1 && get<std::uint64_t>(bytes.data()) != kMagic2) return false;
    const std::size_t header = is_format_1 ? kHeaderBytes1 : kHeaderBytes2;
    const std::size_t checksum_at = is_format_1 ? kChecksumAt1 : kChecksumAt2;
    if (get<std::uint64_t>(bytes.data() + 8) != file.sequence) return false;
    if (get<std::uint64_t>(bytes.data() + 24) != bytes.size() - header) return false;
    if ((is_format_1 ? kFormat1Epoch : get<std::uint64_t>(bytes.data() + 32)) != file.epoch) return false;
    return get<std::uint64_t>(bytes.data() + checksum_at) == checksum(bytes, checksum_at, header);
}

bool parse_name(const std::string& name, SnapshotFile& file) {
    unsigned long long sequence = 0, epoch = 0;
    if (!name.ends_with(".snapshot")) return false;
    if (std::sscanf(name.c_str(), "%20llu-%10llu.snapshot", &sequence, &epoch) < 1) return false;
    file.name = name;
    file.sequence = sequence;
    file.epoch = epoch;
    return true;
}

}  // namespace

std::vector<std::uint8_t> encode_snapshot(const Engine& engine, std::uint64_t epoch, std::size_t bytes_expected) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(bytes_expected);
    bytes.resize(kHeaderBytes2);
    engine.save(bytes);
    put(bytes.data(), kMagic2);
    put(bytes.data() + 8, engine.journal_sequence());
    put(bytes.data() + 16, engine.event_number());
    put(bytes.data() + 24, static_cast<std::uint64_t>(bytes.size() - kHeaderBytes2));
    put(bytes.data() + 32, epoch);
    put(bytes.data() + kChecksumAt2, std::uint64_t{checksum(bytes, kChecksumAt2, kHeaderBytes2)});
    return bytes;
}

void write_snapshot(Storage& storage, std::uint64_t epoch, std::uint64_t sequence,
                    std::span<const std::uint8_t> bytes) {
    char name[64];
    std::snprintf(name, sizeof name, "%020llu-%010llu.snapshot", static_cast<unsigned long long>(sequence),
                  static_cast<unsigned long long>(epoch));
    storage.remove(kTemporary);
    const auto file = storage.open(kTemporary, OpenMode::create_new);
    file->write_at(0, bytes);
    file->sync();
    storage.rename(kTemporary, name);
    storage.sync_directory();
}

std::vector<SnapshotFile> list_snapshots(const Storage& storage) {
    std::vector<SnapshotFile> files;
    for (const std::string& name : storage.list()) {
        SnapshotFile file;
        if (!parse_name(name, file)) continue;
        const auto header = storage.read_start(name, kHeaderBytes2);
        file.event_number = header.size() < kHeaderBytes2 ? 0 : get<std::int64_t>(header.data() + 16);
        files.push_back(std::move(file));
    }
    std::sort(files.begin(), files.end(), [](const SnapshotFile& a, const SnapshotFile& b) {
        return std::pair(a.sequence, a.epoch) > std::pair(b.sequence, b.epoch);
    });
    return files;
}

std::string load_snapshot(const Storage& storage, const SnapshotFile& file, Engine& engine) {
    const auto bytes = storage.read(file.name).value_or(std::vector<std::uint8_t>());
    if (!is_whole(bytes, file)) return "its bytes are damaged";
    const std::size_t header = file.epoch == kFormat1Epoch ? kHeaderBytes1 : kHeaderBytes2;
    try {
        engine.load(std::span(bytes).subspan(header));
    } catch (const BadEncoding& error) {
        return error.what();
    }
    return engine.journal_sequence() == file.sequence ? "" : "its state is of another sequence";
}

}  // namespace parley
