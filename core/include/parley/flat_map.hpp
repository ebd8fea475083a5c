#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley {

/// Open-addressing hash map from 64-bit keys to small values; no allocation between growths, no tombstones.
/// Iteration order depends on history: sort by key before anything that must be deterministic.
template <typename Value>
class FlatMap {
public:
    explicit FlatMap(std::size_t capacity = 16) { slots_.resize(round_up(capacity)); }

    [[nodiscard]] Value* find(std::uint64_t key) noexcept {
        for (std::size_t at = home(key);; at = next(at)) {
            if (!slots_[at].used) return nullptr;
            if (slots_[at].key == key) return &slots_[at].value;
        }
    }
    [[nodiscard]] const Value* find(std::uint64_t key) const noexcept {
        return const_cast<FlatMap*>(this)->find(key);
    }
    [[nodiscard]] bool contains(std::uint64_t key) const noexcept { return find(key) != nullptr; }

    /// The value of the key, new and empty where there was none.
    Value& operator[](std::uint64_t key) {
        if ((count_ + 1) * 2 > slots_.size()) grow();
        std::size_t at = home(key);
        while (slots_[at].used && slots_[at].key != key) at = next(at);
        if (!slots_[at].used) {
            slots_[at] = Slot{key, Value{}, true};
            ++count_;
        }
        return slots_[at].value;
    }

    void erase(std::uint64_t key) noexcept {
        std::size_t hole = home(key);
        while (slots_[hole].used && slots_[hole].key != key) hole = next(hole);
        if (!slots_[hole].used) return;
        for (std::size_t at = next(hole); slots_[at].used; at = next(at)) {
            const std::size_t distance = (at - home(slots_[at].key)) & mask();
            if (distance >= ((at - hole) & mask())) {
                slots_[hole] = slots_[at];
                hole = at;
            }
        }
        slots_[hole].used = false;
        --count_;
    }

    void clear() noexcept {
        for (auto& slot : slots_) slot.used = false;
        count_ = 0;
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

    template <typename Visit>
    void for_each(Visit&& visit) const {
        for (const auto& slot : slots_) {
            if (slot.used) visit(slot.key, slot.value);
        }
    }

private:
    struct Slot {
        std::uint64_t key = 0;
        Value value{};
        bool used = false;
    };

    static std::size_t round_up(std::size_t capacity) noexcept {
        std::size_t size = 16;
        while (size < capacity * 2) size *= 2;
        return size;
    }
    [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
    [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask(); }
    [[nodiscard]] std::size_t home(std::uint64_t key) const noexcept {
        key ^= key >> 32;
        key *= 0x9e3779b97f4a7c15ULL;  // Fibonacci hashing: Knuth, TAOCP 3, 6.4
        return static_cast<std::size_t>(key >> 32) & mask();
    }

    void grow() {
        std::vector<Slot> old(slots_.size() * 2);
        old.swap(slots_);
        count_ = 0;
        for (const auto& slot : old) {
            if (slot.used) (*this)[slot.key] = slot.value;
        }
    }

    std::vector<Slot> slots_;
    std::size_t count_ = 0;
};

}  // namespace parley
