#pragma once

// Written by core/tools/sbe_generate.py from a schema in core/schemas: change that and run it again.

#include "parley/sbe.hpp"

namespace parley::market_data {

namespace sbe = ::parley::sbe;

inline constexpr std::endian kOrder = std::endian::little;
inline constexpr std::uint16_t kSchemaId = 7701;
inline constexpr std::uint16_t kSchemaVersion = 1;

class Decimal {
public:
    explicit Decimal(std::span<const std::uint8_t> block) noexcept : block_(block) {}

    [[nodiscard]] std::optional<std::int64_t> mantissa() const noexcept {
        return sbe::unless_null<std::int64_t>(sbe::load<std::int64_t, kOrder>(block_.data() + 0), std::numeric_limits<std::int64_t>::min());
    }
    [[nodiscard]] static constexpr std::int8_t exponent() noexcept { return static_cast<std::int8_t>(-8LL); }

private:
    std::span<const std::uint8_t> block_;
};

enum class Side : std::uint8_t { buy = static_cast<std::uint8_t>(0ULL), sell = static_cast<std::uint8_t>(1ULL) };

[[nodiscard]] constexpr bool is_known(Side value) noexcept { return value == Side::buy || value == Side::sell; }

enum class TradingState : char { trading = 'T', halted = 'H', auction = 'A' };

[[nodiscard]] constexpr bool is_known(TradingState value) noexcept { return value == TradingState::trading || value == TradingState::halted || value == TradingState::auction; }

struct TradeFlags {
    std::uint8_t bits = 0;
    [[nodiscard]] constexpr bool liquidation() const noexcept { return (bits >> 0 & 1) != 0; }
    [[nodiscard]] constexpr bool block() const noexcept { return (bits >> 1 & 1) != 0; }
    [[nodiscard]] constexpr bool implied() const noexcept { return (bits >> 7 & 1) != 0; }
};

class BookUpdate {
public:
    static constexpr std::uint16_t kTemplateId = 1;
    static constexpr std::size_t kBlockBytes = 25;
    static constexpr std::size_t kRequiredBytes = 25;  ///< of a block of the first version

    class LevelsEntry {
    public:
        static constexpr std::size_t kRequiredBytes = 17;  ///< of a block of the first version

        /// Takes one off the cursor and checks all of it.
        [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                            LevelsEntry& out) noexcept {
            if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
            if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
            out.version_ = version;
            return sbe::Flaw::none;
        }

        [[nodiscard]] std::int64_t price_ticks() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 0); }
        [[nodiscard]] std::optional<std::int64_t> quantity_lots() const noexcept {
            return sbe::unless_null<std::int64_t>(sbe::load<std::int64_t, kOrder>(block_.data() + 8), std::numeric_limits<std::int64_t>::min());
        }
        [[nodiscard]] Side side() const noexcept { return static_cast<Side>(sbe::load<std::uint8_t, kOrder>(block_.data() + 16)); }
        [[nodiscard]] std::optional<std::uint32_t> orders() const noexcept {
            if (version_ < 1 || block_.size() < 21) return std::nullopt;
            return sbe::unless_null<std::uint32_t>(sbe::load<std::uint32_t, kOrder>(block_.data() + 17), std::numeric_limits<std::uint32_t>::max());
        }

    private:
        std::span<const std::uint8_t> block_;
        std::uint16_t version_ = 0;
    };

    /// Takes one off the cursor and checks all of it.
    [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                        BookUpdate& out) noexcept {
        if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
        if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
        out.version_ = version;
        if (const sbe::Flaw flaw = out.levels_.read(cursor, version); flaw != sbe::Flaw::none) return flaw;
        return sbe::Flaw::none;
    }

    [[nodiscard]] std::int64_t instrument_id() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 0); }
    [[nodiscard]] std::int64_t venue_time_ns() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 8); }
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sbe::load<std::uint64_t, kOrder>(block_.data() + 16); }
    [[nodiscard]] std::uint8_t is_snapshot() const noexcept { return sbe::load<std::uint8_t, kOrder>(block_.data() + 24); }
    [[nodiscard]] const sbe::Group<LevelsEntry, std::uint16_t, std::uint16_t, kOrder>& levels() const noexcept { return levels_; }

