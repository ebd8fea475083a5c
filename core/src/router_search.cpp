#include <algorithm>
#include <cmath>
#include <numeric>

#include "parley/router.hpp"

namespace parley {
namespace {

constexpr int kBalanceStepsMax = 64;
constexpr double kBalanced = 1e-9;
constexpr std::uint32_t kAllVenues = ~0U;

}  // namespace

void Router::search() noexcept {
    best_.units.fill(0);
    best_.cost = 0;
    best_.unfilled = order_.quantity_units;
    solves_ = 0;
    is_proven_ = true;
    nodes_.clear();
    Node root;
    root.least.fill(0);
    for (std::size_t venue = 0; venue < kRouteVenuesMax; ++venue) {
        root.most[venue] = venue < venues_.size() ? ready_[venue].most : 0;
    }
    root.bound = -std::numeric_limits<double>::infinity();
    root.unfilled = 0;
    root.target = order_.quantity_units;
    root.paid = 0;
    push(root);
    while (!nodes_.empty() && solves_ < kRouteSolvesMax) {
        std::pop_heap(nodes_.begin(), nodes_.end(), is_later);
        Node node = nodes_.back();
        nodes_.pop_back();
        if (can_improve(node.unfilled, node.bound)) visit(node);
    }
    bound_ = good_enough();
    for (const Node& left : nodes_) {
        if (can_improve(left.unfilled, left.bound)) is_proven_ = false;
        if (left.unfilled <= best_.unfilled) bound_ = std::min(bound_, left.bound);
    }
}

/// The most promising part first: it has to be searched in any case.
bool Router::is_later(const Node& a, const Node& b) noexcept {
    return a.unfilled != b.unfilled ? a.unfilled > b.unfilled : a.bound > b.bound;
}

bool Router::can_improve(std::int64_t unfilled, double bound) const noexcept {
    if (unfilled != best_.unfilled) return unfilled < best_.unfilled;
    return bound < good_enough();
}

/// A cost that would not be worth the search for it.
double Router::good_enough() const noexcept {
    const double within = solves_ < kRouteEarlySolves ? kRouteWithin : kRouteWithinLate;
    return best_.cost - within * std::fabs(best_.cost);
}

void Router::push(const Node& node) noexcept {
    if (nodes_.size() < kRouteNodesMax) {
        nodes_.push_back(node);
        std::push_heap(nodes_.begin(), nodes_.end(), is_later);
    } else {
        is_proven_ = false;
    }
}

void Router::visit(Node& node) noexcept {
    ++solves_;
    tighten(node);
    if (!relax(node)) return;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        if ((node.paid >> venue & 1U) != 0) relaxed_.solution.cost += static_cast<double>(ready_[venue].fixed_cost);
    }
    if (!can_improve(relaxed_.solution.unfilled, relaxed_.solution.cost)) return;
    round(node);
    branch(node);
}

/// Fills every venue up to one marginal cost within the bounds of the node; false where the bounds ask too much.
bool Router::relax(const Node& node) noexcept {
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        if (node.least[venue] > node.most[venue]) return false;
    }
    relaxed_.solution.cost = 0;
    const std::int64_t forced = force_least(node);
    if (forced > node.target) return false;
    const std::int64_t left = node.target - forced;
    const std::int64_t wanted = reachable(node, left, kAllVenues);
    scan(node, wanted);
    balance(node, wanted);
    relaxed_.solution.unfilled += order_.quantity_units - forced - wanted;
    for (std::size_t at = 0; at < pools_count_; ++at) {
        const std::size_t pool = pools_[at];
        const std::int64_t units = relaxed_.solution.units[pool];
        if (units > 0) relaxed_.solution.cost += curves_[pool].cost(static_cast<double>(units));
    }
    return true;
}

