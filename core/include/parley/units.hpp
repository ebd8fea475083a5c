#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace parley {

/// An integer with a unit: equal units add and compare, others do not mix.
template <typename Unit>
struct Counted {
    std::int64_t value = 0;

    friend constexpr auto operator<=>(Counted, Counted) noexcept = default;
    constexpr Counted& operator+=(Counted other) noexcept {
        value += other.value;
        return *this;
    }
    constexpr Counted& operator-=(Counted other) noexcept {
        value -= other.value;
        return *this;
    }
    friend constexpr Counted operator+(Counted a, Counted b) noexcept { return {a.value + b.value}; }
    friend constexpr Counted operator-(Counted a, Counted b) noexcept { return {a.value - b.value}; }
    constexpr Counted operator-() const noexcept { return {-value}; }
};

using PriceTicks = Counted<struct PriceTicksUnit>;
using Lots = Counted<struct LotsUnit>;

using AccountId = std::int64_t;
using InstrumentId = std::int64_t;
using OrderId = std::int64_t;
using ReservationId = std::int64_t;
using TimeNs = std::int64_t;   ///< UTC nanoseconds
using Micros = std::int64_t;   ///< 1e-6 US dollar

/// The account of the paper venue's own quotes; clients' accounts are positive.
inline constexpr AccountId kVenueAccount = 0;
/// Venue of instruments that nobody has assigned to another: the paper venue.
inline constexpr std::int64_t kPaperVenue = 1;
inline constexpr std::int64_t kQuantityLotsMax = 1'000'000'000'000;
inline constexpr std::int64_t kPriceTicksMax = 1'000'000'000'000;

// Numbered as wire.units declares them.
enum class Side : std::uint8_t { buy, sell };
enum class OrderType : std::uint8_t { limit, market, stop, stop_limit, peg };
enum class TimeInForce : std::uint8_t { gtc, ioc, fok, gtd, day };
/// What happens where an order would meet one of its own account.
enum class SelfMatch : std::uint8_t { cancel_newest, cancel_oldest, cancel_both, decrement };
enum class Trigger : std::uint8_t { last_trade, mark };
enum class PegReference : std::uint8_t { mid, primary };
enum class InstrumentPhase : std::uint8_t { continuous, call, halted };
enum class Liquidity : std::uint8_t { maker, taker };
enum class TradingState : std::uint8_t { active, reducing, halted };
enum class ControlScope : std::uint8_t { all, firm, desk, user, account, instrument, strategy, venue };

/// How one lot becomes US dollars: a fixed number of them, coins at the index, or coins at the traded price.
enum class ValueKind : std::uint8_t { fixed_usd, index, price };

[[nodiscard]] constexpr Side opposite(Side side) noexcept { return side == Side::buy ? Side::sell : Side::buy; }
[[nodiscard]] constexpr std::int64_t sign(Side side) noexcept { return side == Side::buy ? 1 : -1; }

__extension__ using Wide = __int128;

/// The nearest 64-bit integer to a wide one: a value too large to count is the largest, never a wrapped one.
[[nodiscard]] constexpr std::int64_t saturate(Wide wide) noexcept {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if (wide > most) return most;
    if (wide < -Wide{most}) return -most;
    return static_cast<std::int64_t>(wide);
}

}  // namespace parley