private:
    std::span<const std::uint8_t> block_;
    std::uint16_t version_ = 0;
    sbe::Group<LevelsEntry, std::uint16_t, std::uint16_t, kOrder> levels_;
};

class Trade {
public:
    static constexpr std::uint16_t kTemplateId = 2;
    static constexpr std::size_t kBlockBytes = 48;
    static constexpr std::size_t kRequiredBytes = 38;  ///< of a block of the first version

    /// Takes one off the cursor and checks all of it.
    [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                        Trade& out) noexcept {
        if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
        if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
        out.version_ = version;
        if (!cursor.take_text<std::uint16_t, kOrder>(out.trade_id_)) return sbe::Flaw::truncated;
        return sbe::Flaw::none;
    }

    [[nodiscard]] std::int64_t instrument_id() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 0); }
    [[nodiscard]] std::int64_t venue_time_ns() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 8); }
    [[nodiscard]] Decimal price() const noexcept { return Decimal(block_.subspan(16, 8)); }
    [[nodiscard]] std::int64_t quantity_lots() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 24); }
    [[nodiscard]] Side taker_side() const noexcept { return static_cast<Side>(sbe::load<std::uint8_t, kOrder>(block_.data() + 36)); }
    [[nodiscard]] TradeFlags flags() const noexcept { return TradeFlags{sbe::load<std::uint8_t, kOrder>(block_.data() + 37)}; }
    [[nodiscard]] const std::string_view& trade_id() const noexcept { return trade_id_; }

private:
    std::span<const std::uint8_t> block_;
    std::uint16_t version_ = 0;
    std::string_view trade_id_;
};

class InstrumentStatus {
public:
    static constexpr std::uint16_t kTemplateId = 3;
    static constexpr std::size_t kBlockBytes = 45;
    static constexpr std::size_t kRequiredBytes = 45;  ///< of a block of the first version

    /// Takes one off the cursor and checks all of it.
    [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                        InstrumentStatus& out) noexcept {
        if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
        if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
        out.version_ = version;
        if (version >= 1) {
            if (!cursor.take_text<std::uint16_t, kOrder>(out.reason_)) return sbe::Flaw::truncated;
        }
        return sbe::Flaw::none;
    }

    [[nodiscard]] std::string_view symbol() const noexcept { return sbe::fixed_text(block_.data() + 0, 20); }
    [[nodiscard]] TradingState state() const noexcept { return static_cast<TradingState>(sbe::load<char, kOrder>(block_.data() + 20)); }
    [[nodiscard]] std::array<std::uint32_t, 4> legs() const noexcept { return {sbe::load<std::uint32_t, kOrder>(block_.data() + 21 + 0), sbe::load<std::uint32_t, kOrder>(block_.data() + 21 + 4), sbe::load<std::uint32_t, kOrder>(block_.data() + 21 + 8), sbe::load<std::uint32_t, kOrder>(block_.data() + 21 + 12)}; }
    [[nodiscard]] std::optional<double> funding_rate() const noexcept {
        return sbe::unless_null<double>(sbe::load<double, kOrder>(block_.data() + 37), std::numeric_limits<double>::quiet_NaN());
    }
    [[nodiscard]] const std::string_view& reason() const noexcept { return reason_; }

private:
    std::span<const std::uint8_t> block_;
    std::uint16_t version_ = 0;
    std::string_view reason_;
};

class DeepBook {
public:
    static constexpr std::uint16_t kTemplateId = 4;
    static constexpr std::size_t kBlockBytes = 8;
    static constexpr std::size_t kRequiredBytes = 8;  ///< of a block of the first version

    class PricesEntry {
    public:
        static constexpr std::size_t kRequiredBytes = 9;  ///< of a block of the first version

        class OrdersEntry {
        public:
            static constexpr std::size_t kRequiredBytes = 8;  ///< of a block of the first version

            /// Takes one off the cursor and checks all of it.
            [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                                OrdersEntry& out) noexcept {
                if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
                if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
                out.version_ = version;
                if (!cursor.take_text<std::uint16_t, kOrder>(out.order_id_)) return sbe::Flaw::truncated;
                return sbe::Flaw::none;
            }

            [[nodiscard]] std::int64_t quantity_lots() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 0); }
            [[nodiscard]] const std::string_view& order_id() const noexcept { return order_id_; }

