#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "parley/strategy_gate.hpp"

namespace parley {

inline constexpr std::size_t kPairsMax = 4'096;
/// Orders that one decision may send: both legs.
inline constexpr std::size_t kPairOrdersMax = 2;
/// Tries to leave a position, or to bring two legs back into proportion, before a person has to look.
inline constexpr std::uint32_t kPairAttemptsMax = 20;
/// Pause after a refusal of the gate before the pair asks again.
inline constexpr TimeNs kPairRetryNs = 1'000'000'000;

/// Share of the entry level from which on an order is worth preparing for.
inline constexpr double kNearEntry = 0.75;

enum class PairState : std::uint8_t {
    flat, entering, long_spread, short_spread, exiting,
    legged,    ///< one leg was filled more than the other: the excess is being unwound
    disabled,  ///< by a person, or after too many tries; it may hold a position
};
[[nodiscard]] std::string_view to_text(PairState state) noexcept;

/// A pair: long the spread is long the first leg and short the second. Levels are of the z-score.
struct PairTerms {
    std::uint32_t first = 0;   ///< instruments, as slots
    std::uint32_t second = 0;
    Lots first_lots;
    Lots second_lots;
    double entry = 2.0;
    double exit = 0.5;
    double stop = 4.0;
    TimeNs timeout_ns = 0;     ///< longest time in a position; 0: none
};

/// Best prices of an instrument; 0: none.
struct Touch {
    PriceTicks bid;
    PriceTicks ask;
};

enum class PairFault : std::uint8_t {
    none, too_many_pairs, unknown_instrument, same_instrument, invalid_lots, invalid_levels, invalid_timeout,
};
[[nodiscard]] std::string_view to_text(PairFault fault) noexcept;

/// What a pair decided and why, for the record.
struct PairDecision {
    TimeNs at_ns = 0;
    double zscore = 0.0;
    OrderId first_order = 0;   ///< 0: none for this leg
    OrderId second_order = 0;
    Refusal refusal;           ///< of the leg that the gate refused; then no order was sent
    std::uint8_t asked_leg = 0;  ///< the last that the gate was asked about
    std::uint32_t pair = 0;
    PairState from{};
    PairState to{};
};

/// Trades pairs by their z-scores through the gate: both legs or none. Orders are immediate-or-cancel at the touch plus
/// a few ticks. Time is an input; the same calls give the same orders. Nothing is allocated once the gate has seen every
/// instrument.
class PairsTrader {
public:
    struct Settings {
        std::uint32_t open_max = 100;       ///< pairs that may hold or work at the same time
        PriceTicks through{2};              ///< how far beyond the touch an order may trade
    };

    PairsTrader(std::vector<PairTerms> pairs, const Settings& settings, StrategyGate& gate);
    [[nodiscard]] static PairFault check(std::span<const PairTerms> pairs, std::size_t instruments) noexcept;

    /// Whether on_signal() would do nothing, which is so for most z-scores of most pairs.
    [[nodiscard]] bool is_quiet(std::uint32_t at, double zscore, TimeNs now_ns) const noexcept {
        const Pair& pair = pairs_[at];
        if (pair.state == PairState::flat) return pair.is_armed && std::abs(zscore) < pair.terms.entry;
        if (pair.state != PairState::long_spread && pair.state != PairState::short_spread) return false;
        const double away = pair.away(zscore);
        return away > pair.terms.exit && away < pair.terms.stop && !pair.is_late(now_ns);
    }
    /// Brings what on_signal() reads into the cache; where an order may follow soon, what that touches as well.
    void prefetch(std::uint32_t at, double zscore) const noexcept {
        const Pair& pair = pairs_[at];
        if (pair.state == PairState::flat && !(std::abs(zscore) > kNearEntry * pair.terms.entry)) return;
        __builtin_prefetch(&pair.legs[0], 1);
        __builtin_prefetch(&pair.legs[1], 1);
        gate_->prefetch(pair.terms.first);
        gate_->prefetch(pair.terms.second);
    }
    /// A new z-score of a pair; NaN decides nothing. Orders to send stand in orders() until the next call.
    void on_signal(std::uint32_t pair, double zscore, std::span<const Touch> touches, TimeNs now_ns) noexcept;
    /// Reports of the venue. Unknown orders are counted and ignored. Returns how much of it was taken.
    Lots on_execution(OrderId order_id, const StrategyFill& execution, TimeNs now_ns) noexcept;
    void on_fill(OrderId order_id, Lots lots, TimeNs now_ns) noexcept { on_execution(order_id, {lots, {}, 0}, now_ns); }
    /// The order works no more: canceled, refused by the venue, or expired.
    void on_done(OrderId order_id, TimeNs now_ns) noexcept;

