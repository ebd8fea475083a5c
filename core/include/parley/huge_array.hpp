#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace parley {

/// Address space for `bytes`, zero and without memory until it is touched, in huge pages where the system grants them.
/// Throws std::bad_alloc.
[[nodiscard]] void* map_zeroed(std::size_t bytes);
void unmap(void* address, std::size_t bytes) noexcept;

/// A fixed number of places at fixed addresses: only what was touched takes memory, and growing moves nothing. All
/// bytes zero must be a valid Item of at most 64-byte alignment.
template <typename Item>
class HugeArray {
    static_assert(std::is_trivially_copyable_v<Item>);

public:
    explicit HugeArray(std::size_t capacity)
        : items_(static_cast<Item*>(map_zeroed(capacity * sizeof(Item)))), capacity_(capacity) {}
    HugeArray(HugeArray&& other) noexcept
        : items_(std::exchange(other.items_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
    HugeArray& operator=(HugeArray&& other) noexcept {
        std::swap(items_, other.items_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~HugeArray() {
        if (items_ != nullptr) unmap(items_, capacity_ * sizeof(Item));
    }

    [[nodiscard]] Item& operator[](std::size_t at) noexcept { return items_[at]; }
    [[nodiscard]] const Item& operator[](std::size_t at) const noexcept { return items_[at]; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

private:
    Item* items_;
    std::size_t capacity_;
};

}  // namespace parley