/// Takes what each venue has to take; the units of all.
std::int64_t Router::force_least(const Node& node) noexcept {
    std::int64_t forced = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        const Ready& ready = ready_[venue];
        const std::int64_t least = node.least[venue];
        relaxed_.solution.units[venue] = least;
        forced += least;
        std::int64_t left = ready.is_pool ? 0 : least;
        for (std::size_t at = 0; left > 0; ++at) {
            const std::int64_t units = std::min(left, ready.levels[at].lots * ready.lot_units);
            relaxed_.solution.cost += ready.per_unit * static_cast<double>(ready.levels[at].price) * static_cast<double>(units);
            left -= units;
        }
    }
    return forced;
}

/// The most that whole lots of some venues can make up of what is wanted beyond what is forced. Where each lot divides
/// the next coarser one, coarse lots first give it exactly; otherwise it is not more than their common divisor allows.
std::int64_t Router::reachable(const Node& node, std::int64_t wanted, std::uint32_t venues) const noexcept {
    std::int64_t left = wanted;
    std::int64_t step = 0;
    Wide capacity = 0;
    for (std::size_t at = 0; at < lots_count_; ++at) {
        const std::size_t venue = by_lot_[at];
        const std::int64_t room = node.most[venue] - node.least[venue];
        if (room <= 0 || (venues >> venue & 1U) == 0) continue;
        const std::int64_t lot = ready_[venue].lot_units;
        left -= std::min(room, left) / lot * lot;
        if (!is_chain_) step = std::gcd(step, lot);
        capacity += room;
    }
    if (is_chain_) return wanted - left;
    return step == 0 ? 0 : std::min(wanted / step * step, saturate(capacity));
}

/// What coarse lots cannot make up has to come from the one venue with a finer lot, if as much as lots allow is to be
/// filled; that less is filled, for the sake of a minimum size, stays open as another part of the search.
void Router::tighten(Node& node) noexcept {
    std::size_t count = 0;
    std::size_t finest = 0;
    std::int64_t coarser = 0;
    for (std::size_t at = lots_count_; at-- > 0 && count < 2;) {
        if (node.most[by_lot_[at]] == 0) continue;
        if (count++ == 0) {
            finest = by_lot_[at];
        } else {
            coarser = ready_[by_lot_[at]].lot_units;
        }
    }
    if (!is_chain_ || count < 2) return;
    std::int64_t forced = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) forced += node.least[venue];
    const std::int64_t left = node.target - forced;
    if (left < 0) return;
    const std::int64_t total = forced + reachable(node, left, kAllVenues);
    const std::int64_t odd = total % coarser;
    const std::int64_t above = (node.most[finest] - odd + coarser) % coarser;
    if (coarser == ready_[finest].lot_units || (above == 0 && odd <= node.least[finest])) return;
    Node lesser = node;
    lesser.target = total - 1;
    lesser.unfilled = order_.quantity_units - lesser.target;
    push(lesser);
    node.most[finest] -= above;
    if (odd == 0) return;
    node.least[finest] = std::max({node.least[finest], odd, ready_[finest].least});
    if (ready_[finest].fixed_cost > 0) node.paid |= 1U << finest;
}

/// Whether the venues that cost nothing more to use cannot give all that the node can give.
bool Router::must_open(const Node& node) const noexcept {
    std::uint32_t open = 0;
    std::int64_t forced = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        forced += node.least[venue];
        if (ready_[venue].fixed_cost == 0 || (node.paid >> venue & 1U) != 0) open |= 1U << venue;
    }
    const std::int64_t left = node.target - forced;
    return reachable(node, left, open) < reachable(node, left, kAllVenues);
}

/// Adds up the blocks until they alone would suffice.
void Router::scan(const Node& node, std::int64_t wanted) noexcept {
    std::array<std::int64_t, kRouteVenuesMax> seen{};
    std::int64_t filled = 0;
    scanned_ = 0;
    while (scanned_ < blocks_count_ && filled < wanted) {
        const Block& block = blocks_[scanned_];
        const std::int64_t begin = seen[block.venue];
        const std::int64_t end = begin + block.units;
        seen[block.venue] = end;
        filled += std::max<std::int64_t>(
            0, std::min(end, node.most[block.venue]) - std::max(begin, node.least[block.venue]));
        filled_[scanned_++] = filled;
    }
}