    /// An order of an earlier life, as its record has it: it works, and the pair is as its decision left it. Those of one
    /// decision follow each other, and its reports follow both.
    void replay(std::uint32_t pair, std::uint8_t leg, const StrategyOrder& order, double zscore, TimeNs now_ns);
    /// While a venue tells again what an earlier life did, the second leg may follow the reports of the first: pairs are
    /// settled once it has told everything.
    void begin_recovery() noexcept { is_recovering_ = true; }
    void end_recovery(TimeNs now_ns) noexcept;
    [[nodiscard]] bool is_recovering() const noexcept { return is_recovering_; }
    /// Ids of orders only grow: the next one lies above.
    void skip_ids(OrderId last) noexcept { last_order_id_ = std::max(last_order_id_, last); }
    [[nodiscard]] OrderId last_order_id() const noexcept { return last_order_id_; }
    [[nodiscard]] bool works(OrderId order_id) const noexcept {
        return order_id > 0 && tickets_[static_cast<std::size_t>(order_id) & (tickets_.size() - 1)].order_id == order_id;
    }

    /// Calls visit(order_id) for each order that may still work at the venue.
    template <typename Visit>
    void for_each_working(Visit&& visit) const {
        for (const Ticket& ticket : tickets_) {
            if (ticket.order_id != 0) visit(ticket.order_id);
        }
    }

    /// The venue took an execution back: it was never held. What is left is brought into proportion, or out.
    void on_bust(std::uint32_t pair, const StrategyOrder& order, const StrategyFill& execution, TimeNs now_ns);
    /// Pair and leg of an order that works.
    struct Place {
        std::uint32_t pair = 0;
        std::uint8_t leg = 0;
    };
    [[nodiscard]] Place place_of(OrderId order_id) const noexcept {
        const Ticket& ticket = tickets_[static_cast<std::size_t>(order_id) & (tickets_.size() - 1)];
        return {ticket.pair, ticket.leg};
    }
    [[nodiscard]] const StrategyOrder& order_of(Place place) const noexcept { return pairs_[place.pair].legs[place.leg].order; }

    void disable(std::uint32_t pair) noexcept;
    /// False where it still holds or works: then it stays as it is.
    [[nodiscard]] bool enable(std::uint32_t pair) noexcept;
    /// From any state: leaves with the signals that follow, and is flat or disabled then.
    void unwind(std::uint32_t pair) noexcept;
    void set_entering(bool may_enter) noexcept { may_enter_ = may_enter; }

