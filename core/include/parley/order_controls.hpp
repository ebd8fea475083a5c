#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "parley/control_inputs.hpp"
#include "parley/control_paths.hpp"
#include "parley/flat_map.hpp"
#include "parley/recent_orders.hpp"
#include "parley/risk.hpp"

namespace parley {

inline constexpr std::size_t kScopesMax = 131'072;
inline constexpr std::size_t kOverridesMax = 4'096;
inline constexpr std::size_t kParentsMax = 65'536;
/// Instrument ids and user ids of permission lists lie below.
inline constexpr std::int64_t kListedIdMax = std::int64_t{1} << 40;

/// Tokens that refill with time; whole tokens are counted in billionths.
struct TokenBucket {
    std::int64_t nano_tokens = 0;
    TimeNs at_ns = 0;
    /// Takes one where there is one. Full when new and after any change of limits.
    [[nodiscard]] bool take(std::int64_t per_second, std::int64_t most_nano_tokens, TimeNs now_ns) noexcept {
        constexpr std::int64_t one = 1'000'000'000;
        std::int64_t refilled = nano_tokens;
        if (now_ns > at_ns) {
            std::int64_t elapsed = 0, gained = 0;
            const bool is_wide = __builtin_sub_overflow(now_ns, at_ns, &elapsed) ||
                                 __builtin_mul_overflow(elapsed, per_second, &gained) ||
                                 __builtin_add_overflow(nano_tokens, gained, &refilled);
            if (is_wide) [[unlikely]] refilled = wide_refill(per_second, now_ns);
            at_ns = now_ns;
        }
        if (refilled > most_nano_tokens) refilled = most_nano_tokens;
        const bool has_one = refilled >= one;
        nano_tokens = has_one ? refilled - one : refilled;
        return has_one;
    }
    [[nodiscard]] std::int64_t wide_refill(std::int64_t per_second, TimeNs now_ns) const noexcept;
};

/// Times of the last executions: whether as many as may be fell within the period.
class ExecutionCount {
public:
    void reset(std::int64_t most) { times_.assign(static_cast<std::size_t>(most > 0 ? most : 0), kNever), next_ = 0; }
    /// True where this one was the last that may be within `period_ns`.
    [[nodiscard]] bool add(TimeNs now_ns, TimeNs period_ns) noexcept;
    void save(Writer& writer) const;
    void load(Reader& reader);

private:
    static constexpr TimeNs kNever = std::numeric_limits<TimeNs>::min();
    std::vector<TimeNs> times_;
    std::size_t next_ = 0;
};

/// Dollars and coins that would be at risk if everything that hurts were filled.
class OpenRisk {
public:
    void add(const Valuation& valuation, std::int64_t coin, Wide lots);
    /// Micro-dollars, coins at `index_of(coin)`.
    template <typename IndexOf>
    [[nodiscard]] Micros value(IndexOf&& index_of) const noexcept {
        Wide sum = dollar_nanos_ / 1'000;
        for (const Coins& each : coins_) sum += each.nanos / 1'000 * index_of(each.coin) / 1'000'000;
        return saturate(sum);
    }
    /// The same to some digits, without a division: enough to tell that a bound is far.
    template <typename IndexOf>
    [[nodiscard]] double rough_value(IndexOf&& index_of) const noexcept {
        double sum = rough_dollar_nanos_ * 1e-3;
        for (const Coins& each : coins_) sum += each.rough_nanos * static_cast<double>(index_of(each.coin)) * 1e-9;
        return sum;
    }

private:
    struct Coins {
        std::int64_t coin = 0;
        Wide nanos = 0;
        double rough_nanos = 0.0;
    };
    Wide dollar_nanos_ = 0;
    double rough_dollar_nanos_ = 0.0;
    std::vector<Coins> coins_;
};

/// The smaller of a limit that is on and another that may be off.
[[nodiscard]] constexpr std::int64_t least_limit(std::int64_t limit, std::int64_t other) noexcept {
    return other == kNoLimit ? limit : std::min(limit, other);
}

/// A rough value below this one is below the bound for sure; kNoLimit: always, zero and less: never.
[[nodiscard]] double clear_of(Micros bound) noexcept;

/// Largest position either way if everything working were filled.
[[nodiscard]] constexpr std::int64_t worst_lots(const Position& position) noexcept {
    const std::int64_t bought = position.lots + position.buy_working;
    const std::int64_t sold = position.sell_working - position.lots;
    return bought > sold ? bought : sold;
}

/// What scopes still let pass of everything together, never more than their controls would.
struct ControlRoom {
    std::int64_t messages = std::numeric_limits<std::int64_t>::max();  ///< without those that time will bring
    std::int64_t working_orders = std::numeric_limits<std::int64_t>::max();
    std::int64_t orders = std::numeric_limits<std::int64_t>::max();
    double risk_micros = std::numeric_limits<double>::infinity();
};

/// Bounds of one order in one instrument within which no list, cap, size, value or period collar of its scopes refuses.
struct ControlBounds {
    bool is_permitted = true;
    Lots lots_max{std::numeric_limits<std::int64_t>::max()};
    Micros value_max = std::numeric_limits<std::int64_t>::max();
    PriceTicks buy_max{std::numeric_limits<std::int64_t>::max()};
    PriceTicks sell_min{0};
    TimeNs duplicate_window_ns = kNoLimit;  ///< an order as old as this is no duplicate
    std::int64_t period_collar_basis_points = kNoLimit;  ///< the tightest: what an order opens bounds those behind it
};

/// One order, or one side of a block, as the controls see it.
struct OrderFacts {
    Controls::Subject subject{};
    std::uint32_t account = 0;     ///< slot
    std::uint32_t instrument = 0;  ///< slot
    OrderId order_id = 0;
    OrderAttribution attribution;
    Side side{};
    Lots lots;
    PriceTicks price;
    PriceTicks mark;
    Micros value = 0;
    const Valuation* valuation = nullptr;
    std::int64_t coin = 0;
    Covering covering;
};

/// The controls that hold by scope, with their counters; docs/risk-gate.md describes each. Every check is O(1).
class OrderControls {
public:
    using Slot = std::uint32_t;
    using Indices = std::span<const CoinIndex>;

