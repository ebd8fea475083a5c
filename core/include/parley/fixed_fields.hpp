#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>

#include "parley/bytes.hpp"
#include "parley/units.hpp"

/// The form of what comes in great numbers: each field of an input at a fixed place of its record, so that reading it is
/// one load. Enumerators and flags take a byte, everything else eight, the lowest first; no padding, no texts.
namespace parley::codec {

template <typename Input>
concept HasFixedForm = requires { Input::fixed_kind; };

template <typename Field>
inline constexpr bool kIsOneByte = std::is_enum_v<Field> || std::is_same_v<Field, bool>;
template <typename Field>
inline constexpr std::size_t kFixedBytes = kIsOneByte<Field> ? 1 : sizeof(std::int64_t);

/// Bytes of a whole record: its kind, the wall clock, the fields.
template <typename Input>
inline constexpr std::size_t kFixedRecordBytes = []<typename... Fields>(std::type_identity<std::tuple<Fields&...>>) {
    return 1 + sizeof(TimeNs) + (kFixedBytes<Fields> + ...);
}(std::type_identity<decltype(std::declval<Input&>().fields())>{});

[[nodiscard]] inline std::uint64_t in_order(std::uint64_t word) noexcept {
    return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

/// The field to `at`, where there is room; then `at` is behind it.
template <typename Field>
[[gnu::always_inline]] inline void put_fixed(std::uint8_t*& at, const Field& field) noexcept {
    if constexpr (kIsOneByte<Field>) {
        *at++ = static_cast<std::uint8_t>(field);
    } else if constexpr (std::is_same_v<Field, std::int64_t> || std::is_same_v<Field, std::uint64_t>) {
        const std::uint64_t word = in_order(static_cast<std::uint64_t>(field));
        std::memcpy(at, &word, sizeof word);
        at += sizeof word;
    } else {
        put_fixed(at, field.value);
    }
}

/// The field at `at`, which lies in the record; then `at` is behind it.
template <typename Field>
[[gnu::always_inline]] inline void get_fixed(const std::uint8_t*& at, Field& field) {
    if constexpr (std::is_same_v<Field, bool>) {
        if (*at > 1) throw BadEncoding("number is out of range");
        field = *at++ != 0;
    } else if constexpr (std::is_enum_v<Field>) {
        if (*at >= enumerators(Field{})) throw BadEncoding("number is out of range");
        field = static_cast<Field>(*at++);
    } else if constexpr (std::is_same_v<Field, std::int64_t> || std::is_same_v<Field, std::uint64_t>) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        field = static_cast<Field>(in_order(word));
        at += sizeof word;
    } else {
        get_fixed(at, field.value);
    }
}

template <HasFixedForm Input>
void encode_fixed(Writer& writer, TimeNs now_ns, Input& input) {
    std::uint8_t record[kFixedRecordBytes<Input>];
    std::uint8_t* at = record;
    put_fixed(at, Input::fixed_kind);
    put_fixed(at, now_ns);
    std::apply([&](const auto&... fields) { (put_fixed(at, fields), ...); }, input.fields());
    writer.raw(record);
}

/// The wall clock and the fields of a record whose kind is known. Throws BadEncoding.
template <HasFixedForm Input>
[[gnu::always_inline]] inline TimeNs decode_fixed(std::span<const std::uint8_t> record, Input& input) {
    if (record.size() != kFixedRecordBytes<Input>) throw BadEncoding("record is not as long as its input");
    const std::uint8_t* at = record.data() + 1;
    TimeNs now_ns = 0;
    get_fixed(at, now_ns);
    std::apply([&](auto&... fields) { (get_fixed(at, fields), ...); }, input.fields());
    return now_ns;
}

}  // namespace parley::codec
