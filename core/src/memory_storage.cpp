#include "parley/memory_storage.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace parley {

namespace {

/// splitmix64 (Steele, Lea, Flood 2014).
class Choices {
public:
    explicit Choices(std::uint64_t seed) noexcept : state_(seed) {}
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return (mixed ^ (mixed >> 31)) % bound;
    }

private:
    std::uint64_t state_;
};

void put_bytes(std::vector<std::uint8_t>& file, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
    if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

[[noreturn]] void fail(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

class MemoryFile final : public StorageFile {
public:
    MemoryFile(MemoryStorage& storage, std::shared_ptr<MemoryStorage::Inode> inode, std::string name)
        : storage_(storage), inode_(std::move(inode)), name_(std::move(name)) {}

    void write_at(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
        storage_.write(*inode_, name_, offset, bytes);
    }
    std::size_t read_at(std::uint64_t offset, std::span<std::uint8_t> into) const override {
        const std::lock_guard guard(storage_.mutex_);
        storage_.require_power();
        const auto& bytes = inode_->cached;
        if (offset >= bytes.size()) return 0;
        const std::size_t count = std::min<std::size_t>(into.size(), bytes.size() - offset);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
        return count;
    }
    void sync() override { storage_.sync(*inode_, name_); }
    void truncate(std::uint64_t size) override { storage_.truncate(*inode_, name_, size); }
    std::uint64_t size() const override {
        const std::lock_guard guard(storage_.mutex_);
        storage_.require_power();
        return inode_->cached.size();
    }

private:
    MemoryStorage& storage_;
    std::shared_ptr<MemoryStorage::Inode> inode_;
    std::string name_;
};

class MemoryStorage::Lock final : public StorageLock {
public:
    explicit Lock(std::shared_ptr<int> token) noexcept : token_(std::move(token)) {}
    ~Lock() override { *token_ = 0; }

private:
    std::shared_ptr<int> token_;
};

void MemoryStorage::require_power() const {
    if (!has_power_) throw PowerIsOff();
}

/// Asks for a fault. The caller locks afterwards.
void MemoryStorage::begin(DiskOperation::Kind kind, const std::string& name, std::size_t bytes, DiskFault& fault) {
    OnOperation on_operation;
    std::uint64_t number = 0;
    {
        const std::lock_guard guard(mutex_);
        require_power();
        number = ++operations_;
        on_operation = on_operation_;
    }
    if (on_operation) fault = on_operation({kind, name, number, bytes});
}

void MemoryStorage::write(Inode& inode, const std::string& name, std::uint64_t offset,
                          std::span<const std::uint8_t> bytes) {
    DiskFault fault;
    begin(DiskOperation::Kind::write, name, bytes.size(), fault);
    const std::lock_guard guard(mutex_);
    require_power();
    if (fault.error != 0) bytes = bytes.first(std::min(fault.written, bytes.size()));
    if (!bytes.empty()) {
        put_bytes(inode.cached, offset, bytes);
        inode.changes.push_back({false, false, offset, Bytes(bytes.begin(), bytes.end())});
    }
    if (fault.error != 0) fail(fault.error, "write " + name);
}

void MemoryStorage::truncate(Inode& inode, const std::string& name, std::uint64_t size) {
    DiskFault fault;
    begin(DiskOperation::Kind::truncate, name, 0, fault);
    const std::lock_guard guard(mutex_);
    require_power();
    if (fault.error != 0) fail(fault.error, "truncate " + name);
    inode.cached.resize(size);
    inode.changes.push_back({true, false, size, {}});
}

void MemoryStorage::sync(Inode& inode, const std::string& name) {
    DiskFault fault;
    begin(DiskOperation::Kind::sync, name, 0, fault);
    const std::lock_guard guard(mutex_);
    require_power();
    if (fault.error != 0) {
        for (Change& change : inode.changes) change.is_doomed = true;
        fail(fault.error, "fdatasync " + name);
    }
    std::vector<Change> doomed;
    for (Change& change : inode.changes) {
        if (change.is_doomed) {
            doomed.push_back(std::move(change));
        } else if (change.is_truncation) {
            inode.durable.resize(change.offset);
        } else {
            put_bytes(inode.durable, change.offset, change.bytes);
        }
    }
    inode.changes = std::move(doomed);
}

std::unique_ptr<StorageFile> MemoryStorage::open(const std::string& name, OpenMode mode) {
    std::shared_ptr<Inode> inode;
    {
        const std::lock_guard guard(mutex_);
        require_power();
        const auto found = names_.find(name);
        if (found != names_.end()) inode = found->second;
    }
    if (inode && mode == OpenMode::create_new) fail(EEXIST, "open " + name);
    if (!inode && (mode == OpenMode::read || mode == OpenMode::write)) fail(ENOENT, "open " + name);
    if (inode) return std::make_unique<MemoryFile>(*this, std::move(inode), name);
    DiskFault fault;
    begin(DiskOperation::Kind::create, name, 0, fault);
    const std::lock_guard guard(mutex_);
    require_power();
    if (fault.error != 0) fail(fault.error, "open " + name);
    inode = names_[name] = std::make_shared<Inode>();
    name_changes_.push_back({{name, inode}});
    return std::make_unique<MemoryFile>(*this, std::move(inode), name);
}

std::optional<std::vector<std::uint8_t>> MemoryStorage::read(const std::string& name) const {
    const std::lock_guard guard(mutex_);
    require_power();
    const auto found = names_.find(name);
    if (found == names_.end()) return std::nullopt;
    return found->second->cached;
}

std::vector<std::uint8_t> MemoryStorage::read_start(const std::string& name, std::size_t most) const {
    const std::lock_guard guard(mutex_);
    require_power();
    const auto found = names_.find(name);
    if (found == names_.end()) return {};
    const Bytes& cached = found->second->cached;
    return {cached.begin(), cached.begin() + static_cast<std::ptrdiff_t>(std::min(most, cached.size()))};
}

bool MemoryStorage::exists(const std::string& name) const {
    const std::lock_guard guard(mutex_);
    require_power();
    return names_.contains(name);
}

std::vector<std::string> MemoryStorage::list() const {
    const std::lock_guard guard(mutex_);
    require_power();
    std::vector<std::string> names;
    for (const auto& [name, inode] : names_) names.push_back(name);
    return names;
}

void MemoryStorage::rename(const std::string& from, const std::string& to) {
    DiskFault fault;
    begin(DiskOperation::Kind::rename, from, 0, fault);
    const std::lock_guard guard(mutex_);
    require_power();
    const auto found = names_.find(from);
    if (found == names_.end()) fault.error = ENOENT;
    if (fault.error != 0) fail(fault.error, "rename " + from);
    auto inode = found->second;
    names_.erase(found);
    names_[to] = inode;
    name_changes_.push_back({{from, nullptr}, {to, std::move(inode)}});
}

void MemoryStorage::remove(const std::string& name) {
    DiskFault fault;
    begin(DiskOperation::Kind::remove, name, 0, fault);
    const std::lock_guard guard(mutex_);
    require_power();
    if (fault.error != 0) fail(fault.error, "remove " + name);
    if (names_.erase(name) > 0) name_changes_.push_back({{name, nullptr}});
}

void MemoryStorage::sync_directory() {
    DiskFault fault;
    begin(DiskOperation::Kind::sync_directory, "", 0, fault);
    const std::lock_guard guard(mutex_);
    require_power();
    if (fault.error != 0) fail(fault.error, "fsync of the folder");
    durable_names_ = names_;
    name_changes_.clear();
}

std::unique_ptr<StorageLock> MemoryStorage::lock(LockMode mode) {
    const std::lock_guard guard(mutex_);
    require_power();
    if (lock_ && *lock_ != 0 && mode == LockMode::if_free) return nullptr;
    lock_ = std::make_shared<int>(1);
    return std::make_unique<Lock>(lock_);
}

void MemoryStorage::set_on_operation(OnOperation on_operation) {
    const std::lock_guard guard(mutex_);
    on_operation_ = std::move(on_operation);
}

std::uint64_t MemoryStorage::operations() const {
    const std::lock_guard guard(mutex_);
    return operations_;
}

void MemoryStorage::lose_power() {
    const std::lock_guard guard(mutex_);
    has_power_ = false;
}

void MemoryStorage::crash() {
    const std::lock_guard guard(mutex_);
    lock_.reset();
}

std::unique_ptr<MemoryStorage> MemoryStorage::after_power_loss(std::uint64_t seed) const {
    const std::lock_guard guard(mutex_);
    Choices choices(seed);
    auto survivor = std::make_unique<MemoryStorage>();
    Names survived = durable_names_;
    for (const auto& changes : name_changes_) {
        if (choices.below(2) == 0) continue;
        for (const auto& [name, inode] : changes) {
            if (inode) {
                survived[name] = inode;
            } else {
                survived.erase(name);
            }
        }
    }
    for (const auto& [name, inode] : survived) {
        auto copy = std::make_shared<Inode>();
        copy->durable = inode->durable;
        for (const Change& change : inode->changes) {
            const std::uint64_t fate = choices.below(3);  // not at all, whole, in part
            if (change.is_doomed || fate == 0) continue;
            if (change.is_truncation) {
                copy->durable.resize(change.offset);
                continue;
            }
            const std::size_t kept = fate == 1 ? change.bytes.size() : choices.below(change.bytes.size() + 1);
            put_bytes(copy->durable, change.offset, std::span(change.bytes).first(kept));
        }
        copy->cached = copy->durable;
        survivor->names_[name] = std::move(copy);
    }
    survivor->durable_names_ = survivor->names_;
    return survivor;
}

void MemoryStorage::restore_power(std::uint64_t seed) {
    const auto survivor = after_power_loss(seed);
    const std::lock_guard guard(mutex_);
    names_ = std::move(survivor->names_);
    durable_names_ = std::move(survivor->durable_names_);
    name_changes_.clear();
    lock_.reset();
    has_power_ = true;
}

void MemoryStorage::corrupt(const std::string& name, std::uint64_t offset, std::uint8_t mask) {
    const std::lock_guard guard(mutex_);
    Inode& inode = *names_.at(name);
    inode.cached.at(offset) ^= mask;
    if (offset < inode.durable.size()) inode.durable[offset] ^= mask;
}

}  // namespace parley
