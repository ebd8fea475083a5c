#include <array>
#include <cstring>
#include <vector>

#include "fuzz.hpp"
#include "parley/route_state.hpp"

// Bytes become a market, an order and reports of its venues: whatever they are, no more is routed than asked, each child
// stays within what its venue has and asks, pools confirm their amounts, and the order in flight keeps its account.

namespace {

using namespace parley;

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] bool empty() const { return at_ >= size_; }
    /// Below `bound`, of up to `width` bytes.
    std::int64_t below(std::int64_t bound, std::size_t width = 2) {
        std::uint64_t value = 0;
        for (std::size_t byte = 0; byte < width && at_ < size_; ++byte) value = value << 8 | data_[at_++];
        return static_cast<std::int64_t>(value % static_cast<std::uint64_t>(bound));
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

/// Owns what the venues point at.
struct Market {
    std::vector<std::vector<RouteLevel>> levels;
    std::vector<UniswapV2Pool> v2;
    std::vector<uniswap_v3::Pool> v3;
    std::vector<RouteVenue> venues;
    RouteOrder order;

    explicit Market(Bytes& bytes) {
        levels.reserve(kRouteVenuesMax);
        v2.reserve(kRouteVenuesMax);
        v3.reserve(kRouteVenuesMax);
        order.side = bytes.below(2) == 0 ? Side::buy : Side::sell;
        order.quantity_units = 1 + bytes.below(1'000'000, 3);
        order.price_units = 1'000;
        order.limit_price = bytes.below(3) == 0 ? 1 + bytes.below(2'000'000, 3) : 0;
        order.max_slippage_ppm = bytes.below(3) == 0 ? bytes.below(100'000, 3) : -1;
        order.urgency_ppm_per_second = bytes.below(1'000);
        const std::int64_t count = bytes.below(8);
        for (std::int64_t venue = 0; venue < count; ++venue) add(bytes, venue);
    }
    void add(Bytes& bytes, std::int64_t id);
    void add_book(Bytes& bytes, RouteVenue& venue);
    void add_v3(Bytes& bytes, RouteVenue& venue);
};

void Market::add(Bytes& bytes, std::int64_t id) {
    RouteVenue venue;
    venue.venue_id = id;
    venue.taker_fee_ppm = static_cast<std::int32_t>(bytes.below(700'000, 3)) - 100'000;
    venue.penalty_ppm = static_cast<std::int32_t>(bytes.below(1'000));
    venue.fixed_cost = bytes.below(4) == 0 ? bytes.below(10'000'000, 3) : 0;
    venue.quantity_min_units = bytes.below(4) == 0 ? bytes.below(100'000, 3) : 0;
    venue.quantity_max_units = bytes.below(4) == 0 ? bytes.below(100'000, 3) : kRouteUnitsMax;
    venue.latency_us = bytes.below(1'000'000, 3);
    venue.state = bytes.below(16) == 0 ? TradingState::halted : TradingState::active;
    const std::int64_t kind = bytes.below(4);
    if (kind == 0) {
        v2.push_back({Uint256(1 + static_cast<std::uint64_t>(bytes.below(1LL << 40, 6))),
                      Uint256(1 + static_cast<std::uint64_t>(bytes.below(1LL << 40, 6))),
                      static_cast<std::uint32_t>(bytes.below(1'000'000, 3))});
        venue.source = RouteV2{&v2.back(), {bytes.below(2) == 0, 1, 1 + bytes.below(3)}};
    } else if (kind == 1) {
        add_v3(bytes, venue);
    } else {
        add_book(bytes, venue);
    }
    venues.push_back(venue);
}

void Market::add_book(Bytes& bytes, RouteVenue& venue) {
    auto& side = levels.emplace_back();
    std::int64_t price = 1 + bytes.below(1'000'000, 3) + (order.side == Side::sell ? 10'000'000 : 0);
    for (std::int64_t left = bytes.below(20); left > 0; --left) {
        side.push_back({price, 1 + bytes.below(60'000)});
        price += sign(order.side) * (1 + bytes.below(10'000));
    }
    venue.notional_min = bytes.below(4) == 0 ? bytes.below(1LL << 30, 4) : 0;
    venue.source = RouteBook{side, 1 + bytes.below(bytes.below(2) == 0 ? 3 : 1'000)};
}

void Market::add_v3(Bytes& bytes, RouteVenue& venue) {
    const auto tick = [&bytes] { return static_cast<std::int32_t>(bytes.below(2'001)) - 1'000; };
    auto& pool = v3.emplace_back(static_cast<std::uint32_t>(bytes.below(100'000, 3)), 10,
                                 *uniswap_v3::sqrt_ratio_at_tick(tick() * 10));
    for (std::int64_t left = bytes.below(5); left > 0; --left) {
        (void)pool.add_position(tick() * 10, tick() * 10, Uint256(static_cast<std::uint64_t>(bytes.below(1LL << 40, 6))));
    }
    venue.source = RouteV3{&pool, {bytes.below(2) == 0, 1, 1}};
}

void check_child(const Market& market, const RouteChild& child) {
    const RouteVenue& venue = market.venues[child.venue];
    FUZZ_INSIST(venue.state == TradingState::active);
    FUZZ_INSIST(child.quantity_units >= venue.quantity_min_units && child.quantity_units <= venue.quantity_max_units);
    if (const auto* book = std::get_if<RouteBook>(&venue.source)) {
        FUZZ_INSIST(child.lots * book->lot_units == child.quantity_units && child.notional >= venue.notional_min);
        std::int64_t lots = 0;
        for (const RouteLevel& level : book->levels) {
            if (sign(market.order.side) * (level.price - child.limit_price) <= 0) lots += level.lots;
        }
        FUZZ_INSIST(lots >= child.lots);
    }
    if (const auto* v2 = std::get_if<RouteV2>(&venue.source)) {
        const bool is_down = (market.order.side == Side::sell) == v2->tokens.base_is_token0;
        UniswapV2Pool pool = *v2->pool;
        const auto done = market.order.side == Side::buy ? pool.swap_exact_out(is_down, child.base_amount)
                                                         : pool.swap_exact_in(is_down, child.base_amount);
        FUZZ_INSIST(done && *done == child.quote_amount);
    }
}

void check(const Market& market, const RouteDecision& decision) {
    std::int64_t units = 0;
    for (std::size_t at = 0; at < decision.children_count; ++at) {
        check_child(market, decision.children[at]);
        units += decision.children[at].quantity_units;
    }
    FUZZ_INSIST(units == decision.routed_units && units <= market.order.quantity_units);
    FUZZ_INSIST(units + decision.unfilled_units == market.order.quantity_units);
}

void report(Bytes& bytes, RouteState& state, TimeNs now) {
    const std::int64_t child = bytes.below(static_cast<std::int64_t>(state.children().size()) + 2);
    switch (bytes.below(5)) {
        case 0:
            (void)state.on_fill(child, bytes.below(16), 1 + bytes.below(100'000, 3));
            break;
        case 1:
            (void)state.on_done(now, child, bytes.below(100'000, 3));
            break;
        case 2:
            (void)state.on_reject(now, child);
            break;
        case 3:
            (void)state.on_bust(child, bytes.below(16));
            break;
        default:
            (void)state.on_time(now);
    }
}

void follow(Bytes& bytes, const Market& market, Router& router) {
    RouteState state(market.order.quantity_units, {}, 1);
    TimeNs now = 0;
    for (int step = 0; step < 64 && !bytes.empty(); ++step) {
        now += bytes.below(2'000'000'000, 4);
        if (bytes.below(3) == 0) {
            const std::int64_t free = state.free_units();
            std::int64_t sent = 0;
            for (const SentChild& child : state.plan(now, router, market.order, market.venues)) {
                sent += child.order.quantity_units;
            }
            FUZZ_INSIST(sent == 0 || sent <= free);
        } else {
            report(bytes, state, now);
        }
        FUZZ_INSIST(state.reserved_units() >= 0);
        FUZZ_INSIST(state.units_out() <= state.units_in() || state.halt() == RouteHalt::contradiction);
        FUZZ_INSIST(state.filled_units() + state.held_units() + state.reserved_units() + state.free_units() ==
                    state.asked_units());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Router router;
    Bytes bytes(data, size);
    const Market market(bytes);
    check(market, router.route(market.order, market.venues));
    follow(bytes, market, router);
    return 0;
}
