#include "parley/posix_storage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace parley {

namespace fs = std::filesystem;

namespace {

constexpr const char* kLockName = "lock";
/// Times that the lock's file may be replaced under our hands before we give up.
constexpr int kLockAttemptsMax = 100;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

Descriptor open_path(const fs::path& path, int flags) {
    Descriptor opened(::open(path.c_str(), flags | O_CLOEXEC, 0640));
    if (opened.value() < 0) fail("open " + path.string());
    return opened;
}

/// Reads until `into` is full or the file ends.
std::size_t read_all(int descriptor, std::uint64_t offset, std::span<std::uint8_t> into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
        const ssize_t count = ::pread(descriptor, into.data() + filled, into.size() - filled,
                                      static_cast<off_t>(offset + filled));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("read");
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
    }
    return filled;
}

class PosixFile final : public StorageFile {
public:
    explicit PosixFile(Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}

    void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
        while (!bytes.empty()) {
            const ssize_t written =
                ::pwrite(descriptor_.value(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail("write");
            offset += static_cast<std::uint64_t>(written);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }
    std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const override {
        return read_all(descriptor_.value(), offset, into);
    }
    void sync() override {
        if (::fdatasync(descriptor_.value()) != 0) fail("fdatasync");
    }
    void truncate(std::uint64_t size) override {
        if (::ftruncate(descriptor_.value(), static_cast<off_t>(size)) != 0) fail("truncate");
    }
    std::uint64_t size() const override {
        struct stat status {};
        if (::fstat(descriptor_.value(), &status) != 0) fail("stat");
        return static_cast<std::uint64_t>(status.st_size);
    }

private:
    Descriptor descriptor_;
};

class PosixLock final : public StorageLock {
public:
    explicit PosixLock(Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}

private:
    Descriptor descriptor_;
};

bool is_named(const Descriptor& opened, const fs::path& path) {
    struct stat ours {};
    struct stat named {};
    if (::fstat(opened.value(), &ours) != 0) fail("stat " + path.string());
    if (::stat(path.c_str(), &named) != 0) return false;
    return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

bool try_lock(const Descriptor& opened, const fs::path& path) {
    if (::flock(opened.value(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) fail("flock " + path.string());
    return false;
}

}  // namespace

Descriptor::~Descriptor() {
    if (value_ >= 0) ::close(value_);
}

PosixStorage::PosixStorage(fs::path folder, bool is_made) : folder_(std::move(folder)) {
    if (is_made) fs::create_directories(folder_);
}

std::unique_ptr<StorageFile> PosixStorage::open(const std::string& name, OpenMode mode) {
    constexpr int flags[] = {O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL};
    return std::make_unique<PosixFile>(open_path(folder_ / name, flags[static_cast<std::size_t>(mode)]));
}

std::optional<std::vector<std::uint8_t>> PosixStorage::read(const std::string& name) const {
    const fs::path path = folder_ / name;
    const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (opened.value() < 0 && errno == ENOENT) return std::nullopt;
    if (opened.value() < 0) fail("open " + path.string());
    struct stat status {};
    if (::fstat(opened.value(), &status) != 0) fail("stat " + path.string());
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
    bytes.resize(read_all(opened.value(), 0, bytes));
    return bytes;
}

std::vector<std::uint8_t> PosixStorage::read_start(const std::string& name, std::size_t most) const {
    const fs::path path = folder_ / name;
    const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (opened.value() < 0 && errno == ENOENT) return {};
    if (opened.value() < 0) fail("open " + path.string());
    std::vector<std::uint8_t> bytes(most);
    bytes.resize(read_all(opened.value(), 0, bytes));
    return bytes;
}

bool PosixStorage::exists(const std::string& name) const {
    const fs::path path = folder_ / name;
    if (::access(path.c_str(), F_OK) == 0) return true;
    if (errno != ENOENT) fail("access " + path.string());
    return false;
}

std::vector<std::string> PosixStorage::list() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

void PosixStorage::rename(const std::string& from, const std::string& to) {
    if (::rename((folder_ / from).c_str(), (folder_ / to).c_str()) != 0) fail("rename " + from);
}

void PosixStorage::remove(const std::string& name) {
    if (::unlink((folder_ / name).c_str()) != 0 && errno != ENOENT) fail("remove " + name);
}

void PosixStorage::sync_directory() {
    const Descriptor directory = open_path(folder_, O_RDONLY | O_DIRECTORY);
    if (::fsync(directory.value()) != 0) fail("fsync " + folder_.string());
}

/// A lock counts only while its file has the name: who seized it has put another there.
std::unique_ptr<StorageLock> PosixStorage::lock(LockMode mode) {
    const fs::path path = folder_ / kLockName;
    for (int attempt = 0; attempt < kLockAttemptsMax; ++attempt) {
        Descriptor opened = open_path(path, O_RDWR | O_CREAT);
        if (try_lock(opened, path)) {
            if (is_named(opened, path)) return std::make_unique<PosixLock>(std::move(opened));
            continue;
        }
        if (mode == LockMode::if_free) return nullptr;
        const fs::path own = folder_ / ("lock." + std::to_string(::getpid()));
        Descriptor fresh = open_path(own, O_RDWR | O_CREAT);
        if (!try_lock(fresh, own)) return nullptr;
        if (::rename(own.c_str(), path.c_str()) != 0) fail("rename " + own.string());
        if (is_named(fresh, path)) return std::make_unique<PosixLock>(std::move(fresh));
    }
    return nullptr;
}

}  // namespace parley
