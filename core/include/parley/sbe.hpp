#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

/// What decoders generated from a Simple Binary Encoding schema (FIX SBE 1.0) stand on: core/tools/sbe_generate.py.
namespace parley::sbe {

inline constexpr std::size_t kGroupEntriesMax = 65'535;

enum class Flaw : std::uint8_t {
    none,
    truncated,         ///< a block, a group or a text ends behind the message
    short_block,       ///< a block without fields that its first version has
    unknown_schema,    ///< another schema's message
    unknown_template,  ///< a message this schema has not
    too_many_entries,  ///< a group of more than kGroupEntriesMax
};

[[nodiscard]] constexpr std::string_view name_of(Flaw flaw) noexcept {
    constexpr std::string_view names[] = {"none",           "truncated",        "short_block",
                                          "unknown_schema", "unknown_template", "too_many_entries"};
    return names[static_cast<std::size_t>(flaw)];
}

/// A number at its place; the caller has checked that the bytes are there.
template <typename Number, std::endian Order>
[[nodiscard]] inline Number load(const std::uint8_t* bytes) noexcept {
    std::array<std::uint8_t, sizeof(Number)> raw;
    std::memcpy(raw.data(), bytes, sizeof(Number));
    if constexpr (Order != std::endian::native) {
        for (std::size_t i = 0; i < sizeof(Number) / 2; ++i) std::swap(raw[i], raw[sizeof(Number) - 1 - i]);
    }
    return std::bit_cast<Number>(raw);
}

/// The value, unless it is the one that stands for none; not-a-number stands for none where the schema says so.
template <typename Number>
[[nodiscard]] constexpr std::optional<Number> unless_null(Number value, Number null) noexcept {
    if constexpr (std::floating_point<Number>) {
        if (std::isnan(null) ? std::isnan(value) : value == null) return std::nullopt;
    } else {
        if (value == null) return std::nullopt;
    }
    return value;
}

/// Text of fixed width up to its first zero.
[[nodiscard]] inline std::string_view fixed_text(const std::uint8_t* bytes, std::size_t width) noexcept {
    std::size_t size = 0;
    while (size < width && bytes[size] != 0) ++size;
    return {reinterpret_cast<const char*>(bytes), size};
}

/// What is left of a message.
class Cursor {
public:
    explicit Cursor(std::span<const std::uint8_t> bytes) noexcept : rest_(bytes) {}

    [[nodiscard]] bool take(std::size_t size, std::span<const std::uint8_t>& taken) noexcept {
        if (size > rest_.size()) return false;
        taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return true;
    }
    template <typename Length, std::endian Order>
    [[nodiscard]] bool take_text(std::string_view& text) noexcept {
        std::span<const std::uint8_t> bytes;
        if (!take(sizeof(Length), bytes)) return false;
        if (!take(load<Length, Order>(bytes.data()), bytes)) return false;
        text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        return true;
    }
    [[nodiscard]] std::span<const std::uint8_t> rest() const noexcept { return rest_; }

private:
    std::span<const std::uint8_t> rest_;
};

/// A repeating group. read() has checked every entry, so that for_each() cannot fail.
template <typename Entry, typename BlockLength, typename Count, std::endian Order>
class Group {
public:
    [[nodiscard]] Flaw read(Cursor& cursor, std::uint16_t version) noexcept {
        std::span<const std::uint8_t> header;
        if (!cursor.take(sizeof(BlockLength) + sizeof(Count), header)) return Flaw::truncated;
        block_bytes_ = load<BlockLength, Order>(header.data());
        const std::uint64_t count = load<Count, Order>(header.data() + sizeof(BlockLength));
        if (count > kGroupEntriesMax) return Flaw::too_many_entries;
        count_ = static_cast<std::uint32_t>(count);
        version_ = version;
        entries_ = cursor.rest();
        for (std::uint32_t i = 0; i < count_; ++i) {
            Entry entry;
            if (const Flaw flaw = Entry::read(cursor, block_bytes_, version, entry); flaw != Flaw::none) return flaw;
        }
        return Flaw::none;
    }

    [[nodiscard]] std::uint32_t size() const noexcept { return count_; }

    template <typename Visit>
    void for_each(Visit&& visit) const {
        Cursor cursor(entries_);
        for (std::uint32_t i = 0; i < count_; ++i) {
            Entry entry;
            if (Entry::read(cursor, block_bytes_, version_, entry) != Flaw::none) return;
            visit(entry);
        }
    }

private:
    std::span<const std::uint8_t> entries_;
    std::size_t block_bytes_ = 0;
    std::uint32_t count_ = 0;
    std::uint16_t version_ = 0;
};

}  // namespace parley::sbe