    // commands
    [[nodiscard]] Refusal set_limits(ControlScope scope, std::int64_t scope_id, const ScopeLimits& limits, TimeNs now_ns);
    [[nodiscard]] Refusal set_permission(const SetInstrumentPermission& command);
    [[nodiscard]] Refusal authorize(const SetTraderAuthorization& command);
    [[nodiscard]] Refusal grant(const GrantOverride& command, TimeNs now_ns);
    void enable(ControlScope scope, std::int64_t scope_id);
    [[nodiscard]] Refusal set_parent(const SetParentOrder& command);
    /// Those that may send nothing more and of which nothing works. `working`: parents of working orders, sorted.
    void forget_closed_parents(std::span<const OrderId> working);

    /// Counts a message against the rates of its scopes. Refuses where a rate is used up; a cancel's answer is ignored.
    [[nodiscard]] Refusal count_message(std::span<const Slot> covering, TimeNs now_ns);
    [[nodiscard]] Refusal count_message(const Covering& covering, TimeNs now_ns) {
        return count_message(std::span(covering.slots).first(covering.count), now_ns);
    }
    [[nodiscard]] Refusal count_message(const ControlPath& path, TimeNs now_ns) {
        return count_message(std::span(path.slots).first(path.count), now_ns);
    }
    [[nodiscard]] Covering cover(const Controls::Subject& subject) const noexcept;
    /// The first control that the order does not pass and no override lets it past.
    [[nodiscard]] Refusal check(const OrderFacts& facts, Indices indices, TimeNs now_ns) const;
    /// For who asks often: see ControlRoom and ControlBounds. They hold while revision() is the same and nothing else
    /// moves the counters of these scopes.
    [[nodiscard]] ControlRoom room(const Covering& covering, Indices indices) const;
    [[nodiscard]] ControlBounds bounds(const OrderFacts& facts) const;
    /// The order was accepted: it counts from now on.
    void admit(const OrderFacts& facts, TimeNs now_ns);
    [[nodiscard]] bool is_overridden(const OrderFacts& facts, Reason reason, TimeNs now_ns) const noexcept;
    void spend_override(OrderId order_id) noexcept {
        if (!overrides_.empty()) overrides_.erase(static_cast<std::uint64_t>(order_id));
    }

    /// Changes of positions and of what works, for every scope that covers the subject.
    void change_position(const OrderFacts& facts, std::int64_t lots, std::int64_t buy_working,
                         std::int64_t sell_working);
    void count_orders(const Controls::Subject& subject, std::int64_t more);
    void give_back_to_parent(OrderId parent_order_id, Lots unfilled) noexcept;

