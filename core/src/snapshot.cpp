#include "parley/snapshot.hpp"

#include <algorithm>
#include <cstdio>

#include "parley/journal_format.hpp"

namespace parley {

namespace {

constexpr std::uint64_t kMagic = 0x315359454c524150;  // "PARLEYS1"
constexpr std::size_t kHeaderBytes = 40;               // magic, sequence, event number, state bytes, CRC, zeros
constexpr std::size_t kChecksumAt = 32;
constexpr const char* kTemporary = "snapshot.temporary";

std::uint32_t checksum(std::span<const std::uint8_t> bytes) noexcept {
    return crc32c(bytes.subspan(kHeaderBytes), crc32c(bytes.first(kChecksumAt)));
}

}  // namespace

void write_snapshot(Storage& storage, const Engine& engine) {
    std::vector<std::uint8_t> bytes(kHeaderBytes);
    engine.save(bytes);
    using journal_format::put;
    put(bytes.data(), kMagic);
    put(bytes.data() + 8, engine.journal_sequence());
    put(bytes.data() + 16, engine.event_number());
    put(bytes.data() + 24, static_cast<std::uint64_t>(bytes.size() - kHeaderBytes));
    put(bytes.data() + kChecksumAt, checksum(bytes));
    char name[40];
    std::snprintf(name, sizeof name, "%020llu.snapshot", static_cast<unsigned long long>(engine.journal_sequence()));
    storage.remove(kTemporary);
    const auto file = storage.open(kTemporary, OpenMode::create_new);
    file->write_at(0, bytes);
    file->sync();
    storage.rename(kTemporary, name);
    storage.sync_directory();
}

std::vector<SnapshotFile> list_snapshots(Storage& storage) {
    std::vector<SnapshotFile> files;
    for (const std::string& name : storage.list()) {
        unsigned long long sequence = 0;
        if (!name.ends_with(".snapshot") || std::sscanf(name.c_str(), "%20llu.snapshot", &sequence) != 1) continue;
        std::uint8_t header[kHeaderBytes] = {};
        const std::size_t count = storage.open(name, OpenMode::read)->read_at(0, header);
        const auto event_number = count == sizeof header ? journal_format::get<std::int64_t>(header + 16) : 0;
        files.push_back({name, sequence, event_number});
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
    return files;
}

bool load_snapshot(const Storage& storage, const SnapshotFile& file, Engine& engine) {
    const auto bytes = storage.read(file.name).value_or(std::vector<std::uint8_t>());
    using journal_format::get;
    if (bytes.size() < kHeaderBytes || get<std::uint64_t>(bytes.data()) != kMagic) return false;
    if (get<std::uint64_t>(bytes.data() + 8) != file.sequence) return false;
    if (get<std::uint64_t>(bytes.data() + 24) != bytes.size() - kHeaderBytes) return false;
    if (get<std::uint32_t>(bytes.data() + kChecksumAt) != checksum(bytes)) return false;
    engine.load(std::span(bytes).subspan(kHeaderBytes));
    return true;
}

}  // namespace parley
