#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "parley/pool_curve.hpp"
#include "parley/route_order.hpp"

namespace parley {

/// A solution that this much better could exist is good enough: a tenth of a basis point.
inline constexpr double kRouteWithin = 1e-5;
/// The same after a long search: half a basis point.
inline constexpr double kRouteWithinLate = 5e-5;
inline constexpr std::int32_t kRouteEarlySolves = 64;
inline constexpr std::int32_t kRouteSolvesMax = 1'024;
inline constexpr std::size_t kRouteNodesMax = 2'048;

/// The nearest integer of a price; one too large to count is the largest.
[[nodiscard]] std::int64_t nearest_integer(double value) noexcept;

/// Splits an order over order books and pools at the least total cost. Between fixed costs and minimum sizes the
/// problem is convex: all venues are filled up to one marginal cost. Whole lots, minimum sizes and fixed costs are
/// decided by branch and bound over such solutions. First as much as possible is filled, then at the least cost; of
/// equal solutions the one that uses earlier venues wins. Nothing is allocated after construction.
class Router {
public:
    Router();
    /// The result lives until the next call. `venues` are at most kRouteVenuesMax, each book's levels best first.
    const RouteDecision& route(const RouteOrder& order, std::span<const RouteVenue> venues) noexcept;

private:
    /// A venue that may be used, as the search sees it.
    struct Ready {
        const RouteLevel* levels = nullptr;
        std::size_t levels_count = 0;
        std::int64_t lot_units = 1;
        std::int64_t factor = kMillion;  ///< millionths of the price that a unit costs, charges included
        std::int64_t least = 0;          ///< units
        std::int64_t most = 0;           ///< units; 0: not used
        std::int64_t fixed_cost = 0;
        double per_unit = 0;  ///< marginal cost of a unit for a level price of one
        bool is_pool = false;
    };
    /// Some levels of one book, in the order of all books' marginal costs.
    struct Block {
        double cost;  ///< marginal, a unit; negative for a sale
        std::int64_t units;
        std::uint32_t venue;
    };
    /// A part of the search: bounds of each venue, and whose fixed cost is already counted.
    struct Node {
        std::array<std::int64_t, kRouteVenuesMax> least;
        std::array<std::int64_t, kRouteVenuesMax> most;
        double bound;
        std::int64_t unfilled;
        std::int64_t target;  ///< units to be filled at most
        std::uint32_t paid;
    };
    struct Solution {
        std::array<std::int64_t, kRouteVenuesMax> units;
        double cost = std::numeric_limits<double>::infinity();
        std::int64_t unfilled = std::numeric_limits<std::int64_t>::max();
    };
    /// The convex solution of a node: what lies before `marginal` is taken whole, of it `part` units.
    struct Relaxed {
        Solution solution;
        std::size_t marginal = 0;
        std::int64_t part = 0;
        double t = 0;
    };

    // router.cpp: what may be used
    void screen() noexcept;
    void screen_source(std::size_t venue) noexcept;
    [[nodiscard]] RouteVerdict screen_terms(const RouteVenue& venue) const noexcept;
    [[nodiscard]] RouteVerdict screen_book(const RouteBook& book, const RouteVenue& venue, Ready& ready) const noexcept;
    [[nodiscard]] RouteVerdict screen_pool(std::size_t venue) noexcept;
    [[nodiscard]] std::int64_t charge_ppm(const RouteVenue& venue) const noexcept;
    [[nodiscard]] double limit() const noexcept;
    void bound_slippage() noexcept;
    [[nodiscard]] double best_price(std::size_t venue) noexcept;
    void merge_books() noexcept;
    void sort_lots() noexcept;

    // router_decision.cpp: what came out
    [[nodiscard]] bool decide() noexcept;
    [[nodiscard]] bool settle(std::size_t venue, RouteChild& child) const noexcept;
    void settle_book(std::size_t venue, RouteChild& child) const noexcept;
    [[nodiscard]] bool settle_pool(const RouteVenue& venue, RouteChild& child) const noexcept;
    void charge(const RouteVenue& venue, RouteChild& child) const noexcept;
    void total() noexcept;
    void explain(std::size_t venue, double marginal) noexcept;
    [[nodiscard]] double marginal_of(std::size_t venue, std::int64_t units) const noexcept;
    [[nodiscard]] std::int64_t for_price_units(double unit_cost) const noexcept;

    // router_search.cpp: which combination is best
    void search() noexcept;
    [[nodiscard]] static bool is_later(const Node& a, const Node& b) noexcept;
    void visit(Node& node) noexcept;
    [[nodiscard]] bool relax(const Node& node) noexcept;
    [[nodiscard]] std::int64_t force_least(const Node& node) noexcept;
    [[nodiscard]] std::int64_t reachable(const Node& node, std::int64_t wanted, std::uint32_t venues) const noexcept;
    void tighten(Node& node) noexcept;
    [[nodiscard]] bool must_open(const Node& node) const noexcept;
    void scan(const Node& node, std::int64_t wanted) noexcept;
    void balance(const Node& node, std::int64_t wanted) noexcept;
    void take_blocks(std::size_t count) noexcept;
    [[nodiscard]] double pools_at(const Node& node, double t) const noexcept;
    std::int64_t fill_pools(const Node& node, std::int64_t wanted, double t_low, double t_high) noexcept;
    [[nodiscard]] double find_t(const Node& node, double wanted, double low, double high) const noexcept;
    void round(const Node& node) noexcept;
    void merge_pools(const Solution& solution) noexcept;
    [[nodiscard]] std::int64_t place_rest(const Node& node, Solution& solution, std::int64_t rest) const noexcept;
    void keep_if_better(const Solution& solution) noexcept;
    [[nodiscard]] double cost_of(const Solution& solution) const noexcept;
    [[nodiscard]] double good_enough() const noexcept;
    [[nodiscard]] bool can_improve(std::int64_t unfilled, double bound) const noexcept;
    void branch(const Node& node) noexcept;
    bool branch_opening(const Node& node) noexcept;
    void branch_range(const Node& node, std::size_t venue, std::int64_t below, std::int64_t above) noexcept;
    void push(const Node& node) noexcept;

    RouteOrder order_;
    std::span<const RouteVenue> venues_;
    double sign_ = 1;
    std::array<std::size_t, kRouteVenuesMax> by_lot_{};
    std::size_t lots_count_ = 0;
    bool is_chain_ = true;
    std::size_t blocks_count_ = 0;
    std::size_t pools_count_ = 0;
    std::size_t scanned_ = 0;
    std::int32_t solves_ = 0;
    bool is_proven_ = true;
    double bound_ = 0;
    Relaxed relaxed_;
    Solution best_;
    RouteDecision decision_;
    std::array<Ready, kRouteVenuesMax> ready_;
    std::array<PoolCurve, kRouteVenuesMax> curves_;
    std::array<std::size_t, kRouteVenuesMax> pools_{};  ///< places of the usable pools
    std::vector<Block> blocks_;
    std::vector<std::int64_t> filled_;  ///< units up to and with each scanned block, beyond what is forced
    std::vector<Node> nodes_;
};

}  // namespace parley