/// Finds the marginal cost at which books and pools together give what is wanted.
void Router::balance(const Node& node, std::int64_t wanted) noexcept {
    const auto before = [this](std::size_t at) { return at == 0 ? 0 : filled_[at - 1]; };
    std::size_t low = 0;
    std::size_t high = scanned_;
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        const double supply = static_cast<double>(filled_[middle]) + pools_at(node, t_of_cost(blocks_[middle].cost));
        if (supply >= static_cast<double>(wanted)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    relaxed_.marginal = low;
    relaxed_.part = 0;
    take_blocks(low);
    const std::int64_t left = wanted - before(low);
    const double t_low = low == 0 ? -HUGE_VAL : t_of_cost(blocks_[low - 1].cost);
    const double t_high = low == scanned_ ? HUGE_VAL : t_of_cost(blocks_[low].cost);
    const auto pools = low == scanned_ ? left : std::min(left, static_cast<std::int64_t>(pools_at(node, t_high)));
    std::int64_t rest = left - fill_pools(node, pools, t_low, t_high);
    if (low < scanned_ && rest > 0) {
        const Block& block = blocks_[low];
        relaxed_.part = std::min(rest, filled_[low] - before(low));
        relaxed_.solution.units[block.venue] += relaxed_.part;
        relaxed_.solution.cost += block.cost * static_cast<double>(relaxed_.part);
        relaxed_.t = t_high;
        rest -= relaxed_.part;
    }
    relaxed_.solution.unfilled = rest;
}

void Router::take_blocks(std::size_t count) noexcept {
    for (std::size_t at = 0; at < count; ++at) {
        const std::int64_t units = filled_[at] - (at == 0 ? 0 : filled_[at - 1]);
        relaxed_.solution.units[blocks_[at].venue] += units;
        relaxed_.solution.cost += blocks_[at].cost * static_cast<double>(units);
    }
}

/// Units that the pools add to what they are forced to give, up to a marginal cost.
double Router::pools_at(const Node& node, double t) const noexcept {
    double units = 0;
    for (std::size_t at = 0; at < pools_count_; ++at) {
        const std::size_t pool = pools_[at];
        const auto least = static_cast<double>(node.least[pool]);
        const auto most = static_cast<double>(node.most[pool]);
        units += std::clamp(curves_[pool].at(t).units, least, std::max(least, most)) - least;
    }
    return units;
}

/// Gives the pools `wanted` units more, at one marginal cost between two; what they took.
std::int64_t Router::fill_pools(const Node& node, std::int64_t wanted, double t_low, double t_high) noexcept {
    relaxed_.t = t_low;
    if (wanted <= 0 || pools_count_ == 0) return 0;
    double begin = HUGE_VAL;
    double end = -HUGE_VAL;
    for (std::size_t at = 0; at < pools_count_; ++at) {
        if (node.most[pools_[at]] == 0) continue;
        begin = std::min(begin, curves_[pools_[at]].t_begin());
        end = std::max(end, curves_[pools_[at]].t_end());
    }
    if (end < begin) return 0;
    relaxed_.t = find_t(node, static_cast<double>(wanted), std::max(begin, t_low), std::min(end, t_high));
    std::int64_t left = wanted;
    for (std::size_t at = 0; at < pools_count_; ++at) {
        const std::size_t pool = pools_[at];
        const auto units = static_cast<std::int64_t>(curves_[pool].at(relaxed_.t).units);
        const std::int64_t least = node.least[pool];
        const std::int64_t more = std::clamp(units, least, std::max(least, node.most[pool])) - least;
        relaxed_.solution.units[pool] += std::min(more, left);
        left -= std::min(more, left);
    }
    // What rounding to whole units left over: to a pool at this marginal cost, or else to any with room.
    for (const bool is_any : {false, true}) {
        for (std::size_t at = 0; at < pools_count_ && left > 0; ++at) {
            const std::size_t pool = pools_[at];
            if (!is_any && curves_[pool].at(relaxed_.t).slope == 0) continue;
            const std::int64_t more = std::clamp<std::int64_t>(node.most[pool] - relaxed_.solution.units[pool], 0, left);
            relaxed_.solution.units[pool] += more;
            left -= more;
        }
    }
    return wanted - left;
}

/// Newton's step on a sum that is piecewise linear in t, kept between two bounds.
double Router::find_t(const Node& node, double wanted, double low, double high) const noexcept {
    double t = high;
    for (int step = 0; step < kBalanceStepsMax && low < high; ++step) {
        double units = 0;
        double slope = 0;
        for (std::size_t at = 0; at < pools_count_; ++at) {
            const std::size_t pool = pools_[at];
            const PoolCurve::At offer = curves_[pool].at(t);
            const auto least = static_cast<double>(node.least[pool]);
            const auto most = std::max(least, static_cast<double>(node.most[pool]));
            units += std::clamp(offer.units, least, most) - least;
            if (offer.units >= least && offer.units <= most) slope += offer.slope;
        }
        if (std::fabs(units - wanted) <= wanted * kBalanced) break;
        (units < wanted ? low : high) = t;
        const double next = slope > 0 ? t + (wanted - units) / slope : low;
        t = next > low && next < high ? next : low + (high - low) / 2;
    }
    return t;
}

/// Whole lots out of the convex solution: the marginal block is cut, and what is left goes where it costs least.
void Router::round(const Node& node) noexcept {
    Solution whole = relaxed_.solution;
    std::int64_t rest = whole.unfilled;
    if (relaxed_.part > 0) {
        const std::size_t venue = blocks_[relaxed_.marginal].venue;
        const std::int64_t cut = whole.units[venue] % ready_[venue].lot_units;
        whole.units[venue] -= cut;
        rest += cut;
    }
    whole.unfilled = place_rest(node, whole, rest);
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        if (whole.units[venue] > 0 && whole.units[venue] < ready_[venue].least) return;
    }
    whole.cost = cost_of(whole);
    keep_if_better(whole);
    merge_pools(whole);
}

