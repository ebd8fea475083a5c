#include "parley/uniswap_v3.hpp"

#include <algorithm>

namespace parley::uniswap_v3 {
namespace {

constexpr std::int32_t kTickSpacingMax = 16'383;

std::int32_t floor_divide(std::int32_t a, std::int32_t b) noexcept { return a / b - (a % b != 0 && a < 0 ? 1 : 0); }

/// How much liquidity may meet in one tick: 2^128 over the number of usable ticks.
Uint256 liquidity_per_tick_max(std::int32_t spacing) noexcept {
    const auto ticks = static_cast<std::uint64_t>(kTickMax / spacing * 2 + 1);
    return divide(Uint256::power_of_two(128) - 1, ticks);
}

bool by_tick(const Tick& entry, std::int32_t tick) noexcept { return entry.tick < tick; }

}  // namespace

Pool::Pool(std::uint32_t fee_ppm, std::int32_t tick_spacing, const Uint256& sqrt_price) noexcept
    : fee_ppm_(fee_ppm), tick_spacing_(tick_spacing), sqrt_price_(sqrt_price) {
    const auto at = tick_at_sqrt_ratio(sqrt_price);
    tick_ = at.value;
    error_ = at.error;
    if (fee_ppm >= kFeeDenominator) error_ = AmmError::fee_out_of_range;
    if (tick_spacing < 1 || tick_spacing > kTickSpacingMax) error_ = AmmError::tick_out_of_range;
}

AmmError Pool::check() const noexcept { return error_; }

Amm<std::pair<Uint256, Uint256>> Pool::add_position(std::int32_t lower, std::int32_t upper, const Uint256& liquidity) {
    if (error_ != AmmError::none) return error_;
    if (lower >= upper || lower < -kTickMax || upper > kTickMax) return AmmError::tick_out_of_range;
    if (lower % tick_spacing_ != 0 || upper % tick_spacing_ != 0) return AmmError::tick_out_of_range;
    if (liquidity.is_zero()) return AmmError::amount_is_zero;
    const Uint256 most = liquidity_per_tick_max(tick_spacing_);
    for (const std::int32_t end : {lower, upper}) {
        const auto found = std::lower_bound(ticks_.begin(), ticks_.end(), end, by_tick);
        const bool is_known = found != ticks_.end() && found->tick == end;
        const auto sum = checked_add(is_known ? found->liquidity_gross : Uint256(0), liquidity);
        if (!sum || *sum > most) return AmmError::liquidity_out_of_range;
    }
    if (ticks_.size() + 2 > kTicksInitializedMax) return AmmError::too_many_ticks;
    const Uint256 low = *sqrt_ratio_at_tick(lower);
    const Uint256 high = *sqrt_ratio_at_tick(upper);
    const Uint256 middle = std::clamp(sqrt_price_, low, high);
    const bool is_active = tick_ >= lower && tick_ < upper;
    const auto amount0 = amount0_delta(middle, high, liquidity, Rounding::up);
    const auto amount1 = amount1_delta(low, middle, liquidity, Rounding::up);
    const auto active = checked_add(liquidity_, is_active ? liquidity : Uint256(0));
    if (!amount0 || !amount1) return AmmError::overflow;
    if (!active || !active->fits(kLiquidityBits)) return AmmError::liquidity_out_of_range;
    liquidity_ = *active;
    update_tick(lower, liquidity, false);
    update_tick(upper, liquidity, true);
    return std::pair(*amount0, *amount1);
}

void Pool::update_tick(std::int32_t tick, const Uint256& liquidity, bool is_upper) {
    auto found = std::lower_bound(ticks_.begin(), ticks_.end(), tick, by_tick);
    if (found == ticks_.end() || found->tick != tick) {
        found = ticks_.insert(found, Tick{tick, 0, {}, *sqrt_ratio_at_tick(tick)});
    }
    const auto size = static_cast<Wide>((Uint128{liquidity.limbs[1]} << 64) | liquidity.limbs[0]);
    found->liquidity_net += is_upper ? -size : size;
    found->liquidity_gross = *checked_add(found->liquidity_gross, liquidity);
}

/// The next initialized tick within the word of 256 ticks where the search begins, else the end of the word: a swap
/// stops there too, and rounds.
Pool::Next Pool::next_tick(std::int32_t tick, bool zero_for_one) const noexcept {
    const std::int32_t compressed = floor_divide(tick, tick_spacing_) + (zero_for_one ? 0 : 1);
    const std::int32_t word = floor_divide(compressed, 256);
    const std::int32_t end = (zero_for_one ? word * 256 : word * 256 + 255) * tick_spacing_;
    const std::int32_t begin = compressed * tick_spacing_;
    if (zero_for_one) {
        auto found = std::lower_bound(ticks_.begin(), ticks_.end(), begin + 1, by_tick);
        if (found != ticks_.begin() && (--found)->tick >= end) return {found->tick, &*found};
        return {std::max(end, -kTickMax), nullptr};
    }
    const auto found = std::lower_bound(ticks_.begin(), ticks_.end(), begin, by_tick);
    if (found != ticks_.end() && found->tick <= end) return {found->tick, &*found};
    return {std::min(end, kTickMax), nullptr};
}

struct Pool::Progress {
    Swap swap;
    Uint256 remaining;
    bool is_between_ticks = false;
};

/// Books a step of the price: crosses the tick it reached, or notes that it stands between two.
AmmError Pool::settle(Progress& at, const Next& next, const Uint256& before, const Uint256& next_price,
                      bool zero_for_one) const noexcept {
    Swap& swap = at.swap;
    if (swap.sqrt_price != next_price) {
        at.is_between_ticks = at.is_between_ticks || swap.sqrt_price != before;
        return AmmError::none;
    }
    at.is_between_ticks = false;
    swap.tick = zero_for_one ? next.tick - 1 : next.tick;
    if (next.initialized == nullptr) return AmmError::none;
    ++swap.ticks_crossed;
    const Wide net = zero_for_one ? -next.initialized->liquidity_net : next.initialized->liquidity_net;
    const Uint256 size = Uint256::from(static_cast<Uint128>(net < 0 ? -net : net));
    if (net < 0 && size > swap.liquidity) return AmmError::liquidity_out_of_range;
    swap.liquidity = net < 0 ? swap.liquidity - size : *checked_add(swap.liquidity, size);
    return AmmError::none;
}

/// One step; whether another follows.
Amm<bool> Pool::advance(Progress& at, bool zero_for_one, bool is_exact_in, const Uint256& limit) const noexcept {
    Swap& swap = at.swap;
    const Next next = next_tick(swap.tick, zero_for_one);
    const Uint256 next_price = next.initialized != nullptr ? next.initialized->sqrt_price : *sqrt_ratio_at_tick(next.tick);
    const bool is_limited = zero_for_one ? next_price < limit : next_price > limit;
    const Uint256 before = swap.sqrt_price;
    const auto step =
        swap_step(before, is_limited ? limit : next_price, swap.liquidity, at.remaining, is_exact_in, fee_ppm_);
    if (!step) return step.error;
    const auto paid = checked_add(step->amount_in, step->fee);
    const auto in = paid ? checked_add(swap.amount_in, *paid) : std::nullopt;
    const auto out = checked_add(swap.amount_out, step->amount_out);
    if (!in || !out || (is_exact_in && *paid > at.remaining)) return AmmError::overflow;
    swap.amount_in = *in;
    swap.amount_out = *out;
    at.remaining = at.remaining - (is_exact_in ? *paid : step->amount_out);
    if (!swap.liquidity.is_zero()) {
        const auto growth = mul_div(step->fee, Uint256::power_of_two(128), swap.liquidity);
        bool wraps = false;  // the counter of the contracts wraps, and only its differences mean something
        if (!growth) return AmmError::overflow;
        swap.fee_growth = wide::add(swap.fee_growth, *growth, wraps);
    }
    swap.sqrt_price = step->sqrt_price;
    if (const AmmError error = settle(at, next, before, next_price, zero_for_one); error != AmmError::none) return error;
    return !at.remaining.is_zero() && swap.sqrt_price != limit;
}

Amm<Swap> Pool::quote(bool zero_for_one, bool is_exact_in, const Uint256& amount, const Uint256& limit) const noexcept {
    if (error_ != AmmError::none) return error_;
    if (amount.is_zero()) return AmmError::amount_is_zero;
    const bool is_reachable = zero_for_one ? limit < sqrt_price_ && limit > sqrt_ratio_min()
                                           : limit > sqrt_price_ && limit < sqrt_ratio_max();
    if (!is_reachable) return AmmError::price_limit;
    Progress at{{{}, {}, sqrt_price_, liquidity_, {}, tick_, 0}, amount, false};
    for (bool goes_on = true; goes_on;) {
        const auto advanced = advance(at, zero_for_one, is_exact_in, limit);
        if (!advanced) return advanced.error;
        goes_on = *advanced;
        // A swap ends where it stops between two ticks; only then is the logarithm needed.
        if (at.is_between_ticks) at.swap.tick = tick_at_sqrt_ratio(at.swap.sqrt_price).value;
    }
    return at.swap;
}

Amm<Swap> Pool::swap(bool zero_for_one, bool is_exact_in, const Uint256& amount, const Uint256& limit) noexcept {
    const auto done = quote(zero_for_one, is_exact_in, amount, limit);
    if (!done) return done;
    sqrt_price_ = done->sqrt_price;
    liquidity_ = done->liquidity;
    tick_ = done->tick;
    return done;
}

}  // namespace parley::uniswap_v3
