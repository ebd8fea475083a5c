#include "parley/snapshot.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>

#include "parley/journal.hpp"
#include "parley/journal_format.hpp"

namespace parley {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMagic = 0x315359454c524150;  // "PARLEYS1"
constexpr std::size_t kHeaderBytes = 40;               // magic, sequence, event number, state bytes, CRC, zeros
constexpr std::size_t kChecksumAt = 32;

std::uint32_t checksum(std::span<const std::uint8_t> bytes) noexcept {
    return crc32c(bytes.subspan(kHeaderBytes), crc32c(bytes.first(kChecksumAt)));
}

}  // namespace

void write_snapshot(const fs::path& folder, const Engine& engine) {
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
    const fs::path temporary = folder / "snapshot.temporary";
    {
        File file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
        file.write_all(bytes);
        file.sync_data();
    }
    fs::rename(temporary, folder / name);
    sync_directory(folder);
}

std::vector<SnapshotFile> list_snapshots(const fs::path& folder) {
    std::vector<SnapshotFile> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        unsigned long long sequence = 0;
        if (entry.path().extension() != ".snapshot") continue;
        if (std::sscanf(entry.path().filename().c_str(), "%20llu.snapshot", &sequence) != 1) continue;
        std::uint8_t header[kHeaderBytes] = {};
        std::FILE* file = std::fopen(entry.path().c_str(), "rb");
        const std::size_t count = file == nullptr ? 0 : std::fread(header, 1, sizeof header, file);
        if (file != nullptr) std::fclose(file);
        const auto event_number = count == sizeof header ? journal_format::get<std::int64_t>(header + 16) : 0;
        files.push_back({entry.path(), sequence, event_number});
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
    return files;
}

bool load_snapshot(const SnapshotFile& file, Engine& engine) {
    const auto bytes = read_file(file.path);
    using journal_format::get;
    if (bytes.size() < kHeaderBytes || get<std::uint64_t>(bytes.data()) != kMagic) return false;
    if (get<std::uint64_t>(bytes.data() + 8) != file.sequence) return false;
    if (get<std::uint64_t>(bytes.data() + 24) != bytes.size() - kHeaderBytes) return false;
    if (get<std::uint32_t>(bytes.data() + kChecksumAt) != checksum(bytes)) return false;
    engine.load(std::span(bytes).subspan(kHeaderBytes));
    return true;
}

}  // namespace parley
