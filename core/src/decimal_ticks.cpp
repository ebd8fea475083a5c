#include "parley/decimal_ticks.hpp"

namespace parley {

namespace {

constexpr std::int64_t kExponentMax = 40;

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

/// A number as digits x 10^-fraction_digits, zeros at the end of the fraction left out.
struct Digits {
    std::int64_t mantissa = 0;
    std::int64_t fraction_digits = 0;
    std::int64_t pending_zeros = 0;

    [[nodiscard]] bool push(char byte) noexcept {
        const std::int64_t digit = byte - '0';
        if (mantissa > (kPowersOfTen[18] - digit) / 10) return false;
        mantissa = mantissa * 10 + digit;
        return true;
    }

    [[nodiscard]] bool push_fraction(char byte) noexcept {
        ++pending_zeros;
        if (byte == '0') return pending_zeros < (std::int64_t{1} << 30);
        for (; pending_zeros > 1; --pending_zeros, ++fraction_digits) {
            if (!push('0')) return false;
        }
        pending_zeros = 0;
        ++fraction_digits;
        return push(byte);
    }
};

DecimalResult to_units(const Digits& digits, std::int64_t exponent, DecimalScale scale, const char* at) noexcept {
    std::int64_t power = scale.decimals + exponent - digits.fraction_digits;
    std::int64_t value = digits.mantissa;
    if (value == 0) return {0, at, FeedError::none};
    for (; power < 0; ++power) {
        if (value % 10 != 0) return {0, at, FeedError::excess_digits};
        value /= 10;
    }
    for (; power > 0; --power) {
        if (value > kPowersOfTen[17]) return {0, at, FeedError::number_too_large};
        value *= 10;
    }
    if (value % scale.step != 0) return {0, at, FeedError::excess_digits};
    return {value / scale.step, at, FeedError::none};
}

/// The exponent behind 'e'; `at` is moved behind it. False where there are no digits.
bool parse_exponent(const char*& at, const char* end, std::int64_t& exponent) noexcept {
    const bool is_negative = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) ++at;
    if (at == end || !is_digit(*at)) return false;
    for (; at != end && is_digit(*at); ++at) {
        if (exponent <= kExponentMax) exponent = exponent * 10 + (*at - '0');
    }
    if (is_negative) exponent = -exponent;
    return true;
}

}  // namespace

DecimalResult parse_decimal(const char* at, const char* end, DecimalScale scale) noexcept {
    const bool is_negative = at != end && *at == '-';
    if (is_negative) ++at;
    if (at == end || !is_digit(*at)) return {0, at, FeedError::bad_number};
    Digits digits;
    for (; at != end && is_digit(*at); ++at) {
        if (!digits.push(*at)) return {0, at, FeedError::number_too_large};
    }
    if (at != end && *at == '.') {
        ++at;
        if (at == end || !is_digit(*at)) return {0, at, FeedError::bad_number};
        for (; at != end && is_digit(*at); ++at) {
            if (!digits.push_fraction(*at)) return {0, at, FeedError::excess_digits};
        }
    }
    std::int64_t exponent = 0;
    if (at != end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (!parse_exponent(at, end, exponent)) return {0, at, FeedError::bad_number};
        if (exponent > kExponentMax || exponent < -kExponentMax) {
            return {0, at, digits.mantissa == 0 ? FeedError::none
                           : exponent > 0       ? FeedError::number_too_large
                                                : FeedError::excess_digits};
        }
    }
    DecimalResult result = to_units(digits, exponent, scale, at);
    if (is_negative) result.units = -result.units;
    return result;
}

bool parse_scale(std::string_view text, DecimalScale& scale) noexcept {
    const auto point = text.find('.');
    std::size_t decimals = 0;
    if (point != std::string_view::npos) {
        const auto last = text.find_last_not_of('0');
        decimals = last > point ? last - point : 0;
    }
    if (decimals > kDecimalDigitsMax) return false;
    const DecimalScale digits{static_cast<std::int32_t>(decimals), 1};
    const auto result = parse_decimal(text.data(), text.data() + text.size(), digits);
    if (result.error != FeedError::none || result.end != text.data() + text.size() || result.units <= 0) return false;
    scale = {static_cast<std::int32_t>(decimals), result.units};
    return true;
}

}  // namespace parley