    [[nodiscard]] std::span<const StrategyOrder> orders() const noexcept { return {orders_, order_count_}; }
    /// Whether the last call decided something, and what.
    [[nodiscard]] const PairDecision* decision() const noexcept { return has_decided_ ? &decision_ : nullptr; }
    [[nodiscard]] PairState state(std::uint32_t pair) const noexcept { return pairs_[pair].state; }
    [[nodiscard]] std::int64_t held(std::uint32_t pair, std::size_t leg) const noexcept {
        return pairs_[pair].legs[leg].held;
    }
    [[nodiscard]] std::size_t size() const noexcept { return pairs_.size(); }
    [[nodiscard]] std::uint32_t open() const noexcept { return open_; }
    [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_; }
    [[nodiscard]] std::uint64_t unknown_orders() const noexcept { return unknown_orders_; }
    [[nodiscard]] const PairTerms& terms(std::uint32_t pair) const noexcept { return pairs_[pair].terms; }
    [[nodiscard]] std::uint64_t state_hash() const noexcept;

private:
    struct Leg {
        StrategyOrder order;
        std::int64_t held = 0;
        std::int64_t target = 0;
        Lots leaves;
        [[nodiscard]] bool is_working() const noexcept { return leaves.value > 0; }
    };
    /// The first line of the cache holds what tells that there is nothing to do.
    struct alignas(64) Pair {
        PairTerms terms;
        std::uint32_t attempts = 0;
        PairState state = PairState::flat;
        bool is_armed = true;  ///< not after a stop or a time-out, until the z-score has been inside the exit level
        bool is_long = false;
        TimeNs opened_at_ns = 0;
        TimeNs retry_at_ns = 0;
        Leg legs[kPairOrdersMax];

        [[nodiscard]] bool is_empty() const noexcept {
            const auto& [first, second] = legs;
            return first.held == 0 && second.held == 0 && !first.is_working() && !second.is_working();
        }
        /// Above zero: still on the side that was traded.
        [[nodiscard]] double away(double zscore) const noexcept { return is_long ? -zscore : zscore; }
        [[nodiscard]] bool is_late(TimeNs now_ns) const noexcept {
            return terms.timeout_ns > 0 && now_ns - opened_at_ns >= terms.timeout_ns;
        }
    };
    struct Ticket {
        OrderId order_id = 0;
        std::uint32_t pair = 0;
        std::uint8_t leg = 0;
    };

    [[nodiscard]] bool wants_entry(const Pair& pair, double zscore, TimeNs now_ns) const noexcept;
    [[nodiscard]] bool wants_exit(Pair& pair, double zscore, TimeNs now_ns) const noexcept;
    void enter(std::uint32_t at, double zscore, std::span<const Touch> touches, TimeNs now_ns) noexcept;
    void leave(std::uint32_t at, std::span<const Touch> touches, TimeNs now_ns) noexcept;
    void retry(std::uint32_t at, std::span<const Touch> touches, TimeNs now_ns) noexcept;
    [[nodiscard]] Refusal send(std::uint32_t at, std::span<const Touch> touches, TimeNs now_ns) noexcept;
    [[nodiscard]] bool prepare(Leg& leg, std::uint32_t instrument, const Touch& touch) const noexcept;
    [[nodiscard]] Refusal reserve(Pair& pair, TimeNs now_ns) noexcept;
    void issue(Pair& pair, TimeNs now_ns) noexcept;
    static void set_entry(Pair& pair, bool is_long) noexcept;
    void decide_again(std::uint32_t at, bool is_long, double zscore, TimeNs now_ns) noexcept;
    void reconsider(std::uint32_t at, TimeNs now_ns) noexcept;
    void settle(std::uint32_t at, TimeNs now_ns) noexcept;
    void balance(Pair& pair) noexcept;
    void become(std::uint32_t at, PairState state) noexcept;
    [[nodiscard]] Ticket* find(OrderId order_id) noexcept;
    [[nodiscard]] OrderId take_ticket(std::uint32_t at, std::uint8_t leg) noexcept;
    void give_back_ticket(OrderId order_id) noexcept;

    StrategyGate* gate_;
    Settings settings_;
    std::vector<Pair> pairs_;
    std::vector<Ticket> tickets_;
    StrategyOrder orders_[kPairOrdersMax];
    std::size_t order_count_ = 0;
    PairDecision decision_;
    bool has_decided_ = false;
    bool may_enter_ = true;
    bool is_recovering_ = false;
    std::uint32_t open_ = 0;
    OrderId last_order_id_ = 0;
    std::uint64_t refusals_ = 0;
    std::uint64_t unknown_orders_ = 0;
};

}  // namespace parley
