#pragma once

#include <cassert>
#include <cstdint>

#include "parley/huge_array.hpp"
#include "parley/order_terms.hpp"
#include "parley/prefetch.hpp"
#include "parley/units.hpp"

namespace parley {

using NodeIndex = std::uint32_t;
using OrderIndex = NodeIndex;
using LevelIndex = NodeIndex;
inline constexpr std::uint32_t kNone = 0xffffffff;

/// Orders and price levels alive at one time, all books of an engine together. Address space only: see HugeArray.
inline constexpr std::size_t kBookNodesMax = std::size_t{1} << 23;

/// Half a cache line: a resting order, or the price level that orders of one price hang on. A level is the sentinel of
/// its ring of orders, so that linking and unlinking never ask where in the queue an order stands.
struct alignas(32) BookNode {
    std::int64_t key;    ///< order: its id; level: its price in ticks
    Lots lots;           ///< order: leaves that are shown; level: their sum
    NodeIndex previous;  ///< level: the youngest order
    NodeIndex next;      ///< level: the oldest order
    LevelIndex level;    ///< level: itself
    std::uint32_t word;  ///< side, iceberg, account slot

    static constexpr std::uint32_t kSellBit = 1;
    static constexpr std::uint32_t kIcebergBit = 2;
    static constexpr std::uint32_t kSpecialBit = 4;
    static constexpr std::uint32_t kAccountShift = 8;

    [[nodiscard]] Side side() const noexcept { return static_cast<Side>(word & kSellBit); }
    [[nodiscard]] bool is_iceberg() const noexcept { return (word & kIcebergBit) != 0; }
    /// Whether the order has special terms: see BookNodes::special.
    [[nodiscard]] bool is_special() const noexcept { return (word & kSpecialBit) != 0; }
    [[nodiscard]] std::uint32_t account() const noexcept { return word >> kAccountShift; }
    [[nodiscard]] static constexpr std::uint32_t word_of(Side side, std::uint32_t account) noexcept {
        return static_cast<std::uint32_t>(side) | (account << kAccountShift);
    }
};
static_assert(sizeof(BookNode) == 32);

/// On whose behalf an order works, besides its account.
struct OrderOwner {
    std::int64_t user_id = 0;
    std::int64_t desk_id = 0;
    std::int64_t strategy_id = 0;
    OrderId parent_order_id = 0;
};

/// What matching reads seldom or never, beside the node of the same index. One line of the cache.
struct alignas(64) OrderDetails {
    Lots quantity;  ///< as accepted, last amended or restated
    OrderOwner owner;
    std::uint64_t arrival = 0;  ///< grows with every order that goes to the back of a queue
    std::uint32_t instrument = kNone;
    std::uint32_t position = kNone;  ///< of the account in the instrument: see PositionTable
    std::uint32_t path = 0;  ///< where its owner's path was when it was asked for last: see ControlPaths
    SelfMatch self_match{};
    bool is_post_only = false;
};
static_assert(sizeof(OrderDetails) == 64);

/// What most orders do not have.
struct SpecialTerms {
    Lots hidden;       ///< of an iceberg: leaves not shown
    OrderTerms terms;  ///< with expires_at_ns also of DAY orders
    PriceTicks limit;  ///< of a stop-limit that waits and of a peg; 0: none
    OrderType type{};
    TimeInForce time_in_force{};
    bool is_reduce_only = false;
};

/// The places of all books of an engine. A place that was given back is the next one taken.
class BookNodes {
public:
    explicit BookNodes(std::size_t capacity = kBookNodesMax) : nodes_(capacity), details_(capacity), special_(capacity) {}

    [[nodiscard]] NodeIndex take() noexcept {
        ++count_;
        if (free_ == kNone) {
            assert(used_ < nodes_.capacity());
            return used_++;
        }
        const NodeIndex index = free_;
        free_ = nodes_[index].next;
        return index;
    }
    void give_back(NodeIndex index) noexcept {
        nodes_[index].key = -1;
        nodes_[index].level = kNone;
        nodes_[index].next = free_;
        free_ = index;
        --count_;
    }
    /// A place for an order: its node is empty, its details are still those of the order that had the place before.
    [[nodiscard]] OrderIndex take_order() noexcept {
        const OrderIndex index = take();
        nodes_[index] = {0, {0}, kNone, kNone, kNone, 0};
        return index;
    }

    /// Whether the place holds a resting order of this id, and not a level, another order or nothing.
    [[nodiscard]] bool holds(OrderIndex index, OrderId id) const noexcept {
        return nodes_[index].key == id && nodes_[index].level != index;
    }
    [[nodiscard]] bool is_level(LevelIndex index, Side side, PriceTicks price) const noexcept {
        const BookNode& node = nodes_[index];
        return node.level == index && node.key == price.value && node.side() == side;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// Asks the memory for a node, or for nothing where there is none.
    void prefetch(NodeIndex index) const noexcept {
        if (index != kNone) parley::prefetch(&nodes_[index]);
    }
    /// What taking the order out of its queue will touch, or adding one to the level: both neighbors. Reads the node.
    void prefetch_neighbors(NodeIndex index) const noexcept {
        if (index == kNone) return;
        prefetch(nodes_[index].previous);
        prefetch(nodes_[index].next);
    }
    void prefetch_details(OrderIndex index) const noexcept {
        if (index != kNone) parley::prefetch(&details_[index]);
    }

    [[nodiscard]] BookNode& operator[](NodeIndex index) noexcept { return nodes_[index]; }
    [[nodiscard]] const BookNode& operator[](NodeIndex index) const noexcept { return nodes_[index]; }
    [[nodiscard]] OrderDetails& details(OrderIndex index) noexcept { return details_[index]; }
    [[nodiscard]] const OrderDetails& details(OrderIndex index) const noexcept { return details_[index]; }
    /// Of an order whose node says that it is special.
    [[nodiscard]] SpecialTerms& special(OrderIndex index) noexcept { return special_[index]; }
    [[nodiscard]] const SpecialTerms& special(OrderIndex index) const noexcept { return special_[index]; }
    /// Whether the order stands in a book, and does not wait outside.
    [[nodiscard]] bool is_in_book(OrderIndex index) const noexcept { return nodes_[index].level != kNone; }
    /// Of an order in a book.
    [[nodiscard]] PriceTicks price(OrderIndex index) const noexcept { return {nodes_[nodes_[index].level].key}; }
    /// What is left of the order, hidden lots included.
    [[nodiscard]] Lots leaves(OrderIndex index) const noexcept {
        const BookNode& node = nodes_[index];
        return node.is_iceberg() ? node.lots + special_[index].hidden : node.lots;
    }

private:
    HugeArray<BookNode> nodes_;
    HugeArray<OrderDetails> details_;
    HugeArray<SpecialTerms> special_;
    NodeIndex used_ = 0;
    NodeIndex free_ = kNone;
    std::size_t count_ = 0;
};

}  // namespace parley
