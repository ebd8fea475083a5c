#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// Bytes that end early or hold what no encoder wrote.
struct BadEncoding : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Appends integers as zigzag varints (small numbers take one byte) and texts with their length before them.
class Writer {
public:
    explicit Writer(std::vector<std::uint8_t>& bytes) : bytes_(bytes) {}

    void byte(std::uint8_t value) { bytes_.push_back(value); }
    void raw(std::span<const std::uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

    void number(std::int64_t value) {
        auto rest = (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
        while (rest >= 0x80) {
            bytes_.push_back(static_cast<std::uint8_t>(rest | 0x80));
            rest >>= 7;
        }
        bytes_.push_back(static_cast<std::uint8_t>(rest));
    }

    void text(std::string_view value) {
        number(static_cast<std::int64_t>(value.size()));
        bytes_.insert(bytes_.end(), value.begin(), value.end());
    }

    template <typename... Numbers>
    void numbers(Numbers... values) {
        (number(static_cast<std::int64_t>(values)), ...);
    }

private:
    std::vector<std::uint8_t>& bytes_;
};

/// Reads what Writer wrote; throws BadEncoding past the end.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> bytes)
        : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] std::uint8_t byte() {
        if (at_ == end_) refuse_end();
        return *at_++;
    }

    [[nodiscard, gnu::always_inline]] std::int64_t number() {
        if (at_ != end_ && *at_ < 0x80) return signed_of(*at_++);
        const auto left = static_cast<std::size_t>(end_ - at_);
        if (end_ - begin_ < kWord || left == 0 || std::endian::native == std::endian::big) return number_by_bytes(0, 0);
        // eight bytes that lie in the record; those behind its end become zeros, which look like last bytes
        const std::size_t behind = left < sizeof(std::uint64_t) ? sizeof(std::uint64_t) - left : 0;
        std::uint64_t word = 0;
        std::memcpy(&word, at_ - behind, sizeof word);
        word >>= behind * 8;
        const std::uint64_t last = ~word & 0x8080808080808080ULL;  // the lowest bit is that of the last byte
        if (last == 0) {
            at_ += sizeof word;
            return number_by_bytes(without_gaps(word & 0x7f7f7f7f7f7f7f7fULL), 56);
        }
        const auto size = static_cast<std::size_t>(std::countr_zero(last)) / 8 + 1;
        if (size > left) refuse_end();
        at_ += size;
        return signed_of(without_gaps(word & (last ^ (last - 1))));
    }

    [[nodiscard]] bool flag() { return number() != 0; }

    /// A number below `bound`; an enumerator, a count.
    template <typename Result>
    [[nodiscard]] Result below(std::int64_t bound) {
        const std::int64_t value = number();
        if (value < 0 || value >= bound) throw BadEncoding("number is out of range");
        return static_cast<Result>(value);
    }

    [[nodiscard]] std::string_view text() {
        const std::int64_t size = number();
        if (size < 0 || size > end_ - at_) throw BadEncoding("text is longer than its record");
        const std::string_view value(reinterpret_cast<const char*>(at_), static_cast<std::size_t>(size));
        at_ += size;
        return value;
    }

    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

private:
    static constexpr std::ptrdiff_t kWord = sizeof(std::uint64_t);

    [[nodiscard]] static std::int64_t signed_of(std::uint64_t value) noexcept {
        return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
    }
    /// The lower seven bits of each byte, one behind the other.
    [[nodiscard]] static std::uint64_t without_gaps(std::uint64_t word) noexcept {
        word = (word & 0x007f007f007f007fULL) | ((word & 0x7f007f007f007f00ULL) >> 1);
        word = (word & 0x00003fff00003fffULL) | ((word & 0x3fff00003fff0000ULL) >> 2);
        return (word & 0x000000000fffffffULL) | ((word & 0x0fffffff00000000ULL) >> 4);
    }
    struct Read {
        std::int64_t value;
        const std::uint8_t* at;
    };
    [[nodiscard]] std::int64_t number_by_bytes(std::uint64_t value, unsigned bits) {
        const Read read = read_by_bytes(at_, end_, value, bits);
        at_ = read.at;
        return read.value;
    }
    /// What is left of a number of which `value` was read, in so many bits. Static, so that a reader stays in registers.
    [[nodiscard, gnu::noinline]] static Read read_by_bytes(const std::uint8_t* at, const std::uint8_t* end,
                                                           std::uint64_t value, unsigned bits) {
        for (; bits < 64; bits += 7) {
            if (at == end) refuse_end();
            const std::uint8_t next = *at++;
            value |= static_cast<std::uint64_t>(next & 0x7f) << bits;
            if ((next & 0x80) == 0) return {signed_of(value), at};
        }
        throw BadEncoding("number is longer than 64 bits");
    }
    [[noreturn, gnu::noinline, gnu::cold]] static void refuse_end() { throw BadEncoding("record ends early"); }

    const std::uint8_t* begin_;
    const std::uint8_t* at_;
    const std::uint8_t* end_;
};

}  // namespace parley
