#include "parley/json_cursor.hpp"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace parley {

namespace {

/// The first quote, backslash or control character from `at`, or `end`.
const char* find_special(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i is_control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
        const __m128i is_special =
            _mm_or_si128(is_control, _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(is_special));
        if (mask != 0) return at + std::countr_zero(mask);
    }
#endif
    for (; at != end; ++at) {
        if (*at == '"' || *at == '\\' || static_cast<unsigned char>(*at) < 0x20) return at;
    }
    return end;
}

int hex_value(char byte) noexcept {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/// Bytes of the escape at `at`, the backslash included; 0 where JSON knows none such.
std::size_t escape_size(const char* at, const char* end) noexcept {
    if (end - at < 2) return 0;
    if (at[1] != 'u') return std::memchr("\"\\/bfnrt", at[1], 8) != nullptr ? 2 : 0;
    if (end - at < 6) return 0;
    for (int digit = 2; digit < 6; ++digit) {
        if (hex_value(at[digit]) < 0) return 0;
    }
    return 6;
}

char escape_value(const char* at) noexcept {
    switch (at[1]) {
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        case 'u': {
            const int code = (hex_value(at[4]) << 4) | hex_value(at[5]);
            return at[2] == '0' && at[3] == '0' && code < 0x80 ? static_cast<char>(code) : '?';
        }
        default: return at[1];
    }
}

}  // namespace

void JsonCursor::skip_text() noexcept {
    expect('"');
    while (ok()) {
        at_ = find_special(at_, end_);
        if (at_ == end_) return fail(FeedError::ends_early);
        if (*at_ == '"') {
            ++at_;
            return;
        }
        const std::size_t size = *at_ == '\\' ? escape_size(at_, end_) : 0;
        if (size == 0) return fail(FeedError::bad_text);
        at_ += size;
    }
}

std::string_view JsonCursor::text() noexcept {
    static_cast<void>(peek());
    const char* start = at_;
    skip_text();
    if (!ok()) return {};
    const std::string_view raw(start + 1, static_cast<std::size_t>(at_ - start - 2));
    return std::memchr(raw.data(), '\\', raw.size()) == nullptr ? raw : resolve(raw);
}

std::string_view JsonCursor::resolve(std::string_view raw) noexcept {
    const char* end = raw.data() + raw.size();
    std::size_t size = 0;
    for (const char* at = raw.data(); at != end; ++size) {
        if (size == resolved_.size()) {
            fail_at(FeedError::bad_text, raw.data());
            return {};
        }
        const std::size_t bytes = *at == '\\' ? escape_size(at, end) : 1;
        resolved_[size] = bytes == 1 ? *at : escape_value(at);
        at += bytes;
    }
    return {resolved_.data(), size};
}

bool JsonCursor::take_word(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) {
        return false;
    }
    at_ += word.size();
    return true;
}

std::int64_t JsonCursor::integer() noexcept { return decimal(DecimalScale{}); }

bool JsonCursor::boolean() noexcept {
    static_cast<void>(peek());
    if (take_word("true")) return true;
    if (!take_word("false")) fail(at_ == end_ ? FeedError::ends_early : FeedError::unexpected_byte);
    return false;
}

std::int64_t JsonCursor::decimal(DecimalScale scale) noexcept {
    const char first = peek();
    if (first == 'n' && take_word("null")) return 0;
    const bool is_quoted = first == '"';
    if (is_quoted) ++at_;
    if (at_ == end_) {
        fail(FeedError::ends_early);
        return 0;
    }
    const DecimalResult result = parse_decimal(at_, end_, scale);
    if (result.error != FeedError::none) {
        fail_at(result.end == end_ && result.error == FeedError::bad_number ? FeedError::ends_early : result.error,
                result.end);
        return 0;
    }
    at_ = result.end;
    if (is_quoted) {
        if (at_ == end_ || *at_ != '"') {
            fail(at_ == end_ ? FeedError::ends_early : FeedError::bad_number);
            return 0;
        }
        ++at_;
    }
    return result.units;
}

void JsonCursor::skip_scalar() noexcept {
    const char first = peek();
    if (first == '"') return skip_text();
    if (first == 't' || first == 'f' || first == 'n') {
        if (take_word("true") || take_word("false") || take_word("null")) return;
        return fail(FeedError::unexpected_byte);
    }
    if (first != '-' && (first < '0' || first > '9')) {
        return fail(at_ == end_ ? FeedError::ends_early : FeedError::unexpected_byte);
    }
    const auto is_of_number = [](char byte) {
        return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E';
    };
    while (at_ != end_ && is_of_number(*at_)) ++at_;
}

void JsonCursor::skip() noexcept {
    std::uint64_t objects = 0;  // the containers we are in: a bit each, set for an object
    int depth = 0;
    while (ok()) {
        const char first = peek();
        if (first == '{' || first == '[') {
            if (depth == kJsonDepthMax) return fail(FeedError::too_deep);
            ++at_;
            objects = (objects << 1) | (first == '{' ? 1U : 0U);
            ++depth;
            if (!take(first == '{' ? '}' : ']')) {
                if (first == '{') {
                    skip_text();
                    expect(':');
                }
                continue;
            }
            objects >>= 1;
            --depth;
        } else {
            skip_scalar();
        }
        while (ok() && depth > 0 && take((objects & 1) != 0 ? '}' : ']')) {
            objects >>= 1;
            --depth;
        }
        if (depth == 0) return;
        expect(',');
        if ((objects & 1) != 0) {
            skip_text();
            expect(':');
        }
    }
}

}  // namespace parley
