#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

/// What a fuzz target defines: any bytes at all, and nothing but BadEncoding or its like may come of them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

/// Ends the run, whatever NDEBUG says: the input that led here is a finding.
inline void insist(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
    std::abort();
}

/// Cuts an input into pieces: a length of two bytes before each, never more than is left.
class Pieces {
public:
    explicit Pieces(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

    [[nodiscard]] bool empty() const noexcept { return rest_.size() < 2; }
    [[nodiscard]] std::span<const std::uint8_t> take() noexcept {
        const std::size_t wanted = rest_[0] | static_cast<std::size_t>(rest_[1]) << 8;
        rest_ = rest_.subspan(2);
        const auto piece = rest_.first(wanted < rest_.size() ? wanted : rest_.size());
        rest_ = rest_.subspan(piece.size());
        return piece;
    }

private:
    std::span<const std::uint8_t> rest_;
};

}  // namespace fuzz

#define FUZZ_INSIST(condition) fuzz::insist(static_cast<bool>(condition), #condition)
