#include "parley/huge_array.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace parley {
namespace {

/// Below it an array shares pages with others: the system allows a process some 65,000 mappings, and there may be as
/// many instruments.
constexpr std::size_t kMappedBytesMin = std::size_t{1} << 20;
constexpr std::size_t kSmallAlignment = 64;

}  // namespace

void* map_zeroed(std::size_t bytes) {
    if (bytes < kMappedBytesMin) {
        const std::size_t rounded = (bytes + kSmallAlignment - 1) / kSmallAlignment * kSmallAlignment;
        void* small = std::aligned_alloc(kSmallAlignment, rounded);
        if (small == nullptr) throw std::bad_alloc();
        return std::memset(small, 0, rounded);
    }
    void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) throw std::bad_alloc();
    static_cast<void>(::madvise(address, bytes, MADV_HUGEPAGE));  // a wish: without it all works, slower
    return address;
}

void unmap(void* address, std::size_t bytes) noexcept {
    if (bytes < kMappedBytesMin) {
        std::free(address);
    } else {
        static_cast<void>(::munmap(address, bytes));
    }
}

}  // namespace parley