/// The same with one pool fewer: its units in another that is used too, where saving its fixed cost pays for that.
void Router::merge_pools(const Solution& solution) noexcept {
    for (std::size_t from = 0; from < pools_count_; ++from) {
        const std::size_t left = pools_[from];
        const std::int64_t units = solution.units[left];
        if (units == 0 || ready_[left].fixed_cost == 0) continue;
        for (std::size_t to = 0; to < pools_count_; ++to) {
            const std::size_t taking = pools_[to];
            if (to == from || solution.units[taking] == 0) continue;
            if (ready_[taking].most - solution.units[taking] < units) continue;
            Solution merged = solution;
            merged.units[left] = 0;
            merged.units[taking] += units;
            merged.cost = cost_of(merged);
            keep_if_better(merged);
        }
    }
}

std::int64_t Router::place_rest(const Node& node, Solution& solution, std::int64_t rest) const noexcept {
    for (std::size_t at = 0; at < pools_count_ && rest > 0; ++at) {
        const std::size_t pool = pools_[at];
        if (solution.units[pool] == 0) continue;
        const std::int64_t more = std::clamp<std::int64_t>(node.most[pool] - solution.units[pool], 0, rest);
        solution.units[pool] += more;
        rest -= more;
    }
    for (std::size_t at = relaxed_.marginal; at < blocks_count_ && rest > 0; ++at) {
        const std::size_t venue = blocks_[at].venue;
        const Ready& ready = ready_[venue];
        if (solution.units[venue] == 0 && (rest < ready.least || ready.fixed_cost > 0)) continue;
        const std::int64_t room = std::min({blocks_[at].units, node.most[venue] - solution.units[venue], rest});
        const std::int64_t more = std::max<std::int64_t>(room, 0) / ready.lot_units * ready.lot_units;
        solution.units[venue] += more;
        rest -= more;
    }
    return rest;
}