        private:
            std::span<const std::uint8_t> block_;
            std::uint16_t version_ = 0;
            std::string_view order_id_;
        };

        /// Takes one off the cursor and checks all of it.
        [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                            PricesEntry& out) noexcept {
            if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
            if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
            out.version_ = version;
            if (const sbe::Flaw flaw = out.orders_.read(cursor, version); flaw != sbe::Flaw::none) return flaw;
            return sbe::Flaw::none;
        }

        [[nodiscard]] std::int64_t price_ticks() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 0); }
        [[nodiscard]] Side side() const noexcept { return static_cast<Side>(sbe::load<std::uint8_t, kOrder>(block_.data() + 8)); }
        [[nodiscard]] const sbe::Group<OrdersEntry, std::uint16_t, std::uint16_t, kOrder>& orders() const noexcept { return orders_; }

    private:
        std::span<const std::uint8_t> block_;
        std::uint16_t version_ = 0;
        sbe::Group<OrdersEntry, std::uint16_t, std::uint16_t, kOrder> orders_;
    };

    /// Takes one off the cursor and checks all of it.
    [[nodiscard]] static sbe::Flaw read(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version,
                                        DeepBook& out) noexcept {
        if (block_bytes < kRequiredBytes) return sbe::Flaw::short_block;
        if (!cursor.take(block_bytes, out.block_)) return sbe::Flaw::truncated;
        out.version_ = version;
        if (const sbe::Flaw flaw = out.prices_.read(cursor, version); flaw != sbe::Flaw::none) return flaw;
        if (!cursor.take_text<std::uint16_t, kOrder>(out.note_)) return sbe::Flaw::truncated;
        return sbe::Flaw::none;
    }

    [[nodiscard]] std::int64_t instrument_id() const noexcept { return sbe::load<std::int64_t, kOrder>(block_.data() + 0); }
    [[nodiscard]] const sbe::Group<PricesEntry, std::uint16_t, std::uint16_t, kOrder>& prices() const noexcept { return prices_; }
    [[nodiscard]] const std::string_view& note() const noexcept { return note_; }

private:
    std::span<const std::uint8_t> block_;
    std::uint16_t version_ = 0;
    sbe::Group<PricesEntry, std::uint16_t, std::uint16_t, kOrder> prices_;
    std::string_view note_;
};

template <typename Message, typename Visitor>
[[nodiscard]] inline sbe::Flaw decode_as(sbe::Cursor& cursor, std::size_t block_bytes, std::uint16_t version, Visitor& visitor) {
    Message message;
    const sbe::Flaw flaw = Message::read(cursor, block_bytes, version, message);
    if (flaw == sbe::Flaw::none) visitor.on(message);
    return flaw;
}

/// Takes one message off the front of `bytes` and hands it to visitor.on(message). With a flaw nothing was called and
/// `bytes` is as it was.
template <typename Visitor>
[[nodiscard]] inline sbe::Flaw decode(std::span<const std::uint8_t>& bytes, Visitor& visitor) {
    if (bytes.size() < 8) return sbe::Flaw::truncated;
    const auto block_bytes = static_cast<std::size_t>(sbe::load<std::uint16_t, kOrder>(bytes.data() + 0));
    const auto template_id = static_cast<std::uint16_t>(sbe::load<std::uint16_t, kOrder>(bytes.data() + 2));
    const auto schema_id = static_cast<std::uint16_t>(sbe::load<std::uint16_t, kOrder>(bytes.data() + 4));
    const auto version = static_cast<std::uint16_t>(sbe::load<std::uint16_t, kOrder>(bytes.data() + 6));
    if (schema_id != kSchemaId) return sbe::Flaw::unknown_schema;
    sbe::Cursor cursor(bytes.subspan(8));
    const auto decoded = [&]() -> sbe::Flaw {
        switch (template_id) {
        case 1: return decode_as<BookUpdate>(cursor, block_bytes, version, visitor);
        case 2: return decode_as<Trade>(cursor, block_bytes, version, visitor);
        case 3: return decode_as<InstrumentStatus>(cursor, block_bytes, version, visitor);
        case 4: return decode_as<DeepBook>(cursor, block_bytes, version, visitor);
        default: return sbe::Flaw::unknown_template;
        }
    };
    const sbe::Flaw flaw = decoded();
    if (flaw == sbe::Flaw::none) bytes = cursor.rest();
    return flaw;
}

}  // namespace parley::market_data
