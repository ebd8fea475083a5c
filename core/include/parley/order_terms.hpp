#pragma once

#include <cstdint>
#include <tuple>

#include "parley/units.hpp"

namespace parley {

/// DAY orders end here: 08:00 UTC, when the venue's options are delivered.
inline constexpr TimeNs kDayEndsAtNs = 8 * 3'600'000'000'000;
inline constexpr TimeNs kDayNs = 24 * 3'600'000'000'000;
inline constexpr std::int64_t kBasisPoints = 10'000;

/// The first 08:00 UTC after `now_ns`.
[[nodiscard]] constexpr TimeNs day_end_after(TimeNs now_ns) noexcept {
    return (now_ns - kDayEndsAtNs + kDayNs) / kDayNs * kDayNs + kDayEndsAtNs;
}

/// What an order may ask beyond price, quantity and time in force. Travels after an order's other fields in
/// place_order_with_terms; all zero means none of it.
struct OrderTerms {
    TimeNs expires_at_ns = 0;     ///< of GTD
    Lots display;                 ///< iceberg: what is shown at a time; 0: all
    Lots minimum;                 ///< of IOC: traded at once, or nothing is
    PriceTicks stop;              ///< of stop and stop_limit
    Trigger trigger{};            ///< what is compared with `stop`
    PegReference peg_reference{};
    std::int64_t peg_offset_ticks = 0;  ///< added to the reference price
    SelfMatch self_match{};
    auto fields() {
        return std::tie(expires_at_ns, display, minimum, stop, trigger, peg_reference, peg_offset_ticks, self_match);
    }
    friend bool operator==(const OrderTerms&, const OrderTerms&) = default;
};

/// Prices at which an instrument may trade: around a fixed price, and around the last trade. Zero basis points: no band.
struct PriceBands {
    PriceTicks reference;
    std::int64_t static_basis_points = 0;
    std::int64_t dynamic_basis_points = 0;
    bool pauses = false;  ///< what would trade outside calls an auction; otherwise it is refused

    /// The farthest price towards which `side` may trade, not beyond `limit`. Without a last trade: its price is 0.
    [[nodiscard]] constexpr PriceTicks bound(Side side, PriceTicks limit, PriceTicks last) const noexcept {
        limit = nearer(side, limit, reference, static_basis_points);
        return nearer(side, limit, last.value > 0 ? last : reference, dynamic_basis_points);
    }

private:
    [[nodiscard]] static constexpr PriceTicks nearer(Side side, PriceTicks limit, PriceTicks around,
                                                     std::int64_t basis_points) noexcept {
        if (basis_points == 0 || around.value <= 0) return limit;
        const Wide wide = Wide{around.value} * (kBasisPoints + sign(side) * basis_points) / kBasisPoints;
        const PriceTicks band{saturate(wide)};
        return side == Side::buy ? (band < limit ? band : limit) : (band > limit ? band : limit);
    }
};

}  // namespace parley