    // The same along a path, which an engine keeps: order_controls_paths.cpp.
    /// Changes with everything that a path is put together from.
    [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }
    void renew_paths() noexcept { ++revision_; }
    /// Adds to a path of nobody's limits but the account's what the scopes that cover it ask.
    void put_together(const Controls::Subject& subject, const Valuation& valuation, ControlPath& path,
                      TimeNs now_ns) const;
    /// An order on the path as the quick check sees it.
    struct QuickFacts {
        OrderId parent_order_id = 0;
        std::uint64_t identity = 0;  ///< of RecentOrders
        Side side{};
        Lots lots;
        PriceTicks price;
        double lot_risk_micros = 0.0;  ///< of one lot, at the index
    };
    /// Whether no control can refuse the order. False says nothing: check() says.
    [[nodiscard]] bool is_clear(ControlPath& path, const QuickFacts& facts, Indices indices,
                                TimeNs now_ns) const noexcept;
    /// Asks the memory for what tells whether an order of that identity came before.
    void look_ahead(std::uint64_t identity) const noexcept { recent_.look_ahead(identity); }
    /// The index of a coin has moved, and with it what every scope has at risk.
    void renew_rooms() noexcept { ++rooms_revision_; }
    /// What an order must have to count as admitted along its path.
    struct Admitted {
        OrderId order_id = 0;
        OrderId parent_order_id = 0;
        std::uint64_t identity = 0;
        Lots lots;
        PriceTicks mark;
    };
    void admit(ControlPath& path, const Admitted& order, TimeNs now_ns);
    /// `lot_risk_micros`: as in QuickFacts.
    void change_position(ControlPath& path, const Valuation& valuation, std::int64_t coin, const Position& by,
                         double lot_risk_micros);
    void count_orders(const ControlPath& path, std::int64_t more) noexcept {
        if (more > 0) since_.working += more;
        for (std::uint32_t i = 0; i < path.count; ++i) scopes_[path.slots[i]].working_orders += more;
    }
    /// The scope that this execution disables, or `all`.
    [[nodiscard]] std::pair<ControlScope, std::int64_t> count_execution(const Controls::Subject& subject, TimeNs now_ns);
    void forget_instrument(Slot instrument, const Valuation& valuation, std::int64_t coin);

    [[nodiscard]] bool tracks(ControlScope scope, std::int64_t scope_id) const noexcept {
        return find(scope, scope_id) != kNone;
    }
    [[nodiscard]] bool is_empty() const noexcept { return scopes_.empty(); }
    /// Whether no control, parent order or override is there at all: then only an algorithm's orders are checked.
    [[nodiscard]] bool is_idle() const noexcept {
        return scopes_.empty() && parents_.empty() && overrides_.empty();
    }
    /// Into a scope that is new: positions that were there before it.
    void seed(ControlScope scope, std::int64_t scope_id, Slot instrument, const Valuation& valuation, std::int64_t coin,
              const Position& held);
    void seed_orders(ControlScope scope, std::int64_t scope_id, std::int64_t working);
    /// The same into all new scopes of the subject: those from `first` on, of size().
    void seed(const OrderFacts& facts, const Position& held, std::int64_t working, Slot first);
    [[nodiscard]] std::size_t size() const noexcept { return scopes_.size(); }

    /// A parent and its parts that were executed or work.
    struct ParentUse {
        OrderId parent_order_id;
        Lots quantity;
        Lots out;
    };
    struct ScopeUse {
        ControlScope scope;
        std::int64_t scope_id;
        std::int64_t working_orders;
        std::int64_t orders;
        bool is_disabled;
        ScopeLimits limits;
    };
    [[nodiscard]] std::vector<ParentUse> parent_uses() const;
    [[nodiscard]] std::vector<ScopeUse> scope_uses() const;
    [[nodiscard]] Position scope_position(ControlScope scope, std::int64_t scope_id, Slot instrument) const noexcept;

    /// What an instrument's slot stands for, to save and load counters.
    struct Terms {
        InstrumentId id = 0;
        Valuation valuation;
        std::int64_t coin = 0;
    };
    void save(Writer& writer, std::span<const Terms> instruments) const;
    void load(Reader& reader, std::span<const Terms> instruments);

private:
    /// What every order looks at comes first, in two lines of the cache; `limits` say it again.
    struct alignas(64) Scope {
        TokenBucket messages;
        std::int64_t messages_per_second = kNoLimit;
        std::int64_t most_nano_tokens = 0;
        std::int64_t working_orders = 0;
        std::int64_t working_orders_max = kUnlimited;
        std::int64_t orders = 0;
        std::int64_t orders_max = kUnlimited;
        OpenRisk risk;
        double clear_risk_micros = kClearOfAll;
        ControlScope scope{};
        std::int64_t scope_id = 0;
        ScopeLimits limits;
        ExecutionCount executions;
        bool is_disabled = false;
        bool has_permissions = false;  ///< of instruments, ever

        void set(const ScopeLimits& given) noexcept;
    };
    /// Of one scope in one instrument.
    struct Counter {
        Position position;
        TimeNs window_at_ns = 0;
        PriceTicks window_mark{-1};
    };
    struct Override {
        AccountId account_id = 0;
        InstrumentId instrument_id = 0;
        Side side{};
        Lots max_quantity;
        Reason control{};
        TimeNs valid_until_ns = 0;
        std::int64_t requested_by = 0;
    };
    struct Parent {
        Lots quantity;
        Lots out;
    };
    static constexpr Slot kNone = 0xffffffff;
    static constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();
    static constexpr double kClearOfAll = std::numeric_limits<double>::infinity();

