#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parley/decimal_ticks.hpp"

namespace parley {

inline constexpr int kJsonDepthMax = 64;
inline constexpr std::size_t kJsonTextMax = 256;  ///< of a text with escapes that we want to read

/// Walks JSON text (RFC 8259) once, from front to back, and never past its end. The first error stays, with its
/// offset; after it every question has the answer of an empty document, so callers need to ask only once, at the end.
class JsonCursor {
public:
    explicit JsonCursor(std::string_view text) noexcept
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

    [[nodiscard]] FeedError error() const noexcept { return error_; }
    [[nodiscard]] bool ok() const noexcept { return error_ == FeedError::none; }
    /// Where the error is, or where the cursor stands: bytes from the front.
    [[nodiscard]] std::size_t offset() const noexcept {
        return static_cast<std::size_t>((ok() ? at_ : error_at_) - begin_);
    }
    [[nodiscard]] const char* at() const noexcept { return at_; }
    [[nodiscard]] const char* end() const noexcept { return end_; }
    [[nodiscard]] const char* begin() const noexcept { return begin_; }
    void move_to(const char* at) noexcept {
        if (ok()) at_ = at;
    }

    void fail(FeedError error) noexcept { fail_at(error, at_); }
    void fail_at(FeedError error, const char* at) noexcept {
        if (!ok()) return;
        error_ = error;
        error_at_ = at;
        at_ = end_;
    }

    /// The next byte that is not white space; 0 at the end.
    [[nodiscard]] char peek() noexcept {
        while (at_ != end_ && is_space(*at_)) ++at_;
        return at_ == end_ ? '\0' : *at_;
    }
    [[nodiscard]] bool take(char byte) noexcept {
        if (peek() != byte || at_ == end_) return false;
        ++at_;
        return true;
    }
    void expect(char byte) noexcept {
        if (!take(byte)) fail(at_ == end_ ? FeedError::ends_early : FeedError::unexpected_byte);
    }

    /// A text without its quotes, escapes resolved (beyond ASCII as '?'); it stands until the next text is read.
    [[nodiscard]] std::string_view text() noexcept;
    /// A whole number, bare or in quotes; null counts as 0.
    [[nodiscard]] std::int64_t integer() noexcept;
    [[nodiscard]] bool boolean() noexcept;
    /// A decimal, bare or in quotes, in units of the scale; null counts as 0.
    [[nodiscard]] std::int64_t decimal(DecimalScale scale) noexcept;
    /// Passes over one value of any kind, and checks it.
    void skip() noexcept;
    /// Nothing but white space may follow.
    void expect_end() noexcept {
        if (peek() != '\0' || at_ != end_) fail(FeedError::unexpected_byte);
    }

private:
    [[nodiscard]] static bool is_space(char byte) noexcept {
        return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
    }
    [[nodiscard]] std::string_view resolve(std::string_view raw) noexcept;
    [[nodiscard]] bool take_word(std::string_view word) noexcept;
    void skip_scalar() noexcept;
    void skip_text() noexcept;

    const char* begin_;
    const char* at_;
    const char* end_;
    FeedError error_ = FeedError::none;
    const char* error_at_ = nullptr;
    std::array<char, kJsonTextMax> resolved_;
};

/// The members of the object at the cursor: `while (members.next()) { use(members.key()); cursor.integer(); }`
class JsonMembers {
public:
    explicit JsonMembers(JsonCursor& cursor) noexcept : cursor_(cursor) { cursor_.expect('{'); }

    [[nodiscard]] bool next() noexcept {
        if (!cursor_.ok()) return false;
        if (is_first_ ? cursor_.take('}') : !cursor_.take(',')) {
            if (!is_first_) cursor_.expect('}');
            return false;
        }
        is_first_ = false;
        key_ = cursor_.text();
        cursor_.expect(':');
        return cursor_.ok();
    }
    [[nodiscard]] std::string_view key() const noexcept { return key_; }

private:
    JsonCursor& cursor_;
    std::string_view key_;
    bool is_first_ = true;
};

/// The elements of the array at the cursor.
class JsonElements {
public:
    explicit JsonElements(JsonCursor& cursor) noexcept : cursor_(cursor) { cursor_.expect('['); }

    [[nodiscard]] bool next() noexcept {
        if (!cursor_.ok()) return false;
        if (is_first_ ? cursor_.take(']') : !cursor_.take(',')) {
            if (!is_first_) cursor_.expect(']');
            return false;
        }
        is_first_ = false;
        return true;
    }

private:
    JsonCursor& cursor_;
    bool is_first_ = true;
};

}  // namespace parley
