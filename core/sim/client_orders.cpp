#include <algorithm>

#include "clients.hpp"

namespace parley::sim {
namespace {

bool is_stop(OrderType type) noexcept { return type == OrderType::stop || type == OrderType::stop_limit; }

}  // namespace

/// Half of the orders plain, the others of any type and with any terms that go together; some with those that do not.
void Clients::shape(PlaceOrder& terms) {
    Random& random = context_.random;
    terms.terms.self_match = static_cast<SelfMatch>(random.below(4));
    terms.is_reduce_only = random.chance(100);
    if (random.chance(250)) terms.attribution.parent_order_id = random.between(1, kParentOrders);
    if (random.chance(200)) terms.attribution.strategy_id = random.between(1, kStrategies);
    const std::int64_t dice = random.between(0, 99);
    if (dice < 50) return shape_resting(terms);
    if (dice < 60) {
        terms.order_type = OrderType::market;
        terms.time_in_force = TimeInForce::ioc;
    } else if (dice < 78) {
        terms.time_in_force = random.chance(400) ? TimeInForce::fok : TimeInForce::ioc;
    } else if (dice < 90) {
        terms.order_type = random.chance(500) ? OrderType::stop : OrderType::stop_limit;
        terms.time_in_force = static_cast<TimeInForce>(random.below(3));
        terms.terms.stop = {terms.price.value + random.between(-4, 4)};
        terms.terms.trigger = static_cast<Trigger>(random.below(2));
    } else {
        terms.order_type = OrderType::peg;
        terms.terms.peg_reference = static_cast<PegReference>(random.below(2));
        terms.terms.peg_offset_ticks = random.between(-3, 3);
        if (random.chance(500)) terms.price = {};
    }
    const bool may_need_a_minimum = terms.time_in_force == TimeInForce::ioc && !is_stop(terms.order_type);
    if (may_need_a_minimum && random.chance(400)) terms.terms.minimum = {random.between(1, terms.quantity.value)};
}

void Clients::shape_resting(PlaceOrder& terms) {
    Random& random = context_.random;
    const std::int64_t dice = random.between(0, 99);
    if (dice < 12) {
        terms.time_in_force = TimeInForce::gtd;
        terms.terms.expires_at_ns = context_.clock.wall() + random.between(-1, 60) * kSecond;
    } else if (dice < 22) {
        terms.time_in_force = TimeInForce::day;
    }
    if (random.chance(250)) terms.terms.display = {random.between(1, 4)};
    terms.is_post_only = random.chance(60);
}

/// Up, down and elsewhere, of orders that may be gone.
void Clients::amend(const std::array<std::int64_t, 4>& mids) {
    if (next_order_ == 1) return;
    Random& random = context_.random;
    AmendOrder command;
    command.order_id = random.between(std::max<OrderId>(1, next_order_ - 20), next_order_ - 1);
    command.valid_until_ns = context_.clock.wall() + random.between(1, 20) * kSecond;
    if (random.chance(650)) command.quantity = {random.between(1, 12)};
    if (random.chance(500)) command.price = {mids[1] + random.between(-6, 6)};
    submit(command);
}

}  // namespace parley::sim