    [[nodiscard]] static std::uint64_t key(ControlScope scope, std::int64_t scope_id) noexcept {
        return (static_cast<std::uint64_t>(scope) << 56) | static_cast<std::uint64_t>(scope_id);
    }
    [[nodiscard]] static std::uint64_t list_key(Slot scope, std::int64_t id) noexcept {
        return (std::uint64_t{scope} << 40) | static_cast<std::uint64_t>(id);
    }
    [[nodiscard]] static std::uint64_t counter_key(Slot scope, Slot instrument) noexcept {
        return (std::uint64_t{scope} << 16) | instrument;
    }
    [[nodiscard]] Slot find(ControlScope scope, std::int64_t scope_id) const noexcept;
    /// A new one without limits where there is none; kNone where there is no room.
    Slot find_or_add(ControlScope scope, std::int64_t scope_id);
    [[nodiscard]] const Counter* counter(Slot scope, Slot instrument) const noexcept {
        const Slot* at = counter_slots_.find(counter_key(scope, instrument));
        return at == nullptr ? nullptr : &counters_[*at];
    }
    [[nodiscard]] Slot counter_slot(Slot scope, Slot instrument);
    Counter& counter_of(Slot scope, Slot instrument) { return counters_[counter_slot(scope, instrument)]; }
    [[nodiscard]] static bool is_window_open(const Scope& scope, const Counter* counter, TimeNs now_ns) noexcept;
    void open_windows(ControlPath& path, PriceTicks mark, TimeNs now_ns);
    Counter& counter_on(ControlPath& path, std::uint32_t i);
    [[nodiscard]] bool fits(const ControlPath& path, double more_risk_micros) const noexcept {
        return path.room_revision == rooms_revision_ && since_.orders < path.orders_until &&
               since_.working < path.working_until &&
               since_.risk_micros + more_risk_micros <= path.risk_until_micros;
    }
    void renew_room(ControlPath& path, Indices indices) const noexcept;
    void note_risk(const Position& by, double lot_risk_micros) noexcept;
    void add_windows(const Valuation& valuation, ControlPath& path, TimeNs now_ns) const noexcept;
    static void change(Scope& scope, Counter& counter, const Valuation& valuation, std::int64_t coin, const Position& by);
    [[nodiscard]] Refusal check_lists(Slot slot, const OrderFacts& facts) const noexcept;
    [[nodiscard]] Refusal check_duplicate(const OrderFacts& facts, TimeNs window_ns, TimeNs now_ns) const noexcept;
    [[nodiscard]] Refusal check_parent(const OrderFacts& facts) const noexcept;
    [[nodiscard]] Refusal check_scope(Slot slot, const OrderFacts& facts, Indices indices, TimeNs now_ns) const;
    [[nodiscard]] static Refusal check_caps(const Scope& scope) noexcept;
    [[nodiscard]] static Refusal check_soft(Micros soft_bound, const OrderFacts& facts) noexcept;
    [[nodiscard]] static Refusal check_window(const Scope& scope, const Counter* counter, const OrderFacts& facts,
                                              TimeNs now_ns) noexcept;
    [[nodiscard]] static Refusal check_open_risk(const Scope& scope, const Counter* counter, const OrderFacts& facts,
                                                 Indices indices);
    void save_scope(Writer& writer, const Scope& scope) const;
    void save_lists(Writer& writer) const;
    void load_lists(Reader& reader);
    void save_counters(Writer& writer, std::span<const Terms> instruments) const;
    void load_counters(Reader& reader, std::span<const Terms> instruments);
    void save_grants(Writer& writer) const;
    void load_grants(Reader& reader);
    /// What came through all paths together, never less: a path's room in its scopes is told by these, so that nothing
    /// is asked of each scope while there is room. How they came about is no part of the state.
    struct Since {
        std::int64_t orders = 0, working = 0;
        double risk_micros = 0.0;
    };
    std::uint64_t revision_ = 1;
    std::uint64_t rooms_revision_ = 1;
    Since since_;
    std::vector<Scope> scopes_;
    FlatMap<Slot> scope_slots_;
    FlatMap<Slot> counter_slots_;
    std::vector<Counter> counters_;
    std::vector<Slot> free_counters_;
    RecentOrders recent_;
    FlatMap<Permission> permissions_;  // by scope slot and instrument id
    FlatMap<std::uint8_t> traders_;    // by account's scope slot and user id
    FlatMap<Override> overrides_;      // by order id
    FlatMap<Parent> parents_;
};

}  // namespace parley