/// What a solution costs, fixed costs included.
double Router::cost_of(const Solution& solution) const noexcept {
    double cost = 0;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        const Ready& ready = ready_[venue];
        std::int64_t left = solution.units[venue];
        if (left == 0) continue;
        cost += static_cast<double>(ready.fixed_cost);
        if (ready.is_pool) {
            cost += curves_[venue].cost(static_cast<double>(left));
            continue;
        }
        double notional = 0;
        for (std::size_t at = 0; left > 0; ++at) {
            const std::int64_t units = std::min(left, ready.levels[at].lots * ready.lot_units);
            notional += static_cast<double>(ready.levels[at].price) * static_cast<double>(units);
            left -= units;
        }
        cost += notional * ready.per_unit;
    }
    return cost;
}

void Router::keep_if_better(const Solution& solution) noexcept {
    const bool is_better = solution.unfilled != best_.unfilled ? solution.unfilled < best_.unfilled
                                                               : solution.cost < best_.cost;
    if (is_better) best_ = solution;
}

/// What the convex solution leaves undecided: fixed costs it did not count, a minimum it misses, a part of a lot.
void Router::branch(const Node& node) noexcept {
    Node rest = node;
    rest.bound = relaxed_.solution.cost;
    rest.unfilled = relaxed_.solution.unfilled;
    const auto& units = relaxed_.solution.units;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        if (units[venue] == 0 || ready_[venue].fixed_cost == 0 || (rest.paid >> venue & 1U) != 0) continue;
        Node without = rest;
        without.most[venue] = 0;
        push(without);
        rest.paid |= 1U << venue;
        rest.bound += static_cast<double>(ready_[venue].fixed_cost);
    }
    if (must_open(rest) && branch_opening(rest)) return;
    if (!can_improve(rest.unfilled, rest.bound)) return;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        if (units[venue] > 0 && units[venue] < ready_[venue].least) {
            return branch_range(rest, venue, 0, ready_[venue].least);
        }
    }
    if (relaxed_.part == 0) return;
    const std::size_t venue = blocks_[relaxed_.marginal].venue;
    const std::int64_t lot = ready_[venue].lot_units;
    const std::int64_t below = units[venue] / lot * lot;
    if (below != units[venue]) branch_range(rest, venue, below, below + lot);
}

/// Two parts: the venue with the least fixed cost of those not yet decided stays out, or is paid for.
bool Router::branch_opening(const Node& node) noexcept {
    std::size_t cheapest = kRouteVenuesMax;
    for (std::size_t venue = 0; venue < venues_.size(); ++venue) {
        const Ready& ready = ready_[venue];
        if (node.most[venue] == 0 || ready.fixed_cost == 0 || (node.paid >> venue & 1U) != 0) continue;
        if (cheapest == kRouteVenuesMax || ready.fixed_cost < ready_[cheapest].fixed_cost) cheapest = venue;
    }
    if (cheapest == kRouteVenuesMax) return false;
    Node part = node;
    part.bound += static_cast<double>(ready_[cheapest].fixed_cost);
    if (!can_improve(part.unfilled, part.bound)) return true;
    part.most[cheapest] = 0;
    if (node.least[cheapest] == 0) push(part);
    part.most[cheapest] = node.most[cheapest];
    part.paid |= 1U << cheapest;
    push(part);
    return true;
}

/// Two parts: the venue takes at most `below`, or at least `above`.
void Router::branch_range(const Node& node, std::size_t venue, std::int64_t below, std::int64_t above) noexcept {
    if (above <= node.most[venue]) {
        Node more = node;
        more.least[venue] = above;
        push(more);
    }
    if (below == 0 && ready_[venue].fixed_cost > 0) return;  // paid for nothing: the part without it is searched
    Node less = node;
    less.most[venue] = below;
    if (below >= less.least[venue]) push(less);
}

}  // namespace parley
