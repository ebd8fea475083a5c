#include <algorithm>

#include "mirror.hpp"

namespace parley::sim {
namespace {

bool is_taker(const Event& event) noexcept {
    return event.values[9] == static_cast<std::int64_t>(Liquidity::taker);
}

}  // namespace

/// Ids grow; one is seen twice only as the two sides of one trade between clients. The second is the next execution: in
/// between may stand no more than that the first side's executions disabled its scope.
void Mirror::insist_on_execution_id(const Event& event) {
    const auto& v = event.values;
    if (is_second_side_due_) {
        const auto& first = first_side_;
        insist(v[1] == first[1] && v[5] == first[5] && v[6] == first[6] && v[4] != first[4], "O2",
               name("the second side differs of execution", v[1]));
        is_second_side_due_ = false;
        return;
    }
    insist(v[1] > last_execution_, "O2", name("came twice: execution", v[1]));
    last_execution_ = v[1];
    first_side_ = v;
    is_second_side_due_ = is_taker(event) && v[10] != kVenueAccount;
}

/// Nobody trades beyond a limit; between auctions, what rests trades at its own price.
void Mirror::insist_on_price(const Event& event, const Order& order) {
    const auto& v = event.values;
    const std::int64_t limit = order.terms.price.value;
    const bool is_unlimited = order.terms.order_type == OrderType::market || limit == 0;
    insist(is_unlimited || (v[5] - limit) * sign(order.terms.side) <= 0, "O3", name("beyond its limit: order", v[0]));
    const bool is_at_its_price = !is_taker(event) && order.stands() && trading_[v[3]].phase == InstrumentPhase::continuous;
    insist(!is_at_its_price || v[5] == limit, "O3", "a resting order trades at another price than its own");
}

/// Nobody on the resting side had a better price, or the same price earlier.
void Mirror::insist_on_priority(const Event& event, const Order& order) const {
    const auto& v = event.values;
    const bool is_maker = !is_taker(event);
    const Side resting = is_maker ? order.terms.side : opposite(order.terms.side);
    for (const auto& [id, other] : open_) {
        if (id == v[0] || !other.stands() || other.terms.side != resting || other.terms.instrument_id != v[3]) continue;
        const std::int64_t better = (other.terms.price.value - v[5]) * sign(resting);
        insist(better <= 0, "priority", name("passed over at a better price: order", id));
        const bool has_earlier_right = is_maker && !order.is_peg() && better == 0 && other.arrival < order.arrival;
        insist(!has_earlier_right, "priority", name("passed over in time: order", id));
    }
}

/// All at one price; on each side price before time.
void Mirror::insist_on_auction(const Event& event, const Order& order) {
    const auto& v = event.values;
    insist(auction_price_ == 0 || auction_price_ == v[5], "auction", "an auction traded at two prices");
    auction_price_ = v[5];
    if (is_taker(event) || v[10] == kVenueAccount) auction_lots_ += v[6];
    if (order.is_peg()) return;
    for (const auto& [id, other] : open_) {
        const bool is_rival = id != v[0] && other.stands() && other.terms.side == order.terms.side;
        if (!is_rival || other.terms.instrument_id != v[3]) continue;
        const std::int64_t better = (other.terms.price - order.terms.price).value * sign(order.terms.side);
        insist(better <= 0, "priority", name("passed over in an auction at a better price: order", id));
        insist(better < 0 || other.arrival > order.arrival, "priority", name("passed over in an auction: order", id));
    }
}

/// Of an order that acts, around the last trade before it began; of the venue's quotes, whose beginning no event tells,
/// only the fixed band.
void Mirror::insist_on_bands(const Event& event) {
    const auto& v = event.values;
    const bool is_second_side = !is_taker(event) && v[10] != kVenueAccount;
    if (is_second_side) return;
    const Trading& trading = trading_[v[3]];
    PriceBands bands = trading.bands;
    const Side side = is_taker(event) == (v[4] == 0) ? Side::buy : Side::sell;
    if (!is_taker(event)) bands.dynamic_basis_points = 0;
    const OrderId acting = is_taker(event) ? v[0] : 0;
    if (acting == 0 || acting != taker_) lasts_ = {trading.last};
    taker_ = acting;
    const auto holds = [&](std::int64_t last) { return bands.bound(side, {v[5]}, {last}).value == v[5]; };
    insist(std::any_of(lasts_.begin(), lasts_.end(), holds), "bands", name("outside its bands: order", v[0]));
    lasts_.push_back(v[5]);
}

/// No order outlives its time.
void Mirror::insist_on_times(const Event& event) const {
    if (event.kind == EventKind::order_canceled && event.reason == Reason::expired) return;
    for (const auto& [id, order] : open_) {
        const TimeNs expires = order.terms.terms.expires_at_ns;
        insist(expires == 0 || expires > event.at_ns, "O3", name("works after its time: order", id));
    }
}

/// Values: instrument, phase, price, lots.
void Mirror::change_phase(const Event& event) {
    const auto& v = event.values;
    Trading& trading = trading_[v[0]];
    const auto phase = static_cast<InstrumentPhase>(v[1]);
    const bool pauses = trading.bands.pauses && phase == InstrumentPhase::call && v[3] == 0;
    if (!pauses) insist(answered<SetInstrumentPhase>(event).phase == phase, "phase", "another phase than was asked for");
    if (phase == InstrumentPhase::continuous) {
        insist(auction_lots_ == v[3] && (v[3] == 0 || auction_price_ == v[2]), "auction", "traded other lots than it says");
    }
    trading.phase = phase;
    if (v[3] > 0 && trading.bands.static_basis_points > 0) trading.bands.reference = {v[2]};
}

void Mirror::set_bands(const Event& event) {
    const auto& command = answered<SetPriceBands>(event);
    trading_[command.instrument_id].bands = command.bands;
}

void Mirror::finish_record() {
    insist(!is_second_side_due_, "O2", "an execution has no second side");
    insist(going_ == 0, "O3", name("still works although its session canceled it: order", going_));
    for (const OrderId id : acted_) {
        const auto found = open_.find(id);
        insist(found == open_.end() || found->second.can_rest(), "O3", name("an immediate order rests:", id));
    }
    insist_on_books();
    acted_.clear();
    lasts_.clear();
    taker_ = auction_price_ = auction_lots_ = 0;
}

/// Nothing crosses between auctions; reduce-only orders together reduce no more than there is.
void Mirror::insist_on_books() const {
    std::map<InstrumentId, std::int64_t> bids, asks;
    std::map<std::pair<Booking, Side>, std::int64_t> reducing;
    for (const auto& [id, order] : open_) {
        const PlaceOrder& terms = order.terms;
        const Booking booking{terms.account_id, terms.instrument_id};
        if (terms.is_reduce_only) reducing[{booking, terms.side}] += order.leaves;
        if (!order.stands()) continue;
        auto& best = terms.side == Side::buy ? bids : asks;
        const auto [at, is_first] = best.emplace(terms.instrument_id, terms.price.value);
        if (!is_first && (terms.price.value - at->second) * sign(terms.side) > 0) at->second = terms.price.value;
    }
    for (const auto& [instrument, bid] : bids) {
        const auto trading = trading_.find(instrument);
        const bool trades = trading == trading_.end() || trading->second.phase == InstrumentPhase::continuous;
        const auto ask = asks.find(instrument);
        insist(!trades || ask == asks.end() || bid < ask->second, "auction", name("orders cross in instrument", instrument));
    }
    for (const auto& [key, lots] : reducing) {
        const auto held = holdings_.find(key.first);
        const std::int64_t most = held == holdings_.end() ? 0 : -sign(key.second) * held->second.lots;
        insist(lots <= most, "reduce-only", name("more than there is works of account", key.first.account));
    }
}

}  // namespace parley::sim
