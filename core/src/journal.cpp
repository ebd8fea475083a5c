#include "parley/journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "parley/crc32c.hpp"
#include "parley/journal_format.hpp"

namespace parley {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

JournalDamaged::JournalDamaged(std::uint64_t damaged_sequence, const std::string& why)
    : std::runtime_error("journal damaged at sequence " + std::to_string(damaged_sequence) + ": " + why),
      sequence(damaged_sequence) {}

File::File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {
    if (descriptor_ < 0) fail("open " + path.string());
}

File& File::operator=(File&& other) noexcept {
    if (this == &other) return *this;
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = std::exchange(other.descriptor_, -1);
    return *this;
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void File::write_all(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("write");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void File::write_at(std::span<const std::uint8_t> bytes, std::int64_t offset) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), offset);
    if (written < 0) fail("pwrite");
    if (static_cast<std::size_t>(written) != bytes.size()) {
        errno = ENOSPC;
        fail("pwrite");
    }
}

void File::sync_data() {
    if (::fdatasync(descriptor_) != 0) fail("fdatasync");
}

std::vector<std::uint8_t> read_file(const fs::path& path) {
    const File file(path, O_RDONLY);
    std::vector<std::uint8_t> bytes(fs::file_size(path));
    std::size_t filled = 0;
    while (filled < bytes.size()) {
        const ssize_t count = ::read(file.descriptor(), bytes.data() + filled, bytes.size() - filled);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("read " + path.string());
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    bytes.resize(filled);
    return bytes;
}

void sync_directory(const fs::path& folder) {
    const File directory(folder, O_RDONLY | O_DIRECTORY);
    if (::fsync(directory.descriptor()) != 0) fail("fsync " + folder.string());
}

std::vector<Segment> list_segments(const fs::path& folder) {
    std::vector<Segment> segments;
    for (const auto& entry : fs::directory_iterator(folder)) {
        unsigned long long first = 0;
        if (entry.path().extension() != ".journal") continue;
        if (std::sscanf(entry.path().filename().c_str(), "%20llu.journal", &first) != 1) continue;
        segments.push_back({entry.path(), first});
    }
    std::sort(segments.begin(), segments.end(),
              [](const Segment& a, const Segment& b) { return a.first_sequence < b.first_sequence; });
    return segments;
}

Journal::Journal(fs::path folder, Options options) : folder_(std::move(folder)), options_(options) {
    fs::create_directories(folder_);
    lock_ = File(folder_ / "lock", O_RDWR | O_CREAT);
    if (::flock(lock_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) throw JournalLocked("another engine holds " + folder_.string());
        fail("flock " + folder_.string());
    }
}

void Journal::resume(std::uint64_t last_sequence) {
    last_sequence_ = durable_sequence_ = last_sequence;
    const auto segments = list_segments(folder_);
    if (segments.empty()) {
        begin_segment();
    } else {
        segment_ = File(segments.back().path, O_WRONLY | O_APPEND);
        segment_size_ = fs::file_size(segments.back().path);
        segment_.sync_data();
    }
    durable_ = File(folder_ / "durable", O_RDWR | O_CREAT);
    note_durable();
}

void Journal::begin_segment() {
    char name[32];
    std::snprintf(name, sizeof name, "%020llu.journal", static_cast<unsigned long long>(last_sequence_ + 1));
    segment_ = File(folder_ / name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND);
    const auto header = journal_format::segment_header(last_sequence_ + 1);
    segment_.write_all(header);
    segment_.sync_data();
    sync_directory(folder_);
    segment_size_ = header.size();
}

std::uint64_t Journal::append(std::span<std::uint8_t> records) {
    if (segment_size_ + records.size() > options_.segment_bytes && segment_size_ > kSegmentHeaderBytes) {
        sync();
        begin_segment();
        has_rolled_ = true;
    }
    const std::uint64_t first = last_sequence_ + 1;
    last_sequence_ += journal_format::stamp(records, first, durable_sequence_);
    segment_.write_all(records);
    segment_size_ += records.size();
    return first;
}

void Journal::sync() {
    if (!is_dirty()) return;
    if (options_.is_synced) segment_.sync_data();
    durable_sequence_ = last_sequence_;
    note_durable();
}

/// Not synced itself: it may lag after a power loss, never lead. After a mere crash it shows that a tail was cut.
void Journal::note_durable() { durable_.write_at(journal_format::durable_mark(durable_sequence_), 0); }

}  // namespace parley
